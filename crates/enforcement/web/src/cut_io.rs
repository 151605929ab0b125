//! A connection that can be cut from outside.
//!
//! After [`Abort::abort`] every poll fails at once, nothing buffered above is written any
//! more (no final chunk, no close_notify), and closing sends RST instead of FIN. The task
//! that owns the connection is woken, so that a full write buffer cannot hold a cut up.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    io,
    os::fd::AsFd,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Unsent bytes that the kernel holds for one connection before it asks us to wait.
const UNSENT_BYTES_MAX: u32 = 64 * 1024;

/// After this long without an acknowledgement, or without room at the peer, a connection is lost.
const STALLED_MAX: Duration = Duration::from_secs(300);

/// How long a connection may be silent before the kernel asks whether the peer is there.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(60);

/// Cuts one connection; clones cut the same.
#[derive(Debug, Clone, Default)]
pub struct Abort(Rc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    aborted: Cell<bool>,
    flushes: Cell<u64>,
    blocked: Cell<bool>,
    written: Cell<u64>,
    read: Cell<u64>,
    owner: RefCell<Option<Waker>>,
}

impl Abort {
    /// Cuts the connection.
    pub fn abort(&self) {
        if !self.0.aborted.replace(true)
            && let Some(owner) = self.0.owner.take()
        {
            owner.wake();
        }
    }

    /// Whether it was cut.
    pub fn is_aborted(&self) -> bool {
        self.0.aborted.get()
    }

    /// Has the owning task look again: something that it must notice has changed.
    pub fn nudge(&self) {
        if let Some(owner) = self.0.owner.take() {
            owner.wake();
        }
    }

    /// How often all that was written so far had left for the kernel.
    pub fn flushes(&self) -> u64 {
        self.0.flushes.get()
    }

    /// Whether a write waits for the peer to read.
    pub fn is_blocked(&self) -> bool {
        self.0.blocked.get()
    }

    /// How many bytes the kernel has taken so far.
    pub fn written(&self) -> u64 {
        self.0.written.get()
    }

    /// How many bytes whoever speaks on it has been given so far, where they are counted.
    pub(crate) fn read(&self) -> u64 {
        self.0.read.get()
    }

    /// Counts bytes that were read.
    pub(crate) fn note_read(&self, bytes: usize) {
        self.0
            .read
            .set(self.0.read.get().wrapping_add(bytes as u64));
    }

    fn note_write(&self, polled: &Poll<io::Result<usize>>) {
        self.0.blocked.set(polled.is_pending());
        if let Poll::Ready(Ok(bytes)) = polled {
            let written = self.0.written.get().wrapping_add(*bytes as u64);
            self.0.written.set(written);
        }
    }

