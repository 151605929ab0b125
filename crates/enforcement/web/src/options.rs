//! How the web enforcement point is set up.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use futures_util::future::BoxFuture;
use gw_door::Door;
use gw_issue::Assertions;
use gw_model::{AppName, User};
use gw_oauth::Veil;
use gw_pages::{Bodies, Longest, PageService, refused::Level};
use gw_tls::TrustStore;
use rustls::ServerConfig;

use crate::client_address::TrustedProxies;

/// All that the web enforcement point is told.
pub struct WebOptions {
    /// Where it listens.
    pub listeners: Vec<Listener>,
    /// How many traffic threads it runs; at least one.
    pub threads: usize,
    /// The app that signs people in: the authentication origin.
    pub sign_in_app: AppName,
    /// Gatewright's own apps by the names that apps' upstreams give them.
    pub services: HashMap<Arc<str>, BuiltIn>,
    /// Takes hand-over codes.
    pub hand_over: HandOver,
    /// The country of an address, when known.
    pub country: Country,
    /// Whom a refused person can ask for a fresh link.
    pub ask: WhomToAsk,
    /// Whose word on the client's address counts.
    pub trusted_proxies: TrustedProxies,
    /// Whom to believe of apps' servers that speak TLS.
    pub upstream_trust: TrustStore,
    /// How much a refusal tells a person about what would open the door.
    pub remedies: Level,
    /// What lifts the veils of access tokens whose clients are told names of their own; without it,
    /// such tokens open nothing.
    pub veil: Option<Veil>,
    /// Bounds.
    pub limits: Limits,
}

/// One of Gatewright's own apps.
#[derive(Clone)]
pub struct BuiltIn {
    /// What answers. It is polled on a traffic thread: whatever takes long it does elsewhere.
    pub service: PageService,
    /// Which bodies it is sent.
    pub bodies: Bodies,
    /// Which of its paths programs send something to, which prove by what they send that they may:
    /// there no page of ours has to send it, and nobody's session does.
    pub for_programs: fn(&str) -> bool,
    /// Which of its paths pages of other sites post a form to by design. Whoever is signed in in
    /// that browser counts for nothing there: it is a stranger's request, which is worth what it
    /// brings along.
    pub from_elsewhere: fn(&str) -> bool,
    /// What pages of other origins may ask, without anything that a browser keeps; nothing where
    /// absent.
    pub open_to_pages: Option<OpenToPages>,
}

/// What of an own app pages of other origins may ask, and which origins' do.
#[derive(Clone)]
pub struct OpenToPages {
    /// Which paths.
    pub paths: fn(&str) -> bool,
    /// Whether pages of this origin do. It is told on a traffic thread, and found out elsewhere.
    pub origins: KnownOrigin,
}

/// Whether an origin is known.
pub type KnownOrigin = Arc<dyn Fn(Box<str>) -> BoxFuture<'static, bool> + Send + Sync>;

impl BuiltIn {
    /// With paths for programs.
    #[must_use]
    pub fn for_programs(mut self, is_one: fn(&str) -> bool) -> Self {
        self.for_programs = is_one;
        self
    }

    /// With paths that pages of other origins may ask.
    #[must_use]
    pub fn open_to_pages(mut self, open: OpenToPages) -> Self {
        self.open_to_pages = Some(open);
        self
    }

    /// With paths that pages of other sites post a form to, and how long such a form may be in
    /// bytes.
    #[must_use]
    pub fn from_elsewhere(mut self, is_one: fn(&str) -> bool, longest: Longest) -> Self {
        self.from_elsewhere = is_one;
        self.bodies = Bodies::unshared(longest);
        self
    }
}

impl From<PageService> for BuiltIn {
    /// With the bound of pages, which take no more than forms.
    fn from(service: PageService) -> Self {
        Self {
            service,
            bodies: Bodies::unshared(|_, _| PAGE_BODY_BYTES),
            for_programs: |_| false,
            from_elsewhere: |_| false,
            open_to_pages: None,
        }
    }
}

/// The largest body that a page of Gatewright's own is sent, in bytes.
pub const PAGE_BODY_BYTES: usize = 64 * 1024;

/// Whom somebody can ask for a fresh link, as a sentence; a general one where there is none.
pub type WhomToAsk = Arc<dyn Fn(&User) -> Option<String> + Send + Sync>;

/// The country of an address (ISO 3166-1 alpha-2), when known.
pub type Country = Arc<dyn Fn(IpAddr) -> Option<[u8; 2]> + Send + Sync>;

