//! The authorization endpoint: what a client asks for, and how it is answered (OAuth 2.1, 4.1.1
//! and 4.1.2; OpenID Connect Core 1.0, 3.1.2).

mod claims_request;
mod fault;
mod pushed;
mod read;
mod request;
mod response;
mod step;

pub(crate) use self::response::with_query;

pub use self::{
    claims_request::{
        CLAIM_VALUES_MAX, CLAIMS_BYTES_MAX, CLAIMS_MAX, ClaimRequest, ClaimsFault, ClaimsRequest,
        RequestedClaims,
    },
    fault::{AuthorizationFault, Refusal, ShownFault},
    pushed::{PUSHED_LIFETIME, PUSHED_URN, PushFault, PushedRequest, pushed_response},
    request::{
        ACR_VALUES_MAX, Asked, AuthorizationRequest, HINT_BYTES_MAX, MAX_AGE_MAX, NONCE_BYTES_MAX,
        Prompts, STATE_BYTES_MAX,
    },
    response::{AnswerTo, Delivery, ResponseMode},
    step::{Consent, Person, Standing, Step},
};
