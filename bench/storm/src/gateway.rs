//! The gateway that is attacked: the real binary with an organisation of its own, and two apps
//! behind it, one for people and one for everybody.

use std::{
    fs::{self, OpenOptions},
    hash::{BuildHasher as _, RandomState},
    io::{BufRead as _, BufReader, ErrorKind, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    ops::Range,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{ClientConfig, RootCertStore};
use socket2::SockRef;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{fault::Fault, machine};

pub(crate) const DOMAIN: &str = "storm.localhost";
pub(crate) const PERSON: &str = "ana";

const POLICIES: &str = r#"
@id("wiki-for-staff")
permit (principal in Group::"staff", action == Action::"http.request", resource in App::"wiki");
@id("site-for-strangers")
permit (principal is Anonymous, action == Action::"http.request", resource in App::"site");
"#;

/// How long it may take to start.
const START: Duration = Duration::from_secs(60);

/// Ports below those that the system gives to outgoing connections, so that no connection takes
/// one before the gateway does.
const PORTS: Range<u64> = 20_000..32_000;

/// Bytes of the large answer.
const LARGE: usize = 8 << 20;

/// What all answers are pieces of: the app makes nothing anew, so that it holds nobody up itself.
static BODY: [u8; 64 * 1024] = [b'x'; 64 * 1024];

/// What a gateway holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) resident: u64,
    pub(crate) disk: u64,
}

pub(crate) struct Gateway {
    binary: PathBuf,
    folder: TempDir,
    child: Mutex<Child>,
    pub(crate) pid: u32,
    pub(crate) http: SocketAddr,
    pub(crate) https: SocketAddr,
    http_1: Arc<ClientConfig>,
    http_2: Arc<ClientConfig>,
    said: Arc<Mutex<Vec<String>>>,
}

impl Gateway {
    pub(crate) fn start(binary: &Path) -> Result<Self, Fault> {
        let folder = TempDir::with_prefix("storm-")?;
        let [http, https] = free_ports()?;
        let roots = certificates(folder.path())?;
        let (wiki, site) = (upstream(false)?, upstream(true)?);
        let file = folder.path().join("gatewright.toml");
        fs::create_dir(folder.path().join("policies"))?;
        fs::write(folder.path().join("policies/storm.cedar"), POLICIES)?;
        fs::write(&file, configuration(http, https, wiki, site))?;
        let mut child = start(binary, &file)?;
        let said = listen(&mut child);
        let gateway = Self {
            binary: binary.into(),
            pid: child.id(),
            child: Mutex::new(child),
            folder,
            http,
            https,
            http_1: client(&roots, "http/1.1"),
            http_2: client(&roots, "h2"),
            said,
        };
        gateway.wait()?;
        gateway.command(&["user", "add", PERSON, "--group", "staff"])?;
        Ok(gateway)
    }

    fn wait(&self) -> Result<(), Fault> {
        let began = Instant::now();
        while self.command(&["app", "list"]).is_err() {
            let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
            if child.try_wait()?.is_some() || began.elapsed() > START {
                return Err(Fault::Start(self.said().join("\n")));
            }
            drop(child);
            machine::wait(Duration::from_millis(20));
        }
        Ok(())
    }

    /// What a command of the binary says, in JSON.
    pub(crate) fn command(&self, words: &[&str]) -> Result<serde_json::Value, Fault> {
        let output = Command::new(&self.binary)
            .args(words)
            .args(["--json", "--data"])
            .arg(self.data())
            .output()?;
        let failed = |why: String| Fault::Command(words.join(" "), why);
        if !output.status.success() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        serde_json::from_slice(&output.stdout).map_err(|fault| failed(fault.to_string()))
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn size(&self) -> Size {
        Size {
            resident: machine::resident(self.pid),
            disk: machine::on_disk(&self.data()),
        }
    }

    /// TLS as its clients of HTTP/1.1 speak it.
    pub(crate) const fn http_1(&self) -> &Arc<ClientConfig> {
        &self.http_1
    }

    /// The same for HTTP/2.
    pub(crate) const fn http_2(&self) -> &Arc<ClientConfig> {
        &self.http_2
    }

    /// Whether the ledger is whole, and nothing panicked.
    pub(crate) fn verify(&self) -> Result<(), Fault> {
        let words = ["log", "verify"];
        let output = Command::new(&self.binary)
            .args(words)
            .arg("--data")
            .arg(self.data())
            .output()?;
        if !output.status.success() {
            let why = [output.stdout, output.stderr].concat();
            return Err(Fault::Command(
                words.join(" "),
                String::from_utf8_lossy(&why).into(),
            ));
        }
        match self
            .said()
            .into_iter()
            .find(|line| line.contains("panicked"))
        {
            Some(line) => Err(Fault::Panicked(line)),
            None => Ok(()),
        }
    }

    /// What it said on its standard error stream.
    pub(crate) fn said(&self) -> Vec<String> {
        self.said
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn stop(&self) -> Result<(), Fault> {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        child.kill()?;
        child.wait()?;
        Ok(())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if let Err(fault) = self.stop() {
            eprintln!("storm: {fault}");
        }
    }
}

fn client(roots: &RootCertStore, alpn: &str) -> Arc<ClientConfig> {
    let mut config = ClientConfig::builder()
        .with_root_certificates(roots.clone())
        .with_no_client_auth();
    config.alpn_protocols = vec![alpn.into()];
    // Each handshake is a whole one.
    config.resumption = rustls::client::Resumption::disabled();
    Arc::new(config)
}

/// Starts the binary on the gateway's core.
fn start(binary: &Path, file: &Path) -> Result<Child, Fault> {
    let (binary, file) = (binary.to_owned(), file.to_owned());
    let starting = std::thread::spawn(move || {
        machine::pin(machine::GATEWAY);
        Command::new(binary)
            .args(["up", "-c"])
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
    });
    let started = starting.join();
    let started = started.map_err(|_| Fault::Start("it cannot be started".into()))?;
    Ok(started?)
}

fn listen(child: &mut Child) -> Arc<Mutex<Vec<String>>> {
    let said = Arc::new(Mutex::new(Vec::new()));
    if let Some(stream) = child.stderr.take() {
        let kept = said.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                kept.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(line);
            }
        });
    }
    said
}

