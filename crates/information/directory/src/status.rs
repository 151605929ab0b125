//! How following a directory stands, for who runs it.

use std::sync::Arc;

use arc_swap::ArcSwap;
use gw_model::Timestamp;

use crate::{
    fault::DirectoryFault,
    plan::{Conflict, Counts, Effects, Refused},
    watch::Following,
};

/// The most conflicts that are shown.
pub const CONFLICTS_SHOWN_MAX: usize = 200;

/// How following a directory stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// When it was last read and taken over.
    pub last_success: Option<Timestamp>,
    /// What was found then.
    pub counts: Counts,
    /// What could not be as it says, at most [`CONFLICTS_SHOWN_MAX`].
    pub conflicts: Vec<Conflict>,
    /// How many there are in all.
    pub conflicts_total: usize,
    /// What is wrong now; nothing since the last success.
    pub trouble: Option<Trouble>,
    /// How often it was in vain since then.
    pub failures: u32,
    /// When it is read next, at the latest.
    pub next: Option<Timestamp>,
    /// The server that was read last.
    pub server: Option<String>,
    /// How changes are noticed.
    pub following: Following,
    /// Why nothing is told of changes that was, until it is tried again.
    pub unwatched: Option<Trouble>,
    /// Places elsewhere that the server named; nobody goes there.
    pub references: usize,
    /// Whether who is missing may be there, so that nobody who is missing was taken for gone.
    pub is_partial: bool,
}

/// What is wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// When it was seen.
    pub at: Timestamp,
    /// What.
    pub what: String,
    /// What to do.
    pub help: String,
    /// What somebody would have to allow, where it waits for that.
    pub needs: Option<Effects>,
}

/// What was made of a reading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// How much was looked at and changed.
    pub counts: Counts,
    /// What could not be as the directory says.
    pub conflicts: Vec<Conflict>,
}

/// Why nothing was made of a reading.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// Somebody has to be asked, or the provider is off.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Facts cannot be changed now.
    #[error("the facts cannot be changed: {0}")]
    Failed(String),
}

impl Trouble {
    pub(crate) fn of_directory(at: Timestamp, fault: &DirectoryFault) -> Self {
        Self {
            at,
            what: fault.to_string(),
            help: fault.help().to_owned(),
            needs: None,
        }
    }

    pub(crate) fn of_taking(at: Timestamp, fault: &NotTaken) -> Self {
        let (help, needs) = match fault {
            NotTaken::Refused(refused) => (refused.help(), refused.needs()),
            NotTaken::Failed(_) => ("see what the store says; it is tried again", None),
        };
        Self {
            at,
            what: fault.to_string(),
            help: help.to_owned(),
            needs,
        }
    }
}

/// The status, for whoever looks; clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown(Arc<ArcSwap<Status>>);

impl Shown {
    pub(crate) fn now(&self) -> Arc<Status> {
        self.0.load_full()
    }

    pub(crate) fn change(&self, change: impl Fn(&mut Status)) {
        self.0.rcu(|status| {
            let mut next = Status::clone(status);
            change(&mut next);
            next
        });
    }
}
