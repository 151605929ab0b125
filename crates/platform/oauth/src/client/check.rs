//! Whether a client's registration holds together, whoever wrote it.

use super::{Client, ClientAuthentication, ClientKeys, GrantType, ProofKey, SubjectType};
use crate::{
    ErrorCode, RedirectUri, RedirectUriFault, parameters::is_visible,
    redirect_uri::REDIRECT_URIS_MAX, uri::Uri,
};

/// The longest name of a client, in bytes.
pub const NAME_BYTES_MAX: usize = 256;
/// The most contacts of a client.
pub const CONTACTS_MAX: usize = 8;
/// The most authentication contexts that a client wants by default.
const ACR_VALUES_MAX: usize = 16;

/// Why a registration does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientFault {
    /// A redirect URI that may not be one, by its place.
    #[error("redirect_uris[{position}]: {fault}")]
    RedirectUri {
        /// Its place, from nought.
        position: usize,
        /// Why.
        fault: RedirectUriFault,
    },
    /// Of `redirect_uris` or `post_logout_redirect_uris`, more than [`REDIRECT_URIS_MAX`].
    #[error("there are more than {REDIRECT_URIS_MAX} redirect URIs")]
    TooManyRedirectUris,
    /// Codes are asked for, and there is nowhere to send them.
    #[error("`authorization_code` needs a redirect URI")]
    NoRedirectUri,
    /// An address is not one that it may have.
    #[error("`{0}` is not `https` on a host of the public network")]
    Address(&'static str),
    /// A page that people are shown a link to is not one.
    #[error("`{0}` is not an `https` address")]
    Page(&'static str),
    /// A member is malformed or beyond a bound.
    #[error("`{0}` is malformed or too long")]
    Malformed(&'static str),
    /// Two members do not go together.
    #[error("{0}")]
    Inconsistent(&'static str),
    /// The key set is none, or holds no key that is used here.
    #[error("`jwks` is refused: {0}")]
    Keys(String),
}

impl ClientFault {
    /// What the one who registers is told (RFC 7591, 3.2.2).
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::RedirectUri { .. } | Self::TooManyRedirectUris | Self::NoRedirectUri => {
                ErrorCode::InvalidRedirectUri
            }
            _ => ErrorCode::InvalidClientMetadata,
        }
    }
}

impl Client {
    /// All that does not hold; nothing where it does.
    pub fn check(&self) -> Vec<ClientFault> {
        let mut faults = Vec::new();
        self.check_redirects(&mut faults);
        self.check_authentication(&mut faults);
        self.check_grants(&mut faults);
        self.check_words(&mut faults);
        self.check_addresses(&mut faults);
        faults
    }

    fn check_redirects(&self, faults: &mut Vec<ClientFault>) {
        let lists = [&self.redirect_uris, &self.post_logout_redirect_uris];
        if lists.iter().any(|list| list.len() > REDIRECT_URIS_MAX) {
            faults.push(ClientFault::TooManyRedirectUris);
        }
        let unsuited = |(position, uri): (usize, &RedirectUri)| {
            let fault = uri.suits(self.application_type).err()?;
            Some(ClientFault::RedirectUri { position, fault })
        };
        faults.extend(self.redirect_uris.iter().enumerate().filter_map(unsuited));
        let suits = |uri: &RedirectUri| uri.suits(self.application_type).is_ok();
        if !self.post_logout_redirect_uris.iter().all(suits) {
            faults.push(ClientFault::Malformed("post_logout_redirect_uris"));
        }
        if self.may(GrantType::AuthorizationCode) && self.redirect_uris.is_empty() {
            faults.push(ClientFault::NoRedirectUri);
        }
    }

    fn check_authentication(&self, faults: &mut Vec<ClientFault>) {
        let mut inconsistent = |is: bool, why| {
            if is {
                faults.push(ClientFault::Inconsistent(why));
            }
        };
        let secrets = self.authentication.secrets();
        inconsistent(
            secrets.is_some_and(|secrets| secrets.len() > super::CLIENT_SECRETS_MAX),
            "a client has too many secrets",
        );
        inconsistent(
            self.authentication.needs_keys() && self.keys.is_none(),
            "this way of authentication needs `jwks` or `jwks_uri`",
        );
        inconsistent(
            self.is_public() && self.proof_key == ProofKey::Optional,
            "a public client needs a proof key",
        );
        inconsistent(
            self.is_public() && self.may(GrantType::ClientCredentials),
            "a public client has no credentials of its own",
        );
        if let ClientAuthentication::TlsClientAuth { name } = &self.authentication
            && !is_fit_name(name.text())
        {
            faults.push(ClientFault::Malformed("tls_client_auth"));
        }
        if let ClientAuthentication::Workload { rules } = &self.authentication {
            let is_fit = (1..=super::WORKLOAD_RULES_MAX).contains(&rules.len())
                && rules.iter().all(super::WorkloadRule::is_fit);
            if !is_fit {
                faults.push(ClientFault::Malformed("workload"));
            }
        }
        if let Some(Err(why)) = self.keys.as_ref().and_then(usable) {
            faults.push(ClientFault::Keys(why));
        }
    }

    fn check_grants(&self, faults: &mut Vec<ClientFault>) {
        let mut seen = Vec::new();
        for one in &self.grant_types {
            match seen.contains(one) {
                true => faults.push(ClientFault::Malformed("grant_types")),
                false => seen.push(*one),
            }
        }
        let begins = [GrantType::AuthorizationCode, GrantType::DeviceCode];
        let refreshes = self.may(GrantType::RefreshToken);
        if refreshes && !begins.iter().any(|one| self.may(*one)) {
            let why = "`refresh_token` needs a grant type that such tokens come from";
            faults.push(ClientFault::Inconsistent(why));
        }
    }

    fn check_words(&self, faults: &mut Vec<ClientFault>) {
        let is_name = |name: &String| is_fit_name(name) && !name.chars().any(char::is_control);
        if !self.about.name.iter().all(is_name) {
            faults.push(ClientFault::Malformed("client_name"));
        }
        let contacts = &self.about.contacts;
        if contacts.len() > CONTACTS_MAX || !contacts.iter().all(is_name) {
            faults.push(ClientFault::Malformed("contacts"));
        }
        let acr_values = &self.default_acr_values;
        let is_acr = |acr: &String| is_fit_name(acr) && is_visible(acr) && !acr.contains(' ');
        if acr_values.len() > ACR_VALUES_MAX || !acr_values.iter().all(is_acr) {
            faults.push(ClientFault::Malformed("default_acr_values"));
        }
        if let SubjectType::Pairwise { sector } = &self.subject_type {
            let host = format!("https://{sector}/");
            if Uri::parse(&host).is_none_or(|uri| uri.rest != "/") {
                faults.push(ClientFault::Malformed("sector_identifier_uri"));
            }
        }
    }

    fn check_addresses(&self, faults: &mut Vec<ClientFault>) {
        if let Some(ClientKeys::JwksUri(uri)) = &self.keys
            && !is_address(uri)
        {
            faults.push(ClientFault::Address("jwks_uri"));
        }
        let logout = self.backchannel_logout.as_ref();
        if logout.is_some_and(|logout| !is_endpoint(&logout.uri)) {
            faults.push(ClientFault::Page("backchannel_logout_uri"));
        }
        let pages = [
            ("client_uri", &self.about.client_uri),
            ("logo_uri", &self.about.logo_uri),
            ("policy_uri", &self.about.policy_uri),
            ("tos_uri", &self.about.tos_uri),
        ];
        let is_page = |page: &String| Uri::parse(page).is_some_and(|uri| uri.scheme == "https");
        let unfit = pages
            .into_iter()
            .filter(|(_, page)| !page.iter().all(is_page));
        faults.extend(unfit.map(|(name, _)| ClientFault::Page(name)));
    }

    /// What is asked beyond [`Client::check`] of a client that nobody but itself vouches for: that
    /// no address which this server calls leads inwards.
    pub(crate) fn check_outward(&self) -> Option<ClientFault> {
        let logout = self.backchannel_logout.as_ref();
        let is_inward = logout.is_some_and(|logout| !is_address(&logout.uri));
        is_inward.then_some(ClientFault::Address("backchannel_logout_uri"))
    }
}

impl super::CertificateName {
    /// Its text.
    pub fn text(&self) -> &str {
        match self {
            Self::TlsClientAuthSubjectDn(text)
            | Self::TlsClientAuthSanDns(text)
            | Self::TlsClientAuthSanUri(text)
            | Self::TlsClientAuthSanIp(text)
            | Self::TlsClientAuthSanEmail(text) => text,
        }
    }
}

/// What this server fetches for somebody who registered it.
pub(crate) fn is_address(text: &str) -> bool {
    Uri::parse(text).is_some_and(|uri| uri.is_public_https() && !uri.has_fragment)
}

/// What this server calls for an operator's client: `https`, or `http` on this very machine.
fn is_endpoint(text: &str) -> bool {
    let Some(uri) = Uri::parse(text) else {
        return false;
    };
    let is_here = uri
        .authority
        .is_some_and(|authority| authority.is_loopback());
    !uri.has_fragment && (uri.scheme == "https" || (uri.scheme == "http" && is_here))
}

fn usable(keys: &ClientKeys) -> Option<Result<(), String>> {
    Some(match keys.inline()? {
        Err(fault) => Err(fault.to_string()),
        Ok(set) if set.keys().is_empty() => Err("it holds no key that is used here".to_owned()),
        Ok(set) => match set
            .skipped()
            .iter()
            .any(|one| one.why == gw_jose::KeyFault::Private)
        {
            true => Err("it holds a private key".to_owned()),
            false => Ok(()),
        },
    })
}

fn is_fit_name(text: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&text.len())
}
