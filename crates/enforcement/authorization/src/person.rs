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

/// What there can be of a person, by the names of the claims that tell it.
pub(crate) const CLAIMS: [&str; 5] = [
    "name",
    "preferred_username",
    "groups",
    "email",
    "email_verified",
];

impl SignedIn {
    /// The proofs that the browser's own cookie rests on.
    pub(crate) fn proofs(&self) -> &[AuthnEvent] {
        self.session.authn_at(self.rank)
    }

    /// When they last came with a proof, whenever that was made.
    pub(crate) fn came_at(&self) -> Timestamp {
        let times = self.proofs().iter().map(|proof| proof.at);
        times.max().unwrap_or_default()
    }

    /// When they last showed who they are, where that is known of any proof.
    pub(crate) fn proven_at(&self) -> Option<Timestamp> {
        self.proofs().iter().filter_map(AuthnEvent::proven_at).max()
    }

    /// The proofs that count where only those since then do: one of which nobody says when it was
    /// made is never one of them.
    pub(crate) fn proofs_since(&self, since: Option<Timestamp>) -> Vec<AuthnEvent> {
        let counts = |proof: &&AuthnEvent| {
            since.is_none_or(|since| proof.proven_at().is_some_and(|at| at >= since))
        };
        self.proofs().iter().filter(counts).cloned().collect()
    }

    /// The authentication contexts that they reached by what counts.
    pub(crate) fn acrs(&self, since: Option<Timestamp>) -> Vec<&'static str> {
        acrs(&self.proofs_since(since))
    }

    /// As tokens tell it, with the context that the client likes best of those that were reached.
    /// All of it is of the same proofs, those that count: how, how well, and when.
    pub(crate) fn sign_in(&self, wanted: &[String], since: Option<Timestamp>) -> SignIn {
        let proofs = self.proofs_since(since);
        let reached = acrs(&proofs);
        let liked = wanted
            .iter()
            .find_map(|wanted| reached.iter().find(|acr| *acr == wanted));
        SignIn {
            auth_time: auth_time(&proofs),
            acr: liked.or(reached.last()).map(|acr| (*acr).to_owned()),
            amr: amr(&proofs),
            sid: Some(self.session.id.to_string()),
        }
    }
}

/// When the strongest of what was proven was: a weak proof makes no strong one newer.
fn auth_time(proofs: &[AuthnEvent]) -> Timestamp {
    let strength = |proof: &AuthnEvent| (proof.is_phishing_resistant(), proof.is_multi_factor());
    let most = proofs.iter().map(strength).max();
    told_time(proofs.iter().filter(|proof| Some(strength(proof)) == most))
}

/// The latest of these proofs, by when it was made. Where no provider says when, it is told that the
/// person was seen when they first came from it: policy does not take that for an age, and nothing
/// that asks for a fresh proof is met by it.
pub(crate) fn told_time<'p>(proofs: impl Iterator<Item = &'p AuthnEvent> + Clone) -> Timestamp {
    let known = proofs.clone().filter_map(AuthnEvent::proven_at).max();
    let came = proofs.map(|proof| proof.at).min();
    known.or(came).unwrap_or_default()
}

fn acrs(proofs: &[AuthnEvent]) -> Vec<&'static str> {
    let any = |is: fn(&AuthnEvent) -> bool| proofs.iter().any(is);
    let reached = [
        (!proofs.is_empty(), ACR_SIGNED_IN),
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
/// Nobody here has clicked a link in a mail: an address is told as verified where an administrator,
/// a provider or the operator made sure that it is theirs.
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
        let verified = facts.address_of(user).is_some();
        claims.insert("email_verified".to_owned(), Value::Bool(verified));
    }
    PersonClaims(claims)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gw_model::{Change, Epoch, ProviderProof, Settings};

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

    fn signed_in(proofs: Vec<AuthnEvent>) -> SignedIn {
        let user = gw_engine::testing::user(1, "ana", &[]);
        let now = Timestamp::from_secs(1_000);
        let mut session = gw_engine::testing::session(11, &user, AuthnMethod::SignInLink, now);
        session.authn = proofs;
        SignedIn {
            rank: session.rank(),
            user: Arc::new(user),
            session: Arc::new(session),
        }
    }

    #[test]
    fn what_is_told_is_when_the_strongest_was_proven() {
        let link = |at| proof(AuthnMethod::SignInLink, at);
        let told = |proofs: &[AuthnEvent]| auth_time(proofs).as_secs();
        assert_eq!(told(&[link(100), link(300)]), 300);
        // The provider's word is of more factors, and as old as it says.
        assert_eq!(told(&[link(100), said(200, Some(50))]), 50);
        assert_eq!(told(&[said(200, Some(50)), link(300)]), 50);
        // It came twice, and says of neither when it was.
        assert_eq!(told(&[said(200, None), said(900, None)]), 200);
        assert_eq!(told(&[said(200, Some(150)), said(900, None)]), 150);
    }

    #[test]
    fn freshness_and_strength_are_of_the_same_proofs() {
        let link = proof(AuthnMethod::SignInLink, 500);
        let ana = signed_in(vec![said(200, Some(150)), link]);
        let since = Some(Timestamp::from_secs(400));
        assert_eq!(ana.acrs(None), [ACR_SIGNED_IN, ACR_MULTI_FACTOR]);
        assert_eq!(ana.acrs(since), [ACR_SIGNED_IN]);
        let wanted = [ACR_MULTI_FACTOR.to_owned()];
        let told = ana.sign_in(&wanted, since);
        assert_eq!(told.acr.as_deref(), Some(ACR_SIGNED_IN));
        assert_eq!(told.auth_time.as_secs(), 500);
        assert!(told.amr.is_empty());
        let told = ana.sign_in(&wanted, None);
        assert_eq!(told.acr.as_deref(), Some(ACR_MULTI_FACTOR));
        assert_eq!(told.auth_time.as_secs(), 150);
    }

    #[test]
    fn what_nobody_says_the_time_of_is_never_fresh() {
        let ana = signed_in(vec![said(600, None)]);
        assert_eq!((ana.proven_at(), ana.came_at().as_secs()), (None, 600));
        assert!(ana.proofs_since(Some(Timestamp::from_secs(1))).is_empty());
        assert!(ana.acrs(Some(Timestamp::from_secs(1))).is_empty());
        assert_eq!(ana.proofs_since(None).len(), 1);
    }

    #[test]
    fn an_address_is_told_as_verified_where_somebody_made_sure_of_it() {
        let told = |facts: &Snapshot, verified: Option<&str>| {
            let mut ana = gw_engine::testing::user(1, "ana", &[]);
            ana.email = Some("ana@corp.test".into());
            ana.verified_email = verified.map(Into::into);
            claims(&ana, facts, Timestamp::from_secs(1)).0["email_verified"].clone()
        };
        let facts = Snapshot::default();
        assert_eq!(told(&facts, None), false);
        assert_eq!(told(&facts, Some("ana@corp.test")), true);
        assert_eq!(told(&facts, Some("ana@old.test")), false);
        let vouched = Change::SettingsPut(Arc::new(Settings {
            addresses_verified: true,
            ..Settings::default()
        }));
        let facts = facts.apply(Epoch::default(), &[vouched]).unwrap();
        assert_eq!(told(&facts, None), true);
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
