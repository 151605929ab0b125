//! The words by which a client is declared: what it is, what it may ask for, where it is.

use std::str::FromStr;

use gw_model::ClientName;
use gw_oauth::{ApplicationType, GrantType, RedirectUri};

use crate::config::reader::readable_from_text;

/// What a client is: what its other keys are where they are absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Web,
    Browser,
    Native,
    Service,
    Saml,
}

impl Kind {
    pub(super) const WORDS: [(&'static str, Self); 5] = [
        ("web", Self::Web),
        ("browser", Self::Browser),
        ("native", Self::Native),
        ("service", Self::Service),
        ("saml", Self::Saml),
    ];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Browser => "browser",
            Self::Native => "native",
            Self::Service => "service",
            Self::Saml => "saml",
        }
    }

    /// Whether what it holds can be kept from the people who use it.
    pub(super) const fn keeps_secrets(self) -> bool {
        matches!(self, Self::Web | Self::Service)
    }

    pub(super) const fn application_type(self) -> ApplicationType {
        match self {
            Self::Native => ApplicationType::Native,
            Self::Web | Self::Browser | Self::Service | Self::Saml => ApplicationType::Web,
        }
    }

    pub(super) const fn grants(self) -> &'static [GrantType] {
        match self {
            Self::Web | Self::Browser => &[GrantType::AuthorizationCode, GrantType::RefreshToken],
            Self::Native => &[
                GrantType::AuthorizationCode,
                GrantType::RefreshToken,
                GrantType::DeviceCode,
            ],
            Self::Service => &[GrantType::ClientCredentials],
            Self::Saml => &[],
        }
    }

    pub(super) const fn scopes(self) -> &'static str {
        match self {
            Self::Web | Self::Browser | Self::Native => "openid profile email groups",
            Self::Service | Self::Saml => "",
        }
    }
}

/// What a client may ask the token endpoint for, as it is written in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grant(pub(super) GrantType);

const GRANTS: [(&str, GrantType); 5] = [
    ("code", GrantType::AuthorizationCode),
    ("refresh", GrantType::RefreshToken),
    ("client-credentials", GrantType::ClientCredentials),
    ("device-code", GrantType::DeviceCode),
    ("token-exchange", GrantType::TokenExchange),
];

impl FromStr for Grant {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = GRANTS.iter().find(|(word, _)| *word == text);
        found.map(|(_, grant)| Self(*grant)).ok_or_else(|| {
            let known = GRANTS.map(|(word, _)| format!("`{word}`"));
            format!("is `{text}`, expected {}", known.join(" or "))
        })
    }
}

/// A redirect URI as it is written in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Redirect(pub(super) RedirectUri);

impl FromStr for Redirect {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let read = RedirectUri::parse(text);
        read.map(Self)
            .map_err(|fault| format!("is `{}`: {fault}", text.escape_debug()))
    }
}

readable_from_text!(
    ClientName = "name";
    Grant = "grant";
    Redirect = "address";
);
