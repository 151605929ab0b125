//! What does an access token cost with each request, beside a session's cookie?
//!
//! `cargo run --release -p gw-web --example bench_tokens [-- --json]` starts a gateway of one
//! traffic thread (real engine, store, ledger, door and sockets) in this process, on one core, and
//! asks one request after the other over one kept connection from another core, in rounds that take
//! turns: by a cookie, which is the plain gateway; by a token that is remembered; by another token
//! each time; and by a bound token with a proof for each.
//!
//! For each two numbers, the medians of the rounds: the traffic thread's processor time for a
//! request, and half of the answers' time as the client sees it, the app's included. A remembered
//! token is to cost what a cookie does; a new one, the check of one signature; a proof, of one more.

#![expect(clippy::expect_used, reason = "a benchmark fails loudly")]
#![expect(clippy::disallowed_methods, reason = "it is the client")]

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use aws_lc_rs::digest;
use data_encoding::BASE64URL_NOPAD;
use gw_clock::Clock;
use gw_door::{Door, DoorOptions};
use gw_engine::testing::{TestEngine, app, group, policies, session, user};
use gw_issue::{ACCESS_TOKEN_PURPOSE, ASSERTION_PURPOSE, Assertions, SigningKeys};
use gw_jose::{Algorithm, KeyShape, PrivateKey, PublicKey, Signer, TokenType};
use gw_leases::Core;
use gw_model::{
    App, AppToken, AuthnMethod, AuthorizationHeader, Change, Client, ClientId, Credential,
    PublishedKey, Route, Session, Timestamp, TokenHash, TokenId, Upstream,
};
use gw_pages::refused::Level;
use gw_tls::TrustStore;
use gw_web::{
    Code, HandOverFault, Limits, Listener, MakeDoor, Running, Server, Serves, ThreadDoor,
    WebOptions, client_address::TrustedProxies,
};
use rustix::thread::{CpuSet, Pid, sched_setaffinity};
use serde_json::{Value, json};

const QUESTION: &str = "one request after the other, over one connection";
const ROUNDS: usize = 5;
const WARM_UP: usize = 200;
/// Of one case in one round.
const REQUESTS: usize = 1_000;
/// What verifies the session's cookie alone: all else stands beside it.
const PLAIN: &str = "cookie";
const GATEWAY_CORE: usize = 0;
const OTHERS_CORE: usize = 1;
const COOKIE: &str = "ana-at-the-wiki";
const POLICIES: &str = r#"@id("staff") permit (principal in Group::"staff", action == Action::"http.request", resource in App::"wiki");"#;

fn main() {
    let json = std::env::args().any(|argument| argument == "--json");
    stay_on(None, OTHERS_CORE);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let house = runtime.block_on(House::new());
    for (thread, _) in traffic_threads() {
        stay_on(Some(thread), GATEWAY_CORE);
    }
    let mut rounds: [Vec<Round>; 4] = Default::default();
    for _ in 0..ROUNDS {
        for (rounds, case) in rounds.iter_mut().zip(CASES) {
            rounds.push(house.measure(&(case.requests)(&house)));
        }
    }
    let medians = rounds.map(|rounds| Round {
        spent: median(rounds.iter().map(|round| round.spent)),
        took: median(rounds.iter().map(|round| round.took)),
    });
    let plain = &medians[0];
    let mut out = std::io::stdout().lock();
    for (case, round) in CASES.iter().zip(&medians) {
        for (metric, value, plain) in [
            ("traffic thread's CPU per request", round.spent, plain.spent),
            ("p50", round.took, plain.took),
        ] {
            let line = line(json, case.name, metric, value, plain);
            writeln!(out, "{line}").expect("stdout takes it");
        }
    }
}