    /// Ready once it is cut; until then the polling task, which owns the connection, is woken.
    pub fn poll_aborted(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_aborted() {
            return Poll::Ready(());
        }
        let mut owner = self.0.owner.borrow_mut();
        if !owner.as_ref().is_some_and(|w| w.will_wake(cx.waker())) {
            *owner = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Waits until it is cut. One task at a time.
    pub async fn aborted(&self) {
        poll_fn(|cx| self.poll_aborted(cx)).await;
    }
}

/// A socket under an [`Abort`].
#[derive(Debug)]
pub struct CutIo<S: AsFd> {
    socket: S,
    abort: Abort,
    lost: Lost,
}

/// What becomes of a write that the peer does not take any more.
#[derive(Debug, Clone, Copy)]
enum Lost {
    /// It fails.
    Never,
    /// It passes for written: the peer's answer may lie in the kernel, to be read.
    MayBe,
    /// It was the first of those. What is read then ends with this fault and never in order.
    Since(io::ErrorKind),
}

impl Lost {
    fn take(&mut self, polled: Poll<io::Result<usize>>, bytes: usize) -> Poll<io::Result<usize>> {
        match (&self, &polled) {
            (Self::MayBe, Poll::Ready(Err(fault)))
                if matches!(
                    fault.kind(),
                    io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
                ) =>
            {
                *self = Self::Since(fault.kind());
                Poll::Ready(Ok(bytes))
            }
            _ => polled,
        }
    }
}

impl<S: AsFd> CutIo<S> {
    /// Wraps a connected socket and sets what all our sockets have: no delay, few unsent
    /// bytes, an end to silence.
    pub fn new(socket: S) -> Self {
        Self::under(socket, Abort::default())
    }

    /// The same under an [`Abort`] that is there.
    pub fn under(socket: S, abort: Abort) -> Self {
        tune(&SockRef::from(&socket));
        Self::of(socket, abort, Lost::Never)
    }

    /// The same for a socket to a server, which may answer before it has read everything, and
    /// close: what is written then is lost, and the answer is read all the same.
    pub fn to_server(socket: S) -> Self {
        tune(&SockRef::from(&socket));
        Self::of(socket, Abort::default(), Lost::MayBe)
    }

    /// The same for a socket to a server that has no such options: one that is not TCP's.
    pub fn untuned(socket: S) -> Self {
        Self::of(socket, Abort::default(), Lost::MayBe)
    }

    fn of(socket: S, abort: Abort, lost: Lost) -> Self {
        Self {
            socket,
            abort,
            lost,
        }
    }

    /// What cuts it.
    pub const fn abort(&self) -> &Abort {
        &self.abort
    }

    fn check(&self) -> io::Result<()> {
        if self.abort.is_aborted() {
            Err(io::ErrorKind::ConnectionAborted.into())
        } else {
            Ok(())
        }
    }
}

/// Where one of these is not to be had the connection works all the same.
fn tune(socket: &SockRef<'_>) {
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_AFTER);
    for (what, done) in [
        ("no delay", socket.set_tcp_nodelay(true)),
        (
            "unsent bytes",
            socket.set_tcp_notsent_lowat(UNSENT_BYTES_MAX),
        ),
        (
            "user timeout",
            socket.set_tcp_user_timeout(Some(STALLED_MAX)),
        ),
        ("keep-alive", socket.set_tcp_keepalive(&keepalive)),
    ] {
        if let Err(fault) = done {
            tracing::debug!(%fault, what, "a socket option could not be set");
        }
    }
}

impl<S: AsFd> Drop for CutIo<S> {
    fn drop(&mut self) {
        if self.abort.is_aborted()
            && let Err(fault) = SockRef::from(&self.socket).set_linger(Some(Duration::ZERO))
        {
            tracing::warn!(%fault, "a cut connection could not be reset, only closed");
        }
    }
}

impl<S: AsyncRead + AsFd + Unpin> AsyncRead for CutIo<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check()?;
        let before = buf.filled().len();
        let read = Pin::new(&mut self.socket).poll_read(cx, buf);
        match (self.lost, &read) {
            (Lost::Since(fault), Poll::Ready(Ok(())))
                if buf.filled().len() == before && buf.remaining() > 0 =>
            {
                Poll::Ready(Err(fault.into()))
            }
            _ => read,
        }
    }
}

impl<S: AsyncWrite + AsFd + Unpin> AsyncWrite for CutIo<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        if matches!(self.lost, Lost::Since(_)) {
            return Poll::Ready(Ok(buf.len()));
        }
        let written = Pin::new(&mut self.socket).poll_write(cx, buf);
        self.abort.note_write(&written);
        self.lost.take(written, buf.len())
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        let flushed = Pin::new(&mut self.socket).poll_flush(cx);
        if flushed.is_ready() {
            let flushes = &self.abort.0.flushes;
            flushes.set(flushes.get().wrapping_add(1));
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        if matches!(self.lost, Lost::Since(_)) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        let all: usize = bufs.iter().map(|buf| buf.len()).sum();
        if matches!(self.lost, Lost::Since(_)) {
            return Poll::Ready(Ok(all));
        }
        let socket = Pin::new(&mut self.socket);
        let written = match only_piece(bufs) {
            Some(piece) => socket.poll_write(cx, piece),
            None => socket.poll_write_vectored(cx, bufs),
        };
        self.abort.note_write(&written);
        self.lost.take(written, all)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }
}

