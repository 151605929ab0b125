//! The seats of one traffic thread: who is connected, and who goes first when all are taken.
//!
//! A connection's standing rises with what it has shown: that it can finish a handshake, that
//! it asks something, that a person who is signed in asks over it. When a seat is needed, the
//! weakest go first, and among the oldest of those the one whose address has most. Nobody who
//! is signed in loses a seat to a stranger; nor counts against an address.

use std::{
    cell::{Cell, RefCell},
    cmp::Reverse,
    collections::BTreeMap,
    net::IpAddr,
    rc::{Rc, Weak},
    sync::Arc,
};

use super::addresses::{Addresses, Counted};
use crate::{connection::Conn, cut_io::Abort, metrics::ThreadMetrics, options::Limits};

/// Among so many of the oldest the one is found that makes way.
const LOOKED_AT: usize = 16;

/// What a connection has shown so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// Nothing: it is about to shake hands.
    Opening,
    /// It is open, and has had no answer yet.
    Silent,
    /// A stranger had an answer over it.
    Stranger,
    /// A person who is signed in asked over it.
    Known,
}

/// Where a stranger's connection waits for its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// It comes from where somebody who is signed in is connected.
    Familiar,
    /// It has been told nothing yet: it may never answer.
    Arriving,
    /// It goes on with its handshake, or asks for the first time.
    Silent,
    /// A stranger had an answer over it.
    Stranger,
}

impl Line {
    pub(crate) const COUNT: usize = Self::Stranger as usize + 1;
}

/// Why a connection gets no seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// All are taken by people who are signed in.
    Everywhere,
    /// Its address has enough.
    Address,
}

/// How much of one traffic thread, and of all together, strangers have.
pub(crate) struct Seats {
    limits: Limits,
    /// Connections of strangers, and handshakes, by address, over all threads.
    open: Arc<Addresses>,
    opening: Arc<Addresses>,
    /// Connections of people who are signed in, by address, over all threads.
    known: Arc<Addresses>,
    metrics: Arc<ThreadMetrics>,
    table: RefCell<BTreeMap<(Standing, u64), Taken>>,
    next: Cell<u64>,
    shaking: Cell<usize>,
}

struct Taken {
    pass: Rc<Pass>,
    peer: Option<IpAddr>,
    conn: RefCell<Weak<Conn>>,
}

/// What the tasks of a connection know of it.
#[derive(Debug)]
pub(crate) struct Pass {
    standing: Cell<Standing>,
    familiar: Cell<bool>,
    pub(crate) abort: Abort,
}

impl Pass {
    /// Whether a person who is signed in has asked over it.
    pub(crate) fn is_known(&self) -> bool {
        self.standing.get() == Standing::Known
    }

    /// Where it waits for its turn.
    pub(crate) fn line(&self) -> Line {
        match self.standing.get() {
            _ if self.familiar.get() => Line::Familiar,
            Standing::Opening if self.abort.written() == 0 => Line::Arriving,
            Standing::Opening | Standing::Silent => Line::Silent,
            Standing::Stranger | Standing::Known => Line::Stranger,
        }
    }
}

/// A connection's seat; free once dropped.
pub(crate) struct Seat {
    seats: Rc<Seats>,
    id: u64,
    pass: Rc<Pass>,
    open: RefCell<Option<Counted>>,
    opening: RefCell<Option<Counted>>,
    known: RefCell<Option<Counted>>,
}

impl Seats {
    pub(crate) fn new(
        limits: Limits,
        open: Arc<Addresses>,
        opening: Arc<Addresses>,
        known: Arc<Addresses>,
        metrics: Arc<ThreadMetrics>,
    ) -> Rc<Self> {
        Rc::new(Self {
            limits,
            open,
            opening,
            known,
            metrics,
            table: RefCell::default(),
            next: Cell::new(0),
            shaking: Cell::new(0),
        })
    }

    /// Gives a connection a seat. No address: a trusted proxy's, which brings others.
    pub(crate) fn take(self: &Rc<Self>, abort: Abort, peer: Option<IpAddr>) -> Result<Seat, Full> {
        let (open, opening) = self.count(peer)?;
        while self.shaking.get() >= self.limits.handshakes_max && self.clear(Standing::Opening) {}
        while self.taken() >= self.limits.connections_max {
            if !self.clear(Standing::Stranger) {
                self.metrics.connections_refused.add(1);
                return Err(Full::Everywhere);
            }
        }
        let id = self.next.get();
        self.next.set(id + 1);
        let pass = Rc::new(Pass {
            standing: Cell::new(Standing::Opening),
            familiar: Cell::new(self.is_familiar(peer)),
            abort,
        });
        let taken = Taken {
            pass: pass.clone(),
            peer,
            conn: RefCell::default(),
        };
        self.put((Standing::Opening, id), taken);
        self.metrics.connections.add(1);
        self.metrics.connections_open.add(1);
        Ok(Seat {
            seats: self.clone(),
            id,
            pass,
            open: RefCell::new(open),
            opening: RefCell::new(opening),
            known: RefCell::default(),
        })
    }

