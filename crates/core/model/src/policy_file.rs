//! Policies as text, as the store holds them and as files are applied.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// One file of Cedar policies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyFile {
    /// Its name relative to the policy folder, for people and for fault messages.
    pub name: Arc<str>,
    /// The Cedar text.
    pub text: Arc<str>,
}
