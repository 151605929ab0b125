//! An app that speaks SAML 2.0, as its metadata and the file tell of it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{SamlSignOut, Timestamp};

/// How a client is registered that speaks SAML: a service provider. All of it is public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamlClient {
    /// Its name everywhere; unique.
    pub entity_id: Arc<str>,
    /// Where answers to it go, and nowhere else; the form is posted there.
    pub consumers: Vec<SamlConsumer>,
    /// Where single logout is spoken; without one it is not told of an end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_out: Option<SamlSignOut>,
    /// The certificates whose keys sign its messages, each in DER as base64 on one line; several
    /// while they change.
    #[serde(default)]
    pub certificates: Vec<Arc<str>>,
    /// To whom assertions are encrypted, where they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<SamlEncryption>,
    /// Until when its metadata may be used; afterwards nobody signs in to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// As what people are named to it.
    #[serde(default)]
    pub names: SamlClientNames,
    /// What else it is told of them.
    #[serde(default)]
    pub tells: Vec<SamlFact>,
    /// Whether a request that is not signed is refused.
    #[serde(default)]
    pub requires_signed: bool,
    /// Whether people may begin here, at its card in the portal, without a request of it.
    #[serde(default)]
    pub idp_initiated: bool,
}

/// Where answers go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamlConsumer {
    /// Where.
    pub location: Arc<str>,
    /// Its number in requests.
    pub index: u16,
    /// Where to go if a request names none.
    #[serde(default)]
    pub is_default: bool,
}

/// To whom assertions are encrypted, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamlEncryption {
    /// The certificate, in DER as base64 on one line.
    pub certificate: Arc<str>,
    /// Whether its key goes by OAEP with SHA-256; with SHA-1, which all can read, otherwise.
    #[serde(default)]
    pub by_sha256: bool,
    /// Whether the content goes by AES-GCM with 128 bits; with 256 otherwise.
    #[serde(default)]
    pub by_128_bits: bool,
}

/// As what people are named to an app that speaks SAML.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SamlClientNames {
    /// Opaque, for that app alone, and never another's.
    #[default]
    Persistent,
    /// Their mail address.
    Email,
    /// The name that they sign in by.
    UserName,
}

impl SamlClientNames {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Persistent, Self::Email, Self::UserName];

    /// The word for it in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Persistent => "persistent",
            Self::Email => "email",
            Self::UserName => "user-name",
        }
    }
}

/// Something that an app which speaks SAML is told of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SamlFact {
    /// The name that they sign in by.
    Name,
    /// Their mail address.
    Email,
    /// What pages call them.
    DisplayName,
    /// The groups that they are in.
    Groups,
}

impl SamlFact {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Name, Self::Email, Self::DisplayName, Self::Groups];

    /// The word for it in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Email => "email",
            Self::DisplayName => "display-name",
            Self::Groups => "groups",
        }
    }
}
