//! Apps that speak SAML 2.0 sign people in through Gatewright: it is an identity provider to them
//! (Web Browser SSO, Profiles 4.1; single logout, 4.4).
//!
//! The protocol is `gw-saml`'s, whose values are pure. What comes by another site's form comes
//! without a session: it is checked, kept in a sealed cookie, and gone on with by a request of our
//! own site. From there it is as with other clients: the same question to policy, the same pages.

mod answer;
mod app;
mod asked;
mod context;
mod leaving;
mod metadata;
mod names;
mod sign_in;
mod sign_out;
mod start;

use std::time::Duration;

pub(crate) use app::SamlApps;
pub(crate) use asked::{PendingSaml, begin, posted};
pub(crate) use leaving::{After, Leaving, begin as begin_leaving, farewell, leave};
pub(crate) use metadata::document;
pub(crate) use sign_in::{decided, go_on};
pub(crate) use sign_out::{
    PendingSamlSignOut, answered as sign_out_decided, ask as ask_to_sign_out, hear, hear_posted,
};
pub(crate) use start::start;

use crate::server::{AuthorizationServer, paths};

/// The longest form with an app's message that is taken, in bytes.
pub const SAML_FORM_MAX_BYTES: usize = 64 * 1024;
/// How far an app's clock may be from ours.
const CLOCK_LEEWAY: Duration = Duration::from_secs(60);
/// How old a message may be, whatever it says of itself.
const AGE_MAX: Duration = Duration::from_secs(5 * 60);
/// How long an answer is good, so that nobody uses one that was found later.
const ANSWER_LIVES: Duration = Duration::from_secs(3 * 60);

/// Our own name as an identity provider.
fn entity(server: &AuthorizationServer) -> String {
    at(server, paths::SAML_METADATA)
}

/// An address of ours.
fn at(server: &AuthorizationServer, path: &str) -> String {
    format!("{}{path}", server.issuer())
}

/// An id for a message of ours.
fn new_id() -> gw_saml::MessageId {
    let mut bits = [0; 20];
    let drawn = [gw_engine::random::secret(), gw_engine::random::secret()].concat();
    for (bit, drawn) in bits.iter_mut().zip(drawn) {
        *bit = drawn;
    }
    gw_saml::MessageId::from_random(bits)
}
