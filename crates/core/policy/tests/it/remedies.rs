//! Remedies are true, smallest, and offered whenever there are any.

use std::sync::Arc;

use gw_model::{
    AuthnEvent, AuthnMethod, Change, FactorKind, GroupName, Lever, Membership, Principal,
    ProviderName, ProviderProof, Remedies, Remedy, SessionContext, Snapshot, Timestamp, User,
};
use gw_policy::{Policies, RemedyOptions, remedies};
use proptest::prelude::*;

use crate::generated::{Ask, loaded, policy_set, runs, situation};

fn options(may_enrol: bool) -> RemedyOptions {
    RemedyOptions {
        budget: 1_000_000,
        may_enrol,
    }
}

fn found(policies: &Policies, facts: &Snapshot, ask: &Ask, may_enrol: bool) -> Remedies {
    ask.put(facts, |request| {
        remedies(policies, facts, request, ask.now, &options(may_enrol))
    })
}

/// Everything that doing one thing can lead to.
fn pull(lever: &Lever, facts: &Snapshot, ask: &Ask) -> Vec<(Snapshot, Ask)> {
    let mut next = ask.clone();
    match lever {
        Lever::SignIn => unreachable!("only strangers sign in"),
        Lever::Time(at) => next.now = *at,
        Lever::Group(group) => return vec![(joined(facts, ask, group), next)],
        Lever::ConfirmWithPasskey
        | Lever::EnrolPasskey
        | Lever::ConfirmWithProvider(_)
        | Lever::ConfirmWithPassword => {
            next.events.extend(match lever {
                Lever::ConfirmWithProvider(name) => vec![by_provider(facts, name, ask.now)],
                Lever::ConfirmWithPassword => vec![
                    event(AuthnMethod::Password, ask.now),
                    event(AuthnMethod::Totp, ask.now),
                ],
                _ => vec![event(AuthnMethod::Passkey, ask.now)],
            });
            if let Some(session) = ask.session.filter(|session| session.enrolment) {
                let mut ordinary = next.clone();
                ordinary.session = Some(SessionContext {
                    enrolment: false,
                    ..session
                });
                return vec![(facts.clone(), next), (facts.clone(), ordinary)];
            }
        }
        Lever::FreshLink => {
            next.session = Some(SessionContext {
                started: ask.now,
                enrolment: false,
            });
            next.events.push(event(AuthnMethod::SignInLink, ask.now));
            let mut alone = next.clone();
            alone.events = vec![event(AuthnMethod::SignInLink, ask.now)];
            return vec![(facts.clone(), next), (facts.clone(), alone)];
        }
        Lever::Network(name) => {
            let networks = &facts.settings().networks;
            let network = networks.iter().find(|n| n.name == *name).unwrap();
            let mut all = Vec::new();
            for prefix in &network.prefixes {
                for address in [prefix.network(), prefix.broadcast()] {
                    for country in [None, ask.country] {
                        let mut there = ask.clone();
                        (there.address, there.country) = (address, country);
                        all.push((facts.clone(), there));
                    }
                }
            }
            return all;
        }
    }
    vec![(facts.clone(), next)]
}

/// What a provider says at its best: the first of its words for what is strongest.
fn by_provider(facts: &Snapshot, name: &ProviderName, at: Timestamp) -> AuthnEvent {
    let assurance = &facts.provider(name).unwrap().assurance;
    let resists = !assurance.phishing_resistant.acr.is_empty();
    let words = if resists {
        &assurance.phishing_resistant
    } else {
        &assurance.multi_factor
    };
    AuthnEvent {
        provider: Some(Arc::new(ProviderProof {
            provider: name.clone(),
            subject: "".into(),
            session: None,
            authenticated_at: Some(at),
            acr: words.acr.first().cloned(),
            amr: Vec::new(),
            multi_factor: resists || !assurance.multi_factor.acr.is_empty(),
            phishing_resistant: resists,
        })),
        ..event(AuthnMethod::Provider, at)
    }
}

fn event(method: AuthnMethod, at: Timestamp) -> AuthnEvent {
    AuthnEvent {
        method,
        at,
        factor: None,
        provider: None,
    }
}

fn joined(facts: &Snapshot, ask: &Ask, group: &GroupName) -> Snapshot {
    let mut user = person(facts, ask).unwrap().clone();
    user.groups.push(Membership::of(group.clone()));
    facts
        .apply(facts.epoch, &[Change::UserPut(Arc::new(user))])
        .unwrap()
}

fn person<'f>(facts: &'f Snapshot, ask: &Ask) -> Option<&'f User> {
    match ask.principal {
        Principal::User(id) => facts.user(id).map(|user| &**user),
        _ => None,
    }
}

