//! What can be asked for: every route of every app, and what is done to Gatewright itself.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use gw_model::{
    AccessRequest, Action, App, Authn, AuthnEvent, Context, HttpContext, Principal, Resource,
    SessionContext, Snapshot, Timestamp, Upstream,
};
use gw_policy::Policies;

use super::changing::Another;
use crate::proofs::Proof;

/// What is done to Gatewright itself.
pub(super) const SYSTEM: [Action; 11] = [
    Action::AdminRead,
    Action::AdminPolicyApply,
    Action::AdminExplain,
    Action::AdminLogRead,
    Action::AdminKeyRotate,
    Action::AdminAppChange,
    Action::AdminProviderSuspend,
    Action::AdminProviderChange,
    Action::AdminClientSuspend,
    Action::AdminClientChange,
    Action::AdminChangePropose,
];

/// What of that somebody may do for somebody else who proposes it.
const TAKE_TWO: [Action; 6] = [
    Action::AdminPolicyApply,
    Action::AdminAppChange,
    Action::AdminProviderSuspend,
    Action::AdminProviderChange,
    Action::AdminClientSuspend,
    Action::AdminClientChange,
];

/// All actions of targets.
pub(super) const ACTIONS: [Action; 12] = {
    let [a, b, c, d, e, f, g, h, i, j, k] = SYSTEM;
    [Action::HttpRequest, a, b, c, d, e, f, g, h, i, j, k]
};

/// Something that is asked for.
pub(super) struct Target {
    pub(super) words: String,
    pub(super) action: Action,
    pub(super) resource: Resource,
    host: Arc<str>,
    path: String,
    /// Whether the app that it is of differs between the states.
    pub(super) moved: bool,
    /// Who proposes it, where it is looked at whether somebody may do it then and not alone.
    another: Option<Another>,
}

impl Target {
    /// What is done to Gatewright itself, or on somebody.
    pub(super) fn on(action: Action, resource: Resource) -> Self {
        Self {
            words: action.to_string(),
            action,
            resource,
            host: Arc::from(""),
            path: String::new(),
            moved: false,
            another: None,
        }
    }

    /// The same, as far as it takes somebody else who proposes it.
    pub(super) fn with(self, another: &Another) -> Self {
        Self {
            words: format!("{} where somebody else proposes it", self.words),
            another: Some(another.clone()),
            ..self
        }
    }

    /// Whether policies let it happen before and after a change, by somebody who has just proved
    /// who they are. What takes somebody else is not lost where it no longer does.
    pub(super) fn answers(
        &self,
        [before, after]: [(&Policies, &Snapshot); 2],
        principal: Principal,
        proof: Option<&Proof>,
        now: Timestamp,
    ) -> (bool, bool) {
        let events = proof.map_or(&[][..], |proof| std::slice::from_ref(&proof.event));
        let mut request = self.request(principal, events, now);
        let alone = [before, after].map(|state| allows(state, &request, now));
        let Some(another) = &self.another else {
            return alone.into();
        };
        request.context.proposal = Some(another.proposes(self.action));
        let [with_before, with_after] = [before, after].map(|state| allows(state, &request, now));
        let [alone_before, alone_after] = alone;
        let takes_two = !alone_after && with_after;
        (!alone_before && with_before && !alone_after, takes_two)
    }

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

fn allows(
    (policies, facts): (&Policies, &Snapshot),
    request: &AccessRequest<'_>,
    now: Timestamp,
) -> bool {
    policies.decide(facts, request, now).outcome.is_allow()
}

fn is_always_open(app: &App) -> bool {
    matches!(&app.upstream, Upstream::BuiltIn(name) if matches!(&**name, "sign-in" | "portal"))
}

/// Every route of every app, and what can be done to Gatewright itself.
pub(super) fn targets(facts: &Snapshot, another: Option<&Another>) -> Vec<Target> {
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
                another: None,
            });
        }
    }
    let on_system = |action| Target::on(action, Resource::System);
    targets.extend(SYSTEM.map(on_system));
    if let Some(another) = another {
        targets.extend(TAKE_TWO.map(|action| on_system(action).with(another)));
    }
    targets
}

impl Target {
    /// A principal that can be asked about it, when only it is looked up.
    pub(super) const fn anybody(&self) -> Principal {
        match self.action {
            Action::HttpRequest => Principal::Anonymous,
            _ => Principal::Local(0),
        }
    }

    /// Whether the app that it is of differs between the states.
    pub(super) fn has_moved(&self, present: &Snapshot, facts: &Snapshot) -> bool {
        let Resource::Route(route) = &self.resource else {
            return false;
        };
        let app = route
            .as_str()
            .split_once('/')
            .and_then(|(app, _)| app.parse().ok());
        app.is_some_and(|app| {
            let (then, now) = (present.app(&app), facts.app(&app));
            match (then, now) {
                (Some(then), Some(now)) => !Arc::ptr_eq(then, now),
                _ => true,
            }
        })
    }
}
