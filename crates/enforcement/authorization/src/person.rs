//! What clients are told of a person: how they signed in, and who they are.

use gw_model::{AuthnEvent, AuthnMethod, Snapshot, Timestamp, User};
use gw_oauth::{PersonClaims, SignIn};
use serde_json::{Map, Value, json};

use crate::visit::SignedIn;

/// Somebody is signed in.
const ACR_SIGNED_IN: &str = "urn:gatewright:acr:signed-in";
/// They have proven more than one factor.
const ACR_MULTI_FACTOR: &str = "urn:gatewright:acr:multi-factor";
/// They have proven who they are in a way that no look-alike site can use (OpenID Connect Extended
/// Authentication Profile ACR Values 1.0).
const ACR_PHISHING_RESISTANT: &str = "phr";
/// The authentication contexts, the weakest first.
pub(crate) const ACRS: [&str; 3] = [ACR_SIGNED_IN, ACR_MULTI_FACTOR, ACR_PHISHING_RESISTANT];

impl SignedIn {
    /// The proofs that the browser's own cookie rests on.
    pub(crate) fn proofs(&self) -> &[AuthnEvent] {
        self.session.authn_at(self.rank)
    }

    /// When they last showed who they are.
    pub(crate) fn auth_time(&self) -> Timestamp {
        auth_time(self.proofs())
    }

    /// The authentication contexts that they reached.
    pub(crate) fn acrs(&self) -> Vec<&'static str> {
        acrs(self.proofs())
    }

    /// As tokens tell it, with the context that the client likes best of those that were reached.
    pub(crate) fn sign_in(&self, wanted: &[String]) -> SignIn {
        let reached = self.acrs();
        let liked = wanted
            .iter()
            .find_map(|wanted| reached.iter().find(|acr| *acr == wanted));
        SignIn {
            auth_time: self.auth_time(),
            acr: liked.or(reached.last()).map(|acr| (*acr).to_owned()),
            amr: amr(self.proofs()),
            sid: Some(self.session.id.to_string()),
        }
    }
}

/// The latest proof, by when it was made there: a provider that does not say when is taken to have
/// seen the person when they came from it. Policy does not take that for an age.
fn auth_time(proofs: &[AuthnEvent]) -> Timestamp {
    let times = proofs
        .iter()
        .map(|proof| proof.proven_at().unwrap_or(proof.at));
    times.max().unwrap_or_default()
}

fn acrs(proofs: &[AuthnEvent]) -> Vec<&'static str> {
    let any = |is: fn(&AuthnEvent) -> bool| proofs.iter().any(is);
    let reached = [
        (true, ACR_SIGNED_IN),
        (any(AuthnEvent::is_multi_factor), ACR_MULTI_FACTOR),
        (
            any(AuthnEvent::is_phishing_resistant),
            ACR_PHISHING_RESISTANT,
        ),
    ];
    reached
        .into_iter()
        .filter_map(|(is, acr)| is.then_some(acr))
        .collect()
}

/// The methods (RFC 8176): a passkey is a key that was proven, with the person's presence, and
/// more than one factor; a provider's own words are passed on.
fn amr(proofs: &[AuthnEvent]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut add = |word: &str| {
        if !all.iter().any(|known| known == word) {
            all.push(word.to_owned());
        }
    };
    for proof in proofs {
        let words: &[&str] = match proof.method {
            AuthnMethod::Passkey => &["pop", "user", "mfa"],
            AuthnMethod::Password => &["pwd"],
            AuthnMethod::Totp => &["otp"],
            AuthnMethod::SignInLink
            | AuthnMethod::EnrolmentLink
            | AuthnMethod::RecoveryCode
            | AuthnMethod::BreakGlass
            | AuthnMethod::Provider => &[],
        };
        words.iter().for_each(|word| add(word));
        if let Some(said) = &proof.provider {
            said.amr.iter().for_each(|word| add(word));
        }
    }
    all
}

/// What is known of a person, as claims.
///
/// Nobody here has clicked a link in a mail: that an address is theirs is what administrators and
/// providers say, and told as certain only where the operator vouches for it.
pub(crate) fn claims(user: &User, facts: &Snapshot, now: Timestamp) -> PersonClaims {
    let (groups, _) = facts.groups_of(user, now);
    let groups: Vec<_> = groups.iter().map(gw_model::GroupName::as_str).collect();
    let mut claims = Map::from_iter([
        ("name".to_owned(), json!(user.display_name)),
        ("preferred_username".to_owned(), json!(user.name)),
        ("groups".to_owned(), json!(groups)),
    ]);
    if let Some(email) = &user.email {
        claims.insert("email".to_owned(), json!(email));
        let verified = facts.settings().addresses_verified;
        claims.insert("email_verified".to_owned(), Value::Bool(verified));
    }
    PersonClaims(claims)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gw_model::ProviderProof;

    use super::*;

    fn proof(method: AuthnMethod, at: u64) -> AuthnEvent {
        AuthnEvent {
            method,
            at: Timestamp::from_secs(at),
            factor: None,
            provider: None,
        }
    }

    fn said(at: u64, authenticated_at: Option<u64>) -> AuthnEvent {
        AuthnEvent {
            provider: Some(Arc::new(ProviderProof {
                provider: "corp".parse().unwrap(),
                subject: "1".into(),
                session: None,
                acr: None,
                amr: vec!["pwd".into(), "otp".into()],
                authenticated_at: authenticated_at.map(Timestamp::from_secs),
                multi_factor: true,
                phishing_resistant: false,
            })),
            ..proof(AuthnMethod::Provider, at)
        }
    }

    #[test]
    fn the_latest_proof_counts_by_when_it_was_made() {
        let link = proof(AuthnMethod::SignInLink, 100);
        assert_eq!(
            auth_time(&[link.clone(), said(200, Some(50))]).as_secs(),
            100
        );
        assert_eq!(auth_time(&[link, said(200, None)]).as_secs(), 200);
    }

    #[test]
    fn contexts_say_what_was_proven_and_no_more() {
        let link = proof(AuthnMethod::SignInLink, 100);
        assert_eq!(acrs(std::slice::from_ref(&link)), [ACR_SIGNED_IN]);
        assert!(amr(std::slice::from_ref(&link)).is_empty());
        let by_corp = [link.clone(), said(200, None)];
        assert_eq!(acrs(&by_corp), [ACR_SIGNED_IN, ACR_MULTI_FACTOR]);
        assert_eq!(amr(&by_corp), ["pwd", "otp"]);
        let by_passkey = [link, proof(AuthnMethod::Passkey, 300)];
        assert_eq!(acrs(&by_passkey), ACRS);
        assert_eq!(amr(&by_passkey), ["pop", "user", "mfa"]);
    }
}
