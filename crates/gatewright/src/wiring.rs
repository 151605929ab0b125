//! A process from its configuration: everything opened, joined and supervised.
//!
//! The order is that of what rests on what: data folder, store, ledger, engine; then who people
//! are, what the configuration and the policy files say; then the doors, and last the
//! administration's socket: who can reach that finds everything running.

mod acme;
mod administration;
mod announce;
mod directories;
mod fault;
mod history;
mod keep;
mod late;
pub(crate) mod ledger;
mod limits;
mod open;
mod place;
mod policies;
mod process;
mod reload;
pub(crate) mod restore;
mod setup;
pub(crate) mod tls;
mod watch;
mod web;

use std::{path::Path, sync::Arc, time::Duration};

use gw_api::{Administration, KeysByPurpose, Parts, Socket, types::LogAccess};
use gw_authorization::AuthorizationServer;
use gw_engine::Engine;
use gw_identity::Identity;
use gw_issue::{ASSERTION_PURPOSE, SigningKeys};
use gw_leases::Desk;
use gw_provisioning::{Directories, Provisioning};
use gw_record::Ledger;
use gw_tls::CertificateStore;

pub(crate) use announce::Announcer;
pub(crate) use fault::StartFault;
pub(crate) use process::{Process, Stopped};
pub(crate) use web::country_of;

use crate::{
    config::{Config, files},
    demo::DemoSetup,
    operations::{Bound, Vitals, Watched},
    supervise::{Early, Supervisor},
};

/// How often certificates and secrets are looked at.
const CERTIFICATES: Duration = Duration::from_secs(10);

/// What kind of Gatewright it is.
pub(crate) enum Mode {
    /// For an organisation.
    Ordinary,
    /// For trying it out.
    Demo(DemoSetup),
}

/// What the parts of a process are made of and share.
struct Joined {
    supervisor: Supervisor,
    announcer: Announcer,
    engine: Engine,
    ledger: Arc<Ledger>,
    keys: Arc<SigningKeys>,
    identity: Identity,
    authorization: AuthorizationServer,
    country: gw_web::Country,
    provisioning: Provisioning,
    directories: Directories,
    vitals: Vitals,
    /// Where what is open is listed and ended.
    desk: Desk,
    /// Where people sign in; links begin with it.
    origin: String,
}

/// Opens everything and starts to serve.
pub(crate) async fn start(
    config: &Config,
    mode: Mode,
    announcer: Announcer,
    apply_command: String,
) -> Result<Process, StartFault> {
    limits::huge_pages(config.huge_pages);
    let signals = process::Signals::listen()?;
    gw_tls::install_provider();
    let opened = open::open(config, &mode)?;
    let joined = join(config, &mode, announcer, opened.engine, opened.ledger).await?;
    let engine = &joined.engine;
    reload::apply(engine, config, "configuration applied at the start")
        .await
        .map_err(StartFault::Facts)?;
    if let Mode::Demo(demo) = &mode {
        demo.seed(engine).await?;
        demo.start_apps(engine, &joined.supervisor, &joined.origin);
    }
    let files = policies::Files::new(engine, &joined.announcer, &config.policies, apply_command);
    files.begin().await;
    let certificates = setup::certificates(config, &mode, engine)?;
    let trust = setup::trust(config, engine)?;
    let operations = bind_operations(config, &mode, &joined.announcer)?;
    let live = reload::Live::new(
        engine,
        (&joined.identity, &joined.provisioning, &joined.directories),
        &joined.announcer,
        config,
        certificates.clone(),
        trust.clone(),
    );
    let api = joined.administration(&opened.data, &live);
    let obtaining = acme::open(config, &opened.data, engine, certificates.as_ref())?;
    let served = web::Served {
        certificates: certificates.as_ref(),
        challenges: obtaining.as_ref().map(acme::Obtaining::challenges),
        trust,
    };
    let web = joined.serve(config, &mode, served, &api)?;
    joined.open_socket(&opened.data, api)?;
    joined.keep();
    let told_at = operations.addresses();
    operations.tell(
        Watched {
            obtained: obtaining.as_ref().map(acme::Obtaining::shown),
            ..joined.watched(&web, certificates.clone(), &opened.data)
        },
        &joined.supervisor,
    );
    if config.policies.watch {
        files.follow(&joined.supervisor);
    }
    if matches!(mode, Mode::Ordinary) {
        live.clone().follow(&joined.supervisor);
        if let Some(certificates) = certificates {
            joined.follow(certificates);
        }
        joined.follow_trust(live.clone());
        joined.follow_secrets(live.clone());
        directories::follow(&joined, &live);
        if let Some(obtaining) = obtaining {
            obtaining.follow(&joined.engine, &live, &joined.supervisor);
        }
    }
    let place = place::Place::of(&opened.data)?;
    Ok(Process::new(
        joined,
        web,
        live,
        place,
        signals,
        config.drain,
        told_at,
    ))
}