/// One figure, in microseconds.
fn line(json: bool, case: &str, metric: &str, value: f64, plain: f64) -> String {
    let ratio = (value / plain * 1000.0).round() / 1000.0;
    let beside = (case != PLAIN).then_some((PLAIN, ratio));
    if !json {
        return format!("{QUESTION}: {case}: {metric} {value:.1} \u{b5}s, {ratio:.3} of {PLAIN}");
    }
    let row = json!({
        "question": QUESTION, "contender": case, "metric": metric, "unit": "us",
        "value": (value * 10.0).round() / 10.0,
        "ratio_to": beside.map(|(plain, _)| plain), "ratio": beside.map(|(_, ratio)| ratio),
    });
    row.to_string()
}

/// How requests show whose they are.
struct Case {
    name: &'static str,
    requests: fn(&House) -> Vec<String>,
}

const CASES: [Case; 4] = [
    Case {
        name: PLAIN,
        requests: House::by_cookie,
    },
    Case {
        name: "token, remembered",
        requests: House::by_one_token,
    },
    Case {
        name: "token, new each time",
        requests: House::by_new_tokens,
    },
    Case {
        name: "bound token, a proof each time",
        requests: House::by_proofs,
    },
];

/// What one request came to, in microseconds.
struct Round {
    /// The traffic thread's processor time, on average.
    spent: f64,
    /// The client's wait, in the middle.
    took: f64,
}

struct House {
    tested: TestEngine,
    gateway: SocketAddr,
    session: Session,
    issuer: Signer,
    holder: Signer,
    _running: Running,
}

impl House {
    async fn new() -> Self {
        let clock = Clock::system(Timestamp::default(), Clock::DEFAULT_BOUND);
        let now = clock.now();
        let ana = user(1, "ana", &["staff"]);
        let session = session(11, &ana, AuthnMethod::Passkey, now);
        let issuer = signer();
        let changes = vec![
            group("staff"),
            policies(POLICIES),
            Change::AppPut(Arc::new(wiki(upstream()))),
            Change::AppPut(Arc::new(app("sign-in"))),
            Change::UserPut(Arc::new(ana)),
            Change::SessionStarted(Arc::new(session.clone())),
            Change::AppTokenIssued(Arc::new(AppToken {
                hash: TokenHash::from_digest(sha256(COOKIE)),
                session: session.id,
                app: "wiki".parse().expect("a name"),
                rank: 1,
                version: 0,
            })),
            Change::ClientPut(Arc::new(client())),
            Change::KeyPublished(Arc::new(PublishedKey {
                kid: issuer.kid().into(),
                purpose: ACCESS_TOKEN_PURPOSE.into(),
                jwk: issuer.public_jwk().into(),
                published_at: now,
                active_from: now,
                replaced_at: None,
            })),
        ];
        let tested = TestEngine::on(clock, changes).await;
        let server = Server::bind(options()).expect("a port");
        let running = server.start(&door(&tested).await).expect("it starts");
        let gateway = *running.addresses().first().expect("one listener");
        Self {
            tested,
            gateway,
            session,
            issuer,
            holder: signer(),
            _running: running,
        }
    }

    fn by_cookie(&self) -> Vec<String> {
        let cookie = format!("Cookie: __Host-gw-session={COOKIE}");
        vec![get("/", &[&cookie]); WARM_UP + REQUESTS]
    }

    fn by_one_token(&self) -> Vec<String> {
        vec![bearer(&self.token(json!({}))); WARM_UP + REQUESTS]
    }

    fn by_new_tokens(&self) -> Vec<String> {
        let requests = (0..WARM_UP + REQUESTS).map(|_| bearer(&self.token(json!({}))));
        requests.collect()
    }

    fn by_proofs(&self) -> Vec<String> {
        let public = PublicKey::from_jwk(self.holder.public_jwk().as_bytes()).expect("a key");
        let bound = self.token(json!({"cnf": {"jkt": public.thumbprint().to_string()}}));
        let nonce = self.nonce(&bound);
        let requests = (0..WARM_UP + REQUESTS).map(|_| self.with_proof(&bound, &nonce));
        requests.collect()
    }

