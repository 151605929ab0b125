//! A server that is connected to and has let the account in.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use gw_outbound::{Purpose, Stream};
use gw_tls::ClientConfig;
use tokio::time::timeout;

use crate::{
    connection::Connection,
    dn::Dn,
    fault::DirectoryFault,
    filter::Filter,
    message::{Answer, CONTROL_PAGED, CONTROL_SYNC, Entry, Request, ResultCode, Scope, Search},
    settings::{Certificate, Security, Server, Settings},
};

/// What matching rules and controls Active Directory is known by ([MS-ADTS], 3.1.1.3.4.3).
const ACTIVE_DIRECTORY: &str = "1.2.840.113556.1.4.800";
/// The most values of the root entry that are looked at.
const ROOT_VALUES_MAX: usize = 256;
/// The largest root entry, in bytes.
const ROOT_BYTES_MAX: usize = 1 << 20;

/// The servers of a directory: who answered last is asked first.
#[derive(Debug)]
pub(crate) struct Servers {
    settings: Arc<Settings>,
    preferred: AtomicUsize,
}

/// A server that has let the account in.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) connection: Connection<Stream>,
    pub(crate) server: Server,
    pub(crate) root: Root,
}

/// What a server says of itself (RFC 4512, 5.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Root {
    /// Whether it knows pages.
    pub(crate) has_pages: bool,
    /// Whether it tells of changes (RFC 4533).
    pub(crate) has_sync: bool,
    /// Whether it counts changes as Active Directory does.
    pub(crate) is_active_directory: bool,
    /// The tops of what it holds.
    pub(crate) contexts: Vec<Dn>,
    /// The top of an Active Directory's domain.
    pub(crate) domain: Option<String>,
}

