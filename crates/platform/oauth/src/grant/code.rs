//! Authorization codes (OAuth 2.1, 4.1.2 and 4.1.3; RFC 7636, 4.6).

use std::time::Duration;

use gw_jose::{
    Thumbprint,
    pkce::{Challenge, Verifier},
};
use gw_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Authorization, Binding, BindingFault, Grant, GrantId, Proven};
use crate::{
    AuthorizationRequest, Client, ErrorCode, ParameterFault, Parameters, Purpose, ResourceFault,
    Resources, Secret, SecretHash, kept, uri::URI_BYTES_MAX,
};

/// How long a code is good.
pub const CODE_LIFETIME: Duration = Duration::from_secs(60);

/// A code as it is kept: found by its hash, and kept until it is over though it was redeemed, so
/// that a second time is seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeRecord {
    /// By what it is found.
    pub hash: SecretHash,
    /// What it stands for.
    pub authorization: Authorization,
    /// What the ID token repeats.
    pub nonce: Option<String>,
    /// The redirect URI, where the request named it.
    pub redirect_uri: Option<String>,
    /// What binds it to who asked for it.
    #[serde(with = "kept::optional")]
    pub challenge: Option<Challenge>,
    /// The key that it is bound to (RFC 9449, 10).
    #[serde(with = "kept::optional")]
    pub dpop_key: Option<Thumbprint>,
    /// The first instant at which it is good no more.
    pub expires: Timestamp,
    /// When it was redeemed, or lost by a wrong try.
    pub used_at: Option<Timestamp>,
}

/// A request for what a code stands for.
#[derive(Debug)]
pub struct CodeRequest {
    /// By what the code is found.
    pub code: SecretHash,
    redirect_uri: Option<String>,
    verifier: Option<Verifier>,
    resources: Resources,
}

/// Why a code is not redeemed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeFault {
    /// There is none such.
    #[error("the code is not known")]
    Unknown,
    /// It is over.
    #[error("the code is over")]
    Expired,
    /// It was used before: all that came of it is to be revoked (OAuth 2.1, 4.1.3).
    #[error("the code was used before")]
    Replayed,
    /// It is another client's.
    #[error("the code is another client's")]
    OtherClient,
    /// `redirect_uri` is another than in the request, or missing where nothing else binds it.
    #[error("`redirect_uri` is not that of the request")]
    RedirectUri,
    /// `code_verifier` is missing.
    #[error("`code_verifier` is missing")]
    NoVerifier,
    /// `code_verifier` is there, though the request had no challenge: somebody took it out (RFC
    /// 9700, 4.8.2).
    #[error("`code_verifier` is there, and the request had no `code_challenge`")]
    Downgrade,
    /// `code_verifier` is another's.
    #[error("`code_verifier` is not that of the request")]
    Verifier,
    /// It is bound to a key that was not proven.
    #[error(transparent)]
    Binding(#[from] BindingFault),
    /// The resources are refused.
    #[error(transparent)]
    Resource(#[from] ResourceFault),
}

impl CodeFault {
    /// What the client is told.
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::Binding(fault) => fault.code(),
            Self::Resource(_) => ErrorCode::InvalidTarget,
            _ => ErrorCode::InvalidGrant,
        }
    }

    /// Whether the code is lost: it was tried by its client as by somebody who found it.
    pub const fn ends_code(self) -> bool {
        matches!(
            self,
            Self::RedirectUri | Self::NoVerifier | Self::Downgrade | Self::Verifier
        ) || matches!(self, Self::Binding(BindingFault::OtherKey))
    }

    /// Whether all tokens of its authorization are to be revoked.
    pub const fn revokes(self) -> bool {
        matches!(self, Self::Replayed)
    }
}

/// A code that was redeemed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redeemed {
    /// What it stands for.
    pub grant: Grant,
    /// Its record from now on; the store puts it in place of the one that was read, if that is
    /// still the one that is kept, before anything is issued.
    pub record: CodeRecord,
}

