//! The seats of one traffic thread: who is connected, and who goes first when all are taken.
//!
//! A connection's standing rises with what it has shown: that it can finish a handshake, that
//! it asks something, that a person who is signed in asks over it. When a seat is needed, the
//! weakest go first, and among the oldest of those the one whose address has most. Nobody who
//! is signed in loses a seat to a stranger; nor counts against an address.
//!
//! A person has so many seats, and some seats are nobody's who is signed in, so that there is
//! one for whoever comes. What is beyond either goes first of all: of a person who has enough,
//! what lies idle longest; where all are taken, of the person who has most. A connection falls,
//! too, when the session behind it is over, and when strangers alone ask over it.

use std::{
    cell::{Cell, RefCell},
    cmp::Reverse,
    collections::BTreeMap,
    net::IpAddr,
    rc::{Rc, Weak},
    sync::Arc,
};

use super::{
    Addresses, Waits,
    counts::{Counted, Counts},
    pass::{Caller, Pass, Standing, Whose},
    shares::Shares,
};
use crate::{connection::Conn, cut_io::Abort, metrics::ThreadMetrics, options::Limits};

/// Among so many of the oldest the one is found that makes way.
const LOOKED_AT: usize = 16;

/// One of so many seats is for whoever is not known yet.
const FOR_NEWCOMERS: usize = 8;

/// Why a connection gets no seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// All are taken by people who are signed in.
    Everywhere,
    /// Its address has enough.
    Address,
}

/// Who has how many connections, over all threads.
#[derive(Debug, Clone)]
pub(crate) struct Connected {
    /// Strangers, by address.
    pub(crate) open: Arc<Addresses>,
    /// Handshakes, by address.
    pub(crate) opening: Arc<Addresses>,
    /// People who are signed in, by address.
    pub(crate) known: Arc<Addresses>,
    /// The same, by person.
    pub(crate) people: Arc<Counts>,
}

impl Connected {
    pub(crate) fn new() -> Self {
        Self {
            open: Addresses::new(),
            opening: Addresses::new(),
            known: Addresses::new(),
            people: Counts::new(),
        }
    }
}

/// How much of one traffic thread, and of all together, strangers and people have.
pub(crate) struct Seats {
    limits: Limits,
    connected: Connected,
    metrics: Arc<ThreadMetrics>,
    table: RefCell<BTreeMap<(Standing, u64), Taken>>,
    shares: RefCell<Shares>,
    next: Cell<u64>,
    shaking: Cell<usize>,
    known: Cell<usize>,
}

struct Taken {
    pass: Rc<Pass>,
    peer: Option<IpAddr>,
    conn: Weak<Conn>,
    counted: Marks,
}

/// As what a connection is counted.
#[derive(Default)]
struct Marks {
    open: Option<Counted>,
    opening: Option<Counted>,
    known: Option<Counted>,
    person: Option<Counted>,
}

/// A connection's seat; free once dropped.
pub(crate) struct Seat {
    seats: Rc<Seats>,
    id: u64,
    pass: Rc<Pass>,
}

impl Taken {
    /// Whether it does anything but wait for a request.
    fn is_busy(&self) -> bool {
        let conn = self.conn.upgrade();
        conn.is_none_or(|conn| !matches!(conn.waits(), Waits::Next(_)))
    }

    /// Whose seat it is, in the order of shares: connections that several bring are nobody's.
    fn person(&self) -> Option<Caller> {
        let whose = self.counted.person.as_ref().and(self.pass.whose())?;
        Some(whose.caller)
    }
}

impl Seats {
    pub(crate) fn new(
        limits: Limits,
        connected: Connected,
        metrics: Arc<ThreadMetrics>,
    ) -> Rc<Self> {
        Rc::new(Self {
            limits,
            connected,
            metrics,
            table: RefCell::default(),
            shares: RefCell::default(),
            next: Cell::new(0),
            shaking: Cell::new(0),
            known: Cell::new(0),
        })
    }

    /// Gives a connection a seat. No address: a trusted proxy's, which brings others.
    pub(crate) fn take(self: &Rc<Self>, abort: Abort, peer: Option<IpAddr>) -> Result<Seat, Full> {
        let counted = self.count(peer)?;
        while self.shaking.get() >= self.limits.handshakes_max
            && self.clear(Standing::Opening, Standing::Opening)
        {}
        while self.taken() >= self.limits.connections_max {
            if !self.clear(Standing::Surplus, Standing::Stranger) {
                self.metrics.connections_refused.add(1);
                return Err(Full::Everywhere);
            }
        }
        let id = self.next.get();
        self.next.set(id + 1);
        let pass = Rc::new(Pass::new(abort, self.is_familiar(peer)));
        self.put(
            id,
            Taken {
                pass: pass.clone(),
                peer,
                conn: Weak::new(),
                counted,
            },
        );
        self.metrics.connections.add(1);
        self.metrics.connections_open.add(1);
        Ok(Seat {
            seats: self.clone(),
            id,
            pass,
        })
    }

