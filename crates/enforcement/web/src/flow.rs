//! What a permit opened, held by everything that moves its bytes.
//!
//! Both bodies and the connection hold one [`Flow`]; when the last lets go, the end is
//! recorded. A flow is made from an [`Open`] alone, so that whatever takes a flow as an
//! argument is proof that the door was asked.

use std::{cell::Cell, rc::Rc, time::Instant};

use gw_door::{Cut, Open};
use gw_ledger::EndManner;

use crate::{cut_io::Abort, metrics::turn_began};

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
}

impl Flow {
    /// Takes charge of what was opened, on a client's connection.
    pub(crate) fn new(open: Open, client: Abort) -> Rc<Self> {
        open.touch();
        Rc::new(Self {
            cut: open.cut().clone(),
            open: Some(open),
            client,
            manner: Cell::new(EndManner::ClientGone),
            up_done: Cell::new(false),
            down_done: Cell::new(None),
            last_up: Cell::new(turn_began()),
        })
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
