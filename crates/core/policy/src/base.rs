//! The policies that are part of every set.

use std::sync::Arc;

use gw_model::PolicyFile;

/// The text of the base policies: sign-in, portal, own factors, administration.
pub const BASE: &str = include_str!("../../../../policies/base.cedar");

/// Ids that begin so belong to Gatewright's own policies.
pub(crate) const RESERVED_PREFIX: &str = "gatewright-";

/// The name under which faults in the base policies would be reported.
pub(crate) const BASE_NAME: &str = "gatewright/base.cedar";

/// The base policies as a file.
pub(crate) fn file() -> PolicyFile {
    PolicyFile {
        name: Arc::from(BASE_NAME),
        text: Arc::from(BASE),
    }
}
