//! Backups: that one is taken is recorded; who may read the files takes it.

use gw_ledger::Personal;

use super::{Call, Reply};
use crate::types::Problem;

/// What is in a backup is everything, so that whoever may change policy may take one.
pub(super) async fn begin(call: &Call<'_>) -> Result<Reply, Problem> {
    let engine = &call.parts.engine;
    engine
        .note(
            call.actor(),
            None,
            "a backup was begun",
            &Personal::default(),
        )
        .await;
    Reply::json(&(call.parts.log)())
}