    /// Whether somebody who is signed in is connected from an address.
    fn is_familiar(&self, peer: Option<IpAddr>) -> bool {
        peer.is_some_and(|peer| self.known.of(peer) > 0)
    }

    fn count(&self, peer: Option<IpAddr>) -> Result<(Option<Counted>, Option<Counted>), Full> {
        let Some(peer) = peer else {
            return Ok((None, None));
        };
        let open = self.open.count(peer, self.limits.connections_per_address);
        let opening = self.opening.count(peer, self.limits.handshakes_per_address);
        match (open, opening) {
            (Some(open), Some(opening)) => Ok((Some(open), Some(opening))),
            _ => {
                self.metrics.connections_refused_by_address.add(1);
                Err(Full::Address)
            }
        }
    }

    /// Takes a seat from the weakest, none of whom stands higher than that.
    fn clear(&self, highest: Standing) -> bool {
        let key = {
            let table = self.table.borrow();
            let weakest = table.first_key_value().map(|((standing, _), _)| *standing);
            let alike = table
                .iter()
                .take(LOOKED_AT)
                .take_while(|((standing, _), _)| Some(*standing) == weakest);
            let of_address = |taken: &Taken| taken.peer.map_or(0, |peer| self.open.of(peer));
            // The first of those that are equal is the oldest.
            let most = alike
                .filter(|((standing, _), _)| *standing <= highest)
                .min_by_key(|(_, taken)| Reverse(of_address(taken)));
            most.map(|(key, _)| *key)
        };
        let Some(taken) = key.and_then(|key| self.remove(key)) else {
            return false;
        };
        self.metrics.connections_evicted.add(1);
        taken.pass.abort.abort();
        true
    }

    fn put(&self, key: (Standing, u64), taken: Taken) {
        self.table.borrow_mut().insert(key, taken);
        if key.0 == Standing::Opening {
            self.shaking.set(self.shaking.get() + 1);
        }
    }

    fn remove(&self, key: (Standing, u64)) -> Option<Taken> {
        let taken = self.table.borrow_mut().remove(&key);
        if taken.is_some() && key.0 == Standing::Opening {
            self.shaking.set(self.shaking.get().saturating_sub(1));
        }
        taken
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
        let open = some
            .iter()
            .filter_map(|(_, taken)| taken.conn.borrow().upgrade());
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
        let (open, opening) = self.seats.count(Some(client))?;
        *self.open.borrow_mut() = open;
        *self.opening.borrow_mut() = opening;
        let familiar = self.seats.is_familiar(Some(client));
        self.pass.familiar.set(familiar);
        if let Some(taken) = self.seats.table.borrow_mut().get_mut(&self.key()) {
            taken.peer = Some(client);
        }
        Ok(())
    }

    /// It is open, and can be looked at.
    pub(crate) fn opened(&self, conn: &Rc<Conn>) {
        if let Some(taken) = self.seats.table.borrow().get(&self.key()) {
            *taken.conn.borrow_mut() = Rc::downgrade(conn);
        }
        self.rises_to(Standing::Silent);
    }

    /// It has shown this much, at least.
    pub(crate) fn rises_to(&self, standing: Standing) {
        if self.pass.standing.get() >= standing {
            return;
        }
        let taken = self.seats.remove(self.key());
        self.pass.standing.set(standing);
        self.opening.take();
        if standing == Standing::Known {
            self.open.take();
            let peer = taken.as_ref().and_then(|taken| taken.peer);
            *self.known.borrow_mut() = peer.and_then(|peer| self.seats.known.count(peer, u32::MAX));
        }
        // It may have lost its seat already.
        if let Some(taken) = taken {
            self.seats.put(self.key(), taken);
        }
    }

