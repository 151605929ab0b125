//! Why an authorization request is refused, and who is told of it.

use super::{AnswerTo, ClaimsFault, Delivery};
use crate::{ErrorCode, HintFault, ParameterFault, ResourceFault, ScopeFault};

/// A request that is answered by a page to the person and by nothing to the client: it is not
/// certain who asked, or where the answer would go (RFC 6749, 4.1.2.1).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShownFault {
    /// The parameters cannot be read, or one that says who asks came twice.
    #[error(transparent)]
    Parameters(#[from] ParameterFault),
    /// Nobody has this id.
    #[error("the application that sent you here is not known")]
    UnknownClient,
    /// It names a place that is none of the client's.
    #[error("the application that sent you here named a place to return to that is not its own")]
    RedirectUri,
    /// It names no place, and the client has several, or is a relying party.
    #[error("the application that sent you here did not name a place to return to")]
    NoRedirectUri,
    /// Its `request_uri` is not known, was used, is over, or is another client's.
    #[error("the request is over, or was used already: start again at the application")]
    PushedRequest,
}

/// What is wrong with a request whose client is told of it at its redirect URI.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizationFault {
    /// A parameter came twice, is missing or malformed.
    #[error(transparent)]
    Parameters(#[from] ParameterFault),
    /// `response_type` is not `code`.
    #[error("`response_type` is not `code`, the only one that there is here")]
    ResponseType,
    /// `response_mode` is not `query` or `form_post`.
    #[error("`response_mode` is not `query` or `form_post`")]
    ResponseMode,
    /// The client may not ask for codes.
    #[error("the client may not ask for codes")]
    Client,
    /// The client's requests must be pushed.
    #[error("the client must push its requests")]
    NotPushed,
    /// There is no `code_challenge`.
    #[error("`code_challenge` is missing")]
    NoChallenge,
    /// `code_challenge_method` is not `S256`, or left away, which means `plain`.
    #[error("`code_challenge_method` is not `S256`")]
    ChallengeMethod,
    /// The scope is refused.
    #[error(transparent)]
    Scope(#[from] ScopeFault),
    /// The resources are refused.
    #[error(transparent)]
    Resource(#[from] ResourceFault),
    /// `prompt` holds what is not known, or `none` beside something else.
    #[error("`prompt` is not known, or has `none` beside something else")]
    Prompt,
    /// `claims` is refused.
    #[error(transparent)]
    Claims(#[from] ClaimsFault),
    /// `id_token_hint` is refused.
    #[error("`id_token_hint` is refused: {0}")]
    Hint(#[from] HintFault),
    /// `id_token_hint` was issued to another client.
    #[error("`id_token_hint` was issued to another client")]
    OtherHint,
    /// A request object is sent.
    #[error("`request` is not supported")]
    RequestObject,
    /// A request object is referred to.
    #[error("`request_uri` is not one that was pushed here")]
    RequestUri,
    /// A registration is sent along.
    #[error("`registration` is not supported")]
    Registration,
    /// Details of another standard are sent.
    #[error("`authorization_details` is not supported")]
    AuthorizationDetails,
    /// The DPoP key of the parameter is not that of the proof (RFC 9449, 10.1).
    #[error("`dpop_jkt` is not the key of the proof")]
    DpopKey,
    /// Nobody is signed in, or not lately, or not who is meant, and nobody may be asked.
    #[error("the person is not signed in as is asked for, and may not be asked to")]
    LoginRequired,
    /// An account is to be chosen, and nobody may be asked.
    #[error("an account is to be chosen, and nobody may be asked to")]
    AccountSelectionRequired,
    /// The person has not agreed, and may not be asked.
    #[error("the person has not agreed, and may not be asked to")]
    ConsentRequired,
    /// The person must do something else first, and may not be asked.
    #[error("the person must do something first, and may not be asked to")]
    InteractionRequired,
    /// The authentication context that is needed was not reached.
    #[error("the authentication context that is asked for cannot be reached")]
    Unmet,
    /// The person or policy refuses.
    #[error("access was denied")]
    Denied,
    /// Something failed here.
    #[error("the server could not answer")]
    Server,
    /// Something cannot be done now.
    #[error("the server cannot answer now")]
    Unavailable,
}

impl AuthorizationFault {
    /// What the client is told.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Parameters(_)
            | Self::ResponseMode
            | Self::NotPushed
            | Self::NoChallenge
            | Self::ChallengeMethod
            | Self::Prompt
            | Self::DpopKey
            | Self::Hint(_)
            | Self::OtherHint
            | Self::Claims(_) => ErrorCode::InvalidRequest,
            Self::ResponseType => ErrorCode::UnsupportedResponseType,
            Self::Client => ErrorCode::UnauthorizedClient,
            Self::Scope(_) => ErrorCode::InvalidScope,
            Self::Resource(_) => ErrorCode::InvalidTarget,
            Self::RequestObject => ErrorCode::RequestNotSupported,
            Self::RequestUri => ErrorCode::RequestUriNotSupported,
            Self::Registration => ErrorCode::RegistrationNotSupported,
            Self::AuthorizationDetails => ErrorCode::InvalidAuthorizationDetails,
            Self::LoginRequired => ErrorCode::LoginRequired,
            Self::AccountSelectionRequired => ErrorCode::AccountSelectionRequired,
            Self::ConsentRequired => ErrorCode::ConsentRequired,
            Self::InteractionRequired => ErrorCode::InteractionRequired,
            Self::Unmet => ErrorCode::UnmetAuthenticationRequirements,
            Self::Denied => ErrorCode::AccessDenied,
            Self::Server => ErrorCode::ServerError,
            Self::Unavailable => ErrorCode::TemporarilyUnavailable,
        }
    }
}

/// A request that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A page tells the person.
    Shown(ShownFault),
    /// The client is told.
    Told {
        /// Where.
        to: Box<AnswerTo>,
        /// Why.
        fault: AuthorizationFault,
    },
}

impl Refusal {
    /// How the client is told.
    ///
    /// # Errors
    /// Where it is the person who is told, by a page.
    pub fn delivery(&self) -> Result<Delivery, &ShownFault> {
        match self {
            Self::Shown(fault) => Err(fault),
            Self::Told { to, fault } => Ok(to.refusal(fault)),
        }
    }
}

impl From<ShownFault> for Refusal {
    fn from(fault: ShownFault) -> Self {
        Self::Shown(fault)
    }
}
