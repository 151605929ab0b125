//! What a set of policies would change: which policies come and go, and who gains and loses.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
    sync::Arc,
    time::Duration,
};

use gw_model::{
    AccessRequest, Action, Authn, AuthnEvent, AuthnMethod, Context, HttpContext, PolicyFile,
    PolicyId, Principal, Resource, SessionContext, Snapshot, Timestamp,
};
use gw_policy::{Policies, Touched};

use crate::types::{Comparison, Difference};

mod people;

use people::Alike;

/// Decisions that a comparison makes at most: a few seconds' worth.
const EVALUATIONS_MAX: usize = 400_000;

/// Pairs of people and targets that it looks at at most.
const PAIRS_MAX: usize = 4_000_000;

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
    facts: &Snapshot,
    now: Timestamp,
) -> Comparison {
    let mut comparison = named_differences(old, new, files, facts);
    comparison.warnings = new.warnings().iter().map(ToString::to_string).collect();
    if let Some(old) = old {
        comparison.changed = new.changed_since(old);
        let mut found = Found::default();
        let people = people::alike(facts, [old, new], now);
        let touched = new.touched_since(old);
        comparison.incomplete =
            !each_question(facts, &people, &touched, now, |question, request| {
                let before = old.decide(facts, request, now).outcome.is_allow();
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

/// Asks each question whose answer the change can touch, once for people who are alike; false
/// when there were too many.
fn each_question(
    facts: &Snapshot,
    people: &[Alike],
    touched: &Touched,
    now: Timestamp,
    mut ask: impl FnMut(&Question<'_>, &AccessRequest<'_>),
) -> bool {
    let mut targets = targets(facts);
    targets.retain(|target| {
        let any = match target.action {
            Action::HttpRequest => Principal::Anonymous,
            _ => Principal::Local(0),
        };
        touched.touches_resource(facts, any, (target.action, &target.resource), now)
    });
    let (mut pairs, mut left) = (PAIRS_MAX, EVALUATIONS_MAX / 2);
    for who in people {
        for target in &targets {
            pairs = match pairs.checked_sub(1) {
                Some(pairs) => pairs,
                None => return false,
            };
            let asked = (target.action, &target.resource);
            if !touched.touches(facts, who.principal, asked, now) {
                continue;
            }
            for method in who.proofs() {
                left = match left.checked_sub(1) {
                    Some(left) => left,
                    None => return false,
                };
                let question = Question {
                    who,
                    what: &target.words,
                    proof: method.map_or("nothing", AuthnMethod::as_str),
                };
                let events: Vec<_> = method
                    .map(|method| proof(method, now))
                    .into_iter()
                    .collect();
                ask(&question, &target.request(who.principal, &events, now));
            }
        }
    }
    true
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

/// Every route of every app, and what can be done to Gatewright itself.
fn targets(facts: &Snapshot) -> Vec<Target> {
    let mut targets = Vec::new();
    for app in facts.apps() {
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
            });
        }
    }
    let system = [
        Action::AdminRead,
        Action::AdminPolicyApply,
        Action::AdminExplain,
        Action::AdminLogRead,
        Action::AdminKeyRotate,
    ];
    targets.extend(system.map(|action| Target {
        words: action.to_string(),
        action,
        resource: Resource::System,
        host: Arc::from(""),
        path: String::new(),
    }));
    targets
}
