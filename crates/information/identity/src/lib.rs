//! Who somebody is: links, passkeys, passwords with codes, recovery codes, sessions, and the hand-over to apps.
//!
//! [`Identity`] decides nothing that policy decides: adding and removing factors are
//! questions to the engine, and what it changes goes through [`gw_engine::Engine::commit`].
//! What it owns are the proofs themselves (WebAuthn ceremonies at the authentication origin,
//! single-use links and codes, the word of providers of identities) and the pages on which people
//! give them.

mod breached;
mod break_glass;
mod ceremonies;
mod client;
mod cookies;
mod failure;
mod farewell;
#[doc(hidden)]
pub mod fuzzing;
mod hand_over;
mod hashing;
mod identity;
mod keys;
mod links;
mod names;
mod news;
mod onward;
mod options;
mod pages;
mod passkeys;
mod passwords;
mod printed;
mod providers;
mod recovery;
mod saml_keys;
mod secrets;
mod sessions;
mod throttle;
mod totp;

pub use breached::BreachedFault;
pub use break_glass::{BreakGlassError, Sealed};
pub use failure::Unavailable;
pub use farewell::{Farewell, Farewells};
pub use hand_over::{RedeemError, Redeemed};
pub use hashing::HashCost;
pub use identity::{Identity, OpenError};
pub use links::{LinkError, LinkMade, exceeds};
pub use onward::{PENDING_COOKIE, RESUME, cookie, cookie_names, forget_session};
pub use options::{IdentityOptions, Lifetimes};
pub use pages::{FROM_ELSEWHERE_MAX_BYTES, endpoints, is_for_programs, is_from_elsewhere};
pub use passwords::PasswordOptions;
pub use providers::{ProviderClient, ProviderTrouble, look_at_provider};
pub use saml_keys::{SamlKeyBegins, SamlKeys, SamlRole, SamlRotateError, saml_certificate_ends};
pub use sessions::SessionSummary;

#[cfg(test)]
mod tests;
