//! Changes that a process made durable and was killed before it recorded: they are recorded now.

use std::path::Path;

use gw_ledger::{ChangeRecord, ChangedFact};
use gw_model::Epoch;
use gw_record::{Ledger, ReadError, RecordedChanges, Unwritable};
use gw_store::{ChangesSince, Reader, StoreError, StoredTransaction};

/// Changes that are looked at: more than one group of the administrator's.
const CHANGES: u64 = 1024;

/// Changes that cannot be recorded late.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LateFault {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("changes from before cannot be recorded")]
    Unwritable(#[from] Unwritable),
}

/// Records what the store holds and the control log does not tell of.
pub(super) fn record(
    reader: &Reader,
    ledger: &Ledger,
    folder: &Path,
    epoch: Epoch,
) -> Result<(), LateFault> {
    write(&untold(reader, folder, epoch)?, ledger)
}

/// What the store holds and the control log does not tell of.
pub(super) fn untold(
    reader: &Reader,
    folder: &Path,
    epoch: Epoch,
) -> Result<Vec<StoredTransaction>, LateFault> {
    let since = Epoch {
        number: epoch.number.saturating_sub(CHANGES),
        ..epoch
    };
    let ChangesSince::All(stored) = reader.changes_since(since)? else {
        return Ok(Vec::new());
    };
    let recorded = RecordedChanges::read(folder)?;
    let untold = stored.into_iter();
    Ok(untold
        .filter(|transaction| recorded.lacks(transaction.epoch, transaction.changes.len()))
        .collect())
}

pub(super) fn write(untold: &[StoredTransaction], ledger: &Ledger) -> Result<(), LateFault> {
    for transaction in untold {
        tracing::info!(epoch = %transaction.epoch, "a change from before the ledger was open is recorded now: each first start has one, and a crash may leave some");
        ledger.control().change_blocking(told(transaction))?;
    }
    Ok(())
}

fn told(transaction: &StoredTransaction) -> ChangeRecord {
    ChangeRecord {
        time: transaction.at,
        epoch: transaction.epoch,
        actor: transaction.actor.clone(),
        session: None,
        decision: None,
        what: "recorded at the next start".into(),
        changes: transaction.changes.iter().map(ChangedFact::of).collect(),
    }
}
