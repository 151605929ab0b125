//! The way out of a denial: the smallest achievable changes that would let the person in.
//!
//! The levers are a closed list ([`Lever`]). Each single one is tried, then each pair, by
//! evaluating the access as it would then be; where it is not certain what following a step
//! leads to, every possible outcome must let the person in. Nothing is offered that was not
//! evaluated to an allow.

use gw_model::{
    AccessRequest, Action, Attribute, AttributeSet, Context, FactorKind, Lever, Outcome, Principal,
    ProviderName, Remedies, Remedy, Resource, Snapshot, Timestamp, User,
};

use crate::{Policies, remedies::trial::Trial};

mod trial;

/// How hard to search, and what the caller knows that policy does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemedyOptions {
    /// Most evaluations of the slice.
    pub budget: usize,
    /// Whether this session may add a first passkey (`factor.enrol` on oneself).
    pub may_enrol: bool,
}

impl Default for RemedyOptions {
    fn default() -> Self {
        Self {
            budget: 2_000,
            may_enrol: false,
        }
    }
}

/// Finds what would let a denied person in.
///
/// A stranger hears only "sign in", without anything being evaluated. An access that is
/// allowed needs no remedy and gets none.
pub fn remedies(
    policies: &Policies,
    facts: &Snapshot,
    request: &AccessRequest<'_>,
    now: Timestamp,
    options: &RemedyOptions,
) -> Remedies {
    match request.principal {
        Principal::Anonymous => Remedies {
            ways: vec![Remedy {
                steps: vec![Lever::SignIn],
            }],
            exhausted: false,
        },
        // No person is there who could do anything about it.
        Principal::Local(_) | Principal::Client(_) => Remedies::default(),
        Principal::User(id) => match facts.user(id) {
            Some(user) => search(policies, facts, request, now, options, user),
            None => Remedies::default(),
        },
    }
}

/// Whether the session that asks could add a passkey for its person now.
pub fn may_enrol(
    policies: &Policies,
    facts: &Snapshot,
    request: &AccessRequest<'_>,
    now: Timestamp,
) -> bool {
    let Principal::User(user) = request.principal else {
        return false;
    };
    let enrolment = AccessRequest {
        action: Action::FactorEnrol,
        resource: &Resource::User(user),
        context: Context {
            factor: Some(FactorKind::Passkey),
            ..request.context.clone()
        },
        ..request.clone()
    };
    let decision = policies.decide(facts, &enrolment, now);
    decision.outcome.is_allow()
}

fn search(
    policies: &Policies,
    facts: &Snapshot,
    request: &AccessRequest<'_>,
    now: Timestamp,
    options: &RemedyOptions,
    user: &User,
) -> Remedies {
    let mut trial = Trial::new(policies, facts, request, now, options.budget);
    let prepared = policies.prepare(
        facts,
        request.principal,
        request.action,
        request.resource,
        now,
    );
    let Ok(prepared) = prepared else {
        return Remedies::default();
    };
    if trial.outcome() == Some(Outcome::Allow) {
        return Remedies::default();
    }
    let groups = policies.groups_that_permit(facts, request, now);
    let decisive = groups
        .iter()
        .filter_map(|group| trial.decisive_in(group))
        .fold(prepared.decisive(), AttributeSet::union);
    let mut levers = authentication(facts, user, options);
    levers.extend(networks(facts, decisive));
    levers.extend(moments(decisive));
    levers.extend(groups.into_iter().map(Lever::Group));
    let mut found = Found::default();
    for way in ways(&levers) {
        if found.covers(&way) {
            continue;
        }
        match trial.try_way(&way) {
            Some(Some(steps)) => found.ways.push(Remedy { steps }),
            Some(None) => {}
            None => {
                found.exhausted = true;
                break;
            }
        }
    }
    found.into_remedies()
}

/// What the person can do to their proofs.
fn authentication(facts: &Snapshot, user: &User, options: &RemedyOptions) -> Vec<Lever> {
    let has_passkey = user.factors.iter().any(|f| f.kind == FactorKind::Passkey);
    let mut levers = vec![Lever::FreshLink];
    if has_passkey {
        levers.push(Lever::ConfirmWithPasskey);
    } else if options.may_enrol {
        levers.push(Lever::EnrolPasskey);
    }
    if facts.settings().passwords && user.has_password_and_totp() {
        levers.push(Lever::ConfirmWithPassword);
    }
    levers.extend(accounts(facts, user).map(Lever::ConfirmWithProvider));
    levers
}

