//! One server: this thread's connections to it, and how well it is.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
    time::Instant,
};

use gw_model::{AppName, Protocol, ServerAddress, Transport};
use gw_tls::TrustStore;
use http::{HeaderValue, Request};

use super::{
    Answered,
    bounds::Bounds,
    check::Checking,
    checkout::Flight,
    connect::{self, Handshakes, Offer, Opened},
    fault::{Failure, UpstreamFault},
    h1::{self, Line},
    h2::{self, Lines},
    health::Health,
};
use crate::{body::UpBody, flow::Flow, metrics::ThreadMetrics};

/// What an app's servers have in common.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) app: AppName,
    pub(super) protocol: Protocol,
    pub(super) server_name: Option<Arc<str>>,
    pub(super) bounds: Bounds,
    pub(super) trust: TrustStore,
    pub(super) metrics: Arc<ThreadMetrics>,
}

/// One server.
pub(super) struct Server {
    address: ServerAddress,
    /// The same as a text.
    name: Arc<str>,
    /// Its own name, as a `Host` says it.
    authority: HeaderValue,
    weight: u32,
    shared: Shared,
    idle: RefCell<Vec<Line>>,
    lines: Lines,
    handshakes: Handshakes,
    /// What it chose when it was last asked, where the choice is its own.
    chose_h1: Cell<bool>,
    in_flight: InFlight,
    health: Health,
    checking: Checking,
}

/// How many requests are under way at a server, and how many were at once not long ago.
#[derive(Default)]
pub(super) struct InFlight {
    now: Cell<usize>,
    /// The most since the last two times that it was forgotten.
    most: [Cell<usize>; 2],
}

impl InFlight {
    pub(super) fn begins(&self) {
        let [most, _] = &self.most;
        self.now.set(self.now.get() + 1);
        most.set(most.get().max(self.now.get()));
    }

    pub(super) fn ends(&self) {
        self.now.set(self.now.get().saturating_sub(1));
    }

    const fn now(&self) -> usize {
        self.now.get()
    }

    /// As many connections as this were of use, and may be again.
    fn most(&self) -> usize {
        let [most, before] = &self.most;
        most.get().max(before.get())
    }

    fn forget(&self) {
        let [most, before] = &self.most;
        before.set(most.replace(self.now.get()));
    }
}

/// How a request is sent to a server.
#[derive(Debug, Clone, Copy)]
pub(super) struct How {
    /// The connection may become a WebSocket, which is HTTP/1.1's.
    pub(super) may_switch: bool,
    /// Nobody else uses the connection afterwards.
    pub(super) alone: bool,
    /// It may be sent once more.
    pub(super) may_repeat: bool,
    /// Another server could answer it.
    pub(super) has_others: bool,
    /// No connection that was kept is used.
    pub(super) fresh: bool,
}

impl Server {
    pub(super) fn new(declared: &gw_model::Server, shared: &Shared) -> Rc<Self> {
        let address = &declared.address;
        let authority = HeaderValue::from_str(address.authority());
        Rc::new(Self {
            name: Arc::from(address.to_string()),
            authority: authority.unwrap_or_else(|_| HeaderValue::from_static("localhost")),
            address: address.clone(),
            weight: declared.weight,
            shared: shared.clone(),
            idle: RefCell::default(),
            lines: Lines::default(),
            handshakes: Handshakes::default(),
            chose_h1: Cell::new(false),
            in_flight: InFlight::default(),
            health: Health::default(),
            checking: Checking::default(),
        })
    }

    pub(super) fn is_of(&self, declared: &gw_model::Server) -> bool {
        self.address == declared.address && self.weight == declared.weight
    }

    pub(super) const fn address(&self) -> &ServerAddress {
        &self.address
    }

    pub(super) const fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(super) fn authority(&self) -> HeaderValue {
        self.authority.clone()
    }

    pub(super) const fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(super) const fn handshakes(&self) -> &Handshakes {
        &self.handshakes
    }

    pub(super) const fn lines(&self) -> &Lines {
        &self.lines
    }

    pub(super) const fn checking(&self) -> &Checking {
        &self.checking
    }

    pub(super) fn weight(&self) -> u64 {
        u64::from(self.weight)
    }

    pub(super) const fn in_flight(&self) -> &InFlight {
        &self.in_flight
    }

    pub(super) fn is_less_busy_than(&self, other: &Self) -> bool {
        let load = |a: &Self, b: &Self| a.in_flight.now() as u64 * b.weight();
        load(self, other) < load(other, self)
    }

    pub(super) fn is_available(&self, now: Instant) -> bool {
        self.health.is_available(now, self.in_flight.now())
    }

    pub(super) const fn last_failed(&self) -> Option<Instant> {
        self.health.last_failed()
    }

    pub(super) fn is_in_use(&self) -> bool {
        !self.idle.borrow().is_empty() || self.in_flight.now() > 0 || !self.lines.is_empty()
    }

    /// Sends a request on a connection that is open, or on a new one.
    pub(super) async fn send(
        self: &Rc<Self>,
        flow: &Flow,
        request: Box<Request<UpBody>>,
        how: How,
    ) -> Result<Answered, Failure> {
        let flight = Flight::begin(self);
        let answered = if self.may_multiplex(how.may_switch) {
            Box::pin(h2::send(flight, flow, request, how)).await
        } else {
            self.send_h1(flight, flow, request, how).await
        };
        match &answered {
            Ok(_) => self.health.answered(),
            Err(Failure::NotSent(_, fault) | Failure::Fault(fault)) => {
                self.note(fault, how.has_others);
            }
            Err(Failure::Repeat(..)) => {}
        }
        answered
    }

