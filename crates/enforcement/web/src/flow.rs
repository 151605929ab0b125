//! What a permit opened, held by everything that moves its bytes.
//!
//! Both bodies and the connection hold one [`Flow`]; when the last lets go, the end is
//! recorded. A flow is made from an [`Open`] alone, so that whatever takes a flow as an
//! argument is proof that the door was asked.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Instant,
};

use gw_door::{Cut, Open};
use gw_ledger::EndManner;

use crate::{bounds::Exchange, cut_io::Abort, metrics::turn_began};

/// Where the client's body is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Up {
    /// Nowhere: the upstream does not take what has come, or nothing more comes.
    Taken,
    /// At the client.
    Awaited,
}

/// Where the answer's body is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Down {
    /// At the upstream.
    Awaited,
    /// At the client, who takes what has come or does not.
    Handed,
}

/// One open exchange.
pub(crate) struct Flow {
    open: Option<Open>,
    cut: Cut,
    /// The client's connection.
    client: Abort,
    manner: Cell<EndManner>,
    up_done: Cell<bool>,
    /// The connection's count of flushes when the answer was handed over whole.
    down_done: Cell<Option<u64>>,
    last_up: Cell<Instant>,
    up: Cell<Up>,
    up_bytes: Cell<u64>,
    down: Cell<Down>,
    handed: Cell<u64>,
    /// A share of what apps are asked.
    exchange: RefCell<Option<Exchange>>,
}

impl Flow {
    /// Takes charge of what was opened, on a client's connection.
    pub(crate) fn new(open: Open, client: Abort) -> Rc<Self> {
        Rc::new(Self {
            cut: open.cut().clone(),
            open: Some(open),
            client,
            manner: Cell::new(EndManner::ClientGone),
            up_done: Cell::new(false),
            down_done: Cell::new(None),
            last_up: Cell::new(turn_began()),
            up: Cell::new(Up::Taken),
            up_bytes: Cell::new(0),
            down: Cell::new(Down::Awaited),
            handed: Cell::new(0),
            exchange: RefCell::default(),
        })
    }

    /// Counts against whoever asks until it ends.
    pub(crate) fn counts_as(&self, exchange: Option<Exchange>) {
        *self.exchange.borrow_mut() = exchange;
    }

    /// Whether it counts against a stranger.
    pub(crate) fn is_strangers(&self) -> bool {
        let exchange = self.exchange.borrow();
        exchange.as_ref().is_some_and(Exchange::is_strangers)
    }

    /// Told when it must end at once.
    pub(crate) const fn cut(&self) -> &Cut {
        &self.cut
    }

    /// The permit's lease.
    pub(crate) const fn open(&self) -> Option<&Open> {
        self.open.as_ref()
    }

    /// The person behind it is there.
    pub(crate) fn touch(&self) {
        if let Some(open) = &self.open {
            open.touch();
        }
    }

    /// Counts body bytes from the client.
    pub(crate) fn note_up(&self, bytes: usize) {
        self.last_up.set(turn_began());
        self.up_bytes.set(self.up_bytes.get() + bytes as u64);
        if let Some(open) = &self.open {
            open.note_up(bytes as u64);
        }
    }

    /// Counts body bytes to the client.
    pub(crate) fn note_down(&self, bytes: usize) {
        if let Some(open) = &self.open {
            open.note_down(bytes as u64);
        }
    }

    /// Says where the client's body is waited for.
    pub(crate) fn up_is(&self, up: Up) {
        self.up.set(up);
    }

    /// Says where the answer's body is waited for.
    pub(crate) fn down_is(&self, down: Down) {
        self.down.set(down);
        if down == Down::Handed {
            self.handed.set(self.handed.get() + 1);
        }
    }

    /// How much of the body has come, while more of it is waited for.
    pub(crate) fn awaited(&self) -> Option<u64> {
        (self.up.get() == Up::Awaited && !self.up_done.get()).then(|| self.up_bytes.get())
    }

    /// How much of the answer was handed on, while the client is to take it.
    pub(crate) fn handed(&self) -> Option<u64> {
        (self.down.get() == Down::Handed).then(|| self.handed.get())
    }

    /// The status that the client gets.
    pub(crate) fn note_status(&self, status: http::StatusCode) {
        if let Some(open) = &self.open {
            open.note_status(status.as_u16());
        }
    }

    /// When the client last sent some of its body.
    pub(crate) fn last_up(&self) -> Instant {
        self.last_up.get()
    }

    /// The request's body is over.
    pub(crate) fn up_is_done(&self) {
        self.up_done.set(true);
    }

    /// Whether the request's body is over.
    pub(crate) fn is_up_done(&self) -> bool {
        self.up_done.get()
    }

    /// The whole answer has been handed to the connection.
    pub(crate) fn down_is_done(&self) {
        if self.down_done.get().is_none() {
            self.down_done.set(Some(self.client.flushes()));
            self.ends_as(EndManner::Done);
        }
    }

    /// Whether the whole answer has left for the kernel.
    pub(crate) fn is_flushed(&self) -> bool {
        self.down_done
            .get()
            .is_some_and(|then| self.client.flushes() != then)
    }

    /// How it ends, unless something else was said before or it is cut.
    pub(crate) fn ends_as(&self, manner: EndManner) {
        if self.manner.get() == EndManner::ClientGone {
            self.manner.set(manner);
        }
    }
}

impl Drop for Flow {
    fn drop(&mut self) {
        if let Some(open) = self.open.take() {
            open.end(self.manner.get());
        }
    }
}
