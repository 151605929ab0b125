//! The store and the ledger: whether they open, and whether one holds what the other remembers.

use std::path::Path;

use gw_ledger::StoredHead;
use gw_store::{Loaded, StoreError};

use super::{finding::Finding, running::Running, shown};
use crate::wiring::ledger;

/// The facts as they are, without changing anything; `None` where there are none yet.
pub(super) fn store(data: &Path, running: &Running) -> Result<Option<Loaded>, StoreError> {
    if !running.is_here() && !data.join(gw_store::DATABASE).exists() {
        return Ok(None);
    }
    gw_store::peek(data).map(Some)
}

pub(super) fn look(data: &Path, stored: Result<Option<Loaded>, StoreError>) -> Vec<Finding> {
    let which = shown(&data.join(gw_store::DATABASE));
    match stored {
        Ok(None) => vec![Finding::look("store", which, "there is none yet")],
        Ok(Some(loaded)) => {
            let people = loaded.facts.users().count();
            let what = format!("opens; epoch {}, {people} people", loaded.facts.epoch);
            vec![
                Finding::fine("store", which, what),
                logs(data, &ledger::stored(&loaded.heads)),
            ]
        }
        Err(fault) => {
            let cause = std::error::Error::source(&fault);
            let cause = cause.map_or_else(String::new, |cause| format!(": {cause}"));
            vec![Finding::wrong("store", which, format!("{fault}{cause}"))]
        }
    }
}

fn logs(data: &Path, stored: &[StoredHead]) -> Finding {
    let folder = ledger::folder(data);
    let which = shown(&folder);
    match gw_record::read_heads(&folder) {
        Ok(heads) => compared(&which, &heads, stored),
        Err(fault) => Finding::wrong("ledger", which, fault),
    }
}

/// Whether each log reaches the head that the store remembers. That every byte is as it was
/// signed is for `gatewright log verify` to say, which takes longer.
fn compared(which: &str, heads: &[StoredHead], stored: &[StoredHead]) -> Finding {
    let shorter = stored.iter().find(|stored| {
        let log = heads.iter().find(|head| head.log == stored.log);
        log.is_none_or(|head| head.size < stored.size)
    });
    match shorter {
        Some(shorter) => {
            let (log, size) = (&shorter.log, shorter.size);
            let what =
                format!("the log {log} ends before record {size}, which the store remembers");
            Finding::wrong("ledger", which, what)
                .try_this("gatewright log verify; put its files back, or see docs/faults.md")
        }
        None => {
            let records: u64 = heads.iter().map(|head| head.size).sum();
            let what = format!("{} logs, {records} records", heads.len());
            Finding::fine("ledger", which, what)
        }
    }
}

#[cfg(test)]
mod tests {
    use gw_model::Timestamp;

    use super::*;
    use crate::doctor::State;

    fn head(log: &str, size: u64) -> StoredHead {
        StoredHead {
            log: log.into(),
            segment: 1,
            size,
            hash: [0; 32],
            time: Timestamp::default(),
        }
    }

    #[test]
    fn a_log_that_ends_before_what_the_store_remembers_is_wrong() {
        let state =
            |heads: &[StoredHead], stored: &[StoredHead]| compared("l", heads, stored).state;
        let both = [head("control", 7), head("web-0", 9)];
        assert_eq!(state(&both, &both), State::Fine);
        assert_eq!(state(&both, &[head("control", 6)]), State::Fine);
        assert_eq!(state(&both, &[head("control", 8)]), State::Wrong);
        assert_eq!(state(&both, &[head("web-1", 1)]), State::Wrong);
    }
}
