//! Gatewright with everything verified: session, policy, ledger, assertion.

use std::{
    fmt::Write as _,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use super::Contender;
use crate::{
    Fault,
    site::{HOSTS, Site, free_port},
};

/// How Gatewright is set up for a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) name: &'static str,
    /// Policy statements in force.
    pub(crate) statements: usize,
    /// `written` or `synced`.
    pub(crate) accepted: &'static str,
}

/// With a person signed in.
pub(crate) fn verifying(site: &Site, binary: &Path, setup: Setup) -> Result<Contender, Fault> {
    verifying_under(site, binary, setup, &[])
}

/// The same, the binary run by another program.
pub(crate) fn verifying_under(
    site: &Site,
    binary: &Path,
    setup: Setup,
    runner: &[&str],
) -> Result<Contender, Fault> {
    let folder = Folder::new(site)?;
    let mut contender = up(site, binary, setup, runner, &folder)?;
    let (port, binary) = (contender.port, binary.display().to_string());
    let data = folder.path.join("data").display().to_string();
    let jar = sign_in(site, &binary, &data, port)?;
    contender.cookie = cookie(&jar, "localhost")?;
    contender.echo = ("echo.localhost", "/");
    contender.echo_cookie = cookie(&jar, "echo.localhost")?;
    Ok(contender)
}

/// Where one lives, and what is declared beside what all have.
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    /// The port that it is to listen on.
    pub(crate) port: u16,
    /// More of the configuration file.
    pub(crate) more: String,
    /// More policies.
    pub(crate) policies: Option<&'static str>,
}

impl Folder {
    /// With nothing declared.
    pub(crate) fn new(site: &Site) -> Result<Self, Fault> {
        let port = free_port()?;
        let path = site.file(&format!("gatewright-{port}"));
        std::fs::create_dir_all(path.join("policies"))?;
        Ok(Self {
            path,
            port,
            more: String::new(),
            policies: None,
        })
    }
}

/// Starts one, and waits until it can be administered.
pub(crate) fn up(
    site: &Site,
    binary: &Path,
    setup: Setup,
    runner: &[&str],
    folder: &Folder,
) -> Result<Contender, Fault> {
    let mut files = statements(setup.statements);
    files.extend(folder.policies.map(str::to_owned));
    for (number, text) in files.iter().enumerate() {
        let file = format!("policies/bench-{number:02}.cedar");
        std::fs::write(folder.path.join(file), text)?;
    }
    let config = folder.path.join("gatewright.toml");
    let text = configuration(site, folder.port, free_port()?, setup.accepted);
    std::fs::write(&config, text + &folder.more)?;
    let (binary, config) = (binary.display().to_string(), config.display().to_string());
    let command = [runner, &[&*binary, "up", "-c", &config]].concat();
    let mut contender = Contender::start(site, setup.name, folder.port, &command)?;
    let socket = folder.path.join("data/run/admin.sock");
    let listens = || UnixStream::connect(&socket).is_ok();
    contender.program.until("its socket listened", listens)?;
    Ok(contender)
}

