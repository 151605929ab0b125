//! What an organisation sets about signing in.

use std::{sync::Arc, time::Duration};

use gw_model::AppName;

use crate::PasswordOptions;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Where people sign in, and for how long.
#[derive(Debug, Clone)]
pub struct IdentityOptions {
    /// The WebAuthn relying party: the exact host of the authentication origin.
    pub rp_id: String,
    /// The exact origins that ceremonies may happen at, all on that host: `scheme://host[:port]`.
    pub origins: Vec<String>,
    /// The app that a sign-in leads to when it was not for another.
    pub portal: AppName,
    /// Whom to ask for a link, as a sentence for people.
    pub whom_to_ask: Arc<str>,
    /// How long things live.
    pub lifetimes: Lifetimes,
    /// What is asked of passwords. Whether people have any is a fact
    /// ([`gw_model::Settings::passwords`]).
    pub passwords: PasswordOptions,
    /// Whether authenticators are asked to vouch for what they are as a passkey is made.
    pub attestation: bool,
}

/// How long things live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// A session, whatever happens.
    pub session: Duration,
    /// A session that nobody uses.
    pub session_idle: Duration,
    /// A session that is there to set up a first factor.
    pub enrolment_session: Duration,
    /// An enrolment link.
    pub enrolment_link: Duration,
    /// A sign-in link.
    pub sign_in_link: Duration,
    /// A recovery link.
    pub recovery_link: Duration,
    /// A passkey ceremony, from its challenge to its answer.
    pub ceremony: Duration,
    /// How long a session that is over is at least remembered, so that a page can say why.
    pub remembered: Duration,
    /// How long a key of ours for SAML is in our metadata before it signs, and how long a key that
    /// it replaced still decrypts: apps and providers read it rarely, or are given it by hand.
    pub saml_key_lead: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            session: 12 * HOUR,
            session_idle: HOUR,
            enrolment_session: 30 * MINUTE,
            enrolment_link: 24 * HOUR,
            sign_in_link: 15 * MINUTE,
            recovery_link: HOUR,
            ceremony: 5 * MINUTE,
            remembered: HOUR,
            saml_key_lead: 7 * 24 * HOUR,
        }
    }
}
