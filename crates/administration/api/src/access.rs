//! Whether somebody reaches a route, and on which conditions, whatever their session.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use gw_model::{
    AccessRequest, Action, App, Authn, AuthnMethod, Context, Decision, HttpContext, Lever,
    PolicyId, Principal, Resource, RouteName, SessionContext, Snapshot, TimeContext, Timestamp,
};
use gw_policy::{Policies, Prepared, RemedyOptions, remedies};

use crate::{
    operation::step,
    proofs::{Proof, Proofs, just_before},
    types::AccessWord,
};

/// How far and how often it is looked whether time takes an answer away: a week and a day, so
/// that each hour of each weekday comes.
const HORIZON: Duration = Duration::from_secs(8 * 86_400);
const INSTANTS_MAX: usize = 200;

/// What was found of somebody and a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) word: AccessWord,
    pub(crate) conditions: Vec<String>,
    pub(crate) because: Vec<PolicyId>,
    /// What would open it, where it does not open.
    pub(crate) ways: Vec<String>,
}

/// A route, as it is asked for.
#[derive(Debug, Clone)]
pub(crate) struct RouteAsked {
    pub(crate) app: Arc<App>,
    pub(crate) name: RouteName,
    pub(crate) label: String,
    path: String,
    method: String,
}

/// The routes of an app, the one for the rest first.
pub(crate) fn routes(app: &Arc<App>) -> impl Iterator<Item = RouteAsked> {
    let rest = RouteAsked {
        app: app.clone(),
        name: app.default_route(),
        label: "the rest".to_owned(),
        path: "/".to_owned(),
        method: "GET".to_owned(),
    };
    let declared = app.routes.iter().map(|route| RouteAsked {
        app: app.clone(),
        name: route.name.clone(),
        label: route
            .paths
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", "),
        path: route
            .paths
            .first()
            .map_or("/", |path| path.literal())
            .to_owned(),
        method: route
            .methods
            .first()
            .map_or("GET", |method| method)
            .to_owned(),
    });
    std::iter::once(rest).chain(declared)
}

/// When something is asked, and when whoever asks signed in.
#[derive(Debug, Clone, Copy)]
struct Moment {
    now: Timestamp,
    signed_in: Timestamp,
}

impl Moment {
    fn after_sign_in(now: Timestamp) -> Self {
        Self {
            now,
            signed_in: just_before(now),
        }
    }
}

/// Who asks for what, and how they have signed in.
struct Asked<'a> {
    principal: Principal,
    route: &'a RouteAsked,
    resource: &'a Resource,
    proof: &'a Proof,
}

/// Looks at who reaches what, in the same policies, facts and moment.
pub(crate) struct Looking<'a> {
    policies: &'a Policies,
    facts: &'a Snapshot,
    now: Timestamp,
    permits: HashSet<&'a PolicyId>,
    link: Proof,
    passkey: Proof,
    proofs: Proofs,
}

impl<'a> Looking<'a> {
    pub(crate) fn new(policies: &'a Policies, facts: &'a Snapshot, now: Timestamp) -> Self {
        let permits = policies
            .texts()
            .iter()
            .filter(|text| text.effect() == "permit");
        Self {
            policies,
            facts,
            now,
            permits: permits.map(|text| &text.id).collect(),
            link: Proof::own(AuthnMethod::SignInLink, now),
            passkey: Proof::own(AuthnMethod::Passkey, now),
            proofs: Proofs::of(&[policies], &[facts], now),
        }
    }

    /// Whether a principal reaches a route. What no permit is about is not looked at further.
    pub(crate) fn at(&self, principal: Principal, route: &RouteAsked, with_ways: bool) -> Access {
        let resource = Resource::Route(route.name.clone());
        let action = Action::HttpRequest;
        let prepared = self
            .policies
            .prepare(self.facts, principal, action, &resource, self.now);
        let Ok(prepared) = prepared else {
            return Access::never();
        };
        let permits = prepared.policy_ids();
        let permits = permits.filter(|id| self.permits.contains(id));
        let permits: Vec<PolicyId> = permits.cloned().collect();
        if permits.is_empty() && !with_ways {
            return Access::never();
        }
        // What stands in the way says why there is a condition.
        let mut barred = Vec::new();
        let own = [
            (&self.link, AccessWord::Always, vec![]),
            (
                &self.passkey,
                AccessWord::Condition,
                vec!["passkey".to_owned()],
            ),
        ];
        let known = principal != Principal::Anonymous;
        let by_providers = self.proofs.by_providers().iter().filter(|_| known);
        let by_providers = by_providers.map(|proof| {
            let which = proof.words.trim_start_matches("provider:");
            let condition = format!("account at {which}");
            (proof, AccessWord::Condition, vec![condition])
        });
        let now = Moment::after_sign_in(self.now);
        for (proof, mut word, mut conditions) in own.into_iter().chain(by_providers) {
            let asked = Asked {
                principal,
                route,
                resource: &resource,
                proof,
            };
            let decision = self.decide(&asked, &prepared, now);
            if decision.outcome.is_allow() {
                if let Some((condition, ended_by)) = self.ended(&asked, &decision) {
                    word = AccessWord::Condition;
                    conditions.push(condition.to_owned());
                    barred.extend(ended_by);
                }
                return Access {
                    word,
                    conditions,
                    because: once_each(decision.because.into_iter().chain(barred)),
                    ways: Vec::new(),
                };
            }
            barred.extend(decision.because);
        }
        let because = match permits.is_empty() {
            true => Vec::new(),
            false => once_each(permits.into_iter().chain(barred)),
        };
        self.by_remedies(principal, route, &resource, because)
    }