/// Whether doing all of it, in order, lets the person in whatever it leads to.
fn lets_in(steps: &[Lever], policies: &Policies, facts: &Snapshot, ask: &Ask) -> bool {
    let mut outcomes = vec![(facts.clone(), ask.clone())];
    for step in steps {
        outcomes = outcomes
            .iter()
            .flat_map(|(facts, ask)| pull(step, facts, ask))
            .collect();
    }
    outcomes
        .iter()
        .all(|(facts, ask)| ask.decide(policies, facts).outcome.is_allow())
}

/// The levers that there are by the documented list, times on a grid of hours.
fn levers(
    text: &str,
    policies: &Policies,
    facts: &Snapshot,
    ask: &Ask,
    may_enrol: bool,
) -> Vec<Lever> {
    let Some(user) = person(facts, ask) else {
        return Vec::new();
    };
    let mut levers = vec![Lever::FreshLink];
    let has_passkey = user.factors.iter().any(|f| f.kind == FactorKind::Passkey);
    if has_passkey {
        levers.push(Lever::ConfirmWithPasskey);
    } else if may_enrol {
        levers.push(Lever::EnrolPasskey);
    }
    let has = |kind| user.factors.iter().any(|f| f.kind == kind);
    if facts.settings().passwords && has(FactorKind::Password) && has(FactorKind::Totp) {
        levers.push(Lever::ConfirmWithPassword);
    }
    for identity in &user.identities {
        if facts
            .provider(&identity.provider)
            .is_some_and(|p| !p.disabled && !p.suspended)
        {
            levers.push(Lever::ConfirmWithProvider(identity.provider.clone()));
        }
    }
    let slice = |facts: &Snapshot| {
        policies
            .prepare(facts, ask.principal, ask.action, &ask.resource, ask.now)
            .unwrap()
    };
    // The enforced policies of a slice, as text.
    let enforced = |facts: &Snapshot| -> Vec<String> {
        slice(facts)
            .policy_ids()
            .filter_map(|id| {
                text.lines()
                    .find(|line| line.starts_with(&format!("@id(\"{id}\")")))
            })
            .filter(|line| !line.contains("@mode(\"report\")"))
            .map(str::to_owned)
            .collect()
    };
    let mut lines = enforced(facts);
    let (within, _) = facts.groups_of(user, ask.now);
    for group in facts
        .groups()
        .map(|g| &g.name)
        .filter(|g| !within.contains(g))
    {
        let there = enforced(&joined(facts, ask, group));
        let named = there.iter().any(|line| {
            let scope = line.split(',').next().unwrap_or_default();
            scope.contains("permit") && scope.contains(&format!("Group::\"{group}\""))
        });
        // The base policies name one group, for administration.
        let owners = group.as_str() == "owners" && ask.action.as_str().starts_with("admin.");
        if named || owners {
            levers.push(Lever::Group(group.clone()));
            lines.extend(there);
        }
    }
    if lines.iter().any(|line| line.contains("context.network")) {
        let networks = &facts.settings().networks;
        levers.extend(networks.iter().map(|n| Lever::Network(n.name.clone())));
    }
    if lines.iter().any(|line| line.contains("context.time")) {
        let hours =
            (1..8 * 24).map(|h| Timestamp::from_secs((ask.now.as_secs() / 3600 + h) * 3600));
        levers.extend(hours.map(Lever::Time));
    }
    levers
}

fn kind(lever: &Lever) -> Lever {
    match lever {
        Lever::Time(_) => Lever::Time(Timestamp::NEVER),
        other => other.clone(),
    }
}

/// Whether one way is part of another, whatever the moments.
fn part_of(way: &Remedy, steps: &[Lever]) -> bool {
    way.steps
        .iter()
        .all(|step| steps.iter().any(|other| kind(other) == kind(step)))
}

fn excluded(a: &Lever, b: &Lever) -> bool {
    use Lever::{EnrolPasskey, FreshLink, Network, Time};
    matches!(
        (a, b),
        (Network(_), Network(_))
            | (Time(_), Time(_))
            | (FreshLink, EnrolPasskey)
            | (EnrolPasskey, FreshLink)
    )
}