/// Binds where health and numbers are told. The demo goes on without where another program, such
/// as another demo, is there.
fn bind_operations(
    config: &Config,
    mode: &Mode,
    announcer: &Announcer,
) -> Result<Bound, StartFault> {
    let mut bound = Bound::nowhere();
    for address in &config.operations {
        match bound.bind(*address) {
            Ok(()) => {}
            Err(fault) if matches!(mode, Mode::Demo(_)) => announcer.warn(format!(
                "nothing is told of health and numbers: {address} cannot be had: {fault}"
            )),
            Err(source) => {
                return Err(StartFault::Operations {
                    address: *address,
                    source,
                });
            }
        }
    }
    Ok(bound)
}

async fn join(
    config: &Config,
    mode: &Mode,
    announcer: Announcer,
    engine: Engine,
    ledger: Arc<Ledger>,
) -> Result<Joined, StartFault> {
    let keys = SigningKeys::open(&engine, ASSERTION_PURPOSE).await?;
    let origins = setup::origins(config, mode);
    let origin = origins.first().cloned().unwrap_or_default();
    let options = setup::identity_options(config, mode, origins)?;
    let clients = files::provider_clients(config).map_err(StartFault::Providers)?;
    let identity = Identity::open(engine.clone(), options, clients).await?;
    let country = web::country(config.geo_database.as_deref())?;
    let options = setup::authorization_options(config, &origin, &country)?;
    let authorization =
        AuthorizationServer::open(engine.clone(), identity.clone(), options).await?;
    let secrets = files::scim_secrets(config).map_err(StartFault::Providers)?;
    let provisioning = setup::provisioning(&engine, &identity, &origin, secrets);
    let directories = files::directories(config).map_err(StartFault::Providers)?;
    let directories = Directories::new(engine.clone(), directories);
    Ok(Joined {
        supervisor: Supervisor::new(),
        announcer,
        engine,
        ledger,
        keys,
        identity,
        authorization,
        country,
        provisioning,
        directories,
        vitals: Vitals::default(),
        desk: Desk::default(),
        origin,
    })
}

impl Joined {
    /// Binds every address and starts the traffic threads.
    fn serve(
        &self,
        config: &Config,
        mode: &Mode,
        served: web::Served<'_>,
        api: &Administration,
    ) -> Result<gw_web::Running, StartFault> {
        let services = setup::services(config, self, api)?;
        let options = web::options(config, mode, self, services, served)?;
        let doors = web::doors(self, config.ledger);
        Ok(gw_web::Server::bind(options)?.start(&doors)?)
    }

    /// What is done again and again.
    fn keep(&self) {
        keep::sweeper(self);
        keep::teller(&self.supervisor, &self.authorization);
        keep::saver(&self.supervisor, &self.engine, &self.ledger, &self.vitals);
    }