    /// A condition is what the person can meet without becoming somebody else; no permit, no
    /// condition.
    fn by_remedies(
        &self,
        principal: Principal,
        route: &RouteAsked,
        resource: &Resource,
        because: Vec<PolicyId>,
    ) -> Access {
        if principal == Principal::Anonymous {
            return Access::never();
        }
        let options = RemedyOptions::default();
        let now = Moment::after_sign_in(self.now);
        let found = self.ask(principal, route, resource, &self.passkey, now, |request| {
            remedies(self.policies, self.facts, request, self.now, &options)
        });
        let is_condition = |lever: &Lever| !matches!(lever, Lever::Group(_));
        let met = found
            .ways
            .iter()
            .find(|way| way.steps.iter().all(is_condition));
        match met.filter(|_| !because.is_empty()) {
            Some(way) => Access {
                word: AccessWord::Condition,
                conditions: way.steps.iter().map(condition).collect(),
                because,
                ways: Vec::new(),
            },
            None => Access {
                ways: found
                    .ways
                    .iter()
                    .map(|way| {
                        way.steps
                            .iter()
                            .map(step)
                            .collect::<Vec<_>>()
                            .join(", then ")
                    })
                    .collect(),
                ..Access::never()
            },
        }
    }

    fn decide(&self, asked: &Asked<'_>, prepared: &Prepared, moment: Moment) -> Decision {
        let zone = &self.facts.settings().time_zone;
        self.ask(
            asked.principal,
            asked.route,
            asked.resource,
            asked.proof,
            moment,
            |request| {
                self.policies
                    .evaluate(prepared, &request.context, zone, moment.now)
            },
        )
    }

    /// What time alone asks of somebody who is let in, in the days that come, and the policies by
    /// which it ends what they have. A membership that ends is none of it.
    fn ended(&self, asked: &Asked<'_>, first: &Decision) -> Option<(&'static str, Vec<PolicyId>)> {
        let begun = Moment::after_sign_in(self.now);
        let days = self.now.after(HORIZON);
        let mut until = first.valid_until;
        let mut prepared = self.prepared(asked, self.now)?;
        let mut is_as_before = true;
        for _ in 0..INSTANTS_MAX {
            if until > days {
                return None;
            }
            if until >= prepared.membership_until() {
                prepared = self.prepared(asked, until)?;
                is_as_before = false;
            }
            let later = Moment {
                now: until,
                ..begun
            };
            let later = self.decide(asked, &prepared, later);
            if !later.outcome.is_allow() {
                let anew = self.decide(asked, &prepared, Moment::after_sign_in(until));
                return match anew.outcome.is_allow() {
                    true => Some(("fresh sign-in", later.because)),
                    false => is_as_before.then_some(("time of day", later.because)),
                };
            }
            until = later.valid_until;
        }
        // It is looked at again and again.
        Some(("the right time", Vec::new()))
    }

    fn prepared(&self, asked: &Asked<'_>, now: Timestamp) -> Option<Prepared> {
        let (action, resource) = (Action::HttpRequest, asked.resource);
        let prepared = self
            .policies
            .prepare(self.facts, asked.principal, action, resource, now);
        prepared.ok()
    }

    fn ask<T>(
        &self,
        principal: Principal,
        route: &RouteAsked,
        resource: &Resource,
        proof: &Proof,
        moment: Moment,
        then: impl FnOnce(&AccessRequest<'_>) -> T,
    ) -> T {
        let address: IpAddr = Ipv4Addr::LOCALHOST.into();
        let known = principal != Principal::Anonymous;
        let event = known.then(|| proof.event_at(moment.signed_in));
        let names = self.facts.settings().network_names(address);
        let mut context = Context::from_address(address);
        context.network.names = &names;
        context.authn = Authn {
            events: event.as_slice(),
        };
        context.session = known.then_some(SessionContext {
            started: moment.signed_in,
            enrolment: false,
        });
        context.http = Some(HttpContext {
            method: &route.method,
            path: &route.path,
            host: &route.app.host,
            websocket: false,
            same_origin: true,
        });
        context.time = TimeContext {
            zone: route.app.time_zone.as_deref(),
        };
        then(&AccessRequest {
            principal,
            session: None,
            action: Action::HttpRequest,
            resource,
            context,
        })
    }
}

/// Each policy once, where it comes first.
fn once_each(policies: impl Iterator<Item = PolicyId>) -> Vec<PolicyId> {
    let mut seen = HashSet::new();
    policies
        .filter(|policy| seen.insert(policy.clone()))
        .collect()
}

impl Access {
    const fn never() -> Self {
        Self {
            word: AccessWord::Never,
            conditions: Vec::new(),
            because: Vec::new(),
            ways: Vec::new(),
        }
    }
}

/// A condition in a word or two.
fn condition(lever: &Lever) -> String {
    match lever {
        Lever::SignIn => "sign-in".into(),
        Lever::ConfirmWithPasskey | Lever::EnrolPasskey => "passkey".into(),
        Lever::ConfirmWithProvider(name) => format!("account at {name}"),
        Lever::ConfirmWithPassword => "password and code".into(),
        Lever::FreshLink => "fresh sign-in".into(),
        Lever::Network(name) => format!("network {name}"),
        Lever::Time(_) => "time of day".into(),
        Lever::Group(name) => format!("group {name}"),
    }
}

/// Who is in each group now, groups within included.
pub(crate) fn members(
    facts: &Snapshot,
    now: Timestamp,
) -> HashMap<gw_model::GroupName, BTreeSet<gw_model::UserId>> {
    let mut members: HashMap<_, BTreeSet<_>> = HashMap::new();
    for user in facts.users().filter(|user| !user.disabled) {
        for group in facts.groups_of(user, now).0 {
            members.entry(group).or_default().insert(user.id);
        }
    }
    members
}