impl Servers {
    pub(crate) const fn new(settings: Arc<Settings>) -> Self {
        Self {
            settings,
            preferred: AtomicUsize::new(0),
        }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A session with the first server that lets the account in.
    ///
    /// # Errors
    /// What the last of them said, where none does.
    pub(crate) async fn open(&self) -> Result<Session, DirectoryFault> {
        if let Some(fault) = self.settings.faults().into_iter().next() {
            return Err(DirectoryFault::Settings(fault));
        }
        let servers = &self.settings.servers;
        let first = self.preferred.load(Ordering::Relaxed);
        let mut last = DirectoryFault::Closed(String::new());
        for number in 0..servers.len() {
            let place = (first + number) % servers.len();
            let Some(server) = servers.get(place) else {
                continue;
            };
            match self.entered(server).await {
                Ok(session) => {
                    self.preferred.store(place, Ordering::Relaxed);
                    return Ok(session);
                }
                Err(fault) if fault.is_of_server() => {
                    tracing::debug!(%server, %fault, "a directory server does not serve");
                    last = fault;
                }
                Err(fault) => return Err(fault),
            }
        }
        Err(last)
    }

    /// In time, whatever it sends meanwhile: else the next server would never be asked.
    async fn entered(&self, server: &Server) -> Result<Session, DirectoryFault> {
        let patience = self.settings.timing.opening();
        match timeout(patience, self.enter(server)).await {
            Ok(entered) => entered,
            Err(_) => Err(DirectoryFault::Slow(patience)),
        }
    }

    /// Asks another server first from now on, if there is one: this one let the account in and could
    /// not be read.
    pub(crate) fn turn_from(&self, server: &Server) {
        let servers = &self.settings.servers;
        if let Some(place) = servers.iter().position(|one| one == server) {
            let next = (place + 1) % servers.len();
            self.preferred.store(next, Ordering::Relaxed);
        }
    }

    async fn enter(&self, server: &Server) -> Result<Session, DirectoryFault> {
        let mut connection = self.connect(server).await?;
        self.bind(&mut connection).await?;
        let root = root(&mut connection).await?;
        Ok(Session {
            connection,
            server: server.clone(),
            root,
        })
    }

    async fn connect(&self, server: &Server) -> Result<Connection<Stream>, DirectoryFault> {
        let patience = self.settings.timing.answer;
        let stream = Stream::open(Purpose::Directory, server.host(), server.port()).await?;
        let stream = match server.security() {
            Security::Loopback => stream,
            Security::Tls => self.secured(stream, server).await?,
            Security::StartTls => {
                let mut plain = Connection::new(stream, patience);
                start_tls(&mut plain).await?;
                self.secured(plain.into_stream()?, server).await?
            }
        };
        Ok(Connection::new(stream, patience))
    }

    async fn secured(&self, stream: Stream, server: &Server) -> Result<Stream, DirectoryFault> {
        let tls = Arc::new(self.tls()?);
        Ok(stream
            .secured(Purpose::Directory, &tls, server.host())
            .await?)
    }

    /// Who vouches, and what is shown, are read anew each time: both change while servers are
    /// followed.
    fn tls(&self) -> Result<ClientConfig, DirectoryFault> {
        let ca = self.settings.ca.as_deref();
        let Some(Certificate { chain, key }) = &self.settings.certificate else {
            return Ok(gw_tls::believing(ca)?);
        };
        gw_tls::check_shown(chain, key).map_err(DirectoryFault::Certificate)?;
        Ok(gw_tls::believing_as(ca, chain, key)?)
    }

    async fn bind(&self, connection: &mut Connection<Stream>) -> Result<(), DirectoryFault> {
        let settings = &self.settings;
        let bind = match settings.is_known_by_certificate() {
            true => Request::BindByCertificate,
            false => Request::Bind {
                dn: &settings.bind_dn,
                secret: &settings.secret,
            },
        };
        match connection.call(&bind).await? {
            Answer::Bound(outcome) if outcome.code == ResultCode::SUCCESS => Ok(()),
            Answer::Bound(outcome) => Err(DirectoryFault::of_bind(settings, &outcome)),
            _ => Err(DirectoryFault::Misbehaves(
                "no answer to who reads".to_owned(),
            )),
        }
    }
}

async fn start_tls(connection: &mut Connection<Stream>) -> Result<(), DirectoryFault> {
    match connection.call(&Request::StartTls).await? {
        Answer::Extended(outcome) if outcome.code == ResultCode::SUCCESS => Ok(()),
        Answer::Extended(outcome) => Err(DirectoryFault::NoStartTls(outcome.words)),
        _ => Err(DirectoryFault::Misbehaves(
            "no answer to StartTLS".to_owned(),
        )),
    }
}

/// A search for one entry's attributes.
pub(crate) fn one(base: &str, attributes: &[&str]) -> Search {
    Search {
        base: base.to_owned(),
        scope: Scope::Base,
        size_limit: 0,
        filter: Filter::everything(),
        attributes: attributes.iter().map(|name| (*name).to_owned()).collect(),
    }
}

async fn root(connection: &mut Connection<Stream>) -> Result<Root, DirectoryFault> {
    let names = [
        "supportedControl",
        "supportedCapabilities",
        "namingContexts",
        "defaultNamingContext",
    ];
    let mut root = None;
    // A server that hides it is one that is known nothing of.
    connection
        .search(&one("", &names), &[], |entry| {
            let is_one = root.is_none() && entry.size() <= ROOT_BYTES_MAX;
            root = Some(read_root(&entry));
            match is_one {
                true => Ok(()),
                false => Err(DirectoryFault::Misbehaves(
                    "more than one entry with what it says of itself, or a huge one".to_owned(),
                )),
            }
        })
        .await?;
    Ok(root.unwrap_or_default())
}

fn read_root(entry: &Entry) -> Root {
    let has = |name: &str, wanted: &str| {
        let mut values = entry.values(name).iter().take(ROOT_VALUES_MAX);
        values.any(|value| value == wanted.as_bytes())
    };
    let contexts = entry.values("namingContexts").iter().take(ROOT_VALUES_MAX);
    let contexts = contexts.filter_map(|value| std::str::from_utf8(value).ok()?.parse().ok());
    Root {
        has_pages: has("supportedControl", CONTROL_PAGED),
        has_sync: has("supportedControl", CONTROL_SYNC),
        is_active_directory: has("supportedCapabilities", ACTIVE_DIRECTORY),
        contexts: contexts.collect(),
        domain: entry.text("defaultNamingContext").map(str::to_owned),
    }
}

impl Root {
    /// The top of what holds a base.
    pub(crate) fn context_of(&self, base: &Dn) -> Option<&Dn> {
        let above = self
            .contexts
            .iter()
            .filter(|context| base.is_within(context));
        above.max_by_key(|context| context.to_string().len())
    }
}
