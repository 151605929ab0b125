//! Those that are compared, each with what it needs to run.

pub(crate) mod apache;
pub(crate) mod caddy;
pub(crate) mod envoy;
pub(crate) mod gatewright;
pub(crate) mod haproxy;
pub(crate) mod nginx;

use std::{net::TcpStream, path::Path};

use crate::{
    Fault,
    load::Target,
    process::{PROXY_CORE, Program},
    site::Site,
};

/// A proxy at work.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) port: u16,
    /// The session that its requests carry.
    pub(crate) cookie: String,
    /// The host and path behind which WebSocket messages are echoed, and its cookie.
    pub(crate) echo: (&'static str, &'static str),
    pub(crate) echo_cookie: String,
    pub(crate) program: Program,
}

impl Contender {
    /// Starts a program on the proxy's core and waits until it listens.
    pub(crate) fn start(
        site: &Site,
        name: &'static str,
        port: u16,
        command: &[&str],
    ) -> Result<Self, Fault> {
        let log = site.file(&format!("{}.log", name.replace([' ', ','], "-")));
        let mut program = Program::start(PROXY_CORE, &log, command)?;
        program
            .until("it listened", || listens(port))
            .map_err(|fault| with_log(&fault, &log))?;
        Ok(Self {
            name,
            port,
            cookie: site.cookie.clone(),
            echo: ("localhost", "/echo"),
            echo_cookie: site.cookie.clone(),
            program,
        })
    }

    pub(crate) fn target(&self, path: &str) -> Target {
        Target {
            url: format!("https://localhost:{}{path}", self.port),
            cookie: self.cookie.clone(),
        }
    }
}

pub(crate) fn listens(port: u16) -> bool {
    #[expect(clippy::disallowed_methods, reason = "a client of what is measured")]
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

fn with_log(fault: &Fault, log: &Path) -> Fault {
    let said = std::fs::read_to_string(log).unwrap_or_default();
    format!("{fault}; it said: {said}").into()
}