/// All that is to be written, where it lies in one piece: the kernel takes that with less ado.
fn only_piece<'b>(bufs: &'b [io::IoSlice<'_>]) -> Option<&'b [u8]> {
    let mut pieces = bufs.iter().filter(|piece| !piece.is_empty());
    let first = pieces.next()?;
    pieces.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpSocket, TcpStream},
    };

    use super::*;

    async fn pair() -> (CutIo<TcpStream>, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        let (client, accepted) = tokio::join!(
            socket.connect(listener.local_addr().unwrap()),
            listener.accept()
        );
        (CutIo::new(accepted.unwrap().0), client.unwrap())
    }

    #[test]
    fn what_lies_in_one_piece_is_found_among_empty_ones() {
        let [none, one, two] = [b"".as_slice(), b"1", b"2"].map(io::IoSlice::new);
        assert_eq!(only_piece(&[none, one, none]), Some(b"1".as_slice()));
        assert_eq!(only_piece(&[one, none, two]), None);
        assert_eq!(only_piece(&[none]), None);
    }

    #[tokio::test]
    async fn what_is_cut_fails_at_once_and_the_peer_sees_a_reset() {
        let (mut ours, mut client) = pair().await;
        ours.write_all(b"half an answer").await.unwrap();
        ours.abort().clone().abort();
        for result in [
            ours.write_all(b"more").await.err(),
            ours.flush().await.err(),
            ours.shutdown().await.err(),
            ours.read_u8().await.err(),
        ] {
            assert_eq!(result.unwrap().kind(), io::ErrorKind::ConnectionAborted);
        }
        drop(ours);
        let seen = client.read_to_end(&mut Vec::new()).await;
        assert_eq!(seen.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }

    #[tokio::test]
    async fn a_connection_that_is_not_cut_ends_in_order() {
        let (mut ours, mut client) = pair().await;
        ours.write_all(b"an answer").await.unwrap();
        drop(ours);
        let mut seen = Vec::new();
        client.read_to_end(&mut seen).await.unwrap();
        assert_eq!(seen, b"an answer");
    }

    #[tokio::test]
    async fn the_answer_of_a_server_that_has_closed_is_read_and_never_ends_in_order() {
        let (mut ours, mut server) = pair().await;
        ours.lost = Lost::MayBe;
        ours.write_all(b"some of it").await.unwrap();
        server.write_all(b"an answer").await.unwrap();
        server.readable().await.unwrap();
        // Closed on unread bytes: a reset.
        drop(server);
        while !matches!(ours.lost, Lost::Since(_)) {
            ours.write_all(b"more of it").await.unwrap();
            tokio::task::yield_now().await;
        }
        ours.write_all(b"what nobody gets").await.unwrap();
        ours.shutdown().await.unwrap();
        let mut answer = Vec::new();
        assert!(ours.read_to_end(&mut answer).await.is_err());
        assert_eq!(answer, b"an answer");
    }

    #[tokio::test]
    async fn a_writer_that_waits_for_a_slow_reader_is_woken_by_the_cut() {
        let (mut ours, client) = pair().await;
        let abort = ours.abort().clone();
        let filled = std::cell::Cell::new(0_u64);
        let writing = async {
            let block = vec![0; 64 * 1024];
            loop {
                tokio::select! {
                    biased;
                    () = abort.aborted() => return ours,
                    written = ours.write(&block) => filled.set(filled.get() + written.unwrap() as u64),
                }
            }
        };
        let cutting = async {
            let mut before = u64::MAX;
            while before != filled.get() {
                before = filled.get();
                for _ in 0..64 {
                    tokio::task::yield_now().await;
                }
            }
            abort.abort();
        };
        let (ours, ()) = tokio::join!(writing, cutting);
        drop(ours);
        drop(client);
        assert!(filled.get() > 0);
    }
}
