//! The law of judgements: reusing one never differs from evaluating anew.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail loudly"
)]

use std::{net::IpAddr, sync::Arc, time::Duration};

use gw_clock::Clock;
use gw_engine::{
    Circumstances, Judge, Judgement, OwnedProposal, View,
    testing::{START, app, group, policies, session, user, visit},
};
use gw_model::{
    Action, AuthnEvent, AuthnMethod, Change, EndReason, Ended, Epoch, Group, Membership, Network,
    Principal, Provider, ProviderProtocol, Resource, Session, SessionKind, Settings, Snapshot,
    TagName, TokenHash, User,
};
use proptest::prelude::*;

/// Sets of policies that mention versions, volatile attributes and request values in many ways.
const SETS: [&str; 7] = [
    r#"@id("a") permit (principal in Group::"staff", action == Action::"http.request", resource in App::"wiki");"#,
    r#"@id("a") permit (principal is User, action == Action::"http.request", resource in App::"wiki")
       when { context.authn.age_secs < 120 && context.http.path like "/open/*" };"#,
    r#"@id("a") permit (principal in Group::"staff", action == Action::"http.request", resource in App::"wiki");
       @id("b") forbid (principal, action == Action::"http.request", resource in Tag::"crown-jewel")
       unless { context.authn.phishing_resistant };
       @id("c") forbid (principal, action, resource) when { context.network.names.contains("cafe") };"#,
    r#"@id("a") permit (principal in Group::"staff", action == Action::"http.request", resource in App::"wiki")
       when { context.time.minute < 30 || context.http.method == "GET" };"#,
    r#"@id("a") permit (principal in Group::"guests", action == Action::"http.request", resource in App::"wiki")
       when { context has session && context.session.age_secs < 3600 && context.http.same_origin };"#,
    r#"@id("a") permit (principal in Group::"everybody", action == Action::"http.request", resource in App::"wiki");
       @id("d") forbid (principal in Group::"guests", action == Action::"http.request", resource);"#,
    r#"@id("a") permit (principal in Group::"staff", action == Action::"http.request", resource in App::"wiki");
       @id("e") permit (principal in Group::"elsewhere", action == Action::"http.request", resource in App::"code");"#,
];

/// Each may be within those after it.
const GROUPS: [&str; 4] = ["staff", "guests", "everybody", "others"];

#[derive(Debug, Clone)]
enum Step {
    Visit {
        path: usize,
        method: usize,
        address: usize,
        rank: u32,
        same_origin: bool,
    },
    Pass(u64),
    Policies(usize),
    Groups {
        staff: bool,
        guests_for_secs: Option<u64>,
    },
    /// Puts one of the groups, within others or not.
    Nest {
        group: usize,
        within: usize,
    },
    Ungroup(usize),
    Tagged(bool),
    Cafe(bool),
    Zone(bool),
    SignInElsewhere,
    Confirm,
    /// The system's clock is set to so many hours from the time, and listened to.
    SetClock(i64),
    EndSession,
    Disable(bool),
    /// Ana is in a group by a provider's word alone.
    StaffByWord,
    /// The provider is switched off, or on.
    Provider(bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0..3_usize, 0..2_usize, 0..2_usize, 0..3_u32, any::<bool>()).prop_map(
            |(path, method, address, rank, same_origin)| Step::Visit { path, method, address, rank, same_origin }
        ),
        4 => prop_oneof![0..5_u64, 20..130_u64, 1_500..4_000_u64].prop_map(Step::Pass),
        2 => (0..SETS.len()).prop_map(Step::Policies),
        2 => (any::<bool>(), prop::option::of(1..300_u64))
            .prop_map(|(staff, guests_for_secs)| Step::Groups { staff, guests_for_secs }),
        1 => Just(Step::StaffByWord),
        2 => any::<bool>().prop_map(Step::Provider),
        2 => (0..GROUPS.len(), 0..3_usize).prop_map(|(group, within)| Step::Nest { group, within }),
        1 => (0..GROUPS.len()).prop_map(Step::Ungroup),
        1 => any::<bool>().prop_map(Step::Zone),
        1 => Just(Step::SignInElsewhere),
        1 => any::<bool>().prop_map(Step::Tagged),
        1 => any::<bool>().prop_map(Step::Cafe),
        1 => Just(Step::Confirm),
        1 => (-1..=1_i64).prop_map(Step::SetClock),
        1 => Just(Step::EndSession),
        1 => any::<bool>().prop_map(Step::Disable),
    ]
}

