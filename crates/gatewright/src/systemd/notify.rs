//! Words to the service manager (sd_notify): datagrams to the socket that it names.

use std::{
    env,
    ffi::OsString,
    io,
    os::{
        linux::net::SocketAddrExt as _,
        unix::{
            ffi::OsStrExt as _,
            net::{SocketAddr, UnixDatagram},
        },
    },
};

/// What the manager is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// Everything serves.
    Ready,
    /// The process is about to end.
    Stopping,
}

impl Word {
    const fn line(self) -> &'static str {
        match self {
            Self::Ready => "READY=1",
            Self::Stopping => "STOPPING=1",
        }
    }
}

/// Tells the manager, where there is one.
pub(crate) fn tell(word: Word) {
    let Some(place) = env::var_os("NOTIFY_SOCKET").filter(|place| !place.is_empty()) else {
        return;
    };
    if let Err(fault) = send(&place, word) {
        tracing::warn!(%fault, word = word.line(), "the service manager could not be told");
    }
}

fn send(place: &OsString, word: Word) -> io::Result<()> {
    let address = match place.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(place)?,
    };
    UnixDatagram::unbound()?.send_to_addr(word.line().as_bytes(), &address)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manager_hears_each_word_at_a_path_or_an_abstract_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let name = format!("gatewright-test-{}", std::process::id());
        let heard = |socket: UnixDatagram, place: OsString| {
            let mut heard = [0; 64];
            for word in [Word::Ready, Word::Stopping] {
                send(&place, word).unwrap();
                let length = socket.recv(&mut heard).unwrap();
                assert_eq!(&heard[..length], word.line().as_bytes());
            }
        };
        heard(UnixDatagram::bind(&path).unwrap(), path.into());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        heard(socket, format!("@{name}").into());
        assert!(send(&"/nowhere/notify".into(), Word::Ready).is_err());
    }
}
