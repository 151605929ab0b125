//! A gateway with people, apps and an upstream.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use aws_lc_rs::digest;
use bytes::Bytes;
use gw_clock::Clock;
use gw_door::{Door, DoorOptions};
use gw_engine::testing::{START, TestEngine, app, group, policies, session, user};
use gw_issue::{ASSERTION_PURPOSE, Assertions, SigningKeys};
use gw_leases::Core;
use gw_ledger::Signer;
use gw_model::{
    App, AppToken, AuthnMethod, AuthorizationHeader, Change, Credential, EndReason, Ended,
    FactorId, IdentityHeaders, Route, Session, TokenHash, Upstream as To, User,
};
use gw_oauth::PairwiseKey;
use gw_pages::{JudgedRequest, PageService, refused::Level};
use gw_record::{Ledger, LedgerOptions, reserve_on_disk};
use gw_tls::{CertificateStore, DemoAuthority, TrustStore};
use gw_web::{
    AppCookie, BuiltIn, Challenges, ClientCertificates, Code, HandOverFault, Limits, Listener,
    MakeDoor, Running, Server, Serves, ThreadDoor, ThreadMetrics, WebOptions,
    client_address::TrustedProxies,
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};

use crate::upstream::Recorder;

/// Ana's cookie at the wiki, and at the payroll (rank 1).
pub(crate) const ANA: &str = "__Host-gw-session=ana-at-the-wiki";
pub(crate) const ANA_AT_PAYROLL: &str = "__Host-gw-session=ana-at-the-payroll";

const POLICIES: &str = r#"
@id("wiki-for-staff")
permit (principal in Group::"staff", action == Action::"http.request", resource in App::"wiki");

@id("wiki-admin-for-nobody")
forbid (principal, action == Action::"http.request", resource == Route::"wiki/admin");

@id("payroll-for-staff")
permit (principal in Group::"staff", action == Action::"http.request", resource in App::"payroll");

@id("payroll-needs-a-passkey")
forbid (principal, action == Action::"http.request", resource in App::"payroll")
unless { context.authn.phishing_resistant };

@id("site-for-strangers")
permit (principal is Anonymous, action == Action::"http.request", resource in App::"site");

@id("site-for-people")
permit (principal is User, action == Action::"http.request", resource in App::"site");

@id("echo-for-staff")
permit (principal in Group::"staff", action == Action::"http.request", resource in App::"own");
"#;

/// What makes a house different from the usual one.
pub(crate) struct Plan {
    pub(crate) limits: Limits,
    pub(crate) level: Level,
    pub(crate) trusted: TrustedProxies,
    pub(crate) threads: usize,
    pub(crate) door: DoorOptions,
    pub(crate) trust: TrustStore,
    /// The disk is full once this is set.
    pub(crate) full: Option<Arc<AtomicBool>>,
    /// The socket for plain HTTP, where it was opened by somebody else.
    pub(crate) handed: Option<Arc<TcpListener>>,
    pub(crate) wiki: Box<dyn Fn(&mut App) + Send>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            level: Level::Own,
            trusted: TrustedProxies::default(),
            threads: 1,
            door: DoorOptions::default(),
            trust: TrustStore::empty(),
            full: None,
            handed: None,
            wiki: Box::new(|_| {}),
        }
    }
}

pub(crate) struct House {
    pub(crate) tested: TestEngine,
    pub(crate) upstream: Recorder,
    pub(crate) ana: User,
    pub(crate) session: Session,
    pub(crate) http: SocketAddr,
    pub(crate) https: SocketAddr,
    pub(crate) redirect: SocketAddr,
    pub(crate) trust: Arc<ClientConfig>,
    /// Codes that were brought for redeeming.
    pub(crate) codes: Arc<Mutex<Vec<Code>>>,
    running: Option<Running>,
}

impl House {
    pub(crate) async fn usual() -> Self {
        Self::of(Plan::default()).await
    }