    fn key(&self) -> (Standing, u64) {
        (self.pass.standing.get(), self.id)
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
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn seats(limits: Limits) -> Rc<Seats> {
        let addresses = [(); 3].map(|()| Addresses::new());
        let [open, opening, known] = addresses;
        Seats::new(limits, open, opening, known, Arc::default())
    }

    fn peer(last: u8) -> Option<IpAddr> {
        Some(Ipv4Addr::new(192, 0, 2, last).into())
    }

    #[test]
    fn the_weakest_make_way_and_nobody_who_is_known() {
        let limits = Limits {
            connections_max: 3,
            ..Limits::default()
        };
        let seats = seats(limits);
        let known = seats.take(Abort::default(), peer(1)).unwrap();
        known.rises_to(Standing::Known);
        let stranger = seats.take(Abort::default(), peer(2)).unwrap();
        stranger.rises_to(Standing::Stranger);
        let silent = seats.take(Abort::default(), peer(3)).unwrap();
        silent.rises_to(Standing::Silent);
        let first = seats.take(Abort::default(), peer(4)).unwrap();
        assert!(silent.pass().abort.is_aborted());
        assert!(!stranger.pass().abort.is_aborted());
        first.rises_to(Standing::Known);
        let second = seats.take(Abort::default(), peer(5)).unwrap();
        assert!(stranger.pass().abort.is_aborted());
        second.rises_to(Standing::Known);
        let none = seats.take(Abort::default(), peer(6));
        assert_eq!(none.err(), Some(Full::Everywhere));
        assert!(!known.pass().abort.is_aborted());
        assert_eq!(seats.metrics.connections_evicted.value(), 2);
        drop((known, first, second));
        assert_eq!(seats.taken(), 0);
    }

    #[test]
    fn among_equals_the_address_with_most_makes_way() {
        let limits = Limits {
            connections_max: 4,
            ..Limits::default()
        };
        let seats = seats(limits);
        let take = |last| {
            let seat = seats.take(Abort::default(), peer(last)).unwrap();
            seat.rises_to(Standing::Silent);
            seat
        };
        let (one, crowd) = (take(1), [take(2), take(2), take(2)]);
        let _next = take(3);
        assert!(!one.pass().abort.is_aborted());
        let gone = crowd.each_ref().map(|seat| seat.pass().abort.is_aborted());
        assert_eq!(gone, [true, false, false], "the oldest of them");
    }

    #[test]
    fn an_address_has_so_many_and_who_is_known_is_not_counted() {
        let limits = Limits {
            connections_per_address: 2,
            ..Limits::default()
        };
        let seats = seats(limits);
        let held = [1, 1].map(|last| seats.take(Abort::default(), peer(last)).unwrap());
        let full = |last| seats.take(Abort::default(), peer(last)).err();
        assert_eq!(full(1), Some(Full::Address));
        assert_eq!(full(2), None);
        held[0].rises_to(Standing::Known);
        assert_eq!(full(1), None);
        let proxied = seats.take(Abort::default(), None).unwrap();
        let _third = seats.take(Abort::default(), peer(1)).unwrap();
        assert_eq!(proxied.is_of(peer(1).unwrap()), Err(Full::Address));
    }

    #[test]
    fn each_thing_that_a_connection_has_shown_has_a_line_of_its_own() {
        let seats = seats(Limits::default());
        let take = |last| seats.take(Abort::default(), peer(last)).unwrap();
        let (arriving, first) = (take(1), take(2));
        assert_eq!(arriving.pass().line(), Line::Arriving);
        first.rises_to(Standing::Silent);
        assert_eq!(first.pass().line(), Line::Silent);
        first.rises_to(Standing::Stranger);
        assert_eq!(first.pass().line(), Line::Stranger);
        first.rises_to(Standing::Known);
        let second = take(2);
        assert_eq!(second.pass().line(), Line::Familiar);
        drop((first, second));
        assert_eq!(take(2).pass().line(), Line::Arriving);
    }

    #[test]
    fn the_oldest_handshake_makes_way() {
        let limits = Limits {
            handshakes_max: 2,
            handshakes_per_address: 3,
            ..Limits::default()
        };
        let seats = seats(limits);
        let held: Vec<_> = (0..3)
            .map(|_| seats.take(Abort::default(), peer(1)).unwrap())
            .collect();
        let aborted: Vec<_> = held.iter().map(|s| s.pass().abort.is_aborted()).collect();
        assert_eq!(aborted, [true, false, false]);
        assert!(seats.take(Abort::default(), peer(1)).is_err());
        held[1].rises_to(Standing::Silent);
        let _more = seats.take(Abort::default(), peer(1)).unwrap();
        assert!(!held[2].pass().abort.is_aborted());
    }
}
