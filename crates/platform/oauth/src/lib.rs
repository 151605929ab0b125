//! The protocol of an OAuth 2.1 authorisation server and OpenID provider, as pure functions:
//! requests in, checked values out; decided values in, responses out. No store, no socket, no
//! clock, no policy.
//!
//! A client ([`Client`]) asks by an [`AuthorizationRequest`], or pushes it before
//! ([`PushedRequest`]); [`AuthorizationRequest::next_step`] says what the person has to do, and
//! [`AnswerTo`] makes the answer. What was decided is an [`Authorization`]. Codes
//! ([`CodeRecord`]), device codes ([`DeviceRecord`]) and families of refresh tokens
//! ([`RefreshFamily`]) stand for it: plain values found by a hash, whose methods say what a
//! request for them gives and what is kept from then on; single use is the store's transaction.
//! At the token endpoint [`Credential`] says who asks, [`TokenRequest`] for what, and a [`Grant`]
//! is what tokens are made of: [`AccessTokenClaims`], [`IdTokenClaims`], signed by
//! `gw_jose::Signer`.
//!
//! What is not here cannot be asked for: no implicit or hybrid flow, no password grant, no `plain`
//! proof key, no request objects, no encryption, no wildcard in a redirect URI.

pub mod answer;
#[cfg(test)]
mod attacks;
mod authorization;
mod bearer;
mod challenge;
mod client;
mod contents;
mod error;
#[doc(hidden)]
pub mod fuzzing;
mod grant;
mod introspection;
mod issuer;
mod kept;
mod logout;
mod metadata;
mod parameters;
mod redirect_uri;
mod registration;
mod resource;
mod revocation;
mod scope;
mod secret;
#[cfg(test)]
mod testing;
mod token;
mod uri;

pub use authorization::*;
pub use bearer::PresentedAccessToken;
pub use challenge::{Challenge, ResourceRefusal, Scheme};
pub use client::*;
pub use contents::*;
pub use error::{ErrorBody, ErrorCode};
pub use grant::*;
pub use introspection::{Introspection, IssuedKind, IssuedToken, TokenQuestion};
pub use issuer::{Issuer, IssuerFault};
pub use logout::{HintFault, IdTokenHint, LogoutFault, LogoutPlan, LogoutRequest};
pub use metadata::{Endpoints, Pages, ProtectedResource, ResourceMetadata, Server, ServerMetadata};
pub use parameters::{PARAMETERS_BYTES_MAX, PARAMETERS_MAX, ParameterFault, Parameters};
pub use redirect_uri::{
    ApplicationType, REDIRECT_URIS_MAX, RedirectKind, RedirectUri, RedirectUriFault,
};
pub use registration::*;
pub use resource::{RESOURCES_MAX, ResourceFault, Resources};
pub use revocation::{Revocation, RevocationFault};
pub use scope::{OFFLINE_ACCESS, OPENID, SCOPES_BYTES_MAX, SCOPES_MAX, ScopeFault, Scopes};
pub use secret::{Purpose, SECRET_BITS, SECRET_CHARS, Secret, SecretHash};
pub use token::*;
pub use uri::{URI_BYTES_MAX, is_host};
