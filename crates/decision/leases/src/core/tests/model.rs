//! The table and its follower against a list of leases, each evaluated in full at every step.

use std::time::Duration;

use gw_engine::{
    Judge,
    testing::{TestEngine, app, group, policies, session, user, visit},
};
use gw_model::{AuthnMethod, Change, EndReason, Ended, Membership, Session, Settings, User};
use proptest::prelude::*;

use super::super::{sweep::Sweep, *};

const PEOPLE: usize = 3;
const APPS: [&str; 2] = ["wiki", "chat"];
const PATHS: [&str; 2] = ["/", "/open"];
const GROUPS: [&str; 3] = ["staff", "guests", "everybody"];

/// What may be applied as policies, together.
const POLICIES: [&str; 8] = [
    r#"@id("a") permit (principal in Group::"staff", action == Action::"http.request", resource in App::"wiki");"#,
    r#"@id("b") permit (principal is User, action == Action::"http.request", resource in App::"chat") when { context.authn.age_secs < 300 };"#,
    r#"@id("c") permit (principal in Group::"everybody", action == Action::"http.request", resource in Tag::"crown-jewel");"#,
    r#"@id("d") forbid (principal in Group::"guests", action == Action::"http.request", resource) when { context.http.path like "/open*" };"#,
    r#"@id("e") forbid (principal, action, resource in App::"wiki") when { context.time.minute == 7 };"#,
    r#"@id("f") forbid (principal == User::"u-aaaaaaaaaaaac", action == Action::"http.request", resource);"#,
    r#"@id("g") permit (principal in Group::"elsewhere", action == Action::"http.request", resource in App::"code");"#,
    r#"@id("h") permit (principal in Group::"guests", action == Action::"http.request", resource) when { context.network.names.contains("home") };"#,
];

#[derive(Debug, Clone)]
enum Step {
    Open {
        who: usize,
        app: usize,
        path: usize,
    },
    Close(usize),
    Apply(u8),
    Person {
        who: usize,
        groups: u8,
        until_secs: Option<u64>,
        disabled: bool,
    },
    SignIn(usize),
    EndSession(usize),
    Nest {
        group: usize,
        within: bool,
    },
    Tagged(usize, bool),
    Home(bool),
    Pass(u64),
    Turn,
    Settle,
}

fn step() -> impl Strategy<Value = Step> {
    let who = || 0..PEOPLE;
    prop_oneof![
        8 => (who(), 0..APPS.len(), 0..PATHS.len()).prop_map(|(who, app, path)| Step::Open { who, app, path }),
        2 => (0..64_usize).prop_map(Step::Close),
        3 => any::<u8>().prop_map(Step::Apply),
        3 => (who(), any::<u8>(), prop::option::of(1..400_u64), prop::bool::weighted(0.2))
            .prop_map(|(who, groups, until_secs, disabled)| Step::Person { who, groups, until_secs, disabled }),
        2 => who().prop_map(Step::SignIn),
        1 => who().prop_map(Step::EndSession),
        1 => (0..2_usize, any::<bool>()).prop_map(|(group, within)| Step::Nest { group, within }),
        1 => (0..APPS.len(), any::<bool>()).prop_map(|(app, tagged)| Step::Tagged(app, tagged)),
        1 => any::<bool>().prop_map(Step::Home),
        3 => prop_oneof![1..90_u64, 200..2_000_u64].prop_map(Step::Pass),
        3 => Just(Step::Turn),
        3 => Just(Step::Settle),
    ]
}

/// An open lease as the naive model has it.
struct Open {
    lease: Lease,
    circumstances: Rc<Circumstances>,
    was_cut: bool,
}

struct House {
    tested: TestEngine,
    core: Core,
    sweep: Sweep,
    people: Vec<User>,
    sessions: Vec<Session>,
    next_session: u64,
    open: Vec<Open>,
}

impl House {
    async fn new() -> Self {
        let people: Vec<_> = (0..PEOPLE)
            .map(|who| user(who as u64, &format!("user-{who}"), &["staff"]))
            .collect();
        let mut changes: Vec<_> = GROUPS.map(group).into();
        changes.extend(APPS.map(|name| Change::AppPut(Arc::new(app(name)))));
        changes.push(policies(&POLICIES[..2].join("\n")));
        changes.extend(people.iter().map(|p| Change::UserPut(Arc::new(p.clone()))));
        let tested = TestEngine::with(changes).await;
        let mut house = Self {
            core: Core::new(tested.engine.clone()),
            tested,
            sweep: Sweep::default(),
            sessions: Vec::new(),
            people,
            next_session: 1,
            open: Vec::new(),
        };
        for who in 0..PEOPLE {
            house.sign_in(who).await;
        }
        house
    }

    async fn sign_in(&mut self, who: usize) {
        let person = &self.people[who];
        let now = self.tested.clock.now();
        let begun = Session {
            idle_limit: Duration::from_secs(900),
            ..session(self.next_session, person, AuthnMethod::Passkey, now)
        };
        self.next_session += 1;
        if self
            .change(Change::SessionStarted(Arc::new(begun.clone())))
            .await
        {
            self.sessions.retain(|s| s.user != begun.user);
            self.sessions.push(begun);
        }
    }

    /// Whether it fitted.
    async fn change(&self, change: Change) -> bool {
        let commit = gw_engine::Commit::new(gw_model::Actor::Gatewright, "test").change(change);
        self.tested.engine.commit(commit).await.is_ok()
    }

