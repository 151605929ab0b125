//! A gateway with 1,000 people of 100 teams at two apps, and ten WebSockets of each of them.

use std::{
    collections::HashMap,
    fmt::Write as _,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_lc_rs::digest;
use gw_clock::Clock;
use gw_door::{Door, DoorOptions};
use gw_engine::testing::{TestEngine, app, group, policies, session, user};
use gw_issue::{ASSERTION_PURPOSE, Assertions, SigningKeys};
use gw_leases::Core;
use gw_model::{App, AppToken, AuthnMethod, Change, Session, Timestamp, TokenHash, Upstream, User};
use gw_pages::refused::Level;
use gw_tls::{CertificateStore, DemoAuthority, TrustStore};
use gw_web::{
    Code, HandOverFault, Limits, Listener, MakeDoor, Running, Server, Serves, ThreadDoor,
    WebOptions, client_address::TrustedProxies,
};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use tokio::sync::mpsc;

use crate::{
    sockets::{self, Gateway, Order, Seen},
    upstream,
};

pub(crate) const PEOPLE: usize = 1_000;
pub(crate) const TEAMS: usize = 100;
const APPS: [&str; 2] = ["wiki", "chat"];
/// WebSockets of one person at one app over one connection of HTTP/2.
const OVER_H2: usize = 4;
/// And over a connection of its own.
const OVER_H1: usize = 1;
const AT_EACH: usize = OVER_H2 + OVER_H1;
/// WebSockets of one person.
pub(crate) const EACH: usize = APPS.len() * AT_EACH;
const THREADS: usize = 2;
/// One in ten people works in shifts.
const SHIFTS: usize = 10;
/// What fits into one record of the log.
const CHANGES_AT_ONCE: usize = 200;
/// Frames to each client; those whom a case is about get them faster.
const PACE_MILLIS: u64 = 5_000;
const FAST_MILLIS: u64 = 50;

/// One WebSocket of somebody.
pub(crate) struct Socket {
    pub(crate) person: usize,
    pub(crate) seen: Arc<Seen>,
}

pub(crate) struct House {
    tested: TestEngine,
    pub(crate) gateway: SocketAddr,
    orders: mpsc::UnboundedSender<Order>,
    people: Vec<(User, Session)>,
    next_session: u64,
    pub(crate) sockets: Vec<Socket>,
    running: Option<Running>,
    _upstream: upstream::Upstream,
}

impl House {
    pub(crate) async fn new() -> Self {
        let clock = Clock::system(Timestamp::default(), Clock::DEFAULT_BOUND);
        let now = clock.now();
        let started = upstream::Upstream::start();
        let mut changes = vec![group("staff"), group("shifts"), group("newcomers")];
        changes.extend((0..TEAMS).map(|team| group(&format!("team-{team}"))));
        changes.extend(APPS.map(|name| {
            let upstream = Upstream::Http(started.address.to_string().into());
            Change::AppPut(Arc::new(App {
                upstream,
                ..app(name)
            }))
        }));
        changes.push(policies(&usual_policies()));
        let mut people = Vec::new();
        for number in 0..PEOPLE {
            let team = format!("team-{}", number % TEAMS);
            let groups = ["staff", &team, "shifts"];
            let groups = if works_in_shifts(number) {
                &groups[..]
            } else {
                &groups[..2]
            };
            let person = user(number as u64, &format!("user-{number}"), groups);
            let session = long(session(number as u64, &person, AuthnMethod::Passkey, now));
            changes.push(Change::UserPut(Arc::new(person.clone())));
            changes.extend(signed_in(&session));
            people.push((person, session));
        }
        let tested = TestEngine::on(clock, Vec::new()).await;
        for some in changes.chunks(CHANGES_AT_ONCE) {
            tested.change(some.to_vec()).await;
        }
        let (config, trust) = tls(tested.folder.path());
        let server = Server::bind(options(config)).expect("a port");
        let running = server.start(&door(&tested).await).expect("it starts");
        let (gateway, secure) = (running.addresses()[0], running.addresses()[1]);
        let orders = sockets::start(Gateway {
            plain: gateway,
            secure,
            trust,
        });
        Self {
            gateway,
            orders,
            tested,
            people,
            next_session: PEOPLE as u64,
            sockets: Vec::new(),
            running: Some(running),
            _upstream: started,
        }
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.tested.clock
    }

    /// The longest turn of a traffic thread so far, in microseconds.
    pub(crate) fn longest_turn(&self) -> u64 {
        let running = self.running.as_ref().expect("it runs");
        let turns = running.metrics().iter();
        turns
            .map(|m| m.longest_turn_micros.value())
            .max()
            .unwrap_or(0)
    }

    pub(crate) async fn change(&self, change: Change) {
        self.tested.change(vec![change]).await;
    }

    pub(crate) fn host() -> String {
        format!("{}.test", APPS[0])
    }

    pub(crate) fn cookie(&self, number: usize) -> String {
        cookie(self.people[number].1.id.bits(), APPS[0])
    }

    pub(crate) fn disabled(&self, number: usize, disabled: bool) -> Change {
        let person = self.people[number].0.clone();
        Change::UserPut(Arc::new(User { disabled, ..person }))
    }

    /// Signs somebody in again.
    pub(crate) async fn sign_in(&mut self, number: usize) {
        let bits = self.next_session;
        self.next_session += 1;
        let now = self.clock().now();
        let begun = long(session(
            bits,
            &self.people[number].0,
            AuthnMethod::Passkey,
            now,
        ));
        self.tested.change(signed_in(&begun)).await;
        self.people[number].1 = begun;
    }

    /// Opens the WebSockets of these people that are not open.
    pub(crate) async fn open(&mut self, people: impl Iterator<Item = usize>, fast: bool) {
        let (opened, mut all) = mpsc::channel(1);
        for person in people {
            self.sockets
                .retain(|s| s.person != person || s.seen.end().is_none());
            assert!(
                self.sockets.iter().all(|s| s.person != person),
                "still open"
            );
            for app in APPS {
                for (over_h2, count) in [(true, OVER_H2), (false, OVER_H1)] {
                    let seen: Vec<_> = (0..count).map(|_| Arc::<Seen>::default()).collect();
                    let order = Order {
                        host: format!("{app}.test"),
                        cookie: cookie(self.people[person].1.id.bits(), app),
                        pace_millis: if fast { FAST_MILLIS } else { PACE_MILLIS },
                        over_h2,
                        seen: seen.clone(),
                        opened: opened.clone(),
                        number: self.sockets.len() / count,
                    };
                    self.orders.send(order).expect("the clients run");
                    let opening = seen.into_iter().map(|seen| Socket { person, seen });
                    self.sockets.extend(opening);
                }
            }
        }
        drop(opened);
        assert!(all.recv().await.is_none(), "nothing is sent, only let go");
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop(Duration::ZERO);
        }
    }
}

