//! What a set of policies would change: which policies come and go, and who gains and loses.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
    sync::Arc,
    time::Duration,
};

use gw_model::{
    AccessRequest, Action, App, Authn, AuthnEvent, AuthnMethod, Context, HttpContext, PolicyFile,
    PolicyId, Principal, Resource, SessionContext, Snapshot, Timestamp, Upstream,
};
use gw_policy::{Policies, Reach, Reached, ResourceScopes, Touched};

use crate::{
    heavy::Patience,
    types::{Comparison, Difference},
};

mod people;

use people::Alike;

/// Decisions that a comparison makes at most: a few seconds' worth.
const EVALUATIONS_MAX: usize = 1_000_000;

/// Pairs of people and targets that it looks at at most.
const PAIRS_MAX: usize = 8_000_000;

/// What is done to Gatewright itself, as far as it is compared.
const SYSTEM: [Action; 6] = [
    Action::AdminRead,
    Action::AdminPolicyApply,
    Action::AdminExplain,
    Action::AdminLogRead,
    Action::AdminKeyRotate,
    Action::AdminAppChange,
];

/// Names of people that a difference lists.
pub(crate) const NAMES_MAX: usize = 100;

/// The proofs that people are imagined to have given just now.
const PROOFS: [AuthnMethod; 2] = [AuthnMethod::Passkey, AuthnMethod::SignInLink];

/// Compares a checked set of policies, and the files it is of, with the present one.
///
/// Everybody is imagined as just signed in, here and now: a difference that only another
/// place or hour would show is not found.
pub(crate) fn compare(
    old: Option<&Policies>,
    new: &Policies,
    files: &[PolicyFile],
    (present, facts): (&Snapshot, &Snapshot),
    now: Timestamp,
    patience: &Patience,
) -> Comparison {
    let mut comparison = named_differences(old, new, files, present);
    comparison.warnings = new.warnings().iter().map(ToString::to_string).collect();
    if let Some(old) = old {
        comparison.changed = new.changed_since(old);
        let mut found = Found::default();
        let people = people::alike([present, facts], [old, new], now);
        let touched = new.touched_since(old);
        let changing = Changing {
            states: [(old, present), (new, facts)],
            present,
            facts,
            touched: &touched,
            now,
            patience,
        };
        comparison.incomplete = !changing.each_question(&people, |question, request| {
            let before = old.decide(present, request, now).outcome.is_allow();
            let after = new.decide(facts, request, now).outcome.is_allow();
            found.note(question, before, after);
        });
        comparison.gains = found.gains();
        comparison.losses = found.losses();
    }
    comparison
}

/// Which policies and files come, go and change.
pub(crate) fn named_differences(
    old: Option<&Policies>,
    new: &Policies,
    files: &[PolicyFile],
    facts: &Snapshot,
) -> Comparison {
    let present = facts.policies();
    let old_ids: BTreeSet<PolicyId> = old.into_iter().flat_map(Policies::ids).cloned().collect();
    let new_ids: BTreeSet<PolicyId> = new.ids().cloned().collect();
    let gone = |file: &&PolicyFile| !files.iter().any(|new| new.name == file.name);
    let differs = |file: &&PolicyFile| !present.files.contains(file);
    Comparison {
        over: present.version,
        added: new_ids.difference(&old_ids).cloned().collect(),
        removed: old_ids.difference(&new_ids).cloned().collect(),
        files_removed: names(present.files.iter().filter(gone)),
        files_changed: names(files.iter().filter(differs)),
        ..Comparison::default()
    }
}

fn names<'a>(files: impl Iterator<Item = &'a PolicyFile>) -> Vec<Arc<str>> {
    files.map(|file| file.name.clone()).collect()
}

/// One question of the comparison, in words.
struct Question<'a> {
    who: &'a Alike,
    what: &'a str,
    proof: &'static str,
}