/// Two addresses that nobody has now.
fn free_ports() -> Result<[SocketAddr; 2], Fault> {
    let (first, second) = (held()?, held()?);
    Ok([first.local_addr()?, second.local_addr()?])
}

fn held() -> Result<TcpListener, Fault> {
    loop {
        let port = PORTS.start + RandomState::new().hash_one(()) % (PORTS.end - PORTS.start);
        let port = u16::try_from(port).unwrap_or_default();
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Err(fault) if fault.kind() == ErrorKind::AddrInUse => {}
            bound => return Ok(bound?),
        }
    }
}

fn certificates(folder: &Path) -> Result<RootCertStore, Fault> {
    let failed = |fault: rcgen::Error| Fault::Start(fault.to_string());
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().map_err(failed)?;
    let root = authority.self_signed(&key).map_err(failed)?;
    let authority = Issuer::new(authority, key);
    let key = KeyPair::generate().map_err(failed)?;
    let server = CertificateParams::new([format!("*.{DOMAIN}")])
        .and_then(|server| server.signed_by(&key, &authority))
        .map_err(failed)?;
    fs::write(folder.join("chain.pem"), server.pem())?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(folder.join("key.pem"))?;
    file.write_all(key.serialize_pem().as_bytes())?;
    let mut roots = RootCertStore::empty();
    roots
        .add(root.der().clone())
        .map_err(|fault| Fault::Start(fault.to_string()))?;
    Ok(roots)
}

fn configuration(
    http: SocketAddr,
    https: SocketAddr,
    wiki: SocketAddr,
    site: SocketAddr,
) -> String {
    let (http_port, https_port) = (http.port(), https.port());
    let app = |name: &str, upstream: SocketAddr| {
        format!(
            "[[app]]\nname = \"{name}\"\nhost = \"{name}.{DOMAIN}\"\nupstream = \"http://{upstream}\"\n"
        )
    };
    let apps = app("wiki", wiki) + &app("site", site);
    format!(
        r#"version = 1
data = "data"
threads = 1
[listen]
http = ["{http}"]
https = ["{https}"]
public_http_port = {http_port}
public_https_port = {https_port}
[authentication]
host = "auth.{DOMAIN}"
[portal]
host = "portal.{DOMAIN}"
[limits]
requests_per_person = 0
[[certificate]]
chain = "chain.pem"
key = "key.pem"
hosts = ["*.{DOMAIN}"]
[[group]]
name = "staff"
{apps}"#
    )
}

/// An app on the load's core: a kilobyte for most, much for who asks for `/large`. One that is
/// open to strangers is theirs to keep busy, and stands behind, as a machine of its own would.
fn upstream(for_strangers: bool) -> Result<SocketAddr, Fault> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        machine::stay_on_load_core(for_strangers);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        if let Ok(runtime) = runtime {
            runtime.block_on(serve(listener));
        }
    });
    Ok(address)
}

async fn serve(listener: TcpListener) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    loop {
        match listener.accept().await {
            Ok((socket, _)) => {
                hold_little(&socket);
                drop(tokio::spawn(answer(socket)));
            }
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

/// What the kernel holds of an answer that nobody takes. Over loopback it would be megabytes,
/// and copying them would be all that the app has time for.
fn hold_little(socket: &tokio::net::TcpStream) {
    if let Err(fault) = SockRef::from(socket).set_send_buffer_size(BODY.len()) {
        eprintln!("storm: {fault}");
    }
}

async fn answer(mut socket: tokio::net::TcpStream) -> std::io::Result<()> {
    let mut read = Vec::new();
    loop {
        while !read.windows(4).any(|w| w == b"\r\n\r\n") {
            if socket.read_buf(&mut read).await? == 0 {
                return Ok(());
            }
        }
        let length = match read.starts_with(b"GET /large") {
            true => LARGE,
            false => 1024,
        };
        if read.starts_with(b"POST") {
            // Whatever comes, no answer: it is not over.
            while socket.read(&mut [0; 4096]).await? > 0 {}
            return Ok(());
        }
        read.clear();
        let mut begun = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").into_bytes();
        begun.extend(BODY.iter().take(1024));
        socket.write_all(&begun).await?;
        let mut left = length - 1024;
        while left > 0 {
            let piece = BODY.get(..left.min(BODY.len())).unwrap_or_default();
            left -= piece.len();
            socket.write_all(piece).await?;
        }
    }
}
