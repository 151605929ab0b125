//! How a connection comes in: counted before anything is spent on it.

use std::{
    io,
    net::IpAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use socket2::{SockAddr, SockRef, Socket};
use tokio::{
    net::{TcpListener, TcpStream},
    task::yield_now,
    time::sleep,
};

use crate::{
    bounds, connection,
    cut_io::{Abort, CutIo},
    options::Listener,
    thread::Thread,
};

/// Connections that are taken in without giving the others a turn. Whoever arrives stands behind
/// all that the kernel holds, so that few at once would be long for them.
const AT_ONCE: u32 = 16;

/// How long nothing is taken in after the system had nothing to give.
const PAUSE: Duration = Duration::from_millis(50);

/// One listening socket of one thread.
pub(crate) struct Entrance {
    thread: Rc<Thread>,
    listener: Rc<Listener>,
    socket: TcpListener,
}

impl Entrance {
    pub(crate) fn new(
        thread: Rc<Thread>,
        listener: Rc<Listener>,
        socket: std::net::TcpListener,
    ) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self {
            thread,
            listener,
            socket: TcpListener::from_std(socket)?,
        })
    }

    /// Takes in what comes, for good.
    pub(crate) async fn take_in(&self) {
        let mut at_once = 0;
        loop {
            match self.socket.accept().await {
                Ok((socket, peer)) => {
                    let began = Instant::now();
                    note_lost(self.seat(socket, peer.ip().to_canonical()));
                    bounds::charge(began.elapsed());
                }
                Err(fault) if is_of_one(&fault) => {}
                Err(fault) => {
                    self.thread.metrics.accept_faults.add(1);
                    tracing::warn!(%fault, address = %self.listener.address, "a connection could not be accepted");
                    sleep(PAUSE).await;
                }
            }
            at_once += 1;
            if at_once == AT_ONCE {
                at_once = 0;
                yield_now().await;
            }
        }
    }

    /// Takes in what the kernel has accepted for a socket that is about to close; nobody else
    /// will. The queue of a socket that was handed to us stays for the next process.
    pub(crate) fn close(self, queued_max: u16) {
        if self.listener.inherited.is_some() {
            return;
        }
        let address = self.listener.address;
        if let Err(fault) = self.empty_queue(queued_max) {
            tracing::warn!(%fault, %address, "connections that waited could not be accepted");
        }
    }

    fn empty_queue(&self, queued_max: u16) -> io::Result<()> {
        let queue = SockRef::from(&self.socket);
        for _ in 0..queued_max {
            match queue.accept() {
                Ok((socket, peer)) => self.seat_last(socket, &peer),
                Err(fault) if fault.kind() == io::ErrorKind::WouldBlock => break,
                Err(fault) if is_of_one(&fault) => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    fn seat_last(&self, socket: Socket, peer: &SockAddr) {
        let seated = socket.set_nonblocking(true).and_then(|()| {
            let socket = TcpStream::from_std(socket.into())?;
            let peer = peer.as_socket().ok_or(io::ErrorKind::InvalidInput)?;
            self.seat(socket, peer.ip().to_canonical())
        });
        note_lost(seated);
    }

    /// Serves a connection if there is a seat for it, else resets it.
    fn seat(&self, socket: TcpStream, peer: IpAddr) -> io::Result<()> {
        let abort = Abort::default();
        let trusted = &self.thread.shared.options.trusted_proxies;
        let counted = (!trusted.trusts(peer)).then_some(peer);
        let Ok(seat) = self.thread.seats.take(abort.clone(), counted) else {
            return SockRef::from(&socket).set_linger(Some(Duration::ZERO));
        };
        let io = CutIo::under(socket, abort);
        let pass = seat.pass().clone();
        let (thread, listener) = (self.thread.clone(), self.listener.clone());
        bounds::spawn_owner(pass, connection::serve(thread, listener, io, peer, seat));
        Ok(())
    }
}

fn note_lost(seated: io::Result<()>) {
    if let Err(fault) = seated {
        tracing::debug!(%fault, "a connection was lost as it came");
    }
}

/// A fault of the one connection that was about to come in.
fn is_of_one(fault: &io::Error) -> bool {
    matches!(
        fault.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}
