//! Identifiers. Each kind is a type of its own; numeric ones are random, opaque and never reused.

use std::{fmt, str::FromStr, sync::Arc};

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use serde::{Deserialize, Serialize};

/// An identifier or name that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdFault {
    /// A numeric id without its prefix, or with other characters than its own.
    #[error("`{text}` is not an id of the form `{prefix}-…`")]
    Malformed {
        /// What was given.
        text: String,
        /// The prefix that such an id has.
        prefix: &'static str,
    },
    /// A name that is empty, too long, or has characters that names do not have.
    #[error(
        "`{0}` is not a name: use 1 to 64 of the characters a-z, 0-9, `-`, `_` and `.`, starting with a letter or digit"
    )]
    Name(String),
    /// A token's id of another form than those that are made here.
    #[error("`{0}` is not the id of a token: 16 bytes in base64url without padding")]
    Token(String),
}

macro_rules! opaque_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// An id from 64 random bits, drawn by the shell.
            pub const fn from_bits(bits: u64) -> Self {
                Self(bits)
            }

            /// The bits, for fixed layouts.
            pub const fn bits(self) -> u64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let text = BASE32_NOPAD.encode(&self.0.to_be_bytes()).to_ascii_lowercase();
                write!(f, concat!($prefix, "-{}"), text)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdFault;
            fn from_str(text: &str) -> Result<Self, IdFault> {
                let malformed = || IdFault::Malformed { text: text.chars().take(64).collect(), prefix: $prefix };
                let rest = text.strip_prefix(concat!($prefix, "-")).ok_or_else(malformed)?;
                let bytes = BASE32_NOPAD
                    .decode(rest.to_ascii_uppercase().as_bytes())
                    .map_err(|_| malformed())?;
                let bytes: [u8; 8] = bytes.try_into().map_err(|_| malformed())?;
                Ok(Self(u64::from_be_bytes(bytes)))
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                if s.is_human_readable() { s.collect_str(self) } else { self.0.serialize(s) }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                if d.is_human_readable() {
                    let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
                    text.parse().map_err(serde::de::Error::custom)
                } else {
                    u64::deserialize(d).map(Self)
                }
            }
        }
    };
}

opaque_id!(
    /// A person. A new person of an old name has a new id and inherits nothing.
    UserId, "u"
);
opaque_id!(
    /// A person's sign-in, from its first factor to its end; stable across changes of rank.
    SessionId, "s"
);
opaque_id!(
    /// A program that asks in its own name. A new one of an old name has a new id and inherits
    /// nothing.
    ClientId, "c"
);
opaque_id!(
    /// A factor that a person enrolled: a passkey, a set of recovery codes.
    FactorId, "f"
);
opaque_id!(
    /// A single-use link.
    LinkId, "l"
);
opaque_id!(
    /// A sealed way in.
    BreakGlassId, "b"
);
opaque_id!(
    /// A change that was proposed.
    ProposalId, "p"
);
opaque_id!(
    /// A judgement: one answer, reused while its grounds stand.
    JudgementId, "j"
);
opaque_id!(
    /// One answered request, as the person and the ledger name it.
    DecisionId, "d"
);

/// What a token is revoked by: its own id, or that of what it was granted by (128 bits).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId([u8; 16]);

impl TokenId {
    /// An id from 128 random bits, drawn by the shell.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for TokenId {
    type Err = IdFault;
    fn from_str(text: &str) -> Result<Self, IdFault> {
        let malformed = || IdFault::Token(text.chars().take(64).collect());
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes());
        let bytes = bytes.map_err(|_| malformed())?;
        bytes.try_into().map(Self).map_err(|_| malformed())
    }
}

impl Serialize for TokenId {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TokenId {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $valid:path) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdFault;
            fn from_str(text: &str) -> Result<Self, IdFault> {
                if $valid(text) {
                    Ok(Self(Arc::from(text)))
                } else {
                    Err(IdFault::Name(text.chars().take(80).collect()))
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = String::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

fn simple_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'))
        && text
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_alphanumeric())
}

fn route_name(text: &str) -> bool {
    text.split_once('/')
        .is_some_and(|(app, route)| simple_name(app) && simple_name(route))
}

name!(
    /// A group of people, as policies name it: `Group::"staff"`.
    GroupName, simple_name
);
name!(
    /// A protected application, as policies name it: `App::"wiki"`.
    AppName, simple_name
);
name!(
    /// A label on apps and routes, as policies name it: `Tag::"crown-jewel"`.
    TagName, simple_name
);
name!(
    /// A program that asks in its own name: its `client_id`.
    ClientName, simple_name
);
name!(
    /// A provider of identities, as policies name it: `"corp"`.
    ProviderName, simple_name
);
name!(
    /// A route of an app, as policies name it: `Route::"wiki/editor"`.
    RouteName, route_name
);

/// SHA-256 of a bearer secret (a cookie, a code, a link's token): all that is ever stored of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Wraps a digest that the shell computed.
    pub const fn from_digest(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// The digest.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, ..] = self.0;
        write!(f, "TokenHash({a:02x}{b:02x}{c:02x}…)")
    }
}

impl FromStr for TokenHash {
    type Err = IdFault;
    fn from_str(text: &str) -> Result<Self, IdFault> {
        BASE64URL_NOPAD
            .decode(text.as_bytes())
            .ok()
            .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
            .map(Self)
            .ok_or_else(|| IdFault::Malformed {
                text: "a token hash".into(),
                prefix: "sha256",
            })
    }
}

impl Serialize for TokenHash {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TokenHash {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_itself_and_as_nothing_else() {
        let id = UserId::from_bits(0x0123_4567_89ab_cdef);
        assert_eq!(id.to_string().parse::<UserId>(), Ok(id));
        assert!(
            id.to_string().parse::<SessionId>().is_err(),
            "prefixes are not interchangeable"
        );
        assert!("u-".parse::<UserId>().is_err());
    }

    #[test]
    fn names_are_plain_and_routes_name_their_app() {
        assert!("wiki".parse::<AppName>().is_ok());
        for bad in ["", "Wiki", "a b", "-x", "ä", "a/b", &"x".repeat(65)] {
            assert!(bad.parse::<AppName>().is_err(), "{bad:?}");
        }
        assert!("wiki/editor".parse::<RouteName>().is_ok());
        assert!("wiki".parse::<RouteName>().is_err());
        assert!("a/b/c".parse::<RouteName>().is_err());
    }
}