struct House {
    clock: Clock,
    view: View,
    ana: User,
    session: Session,
}

/// By whose word people may be in groups.
fn corp(off: bool) -> Change {
    Change::ProviderPut(Arc::new(Provider {
        name: "corp".parse().expect("a name"),
        title: "Corp".into(),
        issuer: "https://corp.example".into(),
        protocol: ProviderProtocol::Oidc {
            client_id: "gatewright".into(),
            scopes: Vec::new(),
        },
        people: Default::default(),
        memberships: Vec::new(),
        assurance: Default::default(),
        disabled: off,
        suspended: false,
        version: 0,
    }))
}

impl House {
    fn new() -> Self {
        let ana = user(1, "ana", &["staff"]);
        let session = session(11, &ana, AuthnMethod::SignInLink, START);
        let mut house = Self {
            clock: Clock::manual(START),
            view: View::of(
                Snapshot::empty(Epoch {
                    incarnation: 1,
                    number: 0,
                }),
                None,
            ),
            ana: ana.clone(),
            session: session.clone(),
        };
        house.change(vec![
            group("staff"),
            group("guests"),
            group("everybody"),
            group("others"),
            Change::AppPut(Arc::new(app("wiki"))),
            policies(SETS[0]),
            corp(false),
            Change::UserPut(Arc::new(ana)),
            Change::SessionStarted(Arc::new(session)),
        ]);
        house
    }

    /// Changes that do not fit (advancing an ended session) are refused, as in the store.
    fn change(&mut self, changes: Vec<Change>) {
        let facts = &self.view.facts;
        let changes = facts.expand(changes, self.clock.now());
        let epoch = Epoch {
            number: facts.epoch.number + 1,
            ..facts.epoch
        };
        if let Ok(facts) = facts.apply(epoch, &changes) {
            self.view = View::after(&self.view, facts, changes.iter());
        }
    }

