//! One client connection, from its first byte to its last.

mod ahead;
mod gathered;
mod h1;
mod h2;
mod io;
mod metered;

use std::{
    cell::{Cell, RefCell, RefMut},
    net::IpAddr,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use gw_jose::Thumbprint;
use http::{HeaderValue, Request, Response, header::InvalidHeaderValue};
use hyper::{body::Incoming, service::Service};
use rustls::{ServerConfig, pki_types::CertificateDer, server::Acceptor};
use slab::Slab;
use tokio::{net::TcpStream, task::AbortHandle, time::timeout};
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor, server::TlsStream};

pub(crate) use h2::abort_if_unread;
pub(crate) use io::ClientIo;
use metered::UNBEGUN_MAX;

use crate::{
    body::OutBody,
    bounds::{
        Account, Allowance, Asks, Meter, Pace, Pass, Peer, Seat, StreamPace, TooFast, Untaken,
        Waits, Whose,
    },
    canonical::{Ambiguous, Authority, Scheme},
    cut_io::{Abort, CutIo},
    flow::Flow,
    forward::Reset,
    framing::Framing,
    gate,
    header::{Origin, Told},
    header_blocks::HeaderBlocks,
    options::{ClientCertificates, Listener, Serves},
    proxy_protocol,
    relay::Upgrade,
    thread::Thread,
};

/// How long a connection that ends in order may take to say so.
const GOODBYE: Duration = Duration::from_secs(1);

/// How long a client is read from that was told goodbye and goes on sending.
const LINGER: Duration = Duration::from_secs(2);

/// The most certificates of a client that are kept, its own and those above it.
const CERTIFICATES_MAX: usize = 4;
/// The longest of them, in bytes.
const CERTIFICATE_BYTES_MAX: usize = 16 * 1024;

/// What the requests of one connection share.
pub(crate) struct Conn {
    pub(crate) thread: Rc<Thread>,
    pub(crate) scheme: Scheme,
    /// The TCP peer, or what a trusted proxy says of it.
    pub(crate) peer: IpAddr,
    /// The host that the TLS session was opened for.
    pub(crate) opened_for: Option<Box<str>>,
    /// The client's certificate, whose key it has proven to hold.
    pub(crate) certificate: Option<Thumbprint>,
    /// The same, and what came with it.
    pub(crate) certificates: Option<Arc<[Vec<u8>]>>,
    /// Whether one was asked for.
    pub(crate) asks_certificate: bool,
    pub(crate) serves: Serves,
    pub(crate) hsts: Option<HeaderValue>,
    pub(crate) abort: Abort,
    /// HTTP/2.
    pub(crate) multiplexed: bool,
    /// The second reader of HTTP/1 framing.
    pub(crate) framing: Option<Rc<RefCell<Framing>>>,
    /// The prices of HTTP/2's frames.
    meter: Option<RefCell<Meter>>,
    /// What the last look at it saw.
    pub(crate) pace: RefCell<Pace>,
    /// The second reader of HTTP/2 header blocks.
    blocks: Option<Rc<RefCell<HeaderBlocks>>>,
    /// A WebSocket that begins once the switch has been told to the client.
    pub(crate) upgrade: RefCell<Option<Upgrade>>,
    /// What upstreams were told last of where requests come from.
    told: RefCell<Option<Rc<Told>>>,
    held: Held,
    /// What the task is that hyper is about to spawn.
    next_task: RefCell<Option<NextTask>>,
    streams: RefCell<Slab<(Held, Option<AbortHandle>)>>,
    seat: Seat,
    /// What it has of what its person may ask.
    allowance: Allowance,
    /// Requests so far, and those that are being answered.
    requests: Cell<u64>,
    answering: Cell<usize>,
    /// It no longer speaks HTTP.
    switched: Cell<bool>,
    /// It is to end once nothing is under way.
    ending: Cell<bool>,
    /// It is to give up what it does not need until something comes.
    resting: Cell<bool>,
    read_in_turn: Cell<usize>,
    /// Requests that were taken in and wait for their turn.
    unbegun: Cell<usize>,
    /// Answers that it has not taken.
    untaken: Rc<Cell<usize>>,
}

