//! Errors as clients are told of them: a code of a standard, and words for developers.

use std::fmt;

use http::StatusCode;
use serde::{Serialize, Serializer};

/// The longest `error_description`, in bytes.
const DESCRIPTION_BYTES_MAX: usize = 300;

/// An error code, by the section that defines it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// RFC 6749, 4.1.2.1 and 5.2.
    InvalidRequest,
    /// RFC 6749, 5.2: who the client is does not show.
    InvalidClient,
    /// RFC 6749, 5.2: the code, token or what stands for it is not good, or not for this client.
    InvalidGrant,
    /// RFC 6749, 4.1.2.1 and 5.2: this client may not do that.
    UnauthorizedClient,
    /// RFC 6749, 5.2.
    UnsupportedGrantType,
    /// RFC 6749, 4.1.2.1.
    UnsupportedResponseType,
    /// RFC 6749, 4.1.2.1 and 5.2.
    InvalidScope,
    /// RFC 6749, 4.1.2.1; RFC 8628, 3.5.
    AccessDenied,
    /// RFC 6749, 4.1.2.1.
    ServerError,
    /// RFC 6749, 4.1.2.1.
    TemporarilyUnavailable,
    /// RFC 8707, 2; RFC 8693, 2.2.2.
    InvalidTarget,
    /// RFC 9449, 5.
    InvalidDpopProof,
    /// RFC 9449, 8.
    UseDpopNonce,
    /// RFC 8628, 3.5.
    AuthorizationPending,
    /// RFC 8628, 3.5.
    SlowDown,
    /// RFC 8628, 3.5.
    ExpiredToken,
    /// OpenID Connect Core 1.0, 3.1.2.6.
    InteractionRequired,
    /// OpenID Connect Core 1.0, 3.1.2.6.
    LoginRequired,
    /// OpenID Connect Core 1.0, 3.1.2.6.
    AccountSelectionRequired,
    /// OpenID Connect Core 1.0, 3.1.2.6.
    ConsentRequired,
    /// OpenID Connect Core 1.0, 3.1.2.6; RFC 9101, 7.
    InvalidRequestUri,
    /// OpenID Connect Core 1.0, 3.1.2.6; RFC 9101, 7.
    RequestNotSupported,
    /// OpenID Connect Core 1.0, 3.1.2.6; RFC 9101, 7.
    RequestUriNotSupported,
    /// OpenID Connect Core 1.0, 3.1.2.6.
    RegistrationNotSupported,
    /// OpenID Connect Core Error Code `unmet_authentication_requirements` 1.0.
    UnmetAuthenticationRequirements,
    /// RFC 9396, 5.
    InvalidAuthorizationDetails,
    /// RFC 7591, 3.2.2.
    InvalidRedirectUri,
    /// RFC 7591, 3.2.2.
    InvalidClientMetadata,
    /// RFC 7591, 3.2.2.
    UnapprovedSoftwareStatement,
    /// RFC 7009, 2.2.1.
    UnsupportedTokenType,
    /// RFC 6750, 3.1.
    InvalidToken,
    /// RFC 6750, 3.1.
    InsufficientScope,
    /// RFC 9470, 3.
    InsufficientUserAuthentication,
}

impl ErrorCode {
    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::AccessDenied => "access_denied",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::InvalidTarget => "invalid_target",
            Self::InvalidDpopProof => "invalid_dpop_proof",
            Self::UseDpopNonce => "use_dpop_nonce",
            Self::AuthorizationPending => "authorization_pending",
            Self::SlowDown => "slow_down",
            Self::ExpiredToken => "expired_token",
            Self::InteractionRequired => "interaction_required",
            Self::LoginRequired => "login_required",
            Self::AccountSelectionRequired => "account_selection_required",
            Self::ConsentRequired => "consent_required",
            Self::InvalidRequestUri => "invalid_request_uri",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::UnmetAuthenticationRequirements => "unmet_authentication_requirements",
            Self::InvalidAuthorizationDetails => "invalid_authorization_details",
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::InvalidClientMetadata => "invalid_client_metadata",
            Self::UnapprovedSoftwareStatement => "unapproved_software_statement",
            Self::UnsupportedTokenType => "unsupported_token_type",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::InsufficientUserAuthentication => "insufficient_user_authentication",
        }
    }

    /// The status of an answer with this code that is told to the client itself.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::InvalidClient | Self::InvalidToken | Self::InsufficientUserAuthentication => {
                StatusCode::UNAUTHORIZED
            }
            Self::InsufficientScope => StatusCode::FORBIDDEN,
            Self::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
            Self::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

/// The body of an answer that refuses (RFC 6749, 5.2; RFC 7591, 3.2.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErrorBody {
    /// Why, for programs.
    pub error: ErrorCode,
    /// Why, for developers.
    pub error_description: String,
}

impl ErrorBody {
    /// Of a code and a fault's words.
    pub fn new(error: ErrorCode, fault: &impl fmt::Display) -> Self {
        let error_description = description(&fault.to_string());
        Self {
            error,
            error_description,
        }
    }
}

/// Words in the characters that an `error_description` may have (RFC 6749, 5.2), which are also
/// those that a quoted string of a header needs no escape for.
pub(crate) fn description(words: &str) -> String {
    let plain = |c: char| match c {
        '"' | '\\' => '\'',
        c if c == ' ' || c.is_ascii_graphic() => c,
        _ => '?',
    };
    words
        .chars()
        .take(DESCRIPTION_BYTES_MAX)
        .map(plain)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_has_the_characters_that_it_may_have() {
        let body = ErrorBody::new(ErrorCode::InvalidScope, &"a \"b\" \\ ä\r\n`c`");
        assert_eq!(body.error_description, "a 'b' ' ???`c`");
        let json = serde_json::to_string(&body).unwrap();
        assert!(json.starts_with(r#"{"error":"invalid_scope","#), "{json}");
        assert_eq!(description(&"x".repeat(9999)).len(), DESCRIPTION_BYTES_MAX);
    }
}
