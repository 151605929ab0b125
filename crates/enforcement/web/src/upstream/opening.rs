//! One connection is opened at a time where many requests can share it; the others wait, and
//! hear at once when it could not be opened.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use tokio::sync::Notify;

/// Whether a connection is being opened.
#[derive(Clone, Default)]
pub(super) struct Opening(Rc<State>);

#[derive(Default)]
struct State {
    under_way: Cell<bool>,
    /// Goes up with each attempt.
    attempt: Cell<u64>,
    /// The last attempt that failed, and why.
    failed: RefCell<Option<(u64, String)>>,
    over: Notify,
}

/// Somebody opens one; it is over when this is dropped.
pub(super) struct Attempt(Rc<State>);

impl Opening {
    /// Begins to open one, unless somebody does.
    pub(super) fn begin(&self) -> Option<Attempt> {
        if self.0.under_way.replace(true) {
            return None;
        }
        self.0.attempt.set(self.0.attempt.get() + 1);
        Some(Attempt(self.0.clone()))
    }

    /// Waits for whoever opens one. An error says why there is none.
    pub(super) async fn wait(&self) -> Result<(), String> {
        let attempt = self.0.attempt.get();
        let over = self.0.over.notified();
        if self.0.under_way.get() {
            over.await;
        }
        match &*self.0.failed.borrow() {
            Some((failed, why)) if *failed == attempt => Err(why.clone()),
            _ => Ok(()),
        }
    }
}

impl Attempt {
    /// It came to nothing.
    pub(super) fn failed(self, why: &dyn std::error::Error) {
        let state = &self.0;
        *state.failed.borrow_mut() = Some((state.attempt.get(), why.to_string()));
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.0.under_way.set(false);
        self.0.over.notify_waiters();
    }
}