/// A task of a connection over HTTP/2.
enum NextTask {
    /// An exchange, with what it will hold.
    Stream(Held),
    /// The sending half of a stream that has become a WebSocket, with what resets it.
    Tunnel(Abort),
}

/// What is open on a connection, or on one stream of it.
#[derive(Clone, Default)]
pub(crate) struct Held(Rc<HeldShared>);

#[derive(Default)]
struct HeldShared {
    flows: RefCell<Vec<Rc<Flow>>>,
    /// The answer's head is there.
    answered: Cell<bool>,
    /// A stranger's answer counts until its stream has ended.
    untaken: RefCell<Option<Untaken>>,
    pace: RefCell<StreamPace>,
}

impl Held {
    /// Holds what was opened until all of it has left.
    pub(crate) fn hold(&self, flow: Rc<Flow>) {
        self.0.flows.borrow_mut().push(flow);
    }

    /// Lets go of everything.
    pub(crate) fn release(&self) {
        let released = self.0.flows.take();
        drop(released);
    }

    /// What the last look at it saw.
    pub(crate) fn pace(&self) -> RefMut<'_, StreamPace> {
        self.0.pace.borrow_mut()
    }

    /// How much of the answer was handed on, while the client is to take it.
    pub(crate) fn handed(&self) -> Option<u64> {
        if !self.0.answered.get() {
            return None;
        }
        let flows = self.0.flows.borrow();
        flows.iter().map(|flow| flow.handed()).sum()
    }

    /// How much of the request's body has come, while more of it is waited for.
    pub(crate) fn awaited(&self) -> Option<u64> {
        let flows = self.0.flows.borrow();
        flows.iter().find_map(|flow| flow.awaited())
    }

    fn is_empty(&self) -> bool {
        self.0.flows.borrow().is_empty()
    }

    /// Whether requests have come whole and are being answered.
    fn is_answering(&self) -> bool {
        let flows = self.0.flows.borrow();
        !flows.is_empty() && flows.iter().all(|flow| flow.is_up_done())
    }

    fn release_flushed(&self) {
        loop {
            let flushed = {
                let mut flows = self.0.flows.borrow_mut();
                let at = flows.iter().position(|flow| flow.is_flushed());
                at.map(|at| flows.swap_remove(at))
            };
            // Dropped outside the borrow: what ends with it may look here again.
            if flushed.is_none() {
                return;
            }
        }
    }

    /// Ready once anything of it is cut.
    fn poll_cut(&self, cx: &mut Context<'_>) -> Poll<()> {
        let flows = self.0.flows.borrow();
        if flows.iter().any(|flow| flow.cut().poll_cut(cx).is_ready()) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Conn {
    /// The stream that is answered now becomes a tunnel: once this aborts, it is reset.
    pub(crate) fn next_is_tunnel(&self, abort: Abort) {
        *self.next_task.borrow_mut() = Some(NextTask::Tunnel(abort));
    }
}

/// A stream that is reset instead of being answered.
#[derive(Debug, thiserror::Error)]
#[error("reset instead of being answered")]
struct StreamReset(#[source] ::h2::Error);

/// What hyper asks for each request's answer.
struct Gate(Rc<Conn>);

impl Service<Request<Incoming>> for Gate {
    type Response = Response<OutBody>;
    type Error = StreamReset;
    type Future = Pin<Box<dyn Future<Output = Result<Response<OutBody>, StreamReset>>>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let conn = self.0.clone();
        let held = if conn.multiplexed {
            let held = Held::default();
            *conn.next_task.borrow_mut() = Some(NextTask::Stream(held.clone()));
            held
        } else {
            conn.held.clone()
        };
        conn.requests.set(conn.requests.get() + 1);
        conn.seat.asks();
        let answering = Answering::new(conn.clone());
        let request = Box::new(request);
        let unbegun = Unbegun::new(conn.clone());
        Box::pin(async move {
            drop(unbegun);
            let mut answer = gate::answer(conn, held.clone(), request).await;
            answering.0.is_answered();
            held.0.answered.set(answering.0.multiplexed);
            answering.0.hands(&held)?;
            match answer.extensions_mut().remove() {
                Some(Reset(reason)) => Err(StreamReset(reason.into())),
                None => Ok(answer),
            }
        })
    }
}

/// A request that is being answered.
struct Answering(Rc<Conn>);

impl Answering {
    fn new(conn: Rc<Conn>) -> Self {
        conn.answering.set(conn.answering.get() + 1);
        Self(conn)
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        let left = self.0.answering.get().saturating_sub(1);
        self.0.answering.set(left);
    }
}

/// A request that waits for its turn.
struct Unbegun(Rc<Conn>);

impl Unbegun {
    fn new(conn: Rc<Conn>) -> Self {
        conn.unbegun.set(conn.unbegun.get() + 1);
        Self(conn)
    }
}

impl Drop for Unbegun {
    fn drop(&mut self) {
        let before = self.0.unbegun.get();
        self.0.unbegun.set(before.saturating_sub(1));
        if before == UNBEGUN_MAX {
            self.0.abort.nudge();
        }
    }
}

/// Serves one connection to its end.
pub(crate) async fn serve(
    thread: Rc<Thread>,
    listener: Rc<Listener>,
    io: CutIo<TcpStream>,
    peer: IpAddr,
    seat: Seat,
) {
    let abort = io.abort().clone();
    // What is large is boxed one by one: together it would be the size of each connection.
    let opening = Box::pin(open(&thread, &listener, io, peer, &seat));
    let limit = thread.shared.options.limits.handshake;
    let opened = tokio::select! {
        biased;
        () = abort.aborted() => return,
        opened = timeout(limit, opening) => opened,
    };
    match opened {
        Ok(Ok(opened)) => {
            let conn = Rc::new(Conn::new(thread, &listener, &opened, abort, seat));
            conn.seat.opened(&conn);
            if conn.multiplexed {
                Box::pin(h2::serve(conn, opened.io)).await;
            } else {
                Box::pin(h1::serve(conn, opened.io)).await;
            }
        }
        Ok(Err(fault)) => {
            thread.metrics.handshakes_failed.add(1);
            tracing::debug!(%fault, %peer, "a connection was not opened");
        }
        Err(_) => {
            thread.metrics.handshakes_failed.add(1);
            abort.abort();
        }
    }
}

/// A connection that is ready for requests.
struct Opened {
    io: ClientIo,
    peer: IpAddr,
    opened_for: Option<Box<str>>,
    certificate: Option<Thumbprint>,
    certificates: Option<Arc<[Vec<u8>]>>,
    asks_certificate: bool,
    multiplexed: bool,
}

async fn open(
    thread: &Thread,
    listener: &Listener,
    mut io: CutIo<TcpStream>,
    peer: IpAddr,
    seat: &Seat,
) -> std::io::Result<Opened> {
    let trusted = &thread.shared.options.trusted_proxies;
    let mut peer = peer;
    if trusted.speak_proxy_protocol
        && trusted.trusts(peer)
        && let Some(told) = proxy_protocol::read(&mut io).await?
    {
        peer = told.to_canonical();
        if seat.is_of(peer).is_err() {
            io.abort().abort();
        }
    }
    let Serves::Tls {
        config,
        client_certificates,
        ..
    } = &listener.serves
    else {
        return Ok(Opened {
            io: ClientIo::Plain(io),
            peer,
            opened_for: None,
            certificate: None,
            certificates: None,
            asks_certificate: false,
            multiplexed: false,
        });
    };
    let (asks_certificate, stream) = match client_certificates {
        None => (false, TlsAcceptor::from(config.clone()).accept(io).await?),
        Some(asked) => by_name(config, asked, io).await?,
    };
    let (_, session) = stream.get_ref();
    let shown = session.peer_certificates().unwrap_or_default();
    let certificate = shown.first();
    Ok(Opened {
        certificates: certificate.map(|_| kept(shown)),
        certificate: certificate.map(|der| Thumbprint::of_certificate(der)),
        asks_certificate,
        peer,
        opened_for: session
            .server_name()
            .map(|name| name.to_ascii_lowercase().into()),
        multiplexed: session.alpn_protocol() == Some(b"h2"),
        io: ClientIo::Tls(Box::new(stream)),
    })
}

/// What a client showed, as far as it is kept: a chain is short.
fn kept(shown: &[CertificateDer<'_>]) -> Arc<[Vec<u8>]> {
    let within = shown.iter().take(CERTIFICATES_MAX);
    let within = within.filter(|der| der.len() <= CERTIFICATE_BYTES_MAX);
    within.map(|der| der.to_vec()).collect()
}

/// A handshake that asks for the client's certificate where its host wants that. Says whether it
/// did.
async fn by_name(
    config: &Arc<ServerConfig>,
    asked: &ClientCertificates,
    io: CutIo<TcpStream>,
) -> std::io::Result<(bool, TlsStream<CutIo<TcpStream>>)> {
    let begun = LazyConfigAcceptor::new(Acceptor::default(), io).await?;
    let name = begun.client_hello().server_name().map(str::to_owned);
    let asks = name.is_some_and(|name| asked.are_asked_at(&name));
    let config = if asks { &asked.config } else { config };
    Ok((asks, begun.into_stream(config.clone()).await?))
}

impl Conn {
    fn new(
        thread: Rc<Thread>,
        listener: &Listener,
        opened: &Opened,
        abort: Abort,
        seat: Seat,
    ) -> Self {
        let limits = &thread.shared.options.limits;
        let (at_once, each_second) = (limits.idle_frames_at_once, limits.idle_frames_per_second);
        let meter = || Meter::new(Peer::Client, at_once, each_second);
        let meter = opened.multiplexed.then(meter).map(RefCell::new);
        let (scheme, hsts) = match &listener.serves {
            Serves::Tls { hsts_secs, .. } => (Scheme::Https, *hsts_secs),
            Serves::Plain { .. } | Serves::Redirect { .. } => (Scheme::Http, None),
        };
        Self {
            thread,
            scheme,
            peer: opened.peer,
            opened_for: opened.opened_for.clone(),
            certificate: opened.certificate,
            certificates: opened.certificates.clone(),
            asks_certificate: opened.asks_certificate,
            serves: listener.serves.clone(),
            hsts: hsts.and_then(|secs| HeaderValue::try_from(format!("max-age={secs}")).ok()),
            abort,
            multiplexed: opened.multiplexed,
            framing: (!opened.multiplexed).then(Rc::default),
            meter,
            pace: RefCell::default(),
            blocks: opened.multiplexed.then(Rc::default),
            upgrade: RefCell::default(),
            told: RefCell::default(),
            held: Held::default(),
            next_task: RefCell::default(),
            streams: RefCell::default(),
            seat,
            allowance: Allowance::default(),
            requests: Cell::new(0),
            answering: Cell::new(0),
            switched: Cell::new(false),
            ending: Cell::new(false),
            resting: Cell::new(false),
            read_in_turn: Cell::new(0),
            unbegun: Cell::new(0),
            untaken: Rc::default(),
        }
    }

    /// A person who is signed in asks over it, unless they ask faster than one may.
    pub(crate) fn is_asked_by(
        &self,
        who: Whose,
        what: Asks,
        price: u32,
        now: Instant,
    ) -> Result<(), TooFast> {
        let paces = &self.thread.shared.paces;
        let account = Account {
            caller: who.caller,
            what,
        };
        let spent = self.allowance.spend(paces, account, price, now);
        match spent {
            Ok(()) => self.seat.is_asked_by(who),
            Err(_) => self.seat.asks_too_much(),
        }
        spent
    }

    /// A request has its answer. Where only strangers ask for long, it is one of theirs.
    fn is_answered(&self) {
        if !self.seat.is_answered() {
            self.end();
        }
    }

    /// Whoever was known over it is so no longer.
    pub(crate) fn is_a_strangers(&self) {
        if !self.seat.is_a_strangers() {
            self.end();
        }
    }

    /// Who was known over it, while they are.
    pub(crate) fn whose(&self) -> Option<Whose> {
        self.seat.pass().whose()
    }

    /// Whether it is a person's who is signed in.
    pub(crate) fn is_known(&self) -> bool {
        self.seat.pass().is_known()
    }

    /// What its tasks know of it.
    pub(crate) fn pass(&self) -> Rc<Pass> {
        self.seat.pass().clone()
    }

    /// What it waits for from its client.
    pub(crate) fn waits(&self) -> Waits {
        let requests = self.requests.get();
        let busy = self.answering.get() > 0 || !self.held.is_empty();
        if self.switched.get() {
            return Waits::Nothing;
        }
        if let Some(meter) = &self.meter {
            let head = meter.borrow().open_head();
            return match head {
                Some(head) => Waits::Head(head),
                None if !self.streams.borrow().is_empty() => Waits::Nothing,
                None if requests == 0 => Waits::FirstByte,
                None => Waits::Next(requests),
            };
        }
        let in_head = self
            .framing
            .as_ref()
            .is_some_and(|f| f.borrow().is_in_head());
        match (busy, in_head, requests) {
            (true, ..) => Waits::Nothing,
            (false, true, _) => Waits::Head(requests),
            (false, false, 0) => Waits::FirstByte,
            (false, false, _) => Waits::Next(requests),
        }
    }

    /// Whether it is about to end.
    pub(crate) fn is_ending(&self) -> bool {
        self.ending.get() || self.abort.is_aborted()
    }

    /// Counts an answer that a stranger is about to get; one that takes none of them gets no more.
    fn hands(&self, held: &Held) -> Result<(), StreamReset> {
        if !self.multiplexed || self.is_known() {
            return Ok(());
        }
        let Some(untaken) = self.thread.answers.hand(&self.untaken) else {
            self.thread.metrics.answers_refused.add(1);
            return Err(StreamReset(::h2::Reason::ENHANCE_YOUR_CALM.into()));
        };
        *held.0.untaken.borrow_mut() = Some(untaken);
        Ok(())
    }

    /// Has it end once nothing is under way.
    pub(crate) fn end(&self) {
        self.ending.set(true);
        self.abort.nudge();
    }

    /// Has it give up what it does not need while nothing comes. Over HTTP/2 that is nothing.
    pub(crate) fn rest(&self) {
        if !self.multiplexed && !self.resting.replace(true) {
            self.abort.nudge();
        }
    }

    /// Looks at each exchange, and ends those that are not to go on.
    pub(crate) fn each_exchange(&self, mut may_go_on: impl FnMut(&Held) -> bool) {
        if !may_go_on(&self.held) {
            self.abort.abort();
        }
        for (_, (held, task)) in &*self.streams.borrow() {
            if !may_go_on(held)
                && let Some(task) = task
            {
                // Dropped with its task, the stream is reset.
                task.abort();
            }
        }
    }

    /// What upstreams are told of a request from there to here: mostly the same as last time.
    pub(crate) fn told(
        &self,
        address: IpAddr,
        authority: &Authority<'_>,
    ) -> Result<Rc<Told>, InvalidHeaderValue> {
        let mut last = self.told.borrow_mut();
        if let Some(told) = last.as_ref().filter(|told| told.is_of(address, authority)) {
            return Ok(told.clone());
        }
        let told = Rc::new(Told::new(Origin {
            address,
            scheme: self.scheme,
            authority,
        })?);
        *last = Some(told.clone());
        Ok(told)
    }

    /// What the second reader says of the request that comes next.
    pub(crate) fn read_twice(&self) -> Result<(), Ambiguous> {
        let framed = self.framing.as_ref();
        framed.map_or(Ok(()), |f| f.borrow_mut().next_head())?;
        let blocks = self.blocks.as_ref();
        blocks.and_then(|b| b.borrow().fault()).map_or(Ok(()), Err)
    }
}