/// Takes a hand-over code for an attempt at an app.
pub type HandOver =
    Arc<dyn Fn(Code) -> BoxFuture<'static, Result<AppCookie, HandOverFault>> + Send + Sync>;

/// A hand-over code that came back to an app's host.
#[derive(Clone)]
pub struct Code {
    /// The code.
    pub code: String,
    /// The attempt that the host keeps.
    pub attempt: String,
    /// The app behind the host.
    pub app: AppName,
}

/// The value of an app's own cookie.
pub struct AppCookie(pub String);

/// A code that gives nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HandOverFault {
    /// It is unknown, spent, expired, or was given for another attempt or app.
    #[error("the hand-over code is of no use here")]
    NotUsable,
    /// The session has ended since.
    #[error("the session has ended")]
    SessionOver,
    /// It cannot be told now.
    #[error("hand-over codes cannot be taken now")]
    Unavailable,
}

/// One address to listen on.
#[derive(Clone)]
pub struct Listener {
    /// The address; port 0 takes any free one.
    pub address: SocketAddr,
    /// What is served there.
    pub serves: Serves,
    /// The socket, where it was handed to us instead of being ours to bind. All threads accept
    /// from it, and it outlives this process.
    pub inherited: Option<Arc<TcpListener>>,
}

/// What a listener serves.
#[derive(Clone)]
pub enum Serves {
    /// All apps over plain HTTP: for loopback alone.
    Plain {
        /// Safari gets a page that says why it cannot sign in over plain HTTP.
        explain_safari: bool,
    },
    /// All apps over TLS.
    Tls {
        /// How handshakes are made; certificates change behind it.
        config: Arc<ServerConfig>,
        /// Where clients are asked for a certificate of their own.
        client_certificates: Option<ClientCertificates>,
        /// `Strict-Transport-Security` of this many seconds, on every host.
        hsts_secs: Option<u64>,
    },
    /// Nothing but the way to HTTPS.
    Redirect {
        /// The port that browsers are sent to.
        https_port: u16,
        /// What is answered to an authority that looks whether a host is ours; nothing where absent.
        challenges: Option<Challenges>,
    },
}

/// Hosts whose clients are asked for a certificate when a connection is opened, which they may
/// leave out. Access tokens may be bound to it (RFC 8705). Browsers show a chooser then, so it is
/// for hosts that programs call.
#[derive(Clone)]
pub struct ClientCertificates {
    /// How handshakes for them are made.
    pub config: Arc<ServerConfig>,
    /// The hosts, spelled as they are compared.
    pub hosts: Arc<[Arc<str>]>,
}

impl ClientCertificates {
    /// Whether clients of this host are asked.
    pub fn are_asked_at(&self, host: &str) -> bool {
        self.hosts.iter().any(|one| one.eq_ignore_ascii_case(host))
    }
}

/// What is answered at a host for a token under `/.well-known/acme-challenge/` (RFC 8555, 8.3),
/// while it is pending. It is asked on traffic threads: it answers at once, from memory.
pub type Challenges = Arc<dyn Fn(&str, &str) -> Option<Arc<str>> + Send + Sync>;

/// Makes a traffic thread's own door, on that thread.
pub type MakeDoor = Arc<dyn Fn(usize) -> Result<ThreadDoor, DoorFault> + Send + Sync>;

/// What a traffic thread decides and signs with.
pub struct ThreadDoor {
    /// Its door.
    pub door: Door,
    /// Its signer of assertions.
    pub assertions: Assertions,
}

/// A door that could not be made.
pub type DoorFault = Box<dyn std::error::Error + Send + Sync>;

