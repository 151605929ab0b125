//! `gatewright health`: what the running Gatewright says of itself, as an exit status.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use super::{Done, FOUND, Failure, Shell, converse, doctor::CONFIGURATION};
use crate::{config, output::Chip};

/// The time for an answer.
const TIME_MAX: Duration = Duration::from_secs(5);
/// Bytes of an answer.
const BYTES_MAX: usize = 64 * 1024;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The configuration file, which names the addresses of `[operations]`.
    #[arg(
        short = 'c',
        long = "config",
        value_name = "FILE",
        default_value = CONFIGURATION
    )]
    config: PathBuf,
    /// Ask whether it serves, too.
    #[arg(long)]
    ready: bool,
}

pub(super) fn run(shell: &Shell, arguments: &Arguments) -> Done {
    let config =
        config::load(&arguments.config).map_err(|faults| Failure::refused(faults.to_string()))?;
    let address = *config.operations.first().ok_or_else(|| {
        Failure::help_with(
            "the configuration names no address at which health is told",
            "[operations] with listen = [\"127.0.0.1:9464\"]",
        )
    })?;
    let path = if arguments.ready {
        "/readyz"
    } else {
        "/healthz"
    };
    let (status, told) = converse(async {
        let asked = tokio::time::timeout(TIME_MAX, ask(here(address), path));
        match asked.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(fault)) => Err(format!("nobody tells it at {address}: {fault}")),
            Err(_) => Err(format!("nothing was told at {address} in time")),
        }
        .map_err(Failure::refused)
    })?;
    let told: serde_json::Value = serde_json::from_slice(&told)
        .map_err(|_| Failure::refused(format!("what {address} tells is not Gatewright's")))?;
    let well = status == StatusCode::OK;
    shell.output.either(&told, || {
        let chip = if well { Chip::Allow } else { Chip::Deny };
        shell.output.line(chip.words(&words(&told)))
    })?;
    Ok(if well { ExitCode::SUCCESS } else { FOUND })
}

/// Where an address that stands for all of the machine's is reached from the machine itself.
const fn here(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

type Fault = Box<dyn std::error::Error + Send + Sync>;

#[expect(
    clippy::disallowed_methods,
    reason = "a command of its own asks the process that serves; nothing of a client is in it"
)]
async fn ask(address: SocketAddr, path: &str) -> Result<(StatusCode, Bytes), Fault> {
    let stream = tokio::net::TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let request = Request::get(path)
        .header(header::HOST, address.to_string())
        .body(Empty::<Bytes>::new())?;
    let (head, body) = sender.send_request(request).await?.into_parts();
    let body = Limited::new(body, BYTES_MAX).collect().await?.to_bytes();
    Ok((head.status, body))
}

/// `healthy`, or what is not well, part by part.
fn words(told: &serde_json::Value) -> String {
    let faults = told.get("faults").and_then(|faults| faults.as_array());
    let lines = faults.into_iter().flatten().map(|fault| {
        let text = |key| fault.get(key).and_then(|value| value.as_str());
        format!(
            "{}: {}",
            text("part").unwrap_or("?"),
            text("what").unwrap_or("?")
        )
    });
    let lines: Vec<_> = lines
        .map(|line| gw_ledger::escape(&line).to_string())
        .collect();
    match (lines.as_slice(), told.get("ready").is_some()) {
        ([], false) => "it is healthy".into(),
        ([], true) => "it is ready".into(),
        (lines, _) => lines.join("; "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_all_interfaces_is_asked_on_loopback() {
        for (listened, asked) in [
            ("0.0.0.0:9464", "127.0.0.1:9464"),
            ("[::]:9464", "[::1]:9464"),
            ("192.0.2.7:1", "192.0.2.7:1"),
        ] {
            assert_eq!(here(listened.parse().unwrap()).to_string(), asked);
        }
    }

    #[test]
    fn what_is_not_well_is_said_part_by_part() {
        let told = serde_json::json!({ "healthy": true, "faults": [] });
        assert_eq!(words(&told), "it is healthy");
        let told = serde_json::json!({ "ready": false, "faults": [
            { "part": "store", "what": "cannot be written" }, { "part": "ledger", "what": "is full" },
        ] });
        assert_eq!(words(&told), "store: cannot be written; ledger: is full");
    }
}
