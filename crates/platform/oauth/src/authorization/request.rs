//! An authorization request that holds.

use std::time::Duration;

use gw_jose::{Algorithm, KeySet, Thumbprint, pkce::Challenge};
use gw_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AnswerTo, AuthorizationFault, ClaimsRequest, PUSHED_URN, ShownFault};
use crate::{
    ClientId, IdTokenHint, Issuer, ParameterFault, Parameters, Purpose, Resources, Scopes,
    SecretHash, kept,
};

/// The longest `state`, in bytes.
pub const STATE_BYTES_MAX: usize = 2048;
/// The longest `nonce`, in bytes.
pub const NONCE_BYTES_MAX: usize = 512;
/// The longest `login_hint`, in bytes.
pub const HINT_BYTES_MAX: usize = 320;
/// The most `acr_values`.
pub const ACR_VALUES_MAX: usize = 16;
/// The longest `max_age`: what is longer asks for nothing.
pub const MAX_AGE_MAX: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// What a request says of how people are to be asked (OpenID Connect Core 1.0, 3.1.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Prompts {
    /// Not at all.
    pub none: bool,
    /// To sign in, though they are.
    pub login: bool,
    /// To agree, though they did.
    pub consent: bool,
    /// To choose an account.
    pub select_account: bool,
}

/// Who asks, and where the request itself is: what the shell looks up before a request is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// In these parameters.
    Here(ClientId),
    /// It was pushed (RFC 9126, 4): nothing else that comes along counts.
    Pushed {
        /// Who asks.
        client_id: ClientId,
        /// By what it is kept; it is used once, by the store's transaction.
        kept: SecretHash,
    },
}

impl Asked {
    /// Reads who asks.
    ///
    /// # Errors
    /// Where that is not certain: then a page says so.
    pub fn read(parameters: &Parameters) -> Result<Self, ShownFault> {
        for name in ["client_id", "request_uri"] {
            if parameters.is_repeated(name) {
                return Err(ParameterFault::Repeated(name.to_owned()).into());
            }
        }
        let client_id = parameters.required("client_id")?;
        let client_id = ClientId::parse(client_id).map_err(|_| ShownFault::UnknownClient)?;
        let reference = parameters.value("request_uri");
        Ok(
            match reference.and_then(|uri| uri.strip_prefix(PUSHED_URN)) {
                Some(secret) => Self::Pushed {
                    client_id,
                    kept: SecretHash::of(Purpose::PushedRequest, secret),
                },
                None => Self::Here(client_id),
            },
        )
    }

    /// Who asks.
    pub const fn client_id(&self) -> &ClientId {
        match self {
            Self::Here(client_id) | Self::Pushed { client_id, .. } => client_id,
        }
    }
}

/// A request whose client, redirect URI and parameters hold. Whether somebody is signed in, and
/// what policy says, is still to come: [`AuthorizationRequest::next_step`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// Who asks.
    pub client_id: ClientId,
    /// Where the answer goes.
    pub answer_to: AnswerTo,
    /// Whether the request named the redirect URI, so that the token request must not name
    /// another.
    pub names_redirect_uri: bool,
    /// What is asked for, of what the client may have.
    pub scopes: Scopes,
    /// Where tokens are to be used (RFC 8707).
    pub resources: Resources,
    /// What binds the code to who asked for it; none only where [`crate::ProofKey::Optional`].
    #[serde(with = "kept::optional")]
    pub challenge: Option<Challenge>,
    /// The key that the code is bound to (RFC 9449, 10).
    #[serde(with = "kept::optional")]
    pub dpop_key: Option<Thumbprint>,
    /// What the ID token is to repeat.
    pub nonce: Option<String>,
    /// How people are to be asked.
    pub prompts: Prompts,
    /// How long ago the person may have signed in.
    pub max_age: Option<Duration>,
    /// The authentication contexts that are wanted, the one that is liked best first.
    pub acr_values: Vec<String>,
    /// Single claims that are asked for.
    pub claims: ClaimsRequest,
    /// Who is expected, in the client's words: to fill a field, never to decide.
    pub login_hint: Option<String>,
    /// An ID token of who is expected, still to be verified ([`AuthorizationRequest::hint`]).
    pub id_token_hint: Option<String>,
    /// When it came: what the person does after it counts as done for it.
    pub received_at: Timestamp,
}

impl AuthorizationRequest {
    /// Who is expected, by an ID token that this server once issued to this client.
    ///
    /// # Errors
    /// Where the hint is of another issuer, or was issued to another client.
    pub fn hint(
        &self,
        keys: &KeySet,
        algorithms: &[Algorithm],
        issuer: &Issuer,
    ) -> Result<Option<IdTokenHint>, AuthorizationFault> {
        let Some(token) = &self.id_token_hint else {
            return Ok(None);
        };
        let hint = IdTokenHint::verify(token, keys, algorithms, issuer)?;
        match hint.client_id == self.client_id {
            true => Ok(Some(hint)),
            false => Err(AuthorizationFault::OtherHint),
        }
    }
}
