//! The token endpoint: who asks, for what, and how it is answered (OAuth 2.1, 3.2 and 4).

mod authentication;
mod basic;
mod dpop;
mod error;
mod exchange;
mod presented;
mod request;
mod response;
mod workload;

pub use self::{
    authentication::{
        Authenticated, AuthenticationFault, AuthenticationRules, CertificateFacts, Credential,
    },
    basic::{BasicFault, basic_credentials},
    dpop::{DPOP_NONCE_PERIOD, DpopHeaderFault, DpopNonceKey, read_dpop},
    error::TokenError,
    exchange::{ExchangeFault, ExchangeRequest, ExchangeTokenType, PresentedToken, TokenOrigin},
    request::{ClientCredentialsRequest, TokenRequest},
    response::TokenResponse,
    workload::{Workload, WorkloadToken},
};