/// Bounds on what a client or an upstream can make us hold. One traffic thread's, where they
/// count things and do not say otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections from clients.
    pub connections_max: usize,
    /// Connections of strangers from one address, over all threads.
    pub connections_per_address: u32,
    /// Connections of one person who is signed in, over all threads; others of theirs make way first.
    pub connections_per_person: u32,
    /// Requests of one person, or of a program in its own name, under way at apps, over all threads.
    pub exchanges_per_person: u32,
    /// Requests of one person each second, over all threads; none is no bound.
    pub requests_per_person: u32,
    /// Connections that are about to open.
    pub handshakes_max: usize,
    /// Connections from one address that are about to open, over all threads.
    pub handshakes_per_address: u32,
    /// The time for PROXY header and TLS handshake.
    pub handshake: Duration,
    /// The time for the first byte of the first request.
    pub first_byte_read: Duration,
    /// The time for a whole request head, from its first byte.
    pub head_read: Duration,
    /// After how long without a request a connection over HTTP/1 gives up the memory that it
    /// does not need until the next one, to within the time between two looks.
    pub rest_after: Duration,
    /// How long a client over HTTP/1 may wait with its own side ended while nothing of its answer
    /// comes; whether it is still there cannot be told.
    pub half_closed: Duration,
    /// How long a connection over HTTP/1 must have been quiet before it is closed while the
    /// process stops: a request that is on its way is still answered.
    pub drain_quiet: Duration,
    /// How long a connection is kept without a request, once a person who is signed in has asked over it.
    pub idle: Duration,
    /// How long any other is.
    pub stranger_idle: Duration,
    /// How long a client may leave what is there for it untaken.
    pub slow_reader: Duration,
    /// The time in which a request's body must come on.
    pub slow_writer: Duration,
    /// By so many bytes, unless it ends.
    pub slow_writer_bytes: u64,
    /// Requests of strangers that are under way at apps.
    pub stranger_exchanges_max: usize,
    /// The same from one address, over all threads.
    pub stranger_exchanges_per_address: u32,
    /// Answers that strangers over HTTP/2 leave untaken.
    pub stranger_answers_max: usize,
    /// Bytes of a request's head.
    pub head_bytes: usize,
    /// Header lines of a request, and of an answer.
    pub headers_max: usize,
    /// Bytes of an answer's head.
    pub answer_head_bytes: usize,
    /// Bytes that one connection over HTTP/1, or one stream of HTTP/2, buffers on its way out.
    pub buffer_bytes: usize,
    /// Streams of one connection over HTTP/2.
    pub streams_max: u32,
    /// Streams that a client reset before they were looked at, until the connection is closed.
    pub pending_resets_max: usize,
    /// Streams that were reset for the client's faults, until the connection is closed.
    pub error_resets_max: usize,
    /// What frames without work may cost at once, over HTTP/2.
    pub idle_frames_at_once: u32,
    /// What they may cost each second.
    pub idle_frames_per_second: u32,
    /// Bytes of a stream that a client may send ahead.
    pub stream_window_bytes: u32,
    /// Bytes of a connection that a client may send ahead.
    pub connection_window_bytes: u32,
    /// Silence over HTTP/2 until the client is asked whether it is there.
    pub ping_after: Duration,
    /// The time for its answer to that.
    pub ping_answer: Duration,
    /// The time for such a body.
    pub own_body_read: Duration,
    /// The time to connect to an upstream.
    pub connect: Duration,
    /// The time to an upstream's first byte, once the client has sent its body.
    pub first_byte: Duration,
    /// How long a connection to an upstream is kept unused.
    pub upstream_idle: Duration,
    /// Connections to one upstream that are kept unused, or as many as were lately in use at once.
    pub upstream_idle_max: usize,
    /// The time in which something cut must have ended, before its connection is aborted.
    pub cut: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 16 * 1024,
            connections_per_address: 1024,
            connections_per_person: 256,
            exchanges_per_person: 1024,
            requests_per_person: 400,
            handshakes_max: 2048,
            handshakes_per_address: 512,
            handshake: Duration::from_secs(10),
            first_byte_read: Duration::from_secs(15),
            head_read: Duration::from_secs(15),
            rest_after: Duration::from_secs(2),
            half_closed: Duration::from_secs(10),
            drain_quiet: Duration::from_secs(1),
            idle: Duration::from_secs(180),
            stranger_idle: Duration::from_secs(30),
            slow_reader: Duration::from_secs(60),
            slow_writer: Duration::from_secs(30),
            slow_writer_bytes: 1024,
            stranger_exchanges_max: 4096,
            stranger_exchanges_per_address: 256,
            stranger_answers_max: 8192,
            head_bytes: 32 * 1024,
            headers_max: 100,
            answer_head_bytes: 64 * 1024,
            buffer_bytes: 64 * 1024,
            streams_max: 128,
            pending_resets_max: 20,
            error_resets_max: 128,
            idle_frames_at_once: 1000,
            idle_frames_per_second: 200,
            stream_window_bytes: 256 * 1024,
            connection_window_bytes: 1024 * 1024,
            ping_after: Duration::from_secs(30),
            ping_answer: Duration::from_secs(20),
            own_body_read: Duration::from_secs(10),
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(120),
            upstream_idle: Duration::from_secs(30),
            upstream_idle_max: 64,
            cut: Duration::from_millis(250),
        }
    }
}
