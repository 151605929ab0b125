//! Who a client is: read from a request in exactly one way, then checked against the client that
//! is registered (OAuth 2.1, 2.4; RFC 7523; RFC 8705, 2).

use std::fmt;

use gw_jose::{
    Algorithm, ClientAssertion, ClientAssertionRules, KeySet, Now, SeenKey, Thumbprint, TokenFault,
    unverified::RoutingHint,
};
use gw_model::Timestamp;
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use zeroize::Zeroizing;

use super::{BasicFault, basic_credentials};
use crate::{
    CertificateName, Client, ClientAuthentication, ClientId, ErrorCode, ParameterFault, Parameters,
};

/// The only type of assertion (RFC 7523, 2.2).
pub(super) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The longest secret in a body, in bytes.
const SECRET_BYTES_MAX: usize = 1024;
/// For what ids of assertions are remembered.
const SEEN_PURPOSE: &str = "client-assertion";

/// Why it does not show who a client is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthenticationFault {
    /// A parameter is missing or malformed.
    #[error(transparent)]
    Parameters(#[from] ParameterFault),
    /// The header is refused.
    #[error(transparent)]
    Basic(#[from] BasicFault),
    /// There is more than one `Authorization` header.
    #[error("there is more than one `Authorization` header")]
    SeveralHeaders,
    /// The client shows who it is in two ways (OAuth 2.1, 2.4).
    #[error("the client authenticates in more than one way")]
    Several,
    /// `client_id` is another than that which authenticates.
    #[error("`client_id` is not that of who authenticates")]
    OtherClient,
    /// Nobody says who asks.
    #[error("the client does not say who it is")]
    Nobody,
    /// `client_assertion_type` is not that of JWTs.
    #[error("`client_assertion_type` is not that of JWTs")]
    AssertionType,
    /// Nobody has this id.
    #[error("the client is not known, or did not show who it is")]
    Unknown,
    /// The client is registered for another way.
    #[error("the client is to authenticate by `{registered}`")]
    OtherMethod {
        /// For which.
        registered: &'static str,
    },
    /// The secret is wrong, or over.
    #[error("the client is not known, or did not show who it is")]
    Secret,
    /// The client's keys are not at hand.
    #[error("the client's keys are not at hand")]
    NoKeys,
    /// The assertion does not hold.
    #[error("the client's assertion is refused: {0}")]
    Assertion(#[from] TokenFault),
    /// What an issuer elsewhere says is nothing that a client is known by.
    #[error("no client is known by what the token says")]
    NoWorkload,
    /// Several clients are known by it.
    #[error("several clients are known by what the token says, and it cannot be all of them")]
    Ambiguous,
    /// There is no certificate, or it is not the client's.
    #[error("the client's certificate is missing or not its own")]
    Certificate,
}

impl AuthenticationFault {
    /// What the client is told.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Parameters(_) | Self::Several | Self::SeveralHeaders | Self::OtherClient => {
                ErrorCode::InvalidRequest
            }
            _ => ErrorCode::InvalidClient,
        }
    }

    /// Whether the client's keys as they are now may tell otherwise
    /// ([`gw_jose::JwsFault::needs_reload`]).
    pub const fn needs_reload(&self) -> bool {
        matches!(self, Self::Assertion(fault) if fault.needs_reload())
    }
}

/// How a client shows who it is, as the request has it; nothing of it is checked yet.
pub enum Credential<'a> {
    /// It says who it is, and shows nothing; a certificate may.
    Named(ClientId),
    /// By a secret.
    Secret {
        /// Who it says that it is.
        client_id: ClientId,
        /// What it says that it knows.
        secret: Zeroizing<String>,
        /// Whether that is in the header.
        is_basic: bool,
    },
    /// By an assertion.
    Assertion {
        /// Who it says that it is.
        client_id: ClientId,
        /// The assertion.
        jwt: &'a str,
    },
}

impl fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential({})", self.client_id())
    }
}

/// What is known of the certificate of a connection, by who read it.
#[derive(Debug, Clone, Default)]
pub struct CertificateFacts {
    /// Whether an authority that is trusted for clients vouches for it.
    pub is_trusted: bool,
    /// Its `x5t#S256`.
    pub thumbprint: Option<Thumbprint>,
    /// The RFC 7638 thumbprint of its public key.
    pub key: Option<Thumbprint>,
    /// Its subject, as the text of RFC 4514.
    pub subject_dn: String,
    /// Its alternative names: DNS names, in lower case.
    pub dns_names: Vec<String>,
    /// Its alternative names: URIs.
    pub uris: Vec<String>,
    /// Its alternative names: addresses, as `std` writes them.
    pub addresses: Vec<String>,
    /// Its alternative names: mailboxes.
    pub mailboxes: Vec<String>,
}