    /// Whether somebody who is signed in is connected from an address.
    fn is_familiar(&self, peer: Option<IpAddr>) -> bool {
        peer.is_some_and(|peer| self.connected.known.of(peer) > 0)
    }

    fn count(&self, peer: Option<IpAddr>) -> Result<Marks, Full> {
        let Some(peer) = peer else {
            return Ok(Marks::default());
        };
        let (limits, connected) = (&self.limits, &self.connected);
        let open = connected.open.count(peer, limits.connections_per_address);
        let opening = connected.opening.count(peer, limits.handshakes_per_address);
        if open.is_none() || opening.is_none() {
            self.metrics.connections_refused_by_address.add(1);
            return Err(Full::Address);
        }
        Ok(Marks {
            open,
            opening,
            ..Marks::default()
        })
    }

    /// Takes a seat from the weakest of those who stand so low at least, and no higher than that.
    fn clear(&self, lowest: Standing, highest: Standing) -> bool {
        let key = {
            let table = self.table.borrow();
            let mut from = table.range((lowest, 0)..);
            let weakest = from.clone().next().map(|((standing, _), _)| *standing);
            let alike = from
                .by_ref()
                .take(LOOKED_AT)
                .take_while(|((standing, _), _)| {
                    Some(*standing) == weakest && *standing <= highest
                });
            let of_address =
                |taken: &Taken| taken.peer.map_or(0, |peer| self.connected.open.of(peer));
            // The first of those that are equal is the oldest.
            let first = alike.min_by_key(|((standing, _), taken)| {
                let busy = *standing == Standing::Surplus && taken.is_busy();
                (busy, Reverse(of_address(taken)))
            });
            first.map(|(key, _)| *key)
        };
        let Some(taken) = key.and_then(|key| self.remove(key)) else {
            return false;
        };
        self.metrics.connections_evicted.add(1);
        taken.pass.abort.abort();
        true
    }

    fn put(&self, id: u64, taken: Taken) {
        let standing = taken.pass.standing();
        match standing {
            Standing::Opening => self.shaking.set(self.shaking.get() + 1),
            Standing::Known => {
                self.known.set(self.known.get() + 1);
                if let Some(person) = taken.person() {
                    self.shares.borrow_mut().add(person, id);
                }
            }
            Standing::Surplus | Standing::Silent | Standing::Stranger => {}
        }
        self.table.borrow_mut().insert((standing, id), taken);
    }

    fn remove(&self, key: (Standing, u64)) -> Option<Taken> {
        let taken = self.table.borrow_mut().remove(&key)?;
        match key.0 {
            Standing::Opening => self.shaking.set(self.shaking.get().saturating_sub(1)),
            Standing::Known => {
                self.known.set(self.known.get().saturating_sub(1));
                if let Some(person) = taken.person() {
                    self.shares.borrow_mut().remove(person, key.1);
                }
            }
            Standing::Surplus | Standing::Silent | Standing::Stranger => {}
        }
        Some(taken)
    }

    /// A person asks over a connection that was not known. Where they have enough, or nobody
    /// has more than they, one of their own makes way, which may be this one.
    fn rise(&self, key: (Standing, u64), who: Whose) {
        // It may have lost its seat already.
        let Some(mut taken) = self.remove(key) else {
            return;
        };
        taken.counted.open = None;
        taken.counted.opening = None;
        // Connections of trusted proxies are shared by several, as the addresses behind them are.
        let person = taken.peer.map(|_| who.caller);
        if self.makes_room(person) {
            let connected = &self.connected;
            let known = |peer| connected.known.count(peer, u32::MAX);
            taken.counted.known = taken.peer.and_then(known);
            taken.counted.person =
                person.and_then(|person| connected.people.count(&person, u32::MAX));
            taken.pass.rises(Standing::Known, Some(who));
        } else {
            taken.pass.falls(Standing::Surplus);
        }
        self.put(key.1, taken);
    }

    fn makes_room(&self, person: Option<Caller>) -> bool {
        if let Some(person) = person
            && self.connected.people.of(&person) >= self.limits.connections_per_person
        {
            // With this one they have as many as before.
            return self.take_from(person);
        }
        if self.known.get() < self.known_max() {
            return true;
        }
        let (own, most) = {
            let shares = self.shares.borrow();
            (person.map_or(0, |person| shares.of(person)), shares.most())
        };
        match (most, person) {
            (Some((other, most)), _) if most > own + 1 => self.take_from(other),
            (_, Some(person)) => self.take_from(person),
            (_, None) => false,
        }
    }

    /// How many may be known, so that there is a seat for whoever is not.
    fn known_max(&self) -> usize {
        let all = self.limits.connections_max;
        (all - all.div_ceil(FOR_NEWCOMERS).min(all)).max(1)
    }