    /// What health and numbers are told of.
    fn watched(
        &self,
        web: &gw_web::Running,
        certificates: Option<CertificateStore>,
        data: &Path,
    ) -> Watched {
        Watched {
            engine: self.engine.clone(),
            ledger: Arc::clone(&self.ledger),
            traffic: web.metrics().to_vec(),
            certificates,
            obtained: None,
            directories: self.directories.clone(),
            vitals: self.vitals.clone(),
            data: data.to_owned(),
        }
    }

    /// Follows the certificates' files.
    fn follow(&self, certificates: CertificateStore) {
        let (engine, announcer) = (self.engine.clone(), self.announcer.clone());
        self.supervisor
            .spawn("certificates", Early::Restart, move |stopping| {
                let (certificates, engine, announcer) =
                    (certificates.clone(), engine.clone(), announcer.clone());
                keep::every("certificates", CERTIFICATES, stopping, move || {
                    let told = reload::certificates(&certificates, &engine, &announcer);
                    std::future::ready(told)
                })
            });
    }

    /// Follows the files that apps' servers are believed by.
    fn follow_trust(&self, live: reload::Live) {
        self.supervisor.spawn(
            "certificates towards upstreams",
            Early::Restart,
            move |stopping| {
                let live = live.clone();
                keep::every(
                    "certificates towards upstreams",
                    CERTIFICATES,
                    stopping,
                    move || std::future::ready(reload::trust(&live)),
                )
            },
        );
    }

    /// Follows the files with the secrets of who pushes people in.
    fn follow_secrets(&self, live: reload::Live) {
        let name = "secrets of who pushes people in";
        self.supervisor
            .spawn(name, Early::Restart, move |stopping| {
                let live = live.clone();
                keep::every(name, CERTIFICATES, stopping, move || {
                    std::future::ready(reload::secrets(&live))
                })
            });
    }

    /// The administration, for the socket and for the door.
    fn administration(&self, data: &Path, live: &reload::Live) -> Administration {
        let (shown, named) = (live.clone(), live.clone());
        let (known, registered) = (live.clone(), live.clone());
        Administration::new(Parts {
            engine: self.engine.clone(),
            identity: self.identity.clone(),
            keys: self.signing_keys(),
            authentication_origin: self.origin.clone(),
            config: Arc::new(move || shown.shown()),
            configured_groups: Arc::new(move || named.groups()),
            configured_providers: Arc::new(move || known.providers()),
            configured_clients: Arc::new(move || registered.clients()),
            directories: self.directories.clone(),
            log: self.log_access(data),
            desk: self.desk.clone(),
            ledger: ledger::folder(data),
            started: self.engine.clock().now(),
        })
    }

    /// The keys that can be rotated.
    fn signing_keys(&self) -> Arc<dyn Fn() -> KeysByPurpose + Send + Sync> {
        let (assertion, authorization) = (Arc::clone(&self.keys), self.authorization.clone());
        Arc::new(move || {
            let mut all = vec![(ASSERTION_PURPOSE, Arc::clone(&assertion))];
            all.extend(authorization.keys());
            all
        })
    }

    /// Opens the administration's socket.
    fn open_socket(&self, data: &Path, api: Administration) -> Result<(), StartFault> {
        let listener = Arc::new(Socket::bind(data)?);
        let socket = Socket::new(api);
        self.supervisor
            .spawn("administration", Early::Restart, move |mut stopping| {
                let (socket, listener) = (socket.clone(), Arc::clone(&listener));
                async move {
                    tokio::select! {
                        () = stopping.told() => Ok(()),
                        ended = socket.serve(&listener) => ended.map_err(|fault| fault.to_string()),
                    }
                }
            });
        Ok(())
    }

    fn log_access(&self, data: &Path) -> Arc<dyn Fn() -> LogAccess + Send + Sync> {
        let folder = ledger::folder(data);
        let (heads, facts) = (Arc::clone(&self.ledger), self.engine.clone());
        Arc::new(move || LogAccess {
            folder: folder.clone(),
            heads: heads.heads().iter().map(ToString::to_string).collect(),
            keys: ledger::public_keys(&facts.view().facts),
        })
    }
}