/// Against what a credential is checked.
#[derive(Clone, Copy)]
pub struct AuthenticationRules<'a> {
    /// The names of this server that an assertion may be addressed to: its issuer and its token
    /// endpoint.
    pub audiences: &'a [&'a str],
    /// The algorithms that assertions may be signed by.
    pub algorithms: &'a [Algorithm],
    /// The client's keys, where it has any and they are at hand.
    pub keys: Option<&'a KeySet>,
    /// The certificate of the connection.
    pub certificate: Option<&'a CertificateFacts>,
    /// The time.
    pub now: Timestamp,
}

/// A client that has shown who it is, or is public.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "an assertion is good once: `once` is to be remembered"]
pub struct Authenticated {
    /// What may not come again, and until when it is to be remembered ([`gw_jose::SeenOnce`]): a
    /// second sighting is [`AuthenticationFault::Unknown`].
    pub once: Option<(SeenKey, Timestamp)>,
}

impl<'a> Credential<'a> {
    /// Reads how a client shows who it is.
    ///
    /// # Errors
    /// Where it does so in several ways, or in none.
    pub fn read(
        headers: &HeaderMap,
        parameters: &'a Parameters,
    ) -> Result<Self, AuthenticationFault> {
        let basic = basic(headers)?;
        let secret = parameters.value("client_secret");
        let assertion = parameters.value("client_assertion");
        let named = parameters
            .value("client_id")
            .map(ClientId::parse)
            .transpose();
        let named = named.map_err(|_| ParameterFault::Malformed("client_id"))?;
        let ways = [basic.is_some(), secret.is_some(), assertion.is_some()];
        if ways.into_iter().filter(|way| *way).nth(1).is_some() {
            return Err(AuthenticationFault::Several);
        }
        if let Some((client_id, secret)) = basic {
            return same(named, client_id.clone()).map(|client_id| Self::Secret {
                client_id,
                secret,
                is_basic: true,
            });
        }
        if let Some(jwt) = assertion {
            return Self::assertion(jwt, named, parameters);
        }
        let client_id = named.ok_or(AuthenticationFault::Nobody)?;
        match secret {
            Some(secret) if secret.len() > SECRET_BYTES_MAX => {
                Err(ParameterFault::Malformed("client_secret").into())
            }
            Some(secret) => Ok(Self::Secret {
                client_id,
                secret: Zeroizing::new(secret.to_owned()),
                is_basic: false,
            }),
            None => Ok(Self::Named(client_id)),
        }
    }

    fn assertion(
        jwt: &'a str,
        named: Option<ClientId>,
        parameters: &Parameters,
    ) -> Result<Self, AuthenticationFault> {
        if parameters.value("client_assertion_type") != Some(ASSERTION_TYPE) {
            return Err(AuthenticationFault::AssertionType);
        }
        let hint = RoutingHint::read(jwt).map_err(TokenFault::from)?;
        let issuer = hint.issuer.ok_or(AuthenticationFault::Nobody)?;
        let client_id = ClientId::parse(&issuer).map_err(|_| AuthenticationFault::Unknown)?;
        let client_id = same(named, client_id)?;
        Ok(Self::Assertion { client_id, jwt })
    }

    /// Who it says that it is: whose registration is to be looked up.
    pub const fn client_id(&self) -> &ClientId {
        match self {
            Self::Named(client_id)
            | Self::Secret { client_id, .. }
            | Self::Assertion { client_id, .. } => client_id,
        }
    }

