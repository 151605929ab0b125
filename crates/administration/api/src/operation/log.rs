//! The heads of the logs, to be kept elsewhere.

use super::{Call, Reply};
use crate::types::{Listing, Problem};

pub(super) fn head(call: &Call<'_>) -> Result<Reply, Problem> {
    Reply::json(&Listing {
        items: (call.parts.log_heads)(),
    })
}
