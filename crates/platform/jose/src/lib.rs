//! JOSE and the token shapes of OpenID Connect and OAuth, as pure functions of bytes, keys and
//! `now`: no clock, no socket, no runtime.
//!
//! A key set is read once ([`KeySet`]); each kind of token has one way in, which checks its form,
//! its signature and its claims, in this order, and hands back a value whose existence is the
//! proof: [`IdToken`], [`LogoutToken`], [`AccessToken`], [`ClientAssertion`], [`DpopProof`], and
//! [`Jwt`] for what other issuers call their own. A token of one kind is refused by all others.
//! [`SeenOnce`] remembers what may come once only, [`Signer`] makes tokens, [`pkce`] binds a code
//! to who asked for it.
//!
//! What is not here cannot be asked for: no `HS*`, no `none`, no encryption, no key or address
//! taken from a header but a proof's own key. Signatures are verified on keys that
//! `aws-lc-rs` has parsed already, which is why `jsonwebtoken`, which parses them each time, is
//! not used.

mod access_token;
mod algorithm;
#[cfg(test)]
mod attacks;
mod base64url;
mod claims;
mod client_assertion;
mod compact;
mod confirmation;
mod dpop;
mod expectations;
mod fault;
mod hash;
mod header;
mod http_uri;
mod id_token;
pub mod json;
mod jwt;
mod key;
mod key_set;
mod logout_token;
mod now;
pub mod pkce;
mod private_key;
mod seen;
mod signer;
#[cfg(test)]
mod testing;
mod thumbprint;
mod token_type;
pub mod unverified;
mod verify;

pub use access_token::{AccessToken, AccessTokenRules};
pub use algorithm::Algorithm;
pub use claims::{AUDIENCES_MAX, Audience, ClaimFault, ClaimProblem, Claims, TEXT_BYTES_MAX};
pub use client_assertion::{CLIENT_ASSERTION_LIFETIME_MAX, ClientAssertion, ClientAssertionRules};
pub use confirmation::Confirmation;
pub use dpop::{DPOP_AGE_MAX, DpopFault, DpopProof, DpopRules};
pub use expectations::Expectations;
pub use fault::{JwsFault, Part, Shown, TokenFault};
pub use hash::half_hash;
pub use id_token::{ExpectedNonce, IdToken, IdTokenRules};
pub use json::{JSON_DEPTH_MAX, JsonFault};
pub use jwt::{Jwt, JwtRules};
pub use key::{JWK_BYTES_MAX, KeyFault, PublicKey, RSA_BITS_MAX, RSA_BITS_MIN, RSA_EXPONENT_MIN};
pub use key_set::{KEY_SET_BYTES_MAX, KEYS_MAX, KeySet, KeySetFault, Skipped};
pub use logout_token::{LOGOUT_TOKEN_AGE_MAX, LogoutToken, LogoutTokenRules};
pub use now::{LEEWAY, LEEWAY_MAX, Now};
pub use private_key::{KeyShape, PrivateKey, PrivateKeyFault};
pub use seen::{SeenKey, SeenOnce, Sighting};
pub use signer::{SignFault, Signer};
pub use thumbprint::Thumbprint;
pub use token_type::TokenType;
pub use verify::{HEADER_BYTES_MAX, TOKEN_BYTES_MAX, Verified, verify};
