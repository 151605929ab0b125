//! Listening sockets that somebody opened for us and handed over (`LISTEN_FDS`, systemd's
//! socket activation). They outlive this process: what connects while it restarts waits in
//! their queue, and is served by the next one.

use std::{
    env,
    net::{SocketAddr, TcpListener},
    os::fd::{FromRawFd as _, OwnedFd, RawFd},
    sync::Arc,
};

use gw_web::{Listener, Serves};
use rustix::io::{FdFlags, fcntl_setfd};
use socket2::{SockRef, Type};

/// Where handed over descriptors begin.
const FIRST: RawFd = 3;

/// More than anybody would hand over.
const HANDED_MAX: RawFd = 64;

/// A listening socket that was handed over.
#[derive(Debug)]
pub(crate) struct Handed {
    /// What whoever opened it calls it: `FileDescriptorName=`, by default its unit's name.
    name: String,
    address: SocketAddr,
    socket: TcpListener,
}

/// Why handed over sockets cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HandedFault {
    /// Not a number that makes sense.
    #[error("LISTEN_FDS is `{0}`, expected a number of sockets up to {HANDED_MAX}")]
    Number(String),
    /// Something else than a listening TCP socket.
    #[error("what LISTEN_FDS hands over as number {number} (`{name}`) is no listening TCP socket")]
    NoListener {
        /// The descriptor.
        number: RawFd,
        /// Its name.
        name: String,
    },
    /// Nobody would answer what connects there.
    #[error(
        "the socket `{name}` at {address}, which was handed over, is at no address of `listen`; name it `http` or `https`, or list its address"
    )]
    Unwanted {
        /// Its name.
        name: String,
        /// Its address.
        address: SocketAddr,
    },
}

/// Takes what was handed over to this very process. To be called once.
pub(crate) fn take() -> Result<Vec<Handed>, HandedFault> {
    let told = |name| env::var(name).ok();
    let pid = std::process::id().to_string();
    if told("LISTEN_PID").is_none_or(|meant| meant != pid) {
        return Ok(Vec::new());
    }
    let number = told("LISTEN_FDS").unwrap_or_default();
    let count: RawFd = number
        .parse()
        .ok()
        .filter(|count| (0..=HANDED_MAX).contains(count))
        .ok_or(HandedFault::Number(number))?;
    let names = told("LISTEN_FDNAMES").unwrap_or_default();
    let mut names = names.split(':').map(str::to_owned);
    (FIRST..FIRST + count)
        .map(|number| handed(number, names.next().unwrap_or_default()))
        .collect()
}

fn handed(number: RawFd, name: String) -> Result<Handed, HandedFault> {
    #[expect(unsafe_code, reason = "this is how descriptors are handed over")]
    // SAFETY: whoever started this process gave it these descriptors, by their numbers, to own
    // (sd_listen_fds(3)); they are taken once, and a number that is not open fails below.
    let fd = unsafe { OwnedFd::from_raw_fd(number) };
    let refused = || HandedFault::NoListener {
        number,
        name: name.clone(),
    };
    if fcntl_setfd(&fd, FdFlags::CLOEXEC).is_err() {
        // Not open: nothing to close either.
        std::mem::forget(fd);
        return Err(refused());
    }
    let socket = SockRef::from(&fd);
    let listens =
        matches!(socket.r#type(), Ok(Type::STREAM)) && socket.is_listener().unwrap_or(false);
    let address = socket.local_addr().ok().and_then(|a| a.as_socket());
    match address.filter(|_| listens) {
        Some(address) => Ok(Handed {
            name,
            address,
            socket: TcpListener::from(fd),
        }),
        None => Err(refused()),
    }
}

/// Gives each handed over socket to the listener at its address; one that is at none of them, to
/// the next listener of the kind that its name says (`http` or `https`).
pub(crate) fn assign(listeners: &mut [Listener], handed: Vec<Handed>) -> Result<(), HandedFault> {
    let mut by_name = Vec::new();
    for handed in handed {
        let at = |listener: &&mut Listener| {
            listener.inherited.is_none() && listener.address == handed.address
        };
        match listeners.iter_mut().find(at) {
            Some(listener) => give(listener, handed),
            None => by_name.push(handed),
        }
    }
    for handed in by_name {
        let kind = |listener: &&mut Listener| {
            listener.inherited.is_none() && kind_of(listener) == handed.name
        };
        match listeners.iter_mut().find(kind) {
            Some(listener) => give(listener, handed),
            None => {
                let Handed { name, address, .. } = handed;
                return Err(HandedFault::Unwanted { name, address });
            }
        }
    }
    Ok(())
}

const fn kind_of(listener: &Listener) -> &'static str {
    match listener.serves {
        Serves::Tls { .. } => "https",
        Serves::Plain { .. } | Serves::Redirect { .. } => "http",
    }
}

fn give(listener: &mut Listener, handed: Handed) {
    let Handed {
        name,
        address,
        socket,
    } = handed;
    tracing::info!(name, %address, "listening on a socket that was handed over");
    listener.address = address;
    listener.inherited = Some(Arc::new(socket));
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn handed(name: &str) -> Handed {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        Handed {
            name: name.into(),
            address: socket.local_addr().unwrap(),
            socket,
        }
    }

    fn listener(address: &str) -> Listener {
        Listener {
            address: address.parse().unwrap(),
            serves: Serves::Redirect {
                https_port: 443,
                challenges: None,
            },
            inherited: None,
        }
    }

    #[test]
    fn a_socket_goes_to_the_listener_at_its_address_and_else_by_its_name() {
        let (at, named) = (handed("anything"), handed("http"));
        let (at_address, named_address) = (at.address, named.address);
        let mut listeners = [
            listener("0.0.0.0:80"),
            listener(&at.address.to_string()),
            listener("[::]:80"),
        ];
        assign(&mut listeners, vec![named, at]).unwrap();
        let addresses = listeners.each_ref().map(|l| l.address);
        assert_eq!(
            addresses,
            [named_address, at_address, "[::]:80".parse().unwrap()]
        );
        assert_eq!(
            listeners.each_ref().map(|l| l.inherited.is_some()),
            [true, true, false]
        );
    }

    #[test]
    fn a_socket_that_nobody_would_answer_is_a_fault() {
        let mut listeners = [listener("0.0.0.0:80")];
        let fault = assign(&mut listeners, vec![handed("https")]).unwrap_err();
        assert!(fault.to_string().contains("`https`"), "{fault}");
        let twice = vec![handed("http"), handed("http")];
        assert!(assign(&mut listeners, twice).is_err());
    }

    #[test]
    fn nothing_is_taken_that_was_not_meant_for_this_process() {
        assert!(take().unwrap().is_empty());
    }
}
