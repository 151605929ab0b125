//! The ways of signing in that apps ask for and are told of (Core 3.3.2.2.1; Authentication
//! Context).

use gw_model::{AuthnEvent, AuthnMethod, Timestamp};
use gw_saml::sp::Comparison;

use crate::person::told_time;

/// How much somebody has proven, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Proven {
    /// They are signed in.
    Somehow,
    /// By a password, or by more.
    Password,
    /// More than one factor.
    MultiFactor,
    /// In a way that no look-alike site can use.
    PhishingResistant,
}

/// The classes that are known, each with what it takes; the first of its kind is what is said where
/// nobody asked.
const CLASSES: [(&str, Proven); 7] = [
    (
        "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified",
        Proven::Somehow,
    ),
    // What libraries ask for who only mean that somebody signed in over TLS: more than it is
    // enough.
    (
        "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
        Proven::Password,
    ),
    (
        "urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
        Proven::Password,
    ),
    ("https://refeds.org/profile/mfa", Proven::MultiFactor),
    (
        "http://schemas.microsoft.com/claims/multipleauthn",
        Proven::MultiFactor,
    ),
    (
        "http://schemas.openid.net/pape/policies/2007/06/phishing-resistant",
        Proven::PhishingResistant,
    ),
    (
        "urn:gatewright:acr:phishing-resistant",
        Proven::PhishingResistant,
    ),
];

/// The class to tell an app, where what was proven is what it asked for.
pub(super) fn class(
    proofs: &[AuthnEvent],
    wanted: &[String],
    comparison: Comparison,
) -> Option<&'static str> {
    let reached = proven(proofs);
    let known: Vec<_> = wanted.iter().filter_map(|class| find(class)).collect();
    if wanted.is_empty() {
        return Some(of(reached));
    }
    match comparison {
        Comparison::Exact => {
            let mut known = known.iter();
            let found = known.find(|(_, takes)| *takes <= reached);
            found.map(|(class, _)| *class)
        }
        Comparison::Minimum => {
            let is_enough = known.iter().any(|(_, takes)| *takes <= reached);
            is_enough.then(|| of(reached))
        }
        Comparison::Better => {
            let is_better = !known.is_empty() && known.iter().all(|(_, takes)| *takes < reached);
            is_better.then(|| of(reached))
        }
        Comparison::Maximum => {
            let most = known.iter().map(|(_, takes)| *takes).max();
            most.map(|most| of(most.min(reached)))
        }
    }
}

fn find(class: &str) -> Option<(&'static str, Proven)> {
    CLASSES.into_iter().find(|(known, _)| *known == class)
}

fn of(proven: Proven) -> &'static str {
    let mut classes = CLASSES.into_iter();
    let found = classes.find(|(_, takes)| *takes == proven);
    found.map_or(CLASSES[0].0, |(class, _)| class)
}

/// When the most of what was proven was: a weaker proof makes no stronger one newer.
pub(super) fn instant(proofs: &[AuthnEvent]) -> Timestamp {
    let most = proven(proofs);
    told_time(proofs.iter().filter(|proof| by(proof) == most))
}

fn proven(proofs: &[AuthnEvent]) -> Proven {
    let most = proofs.iter().map(by).max();
    most.unwrap_or(Proven::Somehow)
}

/// How much one of them proves.
fn by(proof: &AuthnEvent) -> Proven {
    if proof.is_phishing_resistant() {
        Proven::PhishingResistant
    } else if proof.is_multi_factor() {
        Proven::MultiFactor
    } else if proof.method == AuthnMethod::Password {
        Proven::Password
    } else {
        Proven::Somehow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(method: AuthnMethod) -> Vec<AuthnEvent> {
        vec![AuthnEvent {
            method,
            at: Timestamp::from_secs(1),
            factor: None,
            provider: None,
        }]
    }

    #[test]
    fn the_instant_is_of_the_most_that_was_proven() {
        let mut proofs = [proof(AuthnMethod::Password), proof(AuthnMethod::SignInLink)].concat();
        proofs[1].at = Timestamp::from_secs(9);
        assert_eq!(instant(&proofs).as_secs(), 1);
        assert_eq!(instant(&proofs[1..]).as_secs(), 9);
        assert_eq!(instant(&[]), Timestamp::default());
    }

    #[test]
    fn what_is_said_is_what_was_proven_and_asked_for() {
        let (link, passkey) = (proof(AuthnMethod::SignInLink), proof(AuthnMethod::Passkey));
        let of = |proofs: &[AuthnEvent], wanted: &[&str], comparison| {
            let wanted: Vec<_> = wanted.iter().map(|one| (*one).to_owned()).collect();
            class(proofs, &wanted, comparison)
        };
        let [unspecified, password, _, mfa, _, phishing, _] = CLASSES.map(|(class, _)| class);
        assert_eq!(of(&link, &[], Comparison::Exact), Some(unspecified));
        assert_eq!(of(&passkey, &[], Comparison::Exact), Some(phishing));
        assert_eq!(of(&link, &[password], Comparison::Exact), None);
        assert_eq!(of(&passkey, &[password], Comparison::Exact), Some(password));
        assert_eq!(
            of(&link, &[mfa, unspecified], Comparison::Exact),
            Some(unspecified)
        );
        assert_eq!(of(&passkey, &["urn:x", mfa], Comparison::Exact), Some(mfa));
        assert_eq!(of(&passkey, &["urn:x"], Comparison::Exact), None);
        assert_eq!(
            of(&passkey, &[password], Comparison::Minimum),
            Some(phishing)
        );
        assert_eq!(of(&link, &[mfa], Comparison::Minimum), None);
        assert_eq!(of(&passkey, &[mfa], Comparison::Better), Some(phishing));
        assert_eq!(of(&passkey, &[phishing], Comparison::Better), None);
        assert_eq!(of(&passkey, &["urn:x"], Comparison::Better), None);
        assert_eq!(of(&passkey, &[mfa], Comparison::Maximum), Some(mfa));
    }
}