    /// Asks all of it, and looks at what follows the warm-up.
    fn measure(&self, requests: &[String]) -> Round {
        let mut stream = TcpStream::connect(self.gateway).expect("the gateway listens");
        stream.set_nodelay(true).expect("a socket");
        let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
        let mut ask = |request: &String| {
            let asked = Instant::now();
            stream.write_all(request.as_bytes()).expect("it is open");
            let head = read(&mut reader);
            let took = asked.elapsed();
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            took.as_secs_f64() * 1e6
        };
        let (warm_up, measured) = requests.split_at(WARM_UP);
        warm_up.iter().map(&mut ask).for_each(drop);
        let before = traffic_time();
        let took: Vec<f64> = measured.iter().map(&mut ask).collect();
        let spent = traffic_time().saturating_sub(before);
        Round {
            spent: spent.as_secs_f64() * 1e6 / measured.len() as f64,
            took: median(took),
        }
    }

    fn token(&self, more: Value) -> String {
        let now = self.tested.clock.now();
        let mut claims = json!({
            "iss": "http://sign-in.test",
            "aud": "http://wiki.test",
            "sub": self.session.user.to_string(),
            "sid": self.session.id.to_string(),
            "client_id": "dashboard",
            "iat": now.as_secs(),
            "exp": now.as_secs() + 600,
            "auth_time": now.as_secs(),
            "jti": TokenId::from_bytes(random()).to_string(),
            "grant_id": TokenId::from_bytes([9; 16]).to_string(),
            "scope": "wiki:read wiki:write",
        });
        let members = claims.as_object_mut().expect("an object");
        members.extend(more.as_object().expect("an object").clone());
        let signed = self.issuer.sign(TokenType::AccessToken, &claims);
        signed.expect("a token")
    }

    fn with_proof(&self, token: &str, nonce: &str) -> String {
        let proof = json!({
            "htm": "GET",
            "htu": "http://wiki.test/api/x",
            "iat": self.tested.clock.now().as_secs(),
            "jti": BASE64URL_NOPAD.encode(&random::<16>()),
            "ath": BASE64URL_NOPAD.encode(&sha256(token)),
            "nonce": nonce,
        });
        let proof = self.holder.sign(TokenType::DpopProof, &proof);
        let proof = proof.expect("a proof");
        let authorization = format!("Authorization: DPoP {token}");
        get("/api/x", &[&authorization, &format!("DPoP: {proof}")])
    }

    /// What is given out to whoever has none.
    fn nonce(&self, token: &str) -> String {
        let mut stream = TcpStream::connect(self.gateway).expect("the gateway listens");
        let request = self.with_proof(token, "none");
        stream.write_all(request.as_bytes()).expect("it is open");
        let head = read(&mut BufReader::new(stream));
        let line = head
            .lines()
            .find_map(|line| line.strip_prefix("dpop-nonce: "));
        line.expect("a nonce").to_owned()
    }
}

fn get(path: &str, headers: &[&str]) -> String {
    let headers = headers.join("\r\n");
    format!("GET {path} HTTP/1.1\r\nHost: wiki.test\r\n{headers}\r\n\r\n")
}

fn bearer(token: &str) -> String {
    get("/api/x", &[&format!("Authorization: Bearer {token}")])
}

/// The one in the middle.
fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Moves a thread, or this one, to a core.
fn stay_on(thread: Option<Pid>, core: usize) {
    let mut cores = CpuSet::new();
    cores.set(core);
    // Where there is but one, all share it.
    let _ = sched_setaffinity(thread, &cores);
}

/// Reads one answer, and returns its head.
fn read(reader: &mut impl std::io::BufRead) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).expect("an answer") > 0);
    }
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length = length.map_or(0, |length| length.parse().expect("a length"));
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    head
}