    fn visit(&self, step: &Step) -> Circumstances {
        let Step::Visit {
            path,
            method,
            address,
            rank,
            same_origin,
        } = step
        else {
            unreachable!("only visits are asked for")
        };
        let mut asked = visit(
            "wiki",
            Some(&self.session),
            ["/", "/open/a", "/open/b"][*path],
        );
        asked.rank = *rank;
        asked.address = [IpAddr::from([10, 0, 0, 1]), IpAddr::from([192, 0, 2, 1])][*address];
        let http = asked.http.as_mut().expect("a visit is over http");
        http.method = ["GET", "POST"][*method].into();
        http.same_origin = *same_origin;
        asked
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Visit { .. } => {}
            Step::Pass(secs) => self.clock.advance(Duration::from_secs(*secs)),
            Step::SetClock(hours) => {
                let millis = self.clock.now().as_millis();
                let set = millis.saturating_add_signed(hours * 3_600_000);
                self.clock.jump_wall(gw_model::Timestamp::from_millis(set));
                self.clock.advance(Duration::from_secs(1));
            }
            Step::Policies(set) => self.change(vec![policies(SETS[*set])]),
            Step::Groups {
                staff,
                guests_for_secs,
            } => {
                self.ana.groups.clear();
                if *staff {
                    self.ana
                        .groups
                        .push(Membership::of("staff".parse().expect("a name")));
                }
                if let Some(secs) = guests_for_secs {
                    self.ana.groups.push(Membership {
                        group: "guests".parse().expect("a name"),
                        until: Some(self.clock.now().after(Duration::from_secs(*secs))),
                        by: None,
                    });
                }
                self.change(vec![Change::UserPut(Arc::new(self.ana.clone()))]);
            }
            Step::StaffByWord => {
                self.ana.groups.clear();
                self.ana.groups.push(Membership {
                    group: "staff".parse().expect("a name"),
                    until: None,
                    by: Some("corp".parse().expect("a name")),
                });
                self.change(vec![Change::UserPut(Arc::new(self.ana.clone()))]);
            }
            Step::Provider(off) => self.change(vec![corp(*off)]),
            Step::Nest { group, within } => {
                let parents = GROUPS.iter().skip(group + 1).take(*within);
                self.change(vec![Change::GroupPut(Arc::new(Group {
                    name: GROUPS[*group].parse().expect("a name"),
                    title: "".into(),
                    parents: parents.map(|p| p.parse().expect("a name")).collect(),
                    identities: Vec::new(),
                    version: 0,
                }))]);
            }
            Step::Ungroup(group) => {
                let name = GROUPS[*group].parse().expect("a name");
                self.change(vec![Change::GroupRemoved(name)]);
            }
            Step::Zone(utc) => {
                let settings = Settings {
                    time_zone: if *utc { "UTC" } else { "Asia/Kolkata" }.into(),
                    ..Settings::clone(self.view.facts.settings())
                };
                self.change(vec![Change::SettingsPut(Arc::new(settings))]);
            }
            Step::SignInElsewhere => {
                let bits = 100 + self.view.facts.epoch.number;
                let another = session(bits, &self.ana, AuthnMethod::Passkey, self.clock.now());
                self.change(vec![Change::SessionStarted(Arc::new(another))]);
            }
            Step::Tagged(tagged) => {
                let mut wiki = app("wiki");
                if *tagged {
                    wiki.tags
                        .push("crown-jewel".parse::<TagName>().expect("a name"));
                }
                self.change(vec![Change::AppPut(Arc::new(wiki))]);
            }
            Step::Cafe(cafe) => {
                let prefix = if *cafe {
                    "192.0.2.0/24"
                } else {
                    "198.51.100.0/24"
                };
                let network = Network {
                    name: "cafe".into(),
                    prefixes: vec![prefix.parse().expect("a prefix")],
                };
                let settings = Settings {
                    networks: vec![network],
                    ..Settings::clone(self.view.facts.settings())
                };
                self.change(vec![Change::SettingsPut(Arc::new(settings))]);
            }
            Step::Confirm => self.confirm(),
            Step::EndSession => {
                let ended = Ended {
                    at: self.clock.now(),
                    reason: EndReason::SignedOut,
                };
                self.change(vec![Change::SessionEnded {
                    session: self.session.id,
                    ended,
                }]);
            }
            Step::Disable(disabled) => {
                self.ana.disabled = *disabled;
                self.change(vec![Change::UserPut(Arc::new(self.ana.clone()))]);
            }
        }
    }

    fn confirm(&mut self) {
        let now = self.clock.now();
        let mut digest = [7; 32];
        digest[..8].copy_from_slice(&self.view.facts.epoch.number.to_be_bytes());
        self.change(vec![Change::SessionAdvanced {
            session: self.session.id,
            event: AuthnEvent {
                method: AuthnMethod::Passkey,
                at: now,
                factor: None,
                provider: None,
            },
            credential: TokenHash::from_digest(digest),
            kind: SessionKind::Ordinary,
            expires: self.session.expires,
            idle_limit: self.session.idle_limit,
        }]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn reuse_never_differs_from_evaluation(steps in prop::collection::vec(step(), 1..60)) {
        let mut house = House::new();
        let mut judge = Judge::new(house.clock.clone());
        for step in &steps {
            house.take(step);
            if !matches!(step, Step::Visit { .. }) {
                continue;
            }
            let asked = house.visit(step);
            let now = house.clock.now();
            let reused = judge.judge(&house.view, &asked, now);
            let fresh = Judge::new(house.clock.clone()).judge(&house.view, &asked, now);
            prop_assert_eq!(reused.decision.outcome, fresh.decision.outcome);
            prop_assert_eq!(&reused.decision.because, &fresh.decision.because);
            prop_assert_eq!(reused.ended, fresh.ended);
            prop_assert!(!reused.is_allow() || now < reused.valid_until());
        }
    }

    /// What leases hang on: a judgement that is said to stand would come out the same, whoever
    /// last looked at it and when.
    #[test]
    fn a_judgement_that_stands_would_be_given_again(steps in prop::collection::vec(step(), 1..60)) {
        let mut house = House::new();
        let mut held: Vec<(Arc<Judgement>, u64)> = Vec::new();
        for step in &steps {
            house.take(step);
            let now = house.clock.now();
            if matches!(step, Step::Visit { .. }) {
                let asked = house.visit(step);
                let made = Judge::new(house.clock.clone()).judge(&house.view, &asked, now);
                held.push((made, house.view.facts.epoch.number));
            }
            let view = &house.view;
            held.retain(|(judgement, since)| judgement.stands(view, &house.clock, *since, now));
            for (place, (judgement, since)) in held.iter_mut().enumerate() {
                let fresh = Judge::new(house.clock.clone()).judge(view, &judgement.circumstances, now);
                prop_assert_eq!(judgement.decision.outcome, fresh.decision.outcome);
                prop_assert_eq!(&judgement.decision.because, &fresh.decision.because);
                prop_assert_eq!(judgement.grounds, fresh.grounds);
                prop_assert!(fresh.look_at(now) > now);
                if place % 2 == 0 {
                    *since = view.facts.epoch.number;
                }
            }
        }
    }

    /// What followers are told suffices: whatever no longer stands though no time has passed is
    /// about a subject that moved, or everything did.
    #[test]
    fn what_no_longer_stands_is_told_to_have_moved(steps in prop::collection::vec(step(), 1..60)) {
        let mut house = House::new();
        let mut held: Vec<(Arc<Judgement>, u64)> = Vec::new();
        for step in &steps {
            let before = house.clock.now();
            house.take(step);
            let now = house.clock.now();
            if matches!(step, Step::Visit { .. }) {
                let asked = house.visit(step);
                let made = Judge::new(house.clock.clone()).judge(&house.view, &asked, now);
                held.push((made, house.view.facts.epoch.number));
            }
            let view = &house.view;
            held.retain(|(judgement, since)| {
                let stands = judgement.stands(view, &house.clock, *since, now);
                let moved = view.moved_since(*since);
                let told = moved.widely || judgement.subjects().any(|s| moved.subjects.contains(&s));
                assert!(stands || told || now > before || judgement.look_at(before) <= now || (judgement.reads_wall_clock() && house.clock.fault().is_some()) || !judgement.is_allow(),
                    "{step:?}: {judgement:?} fell though nobody was told");
                stands
            });
        }
    }
}

#[test]
fn an_undisturbed_judgement_is_reused_and_a_changed_ground_makes_a_new_one() {
    let mut house = House::new();
    let mut judge = Judge::new(house.clock.clone());
    let asked = visit("wiki", Some(&house.session), "/");
    let now = house.clock.now();
    let first = judge.judge(&house.view, &asked, now);
    let elsewhere = Circumstances {
        address: IpAddr::from([192, 0, 2, 9]),
        ..asked.clone()
    };
    let again = judge.judge(&house.view, &elsewhere, now);
    assert_eq!(again.id, first.id, "the address is mentioned by no policy");
    house.change(vec![group("guests")]);
    let untouched = judge.judge(&house.view, &asked, now);
    assert_eq!(untouched.id, first.id, "she is not in that group");
    house.change(vec![group("staff")]);
    let after = judge.judge(&house.view, &asked, now);
    assert_ne!(after.id, first.id, "the groups that she is in are a ground");
    assert!(after.is_allow());
}

/// The laws above would hold of a judgement that never stood; this is what they are worth.
#[test]
fn what_a_change_does_not_touch_stands() {
    let mut house = House::new();
    let now = house.clock.now();
    let asked = visit("wiki", Some(&house.session), "/");
    let made = Judge::new(house.clock.clone()).judge(&house.view, &asked, now);
    let since = house.view.facts.epoch.number;
    let (harmless, touching) = (SETS[6], SETS[5]);
    for step in [Step::SignInElsewhere, Step::Zone(false), Step::Cafe(true)] {
        house.take(&step);
        assert!(
            made.stands(&house.view, &house.clock, since, now),
            "{step:?}"
        );
    }
    house.change(vec![
        policies(harmless),
        group("others"),
        Change::AppPut(Arc::new(app("code"))),
    ]);
    assert!(made.stands(&house.view, &house.clock, since, now));
    assert_eq!(
        house.view.moved_since(since).subjects.len(),
        1,
        "who signed in"
    );
    house.change(vec![policies(touching)]);
    assert!(!made.stands(&house.view, &house.clock, since, now));
}

#[test]
fn what_is_approved_is_another_question_than_what_one_does_alone() {
    let mut house = House::new();
    house.change(vec![
        group("owners"),
        policies(
            "@id(\"two\") forbid (principal, action == Action::\"admin.policy.apply\", resource) unless { context has proposal && context.proposal.by != \"bo\" };",
        ),
    ]);
    let (mut judge, now) = (Judge::new(house.clock.clone()), house.clock.now());
    let by = |name: Option<&str>| Circumstances {
        principal: Principal::Local(0),
        session: None,
        action: Action::AdminPolicyApply,
        resource: Arc::new(Resource::System),
        http: None,
        proposal: name.map(|name| {
            Arc::new(OwnedProposal {
                by: name.into(),
                groups: Vec::new(),
                action: Action::AdminPolicyApply,
            })
        }),
        ..visit("wiki", None, "/")
    };
    for (name, allowed) in [
        (None, false),
        (Some("ana"), true),
        (Some("bo"), false),
        (None, false),
    ] {
        let judgement = judge.judge(&house.view, &by(name), now);
        assert_eq!(judgement.is_allow(), allowed, "{name:?}");
    }
}