pub(crate) const fn works_in_shifts(number: usize) -> bool {
    number % SHIFTS == SHIFTS - 1
}

/// A thousand policies, of which each person's slice holds about six.
pub(crate) fn usual_policies() -> String {
    let mut text = String::new();
    for app in APPS {
        write!(
            text,
            r#"@id("{app}") permit (principal in Group::"staff", action == Action::"http.request", resource in App::"{app}");"#,
        )
        .expect("a string takes it");
    }
    for team in 0..TEAMS {
        write!(
            text,
            r#"@id("team-{team}") forbid (principal in Group::"team-{team}", action == Action::"http.request", resource)
               unless {{ context.http.same_origin }};"#,
        )
        .expect("a string takes it");
    }
    for number in 0..898 {
        write!(
            text,
            r#"@id("p{number}") permit (principal in Group::"elsewhere-{}", action == Action::"http.request", resource in App::"app-{number}");"#,
            number % 90,
        )
        .expect("a string takes it");
    }
    text
}

/// A session that does not end by itself while this runs.
fn long(session: Session) -> Session {
    Session {
        idle_limit: Duration::from_secs(12 * 3600),
        ..session
    }
}

fn signed_in(session: &Session) -> Vec<Change> {
    let mut changes = vec![Change::SessionStarted(Arc::new(session.clone()))];
    changes.extend(APPS.map(|app| {
        Change::AppTokenIssued(Arc::new(AppToken {
            hash: hash(&secret(session.id.bits(), app)),
            session: session.id,
            app: app.parse().expect("a name"),
            rank: 1,
            version: 0,
        }))
    }));
    changes
}

