//! Nobody locked out: whether, under some facts and policies, anybody could still put them right.

use std::net::{IpAddr, Ipv4Addr};
use std::{sync::Arc, time::Duration};

use gw_model::{
    AccessRequest, Action, App, Authn, AuthnEvent, AuthnMethod, BreakGlass, Change, Context, Epoch,
    HttpContext, Membership, Principal, Resource, SessionContext, Snapshot, Timestamp, Upstream,
    User, UserId,
};

use crate::Policies;

/// A proof that is as good and as fresh as one can have.
const FRESH: Duration = Duration::from_secs(1);
/// The app of Gatewright's own in which people administer.
const ADMINISTRATION: &str = "administration";

/// Whether root on the machine, or any person who is not switched off, could still replace the
/// policies: whoever can do that can put everything else right.
///
/// A person counts who has a passkey, whose rights do not end by themselves, and whom policy
/// lets into the administration, where it has a host.
pub fn someone_can_administer(policies: &Policies, facts: &Snapshot, now: Timestamp) -> bool {
    let as_local = Try {
        policies,
        facts,
        principal: Principal::Local(0),
        method: AuthnMethod::Passkey,
        now,
    };
    as_local.may(Action::AdminPolicyApply, &Resource::System, None) || {
        let mut people = facts
            .users()
            .filter(|user| !user.disabled && user.has_passkey());
        people.any(|user| is_lasting_owner(policies, facts, user, now))
    }
}

fn is_lasting_owner(
    policies: &Policies,
    facts: &Snapshot,
    user: &Arc<User>,
    now: Timestamp,
) -> bool {
    let passing = user.groups.iter().any(|group| group.until.is_some());
    if !passing {
        return administers(policies, facts, user.id, AuthnMethod::Passkey, now);
    }
    let mut lasting = User::clone(user);
    lasting.groups.retain(|group| group.until.is_none());
    let id = lasting.id;
    facts
        .apply(next(facts.epoch), &[Change::UserPut(lasting.into())])
        .is_ok_and(|facts| administers(policies, &facts, id, AuthnMethod::Passkey, now))
}

/// Whether somebody who broke the glass could replace the policies: that no `forbid` stands in the
/// way of an emergency. On a machine without a host for the administration nobody could.
pub fn break_glass_opens(policies: &Policies, facts: &Snapshot, now: Timestamp) -> bool {
    let Ok(owners) = BreakGlass::GROUP.parse() else {
        return false;
    };
    let user = User {
        id: UserId::from_bits(u64::MAX),
        name: "(emergency)".into(),
        display_name: "".into(),
        email: None,
        attributes: Default::default(),
        groups: vec![Membership::of(owners)],
        factors: Vec::new(),
        disabled: false,
        version: 0,
    };
    let id = user.id;
    facts
        .apply(next(facts.epoch), &[Change::UserPut(user.into())])
        .is_ok_and(|facts| administers(policies, &facts, id, AuthnMethod::BreakGlass, now))
}

/// Whether a person with a fresh proof could get in and replace the policies, from anywhere that
/// policies know of.
fn administers(
    policies: &Policies,
    facts: &Snapshot,
    user: UserId,
    method: AuthnMethod,
    now: Timestamp,
) -> bool {
    let tried = Try {
        policies,
        facts,
        principal: Principal::User(user),
        method,
        now,
    };
    let Some(app) = facts.apps().find(|app| is_administration(app)) else {
        return false;
    };
    let entrance = Resource::Route(app.default_route());
    tried.may(Action::AdminPolicyApply, &Resource::System, None)
        && tried.may(Action::HttpRequest, &entrance, Some(app))
}

fn is_administration(app: &App) -> bool {
    matches!(&app.upstream, Upstream::BuiltIn(name) if **name == *ADMINISTRATION)
}

/// Somebody with a proof of a moment ago.
struct Try<'a> {
    policies: &'a Policies,
    facts: &'a Snapshot,
    principal: Principal,
    method: AuthnMethod,
    now: Timestamp,
}

impl Try<'_> {
    /// Whether policy lets them from this machine, from elsewhere, or from a network with a name.
    fn may(&self, action: Action, resource: &Resource, app: Option<&Arc<App>>) -> bool {
        let networks = self.facts.settings().networks.iter();
        let named = networks.filter_map(|network| network.prefixes.first().map(|p| p.addr()));
        let anywhere = [
            Ipv4Addr::LOCALHOST.into(),
            Ipv4Addr::new(192, 0, 2, 1).into(),
        ];
        anywhere
            .into_iter()
            .chain(named)
            .any(|address| self.may_from(address, action, resource, app))
    }

    fn may_from(
        &self,
        address: IpAddr,
        action: Action,
        resource: &Resource,
        app: Option<&Arc<App>>,
    ) -> bool {
        let just_now = self.now.before(FRESH);
        let events = [AuthnEvent {
            method: self.method,
            at: just_now,
            factor: None,
        }];
        let names = self.facts.settings().network_names(address);
        let mut context = Context::from_address(address);
        context.network.names = &names;
        if let Principal::User(_) = self.principal {
            context.authn = Authn { events: &events };
            context.session = Some(SessionContext {
                started: just_now,
                enrolment: false,
            });
        }
        context.http = app.map(|app| HttpContext {
            method: "GET",
            path: "/",
            host: &app.host,
            websocket: false,
            same_origin: true,
        });
        context.time.zone = app.and_then(|app| app.time_zone.as_deref());
        let request = AccessRequest {
            principal: self.principal,
            session: None,
            action,
            resource,
            context,
        };
        let decided = self.policies.decide(self.facts, &request, self.now);
        decided.outcome.is_allow()
    }
}

fn next(epoch: Epoch) -> Epoch {
    Epoch {
        number: epoch.number.saturating_add(1),
        ..epoch
    }
}