/// The processor time that the traffic threads of this process have taken.
fn traffic_time() -> Duration {
    let spent = traffic_threads().into_iter().map(|(_, folder)| {
        let spent = std::fs::read_to_string(folder.join("schedstat")).expect("Linux");
        let nanos = spent.split_whitespace().next().map(str::parse);
        Duration::from_nanos(nanos.expect("a number").expect("a number"))
    });
    spent.sum()
}

/// Each with where the kernel tells about it.
fn traffic_threads() -> Vec<(Pid, PathBuf)> {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux");
    let threads = tasks.filter_map(|task| {
        let folder = task.ok()?.path();
        let name = std::fs::read_to_string(folder.join("comm")).ok()?;
        let thread = folder.file_name()?.to_str()?.parse().ok()?;
        name.starts_with("gw-web-")
            .then_some((Pid::from_raw(thread)?, folder))
    });
    threads.collect()
}

/// Answers everything alike, on threads of its own.
fn upstream() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(&stream));
        }
    });
    address
}

fn answer(mut stream: &TcpStream) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
        if line == "\r\n" {
            let told = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
            if told.is_err() {
                return;
            }
        }
        line.clear();
    }
}

fn wiki(upstream: SocketAddr) -> App {
    let api = Route {
        name: "wiki/api".parse().expect("a name"),
        paths: vec!["/api/*".parse().expect("a path")],
        methods: Vec::new(),
        tags: Vec::new(),
        credential: Credential::Bearer,
        authorization: AuthorizationHeader::Strip,
        scopes: vec!["wiki:read".into()],
        sender_constrained: false,
        origins: Vec::new(),
        recorded_parameters: Vec::new(),
        accept_encoded_slash: false,
        accept_override_headers: false,
        upgrades: Vec::new(),
    };
    App {
        upstream: Upstream::Http(upstream.to_string().into()),
        routes: vec![api],
        ..app("wiki")
    }
}

fn client() -> Client {
    Client {
        id: ClientId::from_bits(1),
        name: "dashboard".parse().expect("a name"),
        title: "Dashboard".into(),
        attributes: Default::default(),
        groups: Vec::new(),
        app: None,
        registration: "{}".into(),
        tokens_from: Timestamp::default(),
        disabled: false,
        suspended: false,
        owner: gw_model::ClientOwner::Configuration,
        consent: gw_model::Consent::Never,
        version: 0,
    }
}

fn signer() -> Signer {
    let key = PrivateKey::generate(KeyShape::P256).expect("a key");
    Signer::new(Algorithm::Es256, &key).expect("a signer")
}

fn sha256(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
    bytes
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("randomness");
    bytes
}

fn options() -> WebOptions {
    WebOptions {
        listeners: vec![Listener {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            serves: Serves::Plain {
                explain_safari: false,
            },
            inherited: None,
        }],
        threads: 1,
        sign_in_app: "sign-in".parse().expect("a name"),
        services: HashMap::new(),
        hand_over: Arc::new(|_: Code| Box::pin(async { Err(HandOverFault::NotUsable) })),
        country: Arc::new(|_| None),
        ask: Arc::new(|_| None),
        trusted_proxies: TrustedProxies::default(),
        remedies: Level::Own,
        veil: None,
        limits: Limits {
            requests_per_person: 0,
            ..Limits::default()
        },
        upstream_trust: TrustStore::empty(),
    }
}

async fn door(tested: &TestEngine) -> MakeDoor {
    let keys = SigningKeys::open(&tested.engine, ASSERTION_PURPOSE).await;
    let keys = keys.expect("keys");
    let recorder = Mutex::new(Some(tested.ledger.recorder("core-0").expect("a log")));
    let engine = tested.engine.clone();
    Arc::new(move |_| {
        let recorder = recorder.lock().expect("nobody fails").take();
        Ok(ThreadDoor {
            door: Door::new(
                Core::new(engine.clone()),
                recorder.expect("one thread"),
                DoorOptions::default(),
            ),
            assertions: Assertions::new("sign-in.test".into(), keys.clone()),
        })
    })
}