fn secret(session: u64, app: &str) -> String {
    format!("secret-{session}-at-{app}")
}

fn cookie(session: u64, app: &str) -> String {
    format!("__Host-gw-session={}", secret(session, app))
}

fn hash(secret: &str) -> TokenHash {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, secret.as_bytes()).as_ref());
    TokenHash::from_digest(bytes)
}

/// Certificates for all hosts, and a client that believes them.
fn tls(folder: &Path) -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let names = APPS.map(|app| format!("{app}.test"));
    // Certificates are checked by the client against the real time.
    let now = Clock::system(Timestamp::default(), Clock::DEFAULT_BOUND).now();
    let authority =
        DemoAuthority::load_or_create(&folder.join("tls"), &names, now).expect("an authority");
    let store =
        CertificateStore::load(vec![authority.certificate_files()], now).expect("certificates");
    let mut roots = RootCertStore::empty();
    let own = CertificateDer::from_pem_file(authority.ca_path()).expect("a certificate");
    roots.add(own).expect("a certificate");
    let mut client = ClientConfig::builder_with_provider(gw_tls::provider())
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_root_certificates(roots)
        .with_no_client_auth();
    client.alpn_protocols = vec![b"h2".to_vec()];
    let server = gw_tls::server_config(store).expect("a configuration");
    (server, Arc::new(client))
}

fn options(config: Arc<ServerConfig>) -> WebOptions {
    let local = |serves| Listener {
        address: (Ipv4Addr::LOCALHOST, 0).into(),
        serves,
        inherited: None,
    };
    WebOptions {
        listeners: vec![
            local(Serves::Plain {
                explain_safari: false,
            }),
            local(Serves::Tls {
                config,
                client_certificates: None,
                hsts_secs: None,
            }),
        ],
        threads: THREADS,
        sign_in_app: "sign-in".parse().expect("a name"),
        services: HashMap::new(),
        hand_over: Arc::new(|_: Code| Box::pin(async { Err(HandOverFault::NotUsable) })),
        country: Arc::new(|_| None),
        ask: Arc::new(|_| None),
        trusted_proxies: TrustedProxies::default(),
        remedies: Level::Own,
        veil: None,
        limits: Limits::default(),
        upstream_trust: TrustStore::empty(),
    }
}

async fn door(tested: &TestEngine) -> MakeDoor {
    let keys = SigningKeys::open(&tested.engine, ASSERTION_PURPOSE)
        .await
        .expect("keys");
    let recorder = |number| {
        tested
            .ledger
            .recorder(&format!("core-{number}"))
            .expect("a log")
    };
    let recorders = Mutex::new((0..THREADS).map(recorder).collect::<Vec<_>>());
    let engine = tested.engine.clone();
    Arc::new(move |_| {
        let recorder = recorders
            .lock()
            .expect("nobody fails")
            .pop()
            .expect("one for each");
        Ok(ThreadDoor {
            door: Door::new(Core::new(engine.clone()), recorder, DoorOptions::default()),
            assertions: Assertions::new("sign-in.test".into(), keys.clone()),
        })
    })
}