    pub(crate) async fn of(plan: Plan) -> Self {
        let upstream = Recorder::start().await;
        let ana = User {
            display_name: "Ana Ruiz".into(),
            email: Some("ana@example.com".into()),
            verified_email: Some("ana@example.com".into()),
            ..user(1, "ana", &["staff"])
        };
        let session = session(11, &ana, AuthnMethod::SignInLink, START);
        let tested = TestEngine::with(facts(&upstream, &ana, &session, &plan)).await;
        let trust_folder = tested.folder.path().join("tls");
        let (tls, asking, trust) = tls(&trust_folder);
        let codes = Arc::default();
        let local = |serves| Listener {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            serves,
            inherited: None,
        };
        let options = WebOptions {
            threads: plan.threads,
            services: services(),
            hand_over: redeeming(Arc::clone(&codes)),
            trusted_proxies: plan.trusted.clone(),
            upstream_trust: plan.trust.clone(),
            remedies: plan.level,
            limits: plan.limits,
            ..options(vec![
                Listener {
                    inherited: plan.handed.clone(),
                    ..local(Serves::Plain {
                        explain_safari: true,
                    })
                },
                local(Serves::Tls {
                    config: tls,
                    client_certificates: Some(asking),
                    hsts_secs: Some(63_072_000),
                }),
                local(Serves::Redirect {
                    https_port: 443,
                    challenges: Some(challenges()),
                }),
            ])
        };
        let server = Server::bind(options).unwrap();
        let running = server.start(&door(&tested, &plan).await).unwrap();
        let [http, https, redirect] = running.addresses() else {
            panic!("three listeners")
        };
        Self {
            http: *http,
            https: *https,
            redirect: *redirect,
            running: Some(running),
            tested,
            upstream,
            ana,
            session,
            trust,
            codes,
        }
    }

    pub(crate) fn metrics(&self) -> &ThreadMetrics {
        &self.running.as_ref().unwrap().metrics()[0]
    }

    /// Takes away what lets Ana into the wiki, as an administrator would.
    pub(crate) async fn forbid_wiki(&self) {
        let closed = POLICIES.replace(r#"resource in App::"wiki""#, r#"resource in App::"own""#);
        self.tested.change(vec![policies(&closed)]).await;
    }

    /// Closes one route of the wiki.
    pub(crate) async fn forbid_api(&self) {
        self.add_policy(r#"@id("api-for-nobody") forbid (principal, action == Action::"http.request", resource == Route::"wiki/api");"#)
            .await;
    }

    /// Adds a policy to the usual ones.
    pub(crate) async fn add_policy(&self, policy: &str) {
        let all = format!("{POLICIES}\n{policy}");
        self.tested.change(vec![policies(&all)]).await;
    }

    /// Another person of the staff, by number; the cookie that they have at the wiki.
    pub(crate) async fn signs_in(&self, number: u64) -> String {
        let person = user(number, &format!("person-{number}"), &["staff"]);
        let session = session(100 + number, &person, AuthnMethod::SignInLink, START);
        let secret = format!("person-{number}-at-the-wiki");
        let token = AppToken {
            hash: hash(&secret),
            session: session.id,
            app: "wiki".parse().unwrap(),
            rank: 1,
            version: 0,
        };
        let changes = vec![
            Change::UserPut(Arc::new(person)),
            Change::SessionStarted(Arc::new(session)),
            Change::AppTokenIssued(Arc::new(token)),
        ];
        self.tested.change(changes).await;
        format!("__Host-gw-session={secret}")
    }

    pub(crate) async fn end_session(&self) {
        let ended = Ended {
            at: START,
            reason: EndReason::EndedByAdministrator,
        };
        let ended = Change::SessionEnded {
            session: self.session.id,
            ended,
        };
        self.tested.change(vec![ended]).await;
    }

    pub(crate) async fn stop(mut self, grace: Duration) {
        let running = self.running.take().unwrap();
        tokio::task::spawn_blocking(move || running.stop(grace))
            .await
            .unwrap();
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop(Duration::ZERO);
        }
    }
}

/// Options of a gateway without apps of its own.
/// The key by which some clients are told names of their own.
pub(crate) fn pairwise() -> PairwiseKey {
    PairwiseKey::new(&[7; 32]).unwrap()
}

fn options(listeners: Vec<Listener>) -> WebOptions {
    WebOptions {
        listeners,
        threads: 1,
        sign_in_app: "sign-in".parse().unwrap(),
        services: HashMap::new(),
        hand_over: redeeming(Arc::default()),
        country: Arc::new(|_| None),
        ask: Arc::new(|_| None),
        trusted_proxies: TrustedProxies::default(),
        upstream_trust: TrustStore::empty(),
        remedies: Level::Own,
        veil: Some(pairwise().veil().clone()),
        limits: Limits::default(),
    }
}

/// Options of a gateway at one address.
pub(crate) fn options_at(address: SocketAddr) -> WebOptions {
    options(vec![Listener {
        address,
        serves: Serves::Plain {
            explain_safari: false,
        },
        inherited: None,
    }])
}

/// Waits for a condition that nothing tells of.
pub(crate) async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

pub(crate) fn hash(secret: &str) -> TokenHash {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, secret.as_bytes()).as_ref());
    TokenHash::from_digest(bytes)
}