fn configuration(site: &Site, port: u16, plain: u16, accepted: &str) -> String {
    let folder = site.folder().display();
    let (up, echo) = (site.upstream_port, site.echo_port);
    let hosts = HOSTS.map(|host| format!("{host:?}")).join(", ");
    let mut groups = String::new();
    for group in 0..GROUPS {
        // Writing into a string cannot fail.
        let _ = writeln!(groups, "[[group]]\nname = \"group-{group}\"");
    }
    format!(
        "version = 1
data = \"data\"
threads = 1
[listen]
http = [\"127.0.0.1:{plain}\"]
https = [\"127.0.0.1:{port}\"]
public_http_port = {plain}
public_https_port = {port}
[authentication]
host = \"auth.localhost\"
[portal]
host = \"portal.localhost\"
[policies]
folder = \"policies\"
[ledger]
accepted = \"{accepted}\"
[limits]
connections_per_person = 0
requests_per_person = 0
[[certificate]]
chain = \"{folder}/chain.pem\"
key = \"{folder}/key.pem\"
hosts = [{hosts}]
[[group]]
name = \"staff\"
{groups}
[[app]]
name = \"bench\"
host = \"localhost\"
upstream = \"http://127.0.0.1:{up}\"
tags = [\"measured\"]
[[app]]
name = \"echo\"
host = \"echo.localhost\"
upstream = \"http://127.0.0.1:{echo}\"
"
    )
}

const GROUPS: usize = 50;

/// Statements of one file.
const FILE: usize = 1_000;

/// So many statements, in files; three of them could apply to the requests that are measured.
fn statements(count: usize) -> Vec<String> {
    let mut files = vec![String::from(
        "@id(\"staff-work\")
permit (principal in Group::\"staff\", action == Action::\"http.request\", resource in App::\"bench\");
@id(\"staff-echo\")
permit (principal in Group::\"staff\", action == Action::\"http.request\", resource in App::\"echo\");
@id(\"measured-needs-a-method\")
forbid (principal, action, resource in Tag::\"measured\") unless { context.authn.methods.contains(\"sign-in-link\") };
",
    )];
    let numbers: Vec<usize> = (3..count).collect();
    for chunk in numbers.chunks(FILE) {
        let mut text = String::new();
        for number in chunk {
            let group = number % GROUPS;
            // Writing into a string cannot fail.
            let _ = writeln!(
                text,
                "@id(\"grant-{number}\") permit (principal in Group::\"group-{group}\", action == Action::\"http.request\", resource in Tag::\"tag-{number}\");"
            );
        }
        files.push(text);
    }
    files
}

/// Adds a person, opens their sign-in link and both apps, and returns the cookies as curl keeps them.
fn sign_in(site: &Site, binary: &str, data: &str, port: u16) -> Result<String, Fault> {
    let command = |args: &[&str]| -> Result<Value, Fault> {
        let output = Command::new(binary)
            .args(args)
            .args(["--json", "--data", data])
            .output()?;
        if output.status.success() {
            return Ok(serde_json::from_slice(&output.stdout)?);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("gatewright {args:?}: {said}").into())
    };
    command(&["user", "add", "ana", "--group", "staff"])?;
    let link = command(&["user", "link", "ana", "--kind", "sign-in"])?;
    let url = link.get("url").and_then(Value::as_str).ok_or("no link")?;
    let jar = site.file(&format!("jar-{port}")).display().to_string();
    let authority = site.file("ca.pem").display().to_string();
    let curl = |args: &[&str]| -> Result<String, Fault> {
        let output = Command::new("curl")
            .args([
                "-sS", "-L", "-f", "--cacert", &authority, "-b", &jar, "-c", &jar,
            ])
            .args(["-H", "Accept: text/html", "-H", "Sec-Fetch-Mode: navigate"])
            .args(args)
            .output()?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("curl {args:?}: {said}").into())
    };
    let page = curl(&[url])?;
    let origin = format!("Origin: https://auth.localhost:{port}");
    let same = "Sec-Fetch-Site: same-origin";
    let action = between(&page, "action=\"", "\"").unwrap_or(url);
    let action = if action.starts_with('/') {
        format!("https://auth.localhost:{port}{action}")
    } else {
        action.to_owned()
    };
    curl(&["-H", &origin, "-H", same, "--data-raw", "", &action])?;
    // Many statements take a while to be in force.
    let patience = ["--retry", "20", "--retry-all-errors", "--retry-delay", "1"];
    curl(&[&patience[..], &[&format!("https://localhost:{port}/1k")]].concat())?;
    // The app behind it speaks nothing but WebSocket; the cookie is set before it is asked.
    curl(&[&format!("https://echo.localhost:{port}/")]).ok();
    Ok(std::fs::read_to_string(&jar)?)
}

/// The session that an app's host has set.
fn cookie(jar: &str, host: &str) -> Result<String, Fault> {
    let of_host = |line: &&str| line.split('\t').next() == Some(host) && line.contains(SESSION);
    let lines = jar
        .lines()
        .map(|line| line.trim_start_matches("#HttpOnly_"));
    let line = lines.into_iter().find(of_host);
    let value = line.and_then(|line| line.rsplit('\t').next());
    let value = value.ok_or_else(|| format!("no session of {host} in {jar}"))?;
    Ok(format!("{SESSION}={value}"))
}

const SESSION: &str = "__Host-gw-session";

fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    let from = text.find(start)? + start.len();
    let rest = text.get(from..)?;
    rest.get(..rest.find(end)?)
}
