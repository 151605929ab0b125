//! The authorisation server and OpenID provider: people sign in to other apps through Gatewright,
//! and programs are given access tokens (OAuth 2.1; OpenID Connect Core 1.0; SAML 2.0).
//!
//! What a request means is read and decided by `gw-oauth`, or by `gw-saml` where an app speaks that
//! (`saml`), whose values are pure; here they meet
//! who is signed in, the facts, the policy and the store. Who may sign in to which app is one
//! question to the same policy (`oidc.authorize` on the app), asked at the sign-in and again each
//! time that tokens are renewed; what a token may be for is another (`token.issue`).
//!
//! Whoever is in the middle of a sign-in keeps the request in a sealed cookie of their own
//! (`pending`); codes, families of refresh tokens and what is remembered of consent are records
//! of the store that change only as they were read (`kept`).

mod apps;
mod ask;
mod authorize;
mod certificate;
mod client_keys;
mod clients;
mod consent;
mod cors;
mod device;
mod exchange;
mod introspection;
mod issue;
mod kept;
mod keys;
mod logout;
mod metadata;
mod pages;
mod pending;
mod person;
mod presented;
mod pushed;
mod redeem;
mod refresh;
mod refused;
mod registration;
mod revocation;
mod saml;
mod server;
mod sign_out;
mod token;
mod userinfo;
mod visit;
mod workload;

pub use client_keys::{KeysFault, issuer_keys};
pub use keys::ID_TOKEN_PURPOSES;
pub use saml::SAML_FORM_MAX_BYTES;
pub use server::{
    AuthorizationOptions, AuthorizationServer, FORM_MAX_BYTES, OpenError, SweepError, endpoints,
    is_for_programs, is_from_elsewhere, is_its, is_open_to_pages, longest_form,
};

#[cfg(test)]
mod tests;