fn facts(upstream: &Recorder, ana: &User, session: &Session, plan: &Plan) -> Vec<Change> {
    let address: Arc<str> = upstream.address.to_string().into();
    let at_upstream = |name| App {
        upstream: To::Http(address.clone()),
        title: "The Wiki".into(),
        ..app(name)
    };
    let built_in = |name: &str, service: &str| App {
        upstream: To::BuiltIn(service.into()),
        ..app(name)
    };
    let mut wiki = at_upstream("wiki");
    wiki.routes = vec![
        route("admin", "/admin/*"),
        Route {
            origins: vec!["https://partner.test".into()],
            recorded_parameters: vec!["page".into()],
            ..route("api", "/api/*")
        },
        Route {
            accept_encoded_slash: true,
            accept_override_headers: true,
            authorization: AuthorizationHeader::Strip,
            ..route("lax", "/lax/*")
        },
    ];
    wiki.identity_headers = IdentityHeaders {
        user: Some("X-Wiki-User".into()),
        email: Some("X-Wiki-Email".into()),
        groups: Some("X-Wiki-Groups".into()),
    };
    (plan.wiki)(&mut wiki);
    let payroll = App {
        title: "Payroll".into(),
        ..at_upstream("payroll")
    };
    let mut changes = vec![group("staff"), policies(POLICIES)];
    let apps = [
        wiki,
        payroll,
        at_upstream("site"),
        built_in("sign-in", "echo"),
        built_in("own", "echo"),
    ];
    changes.extend(apps.map(|app| Change::AppPut(Arc::new(app))));
    changes.push(Change::UserPut(Arc::new(ana.clone())));
    let mut session = session.clone();
    session.credential = hash("ana-signed-on");
    changes.push(Change::SessionStarted(Arc::new(session.clone())));
    for (secret, app) in [
        ("ana-at-the-wiki", "wiki"),
        ("ana-at-the-payroll", "payroll"),
        ("ana-at-own", "own"),
        ("ana-at-the-site", "site"),
    ] {
        changes.push(Change::AppTokenIssued(Arc::new(AppToken {
            hash: hash(secret),
            session: session.id,
            app: app.parse().unwrap(),
            rank: 1,
            version: 0,
        })));
    }
    changes
}

pub(crate) fn route(name: &str, path: &str) -> Route {
    Route {
        name: format!("wiki/{name}").parse().unwrap(),
        paths: vec![path.parse().unwrap()],
        methods: Vec::new(),
        tags: Vec::new(),
        credential: Credential::Cookie,
        authorization: AuthorizationHeader::Pass,
        scopes: Vec::new(),
        sender_constrained: false,
        origins: Vec::new(),
        recorded_parameters: Vec::new(),
        accept_encoded_slash: false,
        accept_override_headers: false,
        upgrades: Route::default_upgrades(),
    }
}

/// A passkey proof, as Ana's session would have after confirming.
pub(crate) fn confirmed(house: &House) -> Change {
    Change::SessionAdvanced {
        session: house.session.id,
        event: gw_model::AuthnEvent {
            method: AuthnMethod::Passkey,
            at: START,
            factor: Some(FactorId::from_bits(5)),
            provider: None,
        },
        credential: hash("ana-confirmed"),
        kind: house.session.kind,
        expires: house.session.expires,
        idle_limit: house.session.idle_limit,
    }
}

/// One token that an authority looks for, at a host that no app has.
fn challenges() -> Challenges {
    Arc::new(|host, token| {
        let is_pending = (host, token) == ("new.test", "pending-token");
        is_pending.then(|| Arc::from("pending-token.thumbprint"))
    })
}

