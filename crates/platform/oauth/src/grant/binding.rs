//! What tokens are bound to, and what the sender of a request has proven (RFC 8705, 3; RFC 9449,
//! 5).

use gw_jose::Thumbprint;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};

use crate::{Client, ErrorCode, kept};

/// What the sender of a request has proven to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Proven {
    /// The key of a DPoP proof that holds ([`crate::read_dpop`]).
    pub dpop_key: Option<Thumbprint>,
    /// The certificate of the connection: its `x5t#S256`.
    pub certificate: Option<Thumbprint>,
}

/// The keys that tokens are bound to; none for a bearer token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Binding {
    /// A DPoP key.
    #[serde(default, with = "kept::optional")]
    pub dpop_key: Option<Thumbprint>,
    /// A client's certificate.
    #[serde(default, with = "kept::optional")]
    pub certificate: Option<Thumbprint>,
}

/// Why nothing can be bound as it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BindingFault {
    /// The client's tokens are bound to a DPoP key, and there is no proof (RFC 9449, 5.2).
    #[error("a DPoP proof is missing")]
    NoProof,
    /// The client's tokens are bound to its certificate, and there is none (RFC 8705, 3.4).
    #[error("a client certificate is missing")]
    NoCertificate,
    /// The proof is by another key than that of the code or refresh token (RFC 9449, 5 and 10).
    #[error("the DPoP proof is by another key")]
    OtherKey,
    /// The certificate is another than that of the refresh token (RFC 8705, 7.1).
    #[error("the client certificate is another one")]
    OtherCertificate,
}

impl BindingFault {
    /// What the client is told.
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::NoProof => ErrorCode::InvalidDpopProof,
            Self::NoCertificate => ErrorCode::InvalidRequest,
            Self::OtherKey | Self::OtherCertificate => ErrorCode::InvalidGrant,
        }
    }
}

impl Binding {
    /// What tokens of this client are bound to, by what it has proven.
    ///
    /// # Errors
    /// Where it has not proven what its tokens must be bound to.
    pub fn of(client: &Client, proven: &Proven) -> Result<Self, BindingFault> {
        if client.dpop_bound && proven.dpop_key.is_none() {
            return Err(BindingFault::NoProof);
        }
        let certificate = proven.certificate.filter(|_| client.certificate_bound);
        if client.certificate_bound && certificate.is_none() {
            return Err(BindingFault::NoCertificate);
        }
        Ok(Self {
            dpop_key: proven.dpop_key,
            certificate,
        })
    }

    /// Whether it binds to nothing.
    pub const fn is_none(&self) -> bool {
        self.dpop_key.is_none() && self.certificate.is_none()
    }

    /// What tokens that follow those of this binding are bound to. A public client proves the
    /// same keys again: they are all that its refresh token rests on. A client that shows who it
    /// is may have changed them (RFC 9449, 5; RFC 8705, 4), but never to none.
    pub(crate) fn renew(&self, client: &Client, proven: &Proven) -> Result<Self, BindingFault> {
        let next = Self::of(client, proven)?;
        if self.dpop_key.is_some() && next.dpop_key.is_none() {
            return Err(BindingFault::NoProof);
        }
        if self.certificate.is_some() && proven.certificate.is_none() {
            return Err(BindingFault::NoCertificate);
        }
        if client.is_public() {
            let same = |bound: Option<Thumbprint>, proven: Option<Thumbprint>| match bound {
                Some(bound) => proven.is_some_and(|proven| bound.matches(&proven)),
                None => true,
            };
            if !same(self.dpop_key, proven.dpop_key) {
                return Err(BindingFault::OtherKey);
            }
            if !same(self.certificate, proven.certificate) {
                return Err(BindingFault::OtherCertificate);
            }
        }
        Ok(Self {
            certificate: self
                .certificate
                .and(proven.certificate)
                .or(next.certificate),
            ..next
        })
    }

    /// The `token_type` of a token that is bound so (RFC 6749, 7.1; RFC 9449, 5).
    pub const fn token_type(&self) -> &'static str {
        match self.dpop_key {
            Some(_) => "DPoP",
            None => "Bearer",
        }
    }
}

/// A binding as the claim `cnf` of a token (RFC 7800, 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Confirmed(pub(crate) Binding);

impl Serialize for Confirmed {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut members = to.serialize_map(None)?;
        if let Some(key) = &self.0.dpop_key {
            members.serialize_entry("jkt", &key.to_string())?;
        }
        if let Some(certificate) = &self.0.certificate {
            members.serialize_entry("x5t#S256", &certificate.to_string())?;
        }
        members.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{client, public_client};

    fn key(name: &str) -> Option<Thumbprint> {
        Some(Thumbprint::of_certificate(name.as_bytes()))
    }

    #[test]
    fn a_client_whose_tokens_are_bound_gets_no_bearer_token() {
        let mut one = client();
        one.dpop_bound = true;
        assert_eq!(
            Binding::of(&one, &Proven::default()),
            Err(BindingFault::NoProof)
        );
        let mut one = client();
        one.certificate_bound = true;
        assert_eq!(
            Binding::of(&one, &Proven::default()),
            Err(BindingFault::NoCertificate)
        );
        let proven = Proven {
            dpop_key: None,
            certificate: key("c"),
        };
        assert_eq!(Binding::of(&one, &proven).unwrap().certificate, key("c"));
        let unasked = Binding::of(&client(), &proven).unwrap();
        assert!(unasked.is_none(), "a certificate alone binds nothing");
    }

    #[test]
    fn a_binding_is_kept_and_for_a_public_client_to_the_same_key() {
        let bound = Binding {
            dpop_key: key("a"),
            certificate: None,
        };
        let with = |dpop_key| Proven {
            dpop_key,
            certificate: None,
        };
        for one in [client(), public_client()] {
            assert_eq!(bound.renew(&one, &with(None)), Err(BindingFault::NoProof));
            assert_eq!(bound.renew(&one, &with(key("a"))), Ok(bound));
        }
        assert_eq!(
            bound.renew(&public_client(), &with(key("b"))),
            Err(BindingFault::OtherKey)
        );
        let renewed = bound.renew(&client(), &with(key("b"))).unwrap();
        assert_eq!(renewed.dpop_key, key("b"));
        assert_eq!(
            (renewed.token_type(), Binding::default().token_type()),
            ("DPoP", "Bearer")
        );
    }

    #[test]
    fn a_certificate_bound_family_needs_a_certificate() {
        let bound = Binding {
            dpop_key: None,
            certificate: key("c"),
        };
        for one in [client(), public_client()] {
            let renewed = bound.renew(&one, &Proven::default());
            assert_eq!(renewed, Err(BindingFault::NoCertificate));
        }
        let proven = Proven {
            dpop_key: None,
            certificate: key("d"),
        };
        assert_eq!(
            bound.renew(&public_client(), &proven),
            Err(BindingFault::OtherCertificate)
        );
        assert_eq!(
            bound.renew(&client(), &proven).unwrap().certificate,
            key("d")
        );
    }

    #[test]
    fn a_confirmation_has_the_names_of_its_standards() {
        let bound = Binding {
            dpop_key: key("a"),
            certificate: key("c"),
        };
        let json = serde_json::to_value(Confirmed(bound)).unwrap();
        assert!(json["jkt"].is_string() && json["x5t#S256"].is_string());
    }
}
