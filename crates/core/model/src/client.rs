//! Programs that ask in their own name: services, scripts, devices.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{AppName, ClientId, ClientName, GroupName, Timestamp, TokenId};

/// A program that is known, and asks for itself or in a person's name.
///
/// What it proves itself by, and what it may ask tokens for, is read by who issues them; here it is
/// a text. Nothing in it is secret but as a hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// Opaque and never reused.
    pub id: ClientId,
    /// Its name, by which tokens are asked for; unique.
    pub name: ClientName,
    /// What pages show.
    pub title: Arc<str>,
    /// Facts that policy reads as `principal.getTag("…")`.
    #[serde(default)]
    pub attributes: BTreeMap<Arc<str>, Arc<str>>,
    /// The groups that it is in.
    #[serde(default)]
    pub groups: Vec<GroupName>,
    /// The app that people sign in to through it, where they do.
    #[serde(default)]
    pub app: Option<AppName>,
    /// How it is registered, as JSON.
    pub registration: Arc<str>,
    /// Tokens that were issued to it before count no more.
    #[serde(default)]
    pub tokens_from: Timestamp,
    /// One that is disabled is refused everywhere, with every token that it has.
    #[serde(default)]
    pub disabled: bool,
    /// The epoch number of the last change.
    #[serde(default)]
    pub version: u64,
}

/// A token that is worth nothing any more, or all tokens of one grant, though none is over yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// Which.
    pub token: TokenId,
    /// From when on nothing of it could be valid anyhow.
    pub until: Timestamp,
    /// The epoch number at which it was revoked.
    #[serde(default)]
    pub version: u64,
}

impl Client {
    /// Whether a token that was issued to it then still counts.
    pub fn honours(&self, issued_at: Timestamp) -> bool {
        !self.disabled && issued_at >= self.tokens_from
    }
}
