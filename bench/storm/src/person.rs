//! A person who is signed in, and works at a steady pace.

use std::{
    collections::HashMap,
    io,
    net::Ipv4Addr,
    sync::Arc,
    time::{Duration, Instant},
};

use rustls::ClientConfig;
use tokio::{net::TcpStream, runtime::Runtime, time::timeout};
use tokio_rustls::client::TlsStream;

use crate::{
    fault::Fault,
    gateway::{DOMAIN, Gateway, PERSON},
    machine,
    wire::{self, Answer},
};

/// Time between two requests.
const PACE: Duration = Duration::from_millis(2);
/// One in so many opens a connection of its own.
const FRESH: usize = 100;
/// After so long a request has failed.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Person {
    gateway: Arc<Gateway>,
    tls: Arc<ClientConfig>,
    request: Vec<u8>,
}

/// What somebody felt.
#[derive(Debug, Default)]
pub(crate) struct Felt {
    pub(crate) requests: usize,
    pub(crate) failed: usize,
    pub(crate) why: Vec<String>,
    /// Of requests on a kept connection, in order of length.
    kept: Vec<Duration>,
    /// Of requests with a connection of their own.
    fresh: Vec<Duration>,
}

impl Felt {
    /// The time within which so much of the requests on a kept connection was answered.
    pub(crate) fn within(&self, share: f64) -> Duration {
        percentile(&self.kept, share)
    }

    /// The same of requests with a connection of their own.
    pub(crate) fn fresh_within(&self, share: f64) -> Duration {
        percentile(&self.fresh, share)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a place in a list"
)]
fn percentile(sorted: &[Duration], share: f64) -> Duration {
    let at = (sorted.len() as f64 * share) as usize;
    let last = sorted.len().saturating_sub(1);
    sorted.get(at.min(last)).copied().unwrap_or_default()
}

impl Person {
    /// Opens a link, and then the app.
    pub(crate) fn sign_in(gateway: &Arc<Gateway>) -> Result<Self, Fault> {
        let link = gateway.command(&["user", "link", PERSON, "--kind", "sign-in"])?;
        let link = link
            .get("url")
            .and_then(|url| url.as_str())
            .unwrap_or_default();
        let token = link.rsplit('/').next().unwrap_or_default();
        let tls = gateway.http_1().clone();
        let mut browser = Browser {
            gateway: gateway.clone(),
            tls: tls.clone(),
            cookies: HashMap::new(),
        };
        let auth = format!("auth.{DOMAIN}");
        let cookie = runtime()?.block_on(async {
            browser.go("POST", &auth, &format!("/link/{token}")).await?;
            browser.go("GET", &format!("wiki.{DOMAIN}"), "/").await
        })?;
        let request = format!(
            "GET /page HTTP/1.1\r\nHost: {}\r\nCookie: {cookie}\r\n\r\n",
            browser.host("wiki")
        );
        Ok(Self {
            gateway: gateway.clone(),
            tls,
            request: request.into_bytes(),
        })
    }

    /// Works for a while, in a thread of its own on the load's core.
    pub(crate) fn work(&self, time: Duration) -> Felt {
        std::thread::scope(|scope| {
            let working = scope.spawn(|| {
                machine::stay_on_load_core(false);
                runtime().map(|runtime| runtime.block_on(self.ask_steadily(time)))
            });
            match working.join() {
                Ok(Ok(felt)) => felt,
                _ => Felt {
                    failed: 1,
                    why: vec!["the person could not work".into()],
                    ..Felt::default()
                },
            }
        })
    }

