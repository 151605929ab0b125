//! What all answers share: lists in pages, changes that were made, epochs.

use gw_model::Epoch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A list, or a page of one.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Listing<T> {
    /// What there is.
    pub items: Vec<T>,
    /// Where the next page begins (`after`), if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// How many there are on all pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<usize>,
}

impl<T> Listing<T> {
    /// All of a list on one page.
    pub fn whole(items: Vec<T>) -> Self {
        let total = Some(items.len());
        Self {
            items,
            next: None,
            total,
        }
    }
}

/// A change that was made.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Done {
    /// The epoch that it is in force from, on this node.
    #[schemars(with = "EpochShape")]
    pub epoch: Epoch,
}

/// A place in the stream of facts.
#[derive(JsonSchema)]
#[schemars(rename = "Epoch")]
pub struct EpochShape {
    /// Counts restores.
    pub incarnation: u32,
    /// Counts transactions within an incarnation.
    pub number: u64,
}
