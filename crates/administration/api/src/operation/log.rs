//! Where the ledger lies, and what proves it whole.

use super::{Call, Reply};
use crate::types::Problem;

pub(super) fn access(call: &Call<'_>) -> Result<Reply, Problem> {
    Reply::json(&(call.parts.log)())
}
