//! The two ways for a transaction to stop: refused, which is its own affair, or a fault of the
//! store, which ends the whole group.

use rusqlite::ErrorCode;

use crate::{Refused, StoreError};

pub(super) enum Stop {
    Refused(Refused),
    Fault(StoreError),
}

pub(super) type Fallible<T> = Result<T, Stop>;

impl From<Refused> for Stop {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<StoreError> for Stop {
    fn from(fault: StoreError) -> Self {
        Self::Fault(fault)
    }
}

impl From<rusqlite::Error> for Stop {
    fn from(fault: rusqlite::Error) -> Self {
        Self::Fault(fault.into())
    }
}

/// A broken uniqueness is the transaction's affair, anything else the store's.
pub(super) fn unique(done: rusqlite::Result<usize>, what: &'static str) -> Fallible<()> {
    match done {
        Ok(_) => Ok(()),
        Err(fault) if fault.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            Err(Refused::Duplicate(what).into())
        }
        Err(fault) => Err(fault.into()),
    }
}