impl CodeRequest {
    pub(crate) fn read(
        parameters: &Parameters,
        resources: Resources,
    ) -> Result<Self, ParameterFault> {
        let redirect_uri = parameters.visible("redirect_uri", URI_BYTES_MAX)?;
        let malformed = ParameterFault::Malformed("code_verifier");
        let verifier = parameters.value("code_verifier");
        let verifier = verifier.map(|text| Verifier::parse(text).ok_or(malformed));
        Ok(Self {
            code: SecretHash::of(Purpose::Code, parameters.required("code")?),
            redirect_uri: redirect_uri.map(str::to_owned),
            verifier: verifier.transpose()?,
            resources,
        })
    }
}

impl CodeRecord {
    /// Of a request that was granted, and of what was decided.
    pub fn issue(
        secret: &Secret,
        request: &AuthorizationRequest,
        authorization: Authorization,
        now: Timestamp,
    ) -> Self {
        let redirect_uri = request.answer_to.redirect_uri().to_owned();
        Self {
            hash: secret.hash(Purpose::Code),
            authorization,
            nonce: request.nonce.clone(),
            redirect_uri: request.names_redirect_uri.then_some(redirect_uri),
            challenge: request.challenge,
            dpop_key: request.dpop_key,
            expires: now.after(CODE_LIFETIME),
            used_at: None,
        }
    }

    /// Which tokens are revoked where [`CodeFault::revokes`].
    pub const fn grant_id(&self) -> &GrantId {
        &self.authorization.id
    }

    /// What it stands for, where this client, having shown who it is, asks for it rightly.
    ///
    /// # Errors
    /// Where it does not; [`CodeFault::ends_code`] and [`CodeFault::revokes`] say what follows.
    pub fn redeem(
        &self,
        request: &CodeRequest,
        client: &Client,
        proven: &Proven,
        now: Timestamp,
    ) -> Result<Redeemed, CodeFault> {
        if !self.hash.matches(&request.code) {
            return Err(CodeFault::Unknown);
        }
        if self.authorization.client_id != client.id {
            return Err(CodeFault::OtherClient);
        }
        if self.used_at.is_some() {
            return Err(CodeFault::Replayed);
        }
        if now >= self.expires {
            return Err(CodeFault::Expired);
        }
        self.verify(request)?;
        let binding = self.binding(client, proven)?;
        let mut grant = Grant::of(self.authorization.clone(), binding);
        grant.resources = Resources::narrow(&request.resources, &self.authorization.resources)?;
        grant.nonce.clone_from(&self.nonce);
        Ok(Redeemed {
            grant,
            record: self.ended(now),
        })
    }

    /// Its record where [`CodeFault::ends_code`].
    #[must_use]
    pub fn ended(&self, now: Timestamp) -> Self {
        Self {
            used_at: Some(now),
            ..self.clone()
        }
    }

    fn verify(&self, request: &CodeRequest) -> Result<(), CodeFault> {
        match (&self.challenge, &request.verifier) {
            (Some(challenge), Some(verifier)) if challenge.is_of(verifier) => {}
            (Some(_), Some(_)) => return Err(CodeFault::Verifier),
            (Some(_), None) => return Err(CodeFault::NoVerifier),
            (None, Some(_)) => return Err(CodeFault::Downgrade),
            (None, None) => {}
        }
        // OAuth 2.1, 10.2: a client that has a proof key need not name the redirect URI again.
        match (&self.redirect_uri, &request.redirect_uri) {
            (Some(named), Some(again)) if named == again => Ok(()),
            (Some(_), None) if self.challenge.is_some() => Ok(()),
            (None, None) => Ok(()),
            _ => Err(CodeFault::RedirectUri),
        }
    }

    fn binding(&self, client: &Client, proven: &Proven) -> Result<Binding, BindingFault> {
        match (self.dpop_key, proven.dpop_key) {
            (Some(_), None) => return Err(BindingFault::NoProof),
            (Some(bound), Some(proven)) if !bound.matches(&proven) => {
                return Err(BindingFault::OtherKey);
            }
            _ => {}
        }
        Binding::of(client, proven)
    }
}

#[cfg(test)]
mod tests;