    fn judge_fresh(&self, circumstances: &Circumstances) -> Arc<Judgement> {
        let clock = &self.tested.clock;
        Judge::new(clock.clone()).judge(&self.tested.engine.view(), circumstances, clock.now())
    }

    fn open(&mut self, who: usize, app: usize, path: usize) {
        let user = self.people[who].id;
        let session = self.sessions.iter().find(|s| s.user == user);
        let circumstances = Rc::new(visit(APPS[app], session, PATHS[path]));
        let lease = self.core.register(circumstances.clone());
        let now = self.tested.clock.now();
        let judged = self.core.judge(&lease, &self.tested.engine.view(), now);
        let fresh = self.judge_fresh(&circumstances);
        assert_eq!(judged.decision.outcome, fresh.decision.outcome);
        if judged.is_allow() {
            judged.touch(now);
            self.open.push(Open {
                lease,
                circumstances,
                was_cut: false,
            });
        }
    }

    /// A turn that has time for one lease only; whether it was the last.
    fn turn(&mut self) -> bool {
        let turn = self.core.turn(&mut self.sweep, Duration::ZERO);
        for at in 0..self.open.len() {
            let open = &self.open[at];
            if open.lease.cut().is_cut() && !open.was_cut {
                assert!(
                    !self.judge_fresh(&open.circumstances).is_allow(),
                    "a false cut"
                );
                self.open[at].was_cut = true;
            }
        }
        if turn.reached == Some(self.tested.engine.view().facts.epoch) && turn.is_last {
            self.nothing_is_kept_wrongly();
        }
        turn.is_last
    }

    fn nothing_is_kept_wrongly(&self) {
        for open in &self.open {
            let fresh = self.judge_fresh(&open.circumstances);
            if open.was_cut {
                assert!(open.lease.judgement().is_none());
                continue;
            }
            assert!(fresh.is_allow(), "it was not cut: {:?}", open.circumstances);
            let held = open.lease.judgement().expect("it hangs on a judgement");
            assert_eq!(held.decision.because, fresh.decision.because);
            assert_eq!(held.grounds, fresh.grounds);
        }
    }

    async fn take(&mut self, step: &Step) {
        match step {
            Step::Open { who, app, path } => self.open(*who, *app, *path),
            Step::Close(which) => {
                if let Some(at) = which.checked_rem(self.open.len()) {
                    self.open.swap_remove(at);
                }
            }
            Step::Apply(which) => {
                let chosen = (0..POLICIES.len()).filter(|at| which >> at & 1 == 1);
                let text: Vec<_> = chosen.map(|at| POLICIES[at]).collect();
                self.change(policies(&text.join("\n"))).await;
            }
            Step::Person {
                who,
                groups,
                until_secs,
                disabled,
            } => {
                let now = self.tested.clock.now();
                let until = until_secs.map(|secs| now.after(Duration::from_secs(secs)));
                let member = |(at, name): (usize, &&str)| {
                    let group = name.parse().expect("a name");
                    (groups >> at & 1 == 1).then_some(Membership {
                        group,
                        until,
                        by: None,
                    })
                };
                let person = &mut self.people[*who];
                person.groups = GROUPS.iter().enumerate().filter_map(member).collect();
                person.disabled = *disabled;
                let put = Change::UserPut(Arc::new(person.clone()));
                self.change(put).await;
            }
            Step::SignIn(who) => self.sign_in(*who).await,
            Step::EndSession(who) => {
                if let Some(session) = self.sessions.get(*who) {
                    let at = self.tested.clock.now();
                    let ended = Ended {
                        at,
                        reason: EndReason::SignedOut,
                    };
                    self.change(Change::SessionEnded {
                        session: session.id,
                        ended,
                    })
                    .await;
                }
            }
            Step::Nest { group: at, within } => {
                let parents = GROUPS.iter().skip(at + 1).filter(|_| *within);
                self.change(Change::GroupPut(Arc::new(gw_model::Group {
                    name: GROUPS[*at].parse().expect("a name"),
                    title: "".into(),
                    parents: parents.map(|p| p.parse().expect("a name")).collect(),
                    identities: Vec::new(),
                    version: 0,
                })))
                .await;
            }
            Step::Tagged(which, tagged) => {
                let mut put = app(APPS[*which]);
                let tag = "crown-jewel".parse().expect("a name");
                put.tags = tagged.then_some(tag).into_iter().collect();
                self.change(Change::AppPut(Arc::new(put))).await;
            }
            Step::Home(home) => {
                let network = gw_model::Network {
                    name: "home".into(),
                    prefixes: vec!["127.0.0.0/8".parse().expect("a prefix")],
                };
                let networks = home.then_some(network).into_iter().collect();
                let settings = Settings {
                    networks,
                    ..Settings::default()
                };
                self.change(Change::SettingsPut(Arc::new(settings))).await;
            }
            Step::Pass(secs) => self.tested.clock.advance(Duration::from_secs(*secs)),
            Step::Turn => {
                self.turn();
            }
            Step::Settle => while !self.turn() {},
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// At every turn, whatever is newly cut is denied when evaluated in full, and once a core
    /// says that it has judged at an epoch, whatever is not cut is allowed.
    #[test]
    fn what_is_open_is_what_a_full_evaluation_of_each_lease_would_leave_open(
        steps in prop::collection::vec(step(), 1..48),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let mut house = House::new().await;
            for step in &steps {
                house.take(step).await;
            }
            while !house.turn() {}
        });
    }
}
