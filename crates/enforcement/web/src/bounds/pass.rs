//! What a connection has shown so far, and what that gives it.

use std::cell::Cell;

use gw_model::{ClientId, SessionId, Snapshot, Timestamp, UserId};

use crate::cut_io::Abort;

/// So many requests in a row that nobody who is signed in is behind make it a stranger's.
const STRANGERS_MAX: u32 = 16;

/// What a connection has shown so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// It is more than one person may have, or asks more.
    Surplus,
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

/// On whose account requests and connections go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Caller {
    Person(UserId),
    /// In its own name.
    Program(ClientId),
}

/// Who asked over a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Whose {
    pub(crate) caller: Caller,
    /// None where an access token stands for them without one.
    pub(crate) session: Option<SessionId>,
}

impl Whose {
    /// Whether they are nobody any more, or the session that they asked in is over.
    pub(crate) fn is_over(self, facts: &Snapshot, now: Timestamp) -> bool {
        if let Some(session) = self.session {
            let session = facts.session(session);
            return session.is_none_or(|session| session.over(now).is_some());
        }
        match self.caller {
            Caller::Person(id) => facts.user(id).is_none_or(|user| user.disabled),
            Caller::Program(id) => facts.client(id).is_none_or(|client| client.disabled),
        }
    }
}

/// What the tasks of a connection know of it.
#[derive(Debug)]
pub(crate) struct Pass {
    standing: Cell<Standing>,
    familiar: Cell<bool>,
    /// Who made it known.
    whose: Cell<Option<Whose>>,
    /// Requests since the last of somebody who is signed in.
    strangers: Cell<u32>,
    pub(crate) abort: Abort,
}

impl Pass {
    /// One that is about to open.
    pub(super) const fn new(abort: Abort, familiar: bool) -> Self {
        Self {
            standing: Cell::new(Standing::Opening),
            familiar: Cell::new(familiar),
            whose: Cell::new(None),
            strangers: Cell::new(0),
            abort,
        }
    }

    /// Whether it is a person's who is signed in.
    pub(crate) fn is_known(&self) -> bool {
        self.standing.get() == Standing::Known
    }

    /// Whose it is, if it is known.
    pub(crate) const fn whose(&self) -> Option<Whose> {
        self.whose.get()
    }

    /// Where it waits for its turn.
    pub(crate) fn line(&self) -> Line {
        match self.standing.get() {
            _ if self.familiar.get() => Line::Familiar,
            Standing::Opening if self.abort.written() == 0 => Line::Arriving,
            Standing::Opening | Standing::Silent => Line::Silent,
            Standing::Surplus | Standing::Stranger | Standing::Known => Line::Stranger,
        }
    }

    pub(super) const fn standing(&self) -> Standing {
        self.standing.get()
    }

    /// It comes from where somebody who is signed in is connected, or not.
    pub(super) fn comes_from_familiar(&self, is_so: bool) {
        self.familiar.set(is_so);
    }

    pub(super) fn rises(&self, to: Standing, whose: Option<Whose>) {
        self.standing.set(to);
        self.whose.set(whose);
    }

    /// What it falls to it is like any other, wherever it comes from.
    pub(super) fn falls(&self, to: Standing) {
        self.familiar.set(false);
        self.rises(to, None);
    }

    /// A request begins; nobody knows yet whose.
    pub(super) fn asks(&self) {
        self.strangers.set(self.strangers.get().saturating_add(1));
    }

    /// It was a person's after all. Says whether nothing else is to be done: it is known already.
    pub(super) fn is_asked_by(&self, who: Whose) -> bool {
        self.strangers.set(0);
        if !self.is_known() {
            return false;
        }
        if let Some(before) = self.whose.get()
            && before.caller == who.caller
        {
            self.whose.set(Some(who));
        }
        true
    }

    /// Whether only strangers have asked for long.
    pub(super) const fn is_strangers(&self) -> bool {
        self.strangers.get() >= STRANGERS_MAX
    }
}
