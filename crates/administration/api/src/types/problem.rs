//! Why something was not done.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why something was not done (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, JsonSchema)]
#[error("{detail}")]
pub struct Problem {
    /// Which kind of problem, as a stable name.
    #[serde(rename = "type")]
    pub kind: Box<str>,
    /// The kind in words.
    pub title: Box<str>,
    /// The HTTP status.
    pub status: u16,
    /// What happened this time.
    pub detail: Box<str>,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<Box<str>>,
    /// The field, parameter or header that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<Box<str>>,
    /// The methods that the path has, for the header of that name.
    #[serde(skip)]
    #[schemars(skip)]
    pub allow: Option<Box<str>>,
    /// In how many seconds it is worth asking again, for the header of that name.
    #[serde(skip)]
    #[schemars(skip)]
    pub retry_after: Option<u16>,
    /// Each fault, where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
    /// The decision that refused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Box<str>>,
    /// Whether who asks may propose it, for somebody else to make: the same request with
    /// `?propose=` and the reason.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub proposable: bool,
    /// Whether it was only tried, and would have been done: told to nobody.
    #[serde(skip)]
    #[schemars(skip)]
    pub(crate) is_trial: bool,
}