    /// Has one of a person's connections fall: among the oldest one that lies idle.
    fn take_from(&self, person: Caller) -> bool {
        let id = {
            let (shares, table) = (self.shares.borrow(), self.table.borrow());
            let oldest = shares.seats_of(person).take(LOOKED_AT);
            let is_busy = |id: &u64| {
                let taken = table.get(&(Standing::Known, *id));
                taken.is_none_or(Taken::is_busy)
            };
            oldest.min_by_key(is_busy)
        };
        id.is_some_and(|id| {
            self.falls((Standing::Known, id), Standing::Surplus);
            true
        })
    }

    /// A connection is not known any more. Says whether its address may have it.
    fn falls(&self, key: (Standing, u64), to: Standing) -> bool {
        let Some(mut taken) = self.remove(key) else {
            return true;
        };
        self.metrics.connections_fallen.add(1);
        taken.counted = Marks::default();
        taken.pass.falls(to);
        let counts = taken.peer.filter(|_| to == Standing::Stranger);
        let fits = counts.is_none_or(|peer| {
            let most = self.limits.connections_per_address;
            taken.counted.open = self.connected.open.count(peer, most);
            taken.counted.open.is_some()
        });
        self.put(key.1, taken);
        fits
    }

    /// How many are taken.
    pub(crate) fn taken(&self) -> usize {
        self.table.borrow().len()
    }

    /// What cuts each connection.
    pub(crate) fn aborts(&self) -> Vec<Abort> {
        let table = self.table.borrow();
        table.values().map(|t| t.pass.abort.clone()).collect()
    }

    /// Some open connections behind a seat, in an order that stands, and where to go on.
    pub(crate) fn some(
        &self,
        behind: Option<(Standing, u64)>,
        most: usize,
    ) -> (Vec<Rc<Conn>>, Option<(Standing, u64)>) {
        use std::ops::Bound::{Excluded, Unbounded};
        let table = self.table.borrow();
        let from = behind.map_or(Unbounded, Excluded);
        let some: Vec<_> = table.range((from, Unbounded)).take(most).collect();
        let last = (some.len() == most).then(|| some.last().map(|(key, _)| **key));
        let open = some.iter().filter_map(|(_, taken)| taken.conn.upgrade());
        (open.collect(), last.flatten())
    }
}

impl Seat {
    /// What its tasks know of it.
    pub(crate) const fn pass(&self) -> &Rc<Pass> {
        &self.pass
    }

    /// A trusted proxy told whose connection this is.
    pub(crate) fn is_of(&self, client: IpAddr) -> Result<(), Full> {
        let counted = self.seats.count(Some(client))?;
        let familiar = self.seats.is_familiar(Some(client));
        self.pass.comes_from_familiar(familiar);
        if let Some(taken) = self.seats.table.borrow_mut().get_mut(&self.key()) {
            taken.peer = Some(client);
            taken.counted = counted;
        }
        Ok(())
    }

    /// It is open, and can be looked at.
    pub(crate) fn opened(&self, conn: &Rc<Conn>) {
        if let Some(taken) = self.seats.table.borrow_mut().get_mut(&self.key()) {
            taken.conn = Rc::downgrade(conn);
        }
        self.rises_to(Standing::Silent);
    }

    /// A request begins.
    pub(crate) fn asks(&self) {
        self.pass.asks();
    }

    /// It is a person's who is signed in.
    pub(crate) fn is_asked_by(&self, who: Whose) {
        if !self.pass.is_asked_by(who) {
            self.seats.rise(self.key(), who);
        }
    }

    /// It has its answer. Says whether the address may still have the connection, which may be
    /// a stranger's from now on.
    pub(crate) fn is_answered(&self) -> bool {
        self.rises_to(Standing::Stranger);
        !self.pass.is_strangers() || self.is_a_strangers()
    }

    /// Whoever was known over it is so no longer. Says whether the address may still have it.
    pub(crate) fn is_a_strangers(&self) -> bool {
        !self.pass.is_known() || self.seats.falls(self.key(), Standing::Stranger)
    }

    /// Its person asks more than they may.
    pub(crate) fn asks_too_much(&self) {
        if self.pass.standing() > Standing::Surplus {
            self.seats.falls(self.key(), Standing::Surplus);
        }
    }

    /// It has shown this much, at least, and nobody who is signed in.
    pub(super) fn rises_to(&self, standing: Standing) {
        let before = self.pass.standing();
        if before >= standing || before == Standing::Surplus {
            return;
        }
        let taken = self.seats.remove(self.key());
        self.pass.rises(standing, None);
        // It may have lost its seat already.
        if let Some(mut taken) = taken {
            taken.counted.opening = None;
            self.seats.put(self.id, taken);
        }
    }

    fn key(&self) -> (Standing, u64) {
        (self.pass.standing(), self.id)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let gone = self.seats.remove(self.key());
        drop(gone);
        self.seats.metrics.connections_open.subtract(1);
    }
}

#[cfg(test)]
mod tests;