/// The documented order of two steps.
fn turn(lever: &Lever) -> u8 {
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

proptest! {
    #![proptest_config(runs(150))]

    #[test]
    fn a_remedy_that_is_followed_lets_the_person_in(
        files in policy_set(8),
        (facts, ask) in situation(),
        may_enrol in any::<bool>(),
    ) {
        let policies = loaded(&files);
        let found = found(&policies, &facts, &ask, may_enrol);
        prop_assert!(!found.exhausted);
        for way in found.ways.iter().filter(|way| way.steps != [Lever::SignIn]) {
            prop_assert!(lets_in(&way.steps, &policies, &facts, &ask), "{way:?}");
        }
    }

    #[test]
    fn brute_force_finds_nothing_smaller_and_nothing_more(
        files in policy_set(6),
        (facts, ask) in situation(),
        may_enrol in any::<bool>(),
    ) {
        let policies = loaded(&files);
        prop_assume!(person(&facts, &ask).is_some());
        let remedies = found(&policies, &facts, &ask, may_enrol);
        if ask.decide(&policies, &facts).outcome.is_allow() {
            prop_assert!(remedies.ways.is_empty());
            return Ok(());
        }
        for (place, way) in remedies.ways.iter().enumerate() {
            let others = remedies.ways.iter().enumerate().filter(|(p, _)| *p != place);
            for (_, other) in others {
                prop_assert!(!part_of(other, &way.steps), "{other:?} within {way:?}");
            }
        }
        prop_assert!(remedies.ways.is_sorted_by_key(Remedy::cost));
        let levers = levers(&files[0].text, &policies, &facts, &ask, may_enrol);
        for (place, first) in levers.iter().enumerate() {
            let mut sets = vec![vec![first.clone()]];
            for second in levers.iter().skip(place + 1).filter(|b| !excluded(first, b)) {
                let mut pair = vec![first.clone(), second.clone()];
                pair.sort_by_key(turn);
                sets.push(pair);
            }
            for steps in sets {
                if remedies.ways.iter().any(|way| part_of(way, &steps)) {
                    continue;
                }
                prop_assert!(
                    !lets_in(&steps, &policies, &facts, &ask),
                    "{steps:?} would let them in, offered were {:?}",
                    remedies.ways
                );
            }
        }
    }

    #[test]
    fn a_search_within_any_budget_stays_true_and_says_when_it_gave_up(
        files in policy_set(8),
        (facts, ask) in situation(),
        budget in 0_usize..200,
    ) {
        let policies = loaded(&files);
        let whole = found(&policies, &facts, &ask, true);
        let options = RemedyOptions { budget, may_enrol: true };
        let some = ask.put(&facts, |r| gw_policy::remedies(&policies, &facts, r, ask.now, &options));
        prop_assert!(some.exhausted || some == whole);
        prop_assert!(some.ways.iter().all(|way| whole.ways.contains(way)));
    }
}

#[test]
fn the_next_opening_is_found_across_the_change_of_summer_time() {
    let policies = loaded(&[crate::generated::numbered(&[
        "permit (principal is User, action == Action::\"http.request\", resource in App::\"wiki\") \
         when { context.time.hour >= 8 && context.time.hour < 18 && context.time.weekday < 6 };"
            .to_owned(),
    ])]);
    let cases = gw_policy::read_cases(
        "x.toml",
        r#"
version = 1
[facts]
time_zone = "Europe/Berlin"
users = { ana = {} }
apps = { wiki = {} }
[[case]]
name = "on Saturday, the day before"
who = "ana"
resource = "wiki"
now = "2026-03-28T12:00:00Z"
expect = "deny"
remedies = ["time 2026-03-30T06:00:00Z"]
[[case]]
name = "on Friday evening before winter time"
who = "ana"
resource = "wiki"
now = "2026-10-23T17:00:00Z"
expect = "deny"
remedies = ["time 2026-10-26T07:00:00Z"]
"#,
    )
    .unwrap();
    for result in gw_policy::run_cases(&policies, &cases) {
        assert!(result.passed(), "{result}");
    }
}

#[test]
fn two_steps_are_offered_where_one_is_not_enough() {
    let policies = loaded(&[crate::generated::numbered(&[
        "permit (principal in Group::\"staff\", action == Action::\"http.request\", resource in App::\"wiki\") \
         when { context.authn.phishing_resistant };"
            .to_owned(),
        "forbid (principal, action, resource in App::\"wiki\") \
         unless { context.network.names.contains(\"office\") };"
            .to_owned(),
    ])]);
    let cases = gw_policy::read_cases(
        "x.toml",
        r#"
version = 1
[facts]
networks = { office = ["192.0.2.0/24"], home = ["198.51.100.0/24"] }
groups = { staff = {} }
users = { ana = { groups = ["staff"], factors = ["passkey"] }, bo = {} }
apps = { wiki = {} }
[[case]]
name = "a passkey and the office"
who = "ana"
resource = "wiki"
expect = "deny"
remedies = ["network office + confirm-with-passkey"]
[[case]]
name = "three steps are beyond the search, and nothing is made up"
who = "bo"
resource = "wiki"
expect = "deny"
remedies = []
"#,
    )
    .unwrap();
    for result in gw_policy::run_cases(&policies, &cases) {
        assert!(result.passed(), "{result}");
    }
}

#[test]
fn a_person_who_is_let_in_or_unknown_is_offered_nothing() {
    let policies = loaded(&[]);
    let facts = Snapshot::empty(gw_model::Epoch::default());
    let mut ask = crate::generated::anybody(Timestamp::from_secs(1_800_000_000));
    assert_eq!(found(&policies, &facts, &ask, true), Remedies::default());
    ask.principal = Principal::Local(0);
    assert_eq!(found(&policies, &facts, &ask, true), Remedies::default());
    ask.principal = Principal::Anonymous;
    let sign_in = vec![Remedy {
        steps: vec![Lever::SignIn],
    }];
    assert_eq!(found(&policies, &facts, &ask, true).ways, sign_in);
}