    async fn send_h1(
        self: &Rc<Self>,
        mut flight: Flight,
        flow: &Flow,
        mut request: Box<Request<UpBody>>,
        how: How,
    ) -> Result<Answered, Failure> {
        loop {
            let kept = (!how.fresh).then(|| self.take_idle());
            let Some(line) = kept.flatten() else { break };
            match h1::exchange(line, flight, flow, request, how).await {
                Err(Failure::NotSent(unsent, _)) => {
                    request = unsent;
                    flight = Flight::begin(self);
                }
                done => return done,
            }
        }
        match Box::pin(self.connect_h1()).await {
            Ok(line) => h1::exchange(line, flight, flow, request, how).await,
            Err(fault) => Err(Failure::NotSent(request, fault)),
        }
    }

    async fn connect_h1(self: &Rc<Self>) -> Result<Line, UpstreamFault> {
        let speaks_h2 = match self.address.transport() {
            Transport::H2c => true,
            Transport::Https | Transport::Unix => self.shared.protocol == Protocol::H2,
            Transport::Http => false,
        };
        if speaks_h2 {
            // A WebSocket, which is not carried over HTTP/2 to upstreams.
            return Err(UpstreamFault::Protocol {
                address: self.name.clone(),
                wanted: "HTTP/1.1, which a WebSocket needs",
            });
        }
        let Opened { io, .. } = connect::open(self, Offer::H1).await?;
        h1::begin(self, io).await
    }

    /// Whether a request may go over HTTP/2.
    fn may_multiplex(&self, may_switch: bool) -> bool {
        match self.address.transport() {
            Transport::Http => false,
            _ if may_switch => false,
            Transport::H2c => true,
            Transport::Unix => self.shared.protocol == Protocol::H2,
            Transport::Https => match self.shared.protocol {
                Protocol::H1 => false,
                Protocol::H2 => true,
                Protocol::Auto => !self.chose_h1.get(),
            },
        }
    }

    /// What is offered where HTTP/2 may be spoken.
    pub(super) const fn offer(&self) -> Offer {
        match self.shared.protocol {
            Protocol::H1 => Offer::H1,
            Protocol::H2 => Offer::H2,
            Protocol::Auto => Offer::Both,
        }
    }

    /// Whether HTTP/2 is spoken on a connection just opened.
    pub(super) fn speaks_h2(&self, opened: &Opened) -> bool {
        let speaks = match self.address.transport() {
            Transport::Https => opened.chose_h2,
            _ => true,
        };
        self.chose_h1.set(!speaks);
        speaks
    }

    /// The only server of an app is never put aside.
    fn note(&self, fault: &UpstreamFault, has_others: bool) {
        if matches!(fault, UpstreamFault::Tls { .. }) {
            // It may have changed its mind about what it speaks.
            self.chose_h1.set(false);
        }
        let counts = matches!(
            fault,
            UpstreamFault::Unreachable { .. }
                | UpstreamFault::ConnectTimeout { .. }
                | UpstreamFault::Tls { .. }
                | UpstreamFault::AnswerTimeout { .. }
        );
        if counts && has_others && self.health.failed(Instant::now()) {
            self.shared.metrics.upstream_ejections.add(1);
            tracing::warn!(app = %self.shared.app, server = %self.name, "a server fails again and again, and is put aside for a while");
        }
    }

    pub(super) fn note_check(&self, well: bool) {
        let metrics = &self.shared.metrics;
        metrics.upstream_checks.add(1);
        if !well {
            metrics.upstream_checks_failed.add(1);
        }
        if self.health.checked(well, Instant::now()) {
            let (app, server) = (&self.shared.app, &self.name);
            if well {
                tracing::info!(%app, %server, "a server is well again");
            } else {
                metrics.upstream_ejections.add(1);
                tracing::warn!(%app, %server, "a server does not answer its health check, and is put aside");
            }
        }
    }

    /// The connection used last, so that the others grow old and go.
    fn take_idle(&self) -> Option<Line> {
        let mut idle = self.idle.borrow_mut();
        while let Some(mut line) = idle.pop() {
            if self.is_usable(&mut line) {
                return Some(line);
            }
            line.abort();
        }
        None
    }

    pub(super) fn keep(&self, line: Line) {
        let mut idle = self.idle.borrow_mut();
        if idle.len() < self.shared.bounds.idle_max.max(self.in_flight.most()) {
            idle.push(line.rest());
        } else {
            line.abort();
        }
    }

    fn is_usable(&self, line: &mut Line) -> bool {
        line.is_ready()
            && line.rested() < self.shared.bounds.idle
            && self.is_trusted(line.generation())
    }

    /// Whether a connection was opened by what is believed now.
    pub(super) fn is_trusted(&self, generation: u64) -> bool {
        self.address.transport() != Transport::Https || generation == self.generation()
    }

    pub(super) fn generation(&self) -> u64 {
        self.shared.trust.generation()
    }

    /// Closes what has lain idle for too long.
    pub(super) fn sweep(&self) {
        self.in_flight.forget();
        self.idle.borrow_mut().retain_mut(|line| {
            let usable = self.is_usable(line);
            if !usable {
                line.abort();
            }
            usable
        });
        self.lines.sweep(self);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for line in self.idle.take() {
            line.abort();
        }
    }
}