    async fn ask_steadily(&self, time: Duration) -> Felt {
        let mut felt = Felt::default();
        let mut kept = None;
        let (began, mut next) = (Instant::now(), Instant::now());
        while began.elapsed() < time {
            tokio::time::sleep_until(next.into()).await;
            next = (next + PACE).max(Instant::now());
            felt.requests += 1;
            let fresh = felt.requests.is_multiple_of(FRESH);
            let asked = Instant::now();
            let mut own = None;
            let io = if fresh { &mut own } else { &mut kept };
            let told = timeout(PATIENCE, self.ask(io)).await;
            let took = asked.elapsed();
            match told.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
                Ok(200) if fresh => felt.fresh.push(took),
                Ok(200) => felt.kept.push(took),
                told => {
                    felt.failed += 1;
                    felt.why.push(format!("{told:?} fresh={fresh}"));
                    kept = None;
                }
            }
        }
        felt.kept.sort_unstable();
        felt.fresh.sort_unstable();
        felt
    }

    async fn ask(&self, io: &mut Option<TlsStream<TcpStream>>) -> io::Result<u16> {
        let io = match io {
            Some(io) => io,
            None => {
                let host = format!("wiki.{DOMAIN}");
                let opened =
                    wire::connect_tls(Ipv4Addr::LOCALHOST, self.gateway.https, &self.tls, &host);
                io.insert(opened.await?)
            }
        };
        Ok(wire::ask(io, &self.request).await?.status)
    }
}

fn runtime() -> Result<Runtime, Fault> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?)
}

/// Follows redirects and keeps cookies.
struct Browser {
    gateway: Arc<Gateway>,
    tls: Arc<ClientConfig>,
    cookies: HashMap<String, Vec<(String, String)>>,
}

impl Browser {
    fn host(&self, app: &str) -> String {
        format!("{app}.{DOMAIN}:{}", self.gateway.https.port())
    }

    /// Goes somewhere, and on until there is a page; the cookie of the host that it is on.
    async fn go(&mut self, method: &str, host: &str, path: &str) -> Result<String, Fault> {
        let (mut method, mut host, mut path) =
            (method.to_owned(), host.to_owned(), path.to_owned());
        for _ in 0..10 {
            let answer = self.ask(&method, &host, &path).await?;
            self.keep(&host, &answer);
            match answer.all("location").next() {
                Some(to) => (host, path) = whither(to, &host),
                None if answer.status == 200 => return Ok(self.cookie(&host)),
                None => {
                    let page = String::from_utf8_lossy(&answer.body).into_owned();
                    return Err(Fault::SignIn(format!(
                        "{host}{path}: {} {page}",
                        answer.head
                    )));
                }
            }
            "GET".clone_into(&mut method);
        }
        Err(Fault::SignIn("it never arrives".into()))
    }

    async fn ask(&self, method: &str, host: &str, path: &str) -> Result<Answer, Fault> {
        let port = self.gateway.https.port();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: {}\r\nOrigin: https://{host}:{port}\r\n\
             Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: navigate\r\nAccept: text/html\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\n\r\n",
            self.cookie(host)
        );
        let mut io =
            wire::connect_tls(Ipv4Addr::LOCALHOST, self.gateway.https, &self.tls, host).await?;
        Ok(wire::ask(&mut io, request.as_bytes()).await?)
    }

    fn keep(&mut self, host: &str, answer: &Answer) {
        let kept = self.cookies.entry(host.to_owned()).or_default();
        for set in answer.all("set-cookie") {
            let pair = set.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                kept.retain(|(known, _)| known != name);
                if !value.is_empty() {
                    kept.push((name.to_owned(), value.to_owned()));
                }
            }
        }
    }

    fn cookie(&self, host: &str) -> String {
        let kept = self.cookies.get(host).into_iter().flatten();
        let pairs: Vec<_> = kept
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }
}

/// The host and the path that a location names.
fn whither(location: &str, here: &str) -> (String, String) {
    let Some(absolute) = location.strip_prefix("https://") else {
        return (here.to_owned(), location.to_owned());
    };
    let (authority, path) = absolute.split_once('/').unwrap_or((absolute, ""));
    let host = authority.split(':').next().unwrap_or(authority);
    (host.to_owned(), format!("/{path}"))
}
