//! Signing in by an identity provider that speaks SAML 2.0: Gatewright as a service provider (Web
//! Browser SSO, Profiles 4.1; single logout, 4.4).
//!
//! The provider's answer comes as a form that its page has the browser post: the session's cookie
//! does not come along, so all that is known then is the way that this browser is on
//! ([`flow::SamlFlow`]). What was checked is kept in the store, once ([`kept`]), and taken by a
//! request of our own site, which knows who is signed in.

mod answer;
mod flow;
mod kept;
mod logout;
mod message;
mod metadata;
mod start;
mod subject;

use std::time::Duration;

use gw_model::Timestamp;
use gw_saml::{
    BuildFault, KeyFault, MessageFault, PostForm, logout::LogoutFault as LogoutMessageFault,
    sp::ResponseFault,
};

pub(crate) use flow::{COOKIE, SamlFlow, cookie_name};
pub(crate) use kept::{ARRIVAL_LIVES, KeptArrival, arrival_cookie_name};
pub(crate) use logout::{Heard, SamlLogoutFault, SignOutThere};
pub(crate) use message::Carried;
pub(crate) use metadata::LOGOUT;
pub(crate) use start::CONSUMER;

/// How far a provider's clock may be from ours.
const CLOCK_LEEWAY: Duration = Duration::from_secs(60);
/// How old an assertion or a logout message may be, whatever it says of itself.
const AGE_MAX: Duration = Duration::from_secs(5 * 60);
/// The longest form with a provider's message that is taken, in bytes: a person's groups may be
/// many, and strangers send forms as well.
pub(crate) const FORM_MAX_BYTES: usize = 256 * 1024;

/// Where a browser is sent on to.
#[derive(Debug)]
pub(crate) enum Onward {
    /// To an address.
    Address(String),
    /// To where this form is posted.
    Form(PostForm),
}

/// Why a SAML provider's word is not taken, or cannot be asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SamlFault {
    #[error("it does not speak SAML")]
    Protocol,
    #[error("its message cannot be read: {0}")]
    Message(#[from] MessageFault),
    #[error(transparent)]
    Response(#[from] ResponseFault),
    #[error("a certificate of it cannot be used: {0}")]
    Certificate(KeyFault),
    #[error("its metadata was valid until {}: give Gatewright a newer file", .0.as_secs())]
    Expired(Timestamp),
    #[error("its assertion names nobody")]
    Nameless,
    #[error(
        "its assertion names somebody by the format `{found}`, and `names = \"{wanted}\"` is declared"
    )]
    Names { found: String, wanted: &'static str },
    #[error("the name in its assertion is longer than {max} bytes with its qualifiers", max = subject::SUBJECT_MAX_BYTES)]
    LongName,
    #[error("its assertion is not encrypted, and `encrypted = true` is declared")]
    Plain,
    #[error("it was asked to have them prove afresh who they are, and it did not")]
    NotFresh,
    #[error("its assertion was used before")]
    Again,
    #[error("nobody here asked it for an answer, and `unsolicited = true` is not declared")]
    Unsolicited,
    #[error("the message to it could not be made: {0}")]
    Build(#[from] BuildFault),
    #[error("the keys that Gatewright shows it cannot be used: {0}")]
    Keys(KeyFault),
    #[error("the keys that Gatewright shows it cannot be read")]
    KeyForm,
    #[error("a message about a logout: {0}")]
    Logout(#[from] LogoutMessageFault),
}