/// Who gains and loses, by what is asked for and how they are signed in.
#[derive(Default)]
struct Found {
    gains: BTreeMap<(String, &'static str), Vec<Arc<str>>>,
    losses: BTreeMap<(String, &'static str), Vec<Arc<str>>>,
}

impl Found {
    fn note(&mut self, question: &Question<'_>, before: bool, after: bool) {
        let list = match (before, after) {
            (false, true) => &mut self.gains,
            (true, false) => &mut self.losses,
            _ => return,
        };
        list.entry((question.what.to_owned(), question.proof))
            .or_default()
            .extend(question.who.names.iter().cloned());
    }

    fn gains(&mut self) -> Vec<Difference> {
        listed(std::mem::take(&mut self.gains))
    }

    fn losses(&mut self) -> Vec<Difference> {
        listed(std::mem::take(&mut self.losses))
    }
}

fn listed(found: BTreeMap<(String, &'static str), Vec<Arc<str>>>) -> Vec<Difference> {
    let one = |((what, proof), mut who): ((String, &'static str), Vec<Arc<str>>)| {
        who.sort_unstable();
        let people = who.len();
        who.truncate(NAMES_MAX);
        Difference {
            what,
            proof: proof.to_owned(),
            who,
            people,
        }
    };
    found.into_iter().map(one).collect()
}

/// Two states of facts, and what a change of policies touches between them.
struct Changing<'a> {
    states: [(&'a Policies, &'a Snapshot); 2],
    present: &'a Snapshot,
    facts: &'a Snapshot,
    touched: &'a Touched,
    now: Timestamp,
    patience: &'a Patience,
}

impl Changing<'_> {
    /// Asks each question whose answer the change can touch, once for people who are alike;
    /// false when there were too many.
    fn each_question(
        &self,
        people: &[Alike],
        mut ask: impl FnMut(&Question<'_>, &AccessRequest<'_>),
    ) -> bool {
        let targets = self.targets();
        let reaches = self.states.map(|(policies, _)| Reach::of(policies));
        let (mut pairs, mut left) = (PAIRS_MAX, EVALUATIONS_MAX / 2);
        for who in people {
            let reached = who.moved.then(|| self.reached(&reaches, who));
            for (target, is_touched, scopes) in &targets {
                let may_differ = match &reached {
                    Some(reached) => target.is_in(reached, scopes),
                    None => *is_touched,
                };
                if !may_differ {
                    continue;
                }
                pairs = match pairs.checked_sub(1) {
                    Some(pairs) => pairs,
                    None => return false,
                };
                if !who.moved && !self.touches(who, target) {
                    continue;
                }
                for method in who.proofs() {
                    left = match left.checked_sub(1) {
                        Some(left) if !self.patience.is_over() => left,
                        _ => return false,
                    };
                    let question = Question {
                        who,
                        what: &target.words,
                        proof: method.map_or("nothing", AuthnMethod::as_str),
                    };
                    let proven = method.map(|method| proof(method, self.now));
                    let events: Vec<_> = proven.into_iter().collect();
                    ask(&question, &target.request(who.principal, &events, self.now));
                }
            }
        }
        true
    }

    /// What can be asked for in either state, and whether anything about it changes.
    fn targets(&self) -> Vec<(Target, bool, [Option<ResourceScopes>; 2])> {
        let mut targets = targets(self.facts);
        let known: BTreeSet<String> = targets.iter().map(|t| t.words.clone()).collect();
        let gone = |target: &Target| !known.contains(&target.words);
        targets.extend(
            crate::compare::targets(self.present)
                .into_iter()
                .filter(gone),
        );
        let with_touch = |target: Target| {
            let mut target = target;
            target.moved = target.has_moved(self);
            let touched = target.moved || self.touches_any(&target);
            let asked = (target.action, &target.resource);
            let scopes = self
                .states
                .map(|(_, facts)| ResourceScopes::of(facts, target.anybody(), asked, self.now));
            (target, touched, scopes)
        };
        targets.into_iter().map(with_touch).collect()
    }

    fn touches_any(&self, target: &Target) -> bool {
        let asked = (target.action, &target.resource);
        self.touched
            .touches_resource(self.facts, target.anybody(), asked, self.now)
    }

    fn touches(&self, who: &Alike, target: &Target) -> bool {
        let asked = (target.action, &target.resource);
        target.moved
            || self
                .touched
                .touches(self.facts, who.principal, asked, self.now)
    }

    /// What permits can reach for somebody in either state, by what is done.
    fn reached(&self, reaches: &[Reach; 2], who: &Alike) -> Vec<(Action, [Reached; 2])> {
        let route = self.facts.apps().next().map(|app| app.default_route());
        let route = route.map(Resource::Route);
        let http = route.iter().map(|route| (Action::HttpRequest, route));
        let system = SYSTEM.map(|action| (action, &Resource::System));
        let of = |asked: (Action, &Resource)| {
            let [before, after] = reaches;
            let [(_, then), (_, now)] = &self.states;
            let reached = [
                before.reached(then, who.principal, asked, self.now),
                after.reached(now, who.principal, asked, self.now),
            ];
            (asked.0, reached)
        };
        http.chain(system).map(of).collect()
    }
}

impl Target {
    /// A principal that can be asked about it, when only it is looked up.
    const fn anybody(&self) -> Principal {
        match self.action {
            Action::HttpRequest => Principal::Anonymous,
            _ => Principal::Local(0),
        }
    }

    /// Whether a permit may be about it in either state.
    fn is_in(
        &self,
        reached: &[(Action, [Reached; 2])],
        scopes: &[Option<ResourceScopes>; 2],
    ) -> bool {
        let found = reached.iter().find(|(action, _)| *action == self.action);
        found.is_some_and(|(_, reached)| {
            std::iter::zip(reached, scopes).any(|(reached, scopes)| {
                scopes
                    .as_ref()
                    .is_some_and(|scopes| reached.may_reach(scopes))
            })
        })
    }

    /// Whether the app that it is of differs between the states.
    fn has_moved(&self, changing: &Changing<'_>) -> bool {
        let Resource::Route(route) = &self.resource else {
            return false;
        };
        let app = route
            .as_str()
            .split_once('/')
            .and_then(|(app, _)| app.parse().ok());
        app.is_some_and(|app| {
            let (then, now) = (changing.present.app(&app), changing.facts.app(&app));
            match (then, now) {
                (Some(then), Some(now)) => !Arc::ptr_eq(then, now),
                _ => true,
            }
        })
    }
}

impl Alike {
    /// How they are imagined to have signed in; strangers not at all.
    fn proofs(&self) -> impl Iterator<Item = Option<AuthnMethod>> + use<> {
        let known = self.principal != Principal::Anonymous;
        let proofs = PROOFS.into_iter().filter(move |_| known).map(Some);
        proofs.chain((!known).then_some(None))
    }
}

fn proof(method: AuthnMethod, now: Timestamp) -> AuthnEvent {
    AuthnEvent {
        method,
        at: now.before(Duration::from_secs(1)),
        factor: None,
    }
}

/// Something that is asked for.
struct Target {
    words: String,
    action: Action,
    resource: Resource,
    host: Arc<str>,
    path: String,
    /// Whether the app that it is of differs between the states.
    moved: bool,
}

impl Target {
    fn request<'a>(
        &'a self,
        principal: Principal,
        events: &'a [AuthnEvent],
        now: Timestamp,
    ) -> AccessRequest<'a> {
        let mut context = Context::from_address(Ipv4Addr::LOCALHOST.into());
        context.authn = Authn { events };
        if !events.is_empty() {
            context.session = Some(SessionContext {
                started: now.before(Duration::from_secs(1)),
                enrolment: false,
            });
        }
        if self.action == Action::HttpRequest {
            context.http = Some(HttpContext {
                method: "GET",
                path: &self.path,
                host: &self.host,
                websocket: false,
                same_origin: true,
            });
        }
        AccessRequest {
            principal,
            session: None,
            action: self.action,
            resource: &self.resource,
            context,
        }
    }
}

fn is_always_open(app: &App) -> bool {
    matches!(&app.upstream, Upstream::BuiltIn(name) if matches!(&**name, "sign-in" | "portal"))
}

/// Every route of every app, and what can be done to Gatewright itself.
fn targets(facts: &Snapshot) -> Vec<Target> {
    let mut targets = Vec::new();
    // Sign-in and portal are open by policies that nobody replaces.
    let replaceable = |app: &&Arc<App>| !is_always_open(app);
    for app in facts.apps().filter(replaceable) {
        let declared = app.routes.iter().map(|route| {
            let path = route.paths.first().map_or("/", |p| p.literal());
            (route.name.clone(), path.to_owned())
        });
        for (route, path) in [(app.default_route(), "/".to_owned())]
            .into_iter()
            .chain(declared)
        {
            targets.push(Target {
                words: route.to_string(),
                action: Action::HttpRequest,
                resource: Resource::Route(route),
                host: app.host.clone(),
                path,
                moved: false,
            });
        }
    }
    targets.extend(SYSTEM.map(|action| Target {
        words: action.to_string(),
        action,
        resource: Resource::System,
        host: Arc::from(""),
        path: String::new(),
        moved: false,
    }));
    targets
}
