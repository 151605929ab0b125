//! Programs that ask in their own name: services, scripts, devices.

mod saml;

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{AppName, ClientId, ClientName, GroupName, Timestamp, TokenId};

pub use saml::{SamlClient, SamlClientNames, SamlConsumer, SamlEncryption, SamlFact};

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
    /// How it is registered, as JSON: by the words of OAuth, or as a [`SamlClient`].
    pub registration: Arc<str>,
    /// Tokens that were issued to it before count no more.
    #[serde(default)]
    pub tokens_from: Timestamp,
    /// One that is disabled is refused everywhere, with every token that it has; as whoever
    /// declares it says.
    #[serde(default)]
    pub disabled: bool,
    /// The epoch number of the last change.
    #[serde(default)]
    pub version: u64,
    /// Refused as one that is disabled, as whoever runs Gatewright says, whatever is declared.
    #[serde(default)]
    pub suspended: bool,
    /// Who says what it is.
    #[serde(default)]
    pub owner: ClientOwner,
    /// Whether people are asked before it is told of them.
    #[serde(default)]
    pub consent: Consent,
}

/// Who says what a client is; what one of them says of it, another does not overwrite.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientOwner {
    /// Itself: it registered.
    #[default]
    Itself,
    /// The configuration file.
    Configuration,
}

/// Whether people are asked before a client is told of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Consent {
    /// They are asked, each of them.
    #[default]
    Ask,
    /// Never: whoever declared it agreed for them.
    Never,
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
    /// Whether it is refused everywhere.
    pub const fn is_off(&self) -> bool {
        self.disabled || self.suspended
    }

    /// Whether a token that was issued to it then still counts.
    pub fn honours(&self, issued_at: Timestamp) -> bool {
        !self.is_off() && issued_at >= self.tokens_from
    }
}
