//! An identity provider that speaks SAML 2.0, as its metadata tells of it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What is believed of a SAML identity provider, and how it is spoken to. All of it is public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamlProvider {
    /// Where people are sent to sign in.
    pub sign_on: SamlAddress,
    /// Where single logout is spoken; without one it is not offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_out: Option<SamlSignOut>,
    /// The certificates whose keys sign its messages, each in DER as base64 on one line; several
    /// while they change.
    pub certificates: Vec<Arc<str>>,
    /// Until when its metadata may be used; afterwards nobody signs in by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// Which kind of name is asked for and taken.
    #[serde(default)]
    pub names: SamlNames,
    /// Whether Gatewright signs what it asks.
    #[serde(default)]
    pub signs_requests: bool,
    /// Whether an assertion that is not encrypted to Gatewright is refused.
    #[serde(default)]
    pub wants_encrypted: bool,
    /// Whether it may sign somebody in whom Gatewright did not send.
    #[serde(default)]
    pub unsolicited: bool,
}

impl SamlProvider {
    /// Whether what it said as this is still believed of it as `after`: whose keys it has not lost.
    ///
    /// A certificate that comes for a rollover takes nothing away, and neither does an address
    /// that moves: what a provider vouched for is what its key signed.
    pub(super) fn vouches_as(&self, after: &Self) -> bool {
        let stays = |certificate: &Arc<str>| after.certificates.contains(certificate);
        self.certificates.iter().all(stays)
    }
}

/// Where messages of one kind are taken, and by which binding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamlAddress {
    /// Where.
    pub location: Arc<str>,
    /// By which binding.
    pub binding: SamlBinding,
}

/// Where a provider takes requests for a logout, and the answers to its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamlSignOut {
    /// Where requests are taken.
    pub request: SamlAddress,
    /// Where answers are taken, by the same binding.
    pub response: Arc<str>,
}

/// How a message travels through a browser (SAML 2.0 Bindings 3.4 and 3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SamlBinding {
    /// In an address that the browser is sent to.
    Redirect,
    /// In a form that the browser posts.
    Post,
}

/// Which kind of name identifies somebody at a SAML provider (SAML 2.0 Core 8.3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SamlNames {
    /// Opaque, for Gatewright alone, and never given to anybody else.
    #[default]
    Persistent,
    /// A mail address: the provider answers for it that it is never given to anybody else.
    Email,
    /// Any but a transient one: the provider answers for it that it is never given to anybody else.
    Any,
}

impl SamlNames {
    /// The word for it in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Persistent => "persistent",
            Self::Email => "email",
            Self::Any => "any",
        }
    }
}
