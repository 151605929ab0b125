//! Addresses: free to be listened on, or held by whoever should.

mod holder;

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use socket2::{Domain, Protocol, Socket, Type};

use self::holder::Holder;
use super::{finding::Finding, running::Running};
use crate::config::Config;

const ABOUT: &str = "address";

pub(super) fn look(config: &Config, running: &Running) -> Vec<Finding> {
    let all = [
        &config.listen.http,
        &config.listen.https,
        &config.operations,
    ];
    let each = all.into_iter().flatten();
    each.map(|address| finding(*address, try_bind(*address), running))
        .collect()
}

/// Binds as Gatewright does, and lets go again.
fn try_bind(address: SocketAddr) -> io::Result<()> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(1)?;
    drop(TcpListener::from(socket));
    Ok(())
}

fn finding(address: SocketAddr, bound: io::Result<()>, running: &Running) -> Finding {
    let fault = match bound {
        Ok(()) if running.is_here() => {
            return Finding::wrong(
                ABOUT,
                address,
                "nobody listens there, although gatewright runs",
            )
            .try_this("restart it: a change of addresses counts from the next start");
        }
        Ok(()) => return Finding::fine(ABOUT, address, "can be listened on"),
        Err(fault) => fault,
    };
    match fault.kind() {
        io::ErrorKind::AddrInUse => held(address, Holder::of(address, running.pid), running),
        io::ErrorKind::PermissionDenied => {
            Finding::look(ABOUT, address, "this user may not listen on it").try_this(
                "let systemd open it (docs/operations.md), or give the unit CAP_NET_BIND_SERVICE",
            )
        }
        _ => Finding::wrong(ABOUT, address, format!("cannot be listened on: {fault}"))
            .try_this("name an address of this machine in the configuration"),
    }
}

fn held(address: SocketAddr, holder: Holder, running: &Running) -> Finding {
    match holder {
        Holder::Process(pid, _) if Some(pid) == running.pid => {
            Finding::fine(ABOUT, address, "gatewright listens")
        }
        Holder::Process(1, _) => {
            Finding::fine(ABOUT, address, "systemd holds it, and hands it over")
        }
        Holder::Process(pid, name) => {
            let what = format!("is taken by `{name}` (process {pid})");
            Finding::wrong(ABOUT, address, what).try_this("stop that, or choose another address")
        }
        Holder::Unknown if running.is_here() => {
            let what = "somebody listens; run as root to see that it is gatewright";
            Finding::fine(ABOUT, address, what)
        }
        Holder::Unknown => Finding::wrong(ABOUT, address, "is taken by another program")
            .try_this("run as root to see by which"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[tokio::test]
    async fn an_address_that_another_program_has_is_wrong_and_it_is_said_which() {
        let nobody = Running::find(std::path::Path::new("/nowhere")).await;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let found = finding(address, try_bind(address), &nobody);
        assert_eq!(found.state, State::Wrong);
        let us = format!("process {}", std::process::id());
        assert!(found.what.contains(&us), "{found:?}");
        drop(listener);
        let found = finding(address, try_bind(address), &nobody);
        assert_eq!(found.state, State::Fine, "{found:?}");
    }
}
