//! Why the token endpoint gives nothing (RFC 6749, 5.2).

use http::{HeaderMap, header::AUTHORIZATION};

use super::{AuthenticationFault, Credential, DpopHeaderFault, ExchangeFault};
use crate::{
    BindingFault, CodeFault, DeviceFault, ErrorCode, ParameterFault, RefreshFault, ResourceFault,
    ScopeFault,
    answer::{self, Answer},
};

/// Why nothing is given, with the fault of whatever refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// A parameter is missing or malformed.
    #[error(transparent)]
    Parameters(#[from] ParameterFault),
    /// The client did not show who it is.
    #[error(transparent)]
    Authentication(#[from] AuthenticationFault),
    /// The DPoP proof is refused.
    #[error(transparent)]
    Dpop(#[from] DpopHeaderFault),
    /// There is no such grant type.
    #[error("`grant_type` is none that there is here")]
    UnsupportedGrantType,
    /// The client may not use this grant type.
    #[error("the client may not use this grant type")]
    UnauthorizedClient,
    /// The scope is refused.
    #[error(transparent)]
    Scope(#[from] ScopeFault),
    /// The resources are refused.
    #[error(transparent)]
    Resource(#[from] ResourceFault),
    /// Nothing can be bound as it must be.
    #[error(transparent)]
    Binding(#[from] BindingFault),
    /// A code was not redeemed.
    #[error(transparent)]
    Code(#[from] CodeFault),
    /// A refresh token was not exchanged.
    #[error(transparent)]
    Refresh(#[from] RefreshFault),
    /// A device gets nothing, or nothing yet.
    #[error(transparent)]
    Device(#[from] DeviceFault),
    /// A token was not exchanged.
    #[error(transparent)]
    Exchange(#[from] ExchangeFault),
    /// What the code, token or device code stood for is gone: the session ended, or policy says
    /// no by now.
    #[error("what was granted does not hold any more")]
    Ended,
    /// Policy says no.
    #[error("access was denied")]
    Denied,
    /// Something failed here.
    #[error("the server could not answer")]
    Server,
    /// Something cannot be done now.
    #[error("the server cannot answer now")]
    Unavailable,
}

impl TokenError {
    /// What the client is told.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Parameters(_) => ErrorCode::InvalidRequest,
            Self::Authentication(fault) => fault.code(),
            Self::Dpop(fault) => fault.code(),
            Self::UnsupportedGrantType => ErrorCode::UnsupportedGrantType,
            Self::UnauthorizedClient => ErrorCode::UnauthorizedClient,
            Self::Scope(_) => ErrorCode::InvalidScope,
            Self::Resource(_) => ErrorCode::InvalidTarget,
            Self::Binding(fault) => fault.code(),
            Self::Code(fault) => fault.code(),
            Self::Refresh(fault) => fault.code(),
            Self::Device(fault) => fault.code(),
            Self::Exchange(fault) => fault.code(),
            Self::Ended => ErrorCode::InvalidGrant,
            Self::Denied => ErrorCode::AccessDenied,
            Self::Server => ErrorCode::ServerError,
            Self::Unavailable => ErrorCode::TemporarilyUnavailable,
        }
    }

    /// Whether all tokens of the authorization are to be revoked.
    pub const fn revokes(&self) -> bool {
        match self {
            Self::Code(fault) => fault.revokes(),
            Self::Refresh(fault) => fault.revokes(),
            _ => false,
        }
    }

    /// The answer to the request with these headers: where the client tried the `Authorization`
    /// header, `invalid_client` comes with a challenge, as 401 always does here.
    pub fn answer(&self, headers: &HeaderMap) -> Answer {
        let challenge = match self.code() {
            ErrorCode::InvalidClient if headers.contains_key(AUTHORIZATION) => {
                Credential::challenge(headers)
            }
            _ => None,
        };
        answer::refusal(self.code(), self, challenge)
    }
}
