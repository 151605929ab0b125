//! The law of loading: facts read from the store are the facts that applying the changes made,
//! and so are those of someone who follows.

use std::{collections::BTreeMap, iter, sync::Arc};

use gw_model::{
    Actor, AppToken, AuthnEvent, AuthnMethod, Change, ClientId, EndReason, Ended, Network,
    ProposalId, PublishedKey, Session, SessionKind, Settings, Settled, Settlement, Snapshot,
};
use gw_store::{ChangesSince, Proposal, Refused, Store};
use proptest::{collection::vec, prelude::*, sample::subsequence};

use crate::support::*;

const NAMES: [&str; 5] = ["ana", "bo", "cy", "di", "ed"];
const GROUPS: [&str; 5] = ["g0", "g1", "g2", "g3", "g4"];
const PROVIDERS: [&str; 2] = ["corp", "partner"];
const APPS: [&str; 3] = ["wiki", "payroll", "reports"];

/// A change in outline; ids and times are filled in as it is made.
#[derive(Debug, Clone)]
enum Step {
    User(u64, usize, Vec<&'static str>, Vec<u64>, bool),
    UserGone(u64),
    Group(usize, Vec<&'static str>),
    GroupGone(usize),
    App(usize, usize),
    AppGone(usize),
    Settings(u8),
    Start(u64, u64),
    Advance(u64),
    End(u64),
    Forget(u64),
    Token(u64, usize),
    Policies(u8),
    Key(u8),
    KeyGone(u8),
    Propose(u64, u64),
    Settle(u64, u64, u64),
    ProposalGone(u64),
    Provider(usize, bool),
    ProviderGone(usize),
    Client(u64, usize, Vec<&'static str>),
    ClientGone(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let user = (
        0..5_u64,
        0..5_usize,
        subsequence(GROUPS.to_vec(), 0..3),
        subsequence(vec![1_u64, 2, 3], 0..3),
        proptest::bool::weighted(0.2),
    );
    prop_oneof![
        4 => user.prop_map(|(id, name, groups, factors, disabled)| Step::User(id, name, groups, factors, disabled)),
        1 => (0..5_u64).prop_map(Step::UserGone),
        3 => (0..5_usize, subsequence(GROUPS.to_vec(), 0..3)).prop_map(|(g, parents)| Step::Group(g, parents)),
        1 => (0..5_usize).prop_map(Step::GroupGone),
        2 => (0..3_usize, 0..3_usize).prop_map(|(name, host)| Step::App(name, host)),
        1 => (0..3_usize).prop_map(Step::AppGone),
        1 => any::<u8>().prop_map(Step::Settings),
        4 => (0..8_u64, 0..5_u64).prop_map(|(id, user)| Step::Start(id, user)),
        2 => (0..8_u64).prop_map(Step::Advance),
        2 => (0..8_u64).prop_map(Step::End),
        1 => (0..8_u64).prop_map(Step::Forget),
        3 => (0..8_u64, 0..3_usize).prop_map(|(session, app)| Step::Token(session, app)),
        1 => any::<u8>().prop_map(Step::Policies),
        1 => (0..3_u8).prop_map(Step::Key),
        1 => (0..3_u8).prop_map(Step::KeyGone),
        2 => (0..3_u64, 0..5_u64).prop_map(|(id, by)| Step::Propose(id, by)),
        2 => (0..3_u64, 0..5_u64, 0..5_u64).prop_map(|(id, by, other)| Step::Settle(id, by, other)),
        1 => (0..3_u64).prop_map(Step::ProposalGone),
        2 => (0..2_usize, any::<bool>()).prop_map(|(name, off)| Step::Provider(name, off)),
        1 => (0..2_usize).prop_map(Step::ProviderGone),
        2 => (0..3_u64, 0..3_usize, subsequence(GROUPS.to_vec(), 0..3)).prop_map(|(id, name, groups)| Step::Client(id, name, groups)),
        1 => (0..3_u64).prop_map(Step::ClientGone),
    ]
}

/// `n` makes secrets unique.
fn change(step: Step, n: u64) -> Change {
    match step {
        Step::User(id, name, groups, factors, disabled) => {
            let mut user = member(user(id, NAMES[name]), &groups);
            user = with_factors(user, &factors, &[]);
            for provider in [1, 2].into_iter().filter(|n| factors.contains(n)) {
                user = known_at(user, PROVIDERS[provider as usize - 1], name);
            }
            user.disabled = disabled;
            put(user)
        }
        Step::UserGone(id) => Change::UserRemoved(uid(id)),
        // The first group is one that corp made.
        Step::Group(0, parents) => made_by("corp", &group(GROUPS[0], &parents)),
        Step::Group(name, parents) => group(GROUPS[name], &parents),
        Step::GroupGone(name) => Change::GroupRemoved(GROUPS[name].parse().unwrap()),
        Step::App(name, host) => app(APPS[name], &format!("host{host}.example")),
        Step::AppGone(name) => Change::AppRemoved(APPS[name].parse().unwrap()),
        Step::Settings(n) => Change::SettingsPut(Arc::new(Settings {
            networks: vec![Network {
                name: format!("net-{n}").into(),
                prefixes: vec!["10.0.0.0/8".parse().unwrap()],
            }],
            time_zone: "Europe/Berlin".into(),
            passwords: n % 2 == 0,
            addresses_verified: n % 3 == 0,
            issuers: Vec::new(),
        })),
        Step::Start(id, user) => Change::SessionStarted(Arc::new(Session {
            credential: hash(1000 + n),
            ..session(id, user)
        })),
        Step::Advance(id) => Change::SessionAdvanced {
            session: sid(id),
            event: AuthnEvent {
                method: AuthnMethod::Passkey,
                at: later(n),
                factor: Some(fid(1)),
                provider: None,
            },
            credential: hash(1000 + n),
            kind: SessionKind::Ordinary,
            expires: later(7200),
            idle_limit: std::time::Duration::from_secs(60),
        },
        Step::End(id) => Change::SessionEnded {
            session: sid(id),
            ended: Ended {
                at: later(n),
                reason: EndReason::SignedOut,
            },
        },
        Step::Forget(id) => Change::SessionForgotten(sid(id)),
        Step::Token(session, app) => Change::AppTokenIssued(Arc::new(AppToken {
            hash: hash(1000 + n),
            session: sid(session),
            app: APPS[app].parse().unwrap(),
            rank: 1,
            version: 0,
        })),
        Step::Policies(n) => policies(&n.to_string()),
        Step::Key(n) => Change::KeyPublished(Arc::new(PublishedKey {
            kid: format!("key-{n}").into(),
            purpose: "assertion".into(),
            jwk: "{}".into(),
            published_at: NOW,
            active_from: later(60),
            replaced_at: None,
        })),
        Step::KeyGone(n) => Change::KeyRetired {
            kid: format!("key-{n}").into(),
        },
        Step::Propose(id, by) => Change::ProposalPut(Arc::new(proposed(id, by))),
        Step::Settle(id, by, other) => {
            let settled = Settled {
                at: NOW,
                by: Actor::User(uid(other)),
                name: NAMES[0].into(),
                how: match other % 2 {
                    0 => Settlement::Approved,
                    _ => Settlement::Declined("no".into()),
                },
            };
            Change::ProposalPut(Arc::new(proposed(id, by).settled(settled)))
        }
        Step::ProposalGone(id) => Change::ProposalRemoved(ProposalId::from_bits(id)),
        Step::Client(id, name, groups) => client(id, NAMES[name], &groups),
        Step::ClientGone(id) => Change::ClientRemoved(ClientId::from_bits(id)),
        Step::Provider(name, off) => provider(PROVIDERS[name], off),
        Step::ProviderGone(name) => Change::ProviderRemoved(PROVIDERS[name].parse().unwrap()),
    }
}

/// All that a snapshot answers, in an order of its own.
fn told(facts: &Snapshot) -> Vec<String> {
    fn json(value: &impl serde::Serialize) -> String {
        serde_json::to_string(value).unwrap()
    }
    let mut all = vec![
        facts.epoch.to_string(),
        format!(
            "groups {} apps {} settings {} keys {} policies {}",
            facts.groups_version(),
            facts.apps_version(),
            facts.settings_version(),
            facts.keys_version(),
            facts.policies().version,
        ),
        json(facts.settings()),
        json(&facts.policies().files),
    ];
    all.extend(facts.users().map(json));
    all.extend(facts.groups().map(json));
    all.extend(facts.apps().map(json));
    all.extend(facts.keys().map(json));
    all.extend(facts.proposals().map(json));
    all.extend(facts.providers().map(json));
    all.extend(facts.clients().map(json));
    for identity in facts.users().flat_map(|user| &user.identities) {
        let found = facts.user_of_identity(identity).map(|user| user.id);
        all.push(format!("{} {found:?}", json(identity)));
    }
    let sessions: BTreeMap<_, _> = facts.sessions().map(|s| (s.id, s)).collect();
    for session in sessions.values() {
        let found = facts.session_of_credential(&session.credential);
        let listed = facts.sessions_of(session.user).any(|s| s.id == session.id);
        all.push(format!(
            "{} {:?} {listed}",
            json(session),
            found.map(|s| s.id)
        ));
    }
    let tokens: BTreeMap<_, _> = facts.tokens().map(|token| (token.hash, token)).collect();
    all.extend(tokens.values().map(json));
    all
}

/// Enough facts that most of what follows fits them.
fn opening() -> Vec<Step> {
    let groups = [vec![], vec!["g0"], vec!["g1"], vec!["g0", "g1"], vec![]];
    let providers = (0..2).map(|n| Step::Provider(n, false));
    let groups = (0..)
        .zip(groups)
        .map(|(g, parents)| Step::Group(g, parents));
    let users = (0..5_u64)
        .zip(0..)
        .map(|(id, n)| Step::User(id, n, vec![GROUPS[n], "g1"], vec![1, 2], false));
    let apps = (0..3).map(|n| Step::App(n, n));
    let sessions = (0..6).map(|id| Step::Start(id, id % 5));
    let tokens = (0..6).map(|id| Step::Token(id, 0));
    providers
        .chain(groups)
        .chain(users)
        .chain(apps)
        .chain(sessions)
        .chain(tokens)
        .collect()
}

fn propose<'a>(steps: Vec<(Step, u64)>) -> Proposal<'a> {
    Box::new(move |facts| -> Result<_, Refused> {
        let changes = steps.into_iter().map(|(step, n)| change(step, n)).collect();
        Ok(transaction(facts.expand(changes, NOW), vec![]))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn facts_loaded_or_followed_are_the_facts_that_were_applied(
        groups in vec(vec(vec(step(), 1..3), 1..12), 1..5)
    ) {
        let folder = private_folder();
        let mut store = open(folder.path());
        let mut followed = store.load().unwrap().facts;
        let reader = store.reader();
        let mut applied = followed.clone();
        let mut n = 0;
        for group in iter::once(vec![opening()]).chain(groups) {
            let group = group.into_iter().map(|steps| {
                propose(steps.into_iter().map(|step| { n += 1; (step, n) }).collect())
            });
            let group: Vec<_> = group.collect();
            for committed in store.commit(group).unwrap().into_iter().flatten() {
                applied = applied.apply(committed.epoch, &committed.changes).unwrap();
                prop_assert_eq!(told(&committed.facts), told(&applied));
            }
        }
        let ChangesSince::All(all) = reader.changes_since(followed.epoch).unwrap() else {
            panic!("nothing was pruned");
        };
        for one in all {
            followed = followed.apply(one.epoch, &one.changes).unwrap();
        }
        prop_assert_eq!(told(&followed), told(&applied));
        drop(store);
        let loaded = open(folder.path()).load().unwrap().facts;
        prop_assert_eq!(told(&loaded), told(&applied));
    }
}