/// One of our own apps that says what it was asked.
fn services() -> HashMap<Arc<str>, BuiltIn> {
    let echo = tower::service_fn(|request: JudgedRequest| async move {
        let judged = &request.judged;
        let who = judged.user.as_ref().map_or("nobody", |u| &u.name);
        let text = format!(
            "{} {} {:?} by {who} rank {} ended {:?} cookie {:?} claim {:?} body {} navigation {} names {:?}",
            request.method,
            request.path,
            request.query,
            judged.rank,
            judged.ended,
            request.headers.get("cookie"),
            request.headers.get("x-forwarded-for"),
            request.body.len(),
            judged.navigation,
            request.headers.keys().collect::<Vec<_>>(),
        );
        Ok(http::Response::new(Bytes::from(text)))
    });
    let echo = BuiltIn::from(PageService::new(echo));
    let echo = echo.from_elsewhere(|path| path == "/from-elsewhere", |_, _| 64 * 1024);
    HashMap::from([(Arc::from("echo"), echo)])
}

fn redeeming(codes: Arc<Mutex<Vec<Code>>>) -> gw_web::HandOver {
    Arc::new(move |code: Code| {
        let answer = match code.code.as_str() {
            "good" => Ok(AppCookie("fresh-cookie".into())),
            "over" => Err(HandOverFault::SessionOver),
            "away" => Err(HandOverFault::Unavailable),
            _ => Err(HandOverFault::NotUsable),
        };
        codes.lock().unwrap().push(code);
        Box::pin(async move { answer })
    })
}

async fn door(tested: &TestEngine, plan: &Plan) -> MakeDoor {
    let keys = SigningKeys::open(&tested.engine, ASSERTION_PURPOSE)
        .await
        .unwrap();
    let bounded = plan.full.clone().map(|full| bounded_ledger(tested, full));
    let ledger = bounded.as_ref().unwrap_or(&tested.ledger);
    let recorder = |number| ledger.recorder(&format!("core-{number}")).unwrap();
    let recorders: Vec<_> = (0..plan.threads).map(recorder).collect();
    // Kept to the end of the process, as a gateway keeps its own.
    std::mem::forget(bounded);
    let options = plan.door;
    let recorders = Mutex::new(recorders);
    let engine = tested.engine.clone();
    Arc::new(move |_| {
        let recorder = recorders.lock().unwrap().pop().unwrap();
        Ok(ThreadDoor {
            door: Door::new(Core::new(engine.clone()), recorder, options),
            assertions: Assertions::new("sign-in.test".into(), keys.clone()),
        })
    })
}

fn bounded_ledger(tested: &TestEngine, full: Arc<AtomicBool>) -> Ledger {
    let clock = tested.clock.clone();
    let options = LedgerOptions {
        segment_bytes: 64 * 1024,
        reserve: Arc::new(move |file, bytes| match full.load(Ordering::Relaxed) {
            true => Err(std::io::ErrorKind::StorageFull.into()),
            false => reserve_on_disk(file, bytes),
        }),
        ..LedgerOptions::new(1, 0, move || clock.now())
    };
    let folder = tested.folder.path().join("bounded");
    Ledger::open(&folder, options, Signer::from_seed(&[7; 32]).unwrap(), &[]).unwrap()
}

fn tls(
    folder: &Path,
) -> (
    Arc<rustls::ServerConfig>,
    ClientCertificates,
    Arc<ClientConfig>,
) {
    let names = [
        "wiki.test",
        "payroll.test",
        "sign-in.test",
        "own.test",
        "site.test",
        "other.test",
        "api.test",
    ];
    let names = names.map(str::to_owned);
    // Certificates are checked by the client against the real time.
    let now = Clock::system(START, Duration::MAX).now();
    let authority = DemoAuthority::load_or_create(folder, &names, now).unwrap();
    let store = CertificateStore::load(vec![authority.certificate_files()], now).unwrap();
    let server = gw_tls::server_config(store.clone()).unwrap();
    let asking = ClientCertificates {
        config: gw_tls::asking_server_config(store).unwrap(),
        hosts: Arc::new(["api.test".into()]),
    };
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(authority.ca_path()).unwrap())
        .unwrap();
    let client = ClientConfig::builder_with_provider(gw_tls::provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (server, asking, Arc::new(client))
}