/// The providers that are on, sign people in and know the person.
fn accounts<'a>(facts: &'a Snapshot, user: &'a User) -> impl Iterator<Item = ProviderName> + 'a {
    let known = user.identities.iter().map(|identity| &identity.provider);
    let on = |name: &&ProviderName| {
        let provider = facts.provider(name);
        provider.is_some_and(|p| !p.is_off() && p.protocol.signs_in())
    };
    known.filter(on).cloned()
}

fn networks(facts: &Snapshot, decisive: AttributeSet) -> Vec<Lever> {
    let matter = [
        Attribute::NetworkAddress,
        Attribute::NetworkNames,
        Attribute::NetworkCountry,
    ]
    .into_iter()
    .any(|attribute| decisive.contains(attribute));
    if !matter {
        return Vec::new();
    }
    let networks = &facts.settings().networks;
    networks
        .iter()
        .filter(|network| !network.prefixes.is_empty())
        .map(|network| Lever::Network(network.name.clone()))
        .collect()
}

/// A moment that the trial looks for, where policy looks at the clock.
fn moments(decisive: AttributeSet) -> Option<Lever> {
    decisive
        .iter()
        .any(Attribute::is_absolute_time)
        .then_some(Lever::Time(Timestamp::NEVER))
}

/// Single levers, then pairs, cheapest first.
fn ways(levers: &[Lever]) -> Vec<Vec<Lever>> {
    let mut singles: Vec<_> = levers.iter().map(|l| vec![l.clone()]).collect();
    let mut pairs = Vec::new();
    for (place, first) in levers.iter().enumerate() {
        for second in levers.iter().skip(place + 1) {
            if go_together(first, second) {
                pairs.push(ordered(first.clone(), second.clone()));
            }
        }
    }
    let by_cost = |way: &Vec<Lever>| (way.iter().map(Lever::cost).sum::<u32>(), way.clone());
    singles.sort_by_key(by_cost);
    pairs.sort_by_key(by_cost);
    singles.append(&mut pairs);
    singles
}

/// One is in one place, and a sign-in link never leads to a first passkey.
const fn go_together(first: &Lever, second: &Lever) -> bool {
    !matches!(
        (first, second),
        (Lever::Network(_), Lever::Network(_))
            | (Lever::FreshLink, Lever::EnrolPasskey)
            | (Lever::EnrolPasskey, Lever::FreshLink)
    )
}

/// The order in which to do two things: others' help first, a proof last, so that it is fresh.
fn ordered(first: Lever, second: Lever) -> Vec<Lever> {
    const fn turn(lever: &Lever) -> u8 {
        match lever {
            Lever::Group(_) => 0,
            Lever::EnrolPasskey => 1,
            Lever::Network(_) => 2,
            Lever::Time(_) => 3,
            Lever::FreshLink => 4,
            Lever::ConfirmWithPasskey
            | Lever::ConfirmWithProvider(_)
            | Lever::ConfirmWithPassword
            | Lever::SignIn => 5,
        }
    }
    let mut way = vec![first, second];
    way.sort_by_key(turn);
    way
}

#[derive(Default)]
struct Found {
    ways: Vec<Remedy>,
    exhausted: bool,
}

impl Found {
    /// Whether a part of this way is a way already.
    fn covers(&self, way: &[Lever]) -> bool {
        self.ways
            .iter()
            .any(|found| found.steps.iter().all(|s| way.iter().any(|l| same(l, s))))
    }

    fn into_remedies(mut self) -> Remedies {
        self.ways
            .sort_by_key(|way| (way.cost(), way.steps.len(), way.steps.clone()));
        Remedies {
            ways: self.ways,
            exhausted: self.exhausted,
        }
    }
}

/// Whether two levers are the same but for the moment that was found.
fn same(a: &Lever, b: &Lever) -> bool {
    matches!((a, b), (Lever::Time(_), Lever::Time(_))) || a == b
}