    /// The challenge of a refusal, where the header was tried (RFC 6749, 5.2).
    pub fn challenge(headers: &HeaderMap) -> Option<HeaderValue> {
        let was_tried = headers.contains_key(AUTHORIZATION);
        was_tried.then(|| HeaderValue::from_static(r#"Basic realm="clients""#))
    }

    /// Checks it against the client of that id.
    ///
    /// # Errors
    /// Where it does not show that it is this client, in the way that this client is registered
    /// for.
    pub fn check(
        &self,
        client: &Client,
        rules: &AuthenticationRules<'_>,
    ) -> Result<Authenticated, AuthenticationFault> {
        if client.id != *self.client_id() {
            return Err(AuthenticationFault::Unknown);
        }
        let once = match (self, &client.authentication) {
            (Self::Named(_), ClientAuthentication::None) => None,
            (Self::Named(_), ClientAuthentication::TlsClientAuth { name }) => {
                rules.named_certificate(name)?;
                None
            }
            (Self::Named(_), ClientAuthentication::SelfSignedTlsClientAuth) => {
                rules.own_certificate()?;
                None
            }
            (
                Self::Secret {
                    secret,
                    is_basic: true,
                    ..
                },
                ClientAuthentication::ClientSecretBasic { secrets },
            )
            | (
                Self::Secret {
                    secret,
                    is_basic: false,
                    ..
                },
                ClientAuthentication::ClientSecretPost { secrets },
            ) => {
                let is_accepted = secrets.accept(secret, rules.now);
                is_accepted
                    .then_some(())
                    .ok_or(AuthenticationFault::Secret)?;
                None
            }
            (Self::Assertion { jwt, .. }, ClientAuthentication::PrivateKeyJwt) => {
                Some(rules.assertion(client, jwt)?)
            }
            (_, registered) => {
                let registered = registered.name();
                return Err(AuthenticationFault::OtherMethod { registered });
            }
        };
        Ok(Authenticated { once })
    }
}

impl AuthenticationRules<'_> {
    fn assertion(
        &self,
        client: &Client,
        jwt: &str,
    ) -> Result<(SeenKey, Timestamp), AuthenticationFault> {
        let rules = ClientAssertionRules {
            client_id: client.id.as_str(),
            audiences: self.audiences,
            now: Now::at(self.now),
            algorithms: self.algorithms,
        };
        let keys = self.keys.ok_or(AuthenticationFault::NoKeys)?;
        let held = ClientAssertion::verify(jwt, keys, &rules)?;
        let key = SeenKey::new(SEEN_PURPOSE, client.id.as_str(), &held.id);
        Ok((key, held.remember_until))
    }

    /// RFC 8705, 2.1.
    fn named_certificate(&self, name: &CertificateName) -> Result<(), AuthenticationFault> {
        let is_its = |facts: &&CertificateFacts| facts.is_trusted && facts.has(name);
        self.certificate
            .filter(is_its)
            .map(drop)
            .ok_or(AuthenticationFault::Certificate)
    }

    /// RFC 8705, 2.2: by a key of the client's, whoever signed the certificate.
    fn own_certificate(&self) -> Result<(), AuthenticationFault> {
        let keys = self.keys.ok_or(AuthenticationFault::NoKeys)?;
        let key = self.certificate.and_then(|facts| facts.key);
        let key = key.ok_or(AuthenticationFault::Certificate)?;
        let is_its = keys.keys().iter().any(|one| one.thumbprint().matches(&key));
        is_its.then_some(()).ok_or(AuthenticationFault::Certificate)
    }
}

impl CertificateFacts {
    fn has(&self, name: &CertificateName) -> bool {
        match name {
            CertificateName::TlsClientAuthSubjectDn(dn) => !dn.is_empty() && self.subject_dn == *dn,
            CertificateName::TlsClientAuthSanDns(dns) => {
                self.dns_names.contains(&dns.to_ascii_lowercase())
            }
            CertificateName::TlsClientAuthSanUri(uri) => self.uris.contains(uri),
            CertificateName::TlsClientAuthSanIp(address) => self.addresses.contains(address),
            CertificateName::TlsClientAuthSanEmail(mailbox) => self.mailboxes.contains(mailbox),
        }
    }
}

fn basic(
    headers: &HeaderMap,
) -> Result<Option<(ClientId, Zeroizing<String>)>, AuthenticationFault> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err(AuthenticationFault::SeveralHeaders),
        (Some(value), None) => {
            let value = value.to_str().map_err(|_| BasicFault::Malformed)?;
            Ok(Some(basic_credentials(value)?))
        }
    }
}

fn same(named: Option<ClientId>, shown: ClientId) -> Result<ClientId, AuthenticationFault> {
    match named.is_none_or(|named| named == shown) {
        true => Ok(shown),
        false => Err(AuthenticationFault::OtherClient),
    }
}

#[cfg(test)]
mod tests;
