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
const FRESH: Duration = Duration::from_secs(10);
/// Somewhere on the internet. No address that examples use: a condition copied from one would be
/// met here, and by nobody.
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(45, 83, 17, 201));
/// The app of Gatewright's own in which people administer.
const ADMINISTRATION: &str = "administration";
/// The one in which they sign in.
const SIGN_IN: &str = "sign-in";

/// A method and a path.
type Asked = (&'static str, &'static str);
/// What replacing the policies takes there.
const TO_APPLY: [Asked; 5] = [
    ("GET", "/"),
    ("GET", "/assets/console.js"),
    ("GET", "/v1/me"),
    ("POST", "/v1/policies/compare"),
    ("POST", "/v1/policies"),
];
/// The rights that it takes: nobody applies what they cannot look at.
const RIGHTS: [Action; 3] = [
    Action::AdminPolicyApply,
    Action::AdminExplain,
    Action::AdminRead,
];
/// What a sign-in takes of whoever has just given their proof.
const TO_ENTER: Asked = ("GET", "/hand-over");
/// What signing in with a passkey takes of a stranger.
const BY_PASSKEY: [Asked; 3] = [
    ("GET", "/sign-in"),
    ("POST", "/passkey/sign-in/start"),
    ("POST", "/passkey/sign-in/finish"),
];
/// What breaking the glass takes.
const BY_CODE: [Asked; 2] = [("GET", "/break-glass"), ("POST", "/break-glass")];

/// Whether root on the machine, or any person who is not switched off, could still replace the
/// policies: whoever can do that can put everything else right.
///
/// A person counts who has a passkey, whose rights do not end by themselves, and whom policy
/// lets into the administration, where it has a host.
pub fn someone_can_administer(policies: &Policies, facts: &Snapshot, now: Timestamp) -> bool {
    the_machine_can_administer(policies, facts, now) || {
        let mut people = facts
            .users()
            .filter(|user| !user.disabled && user.has_passkey() && counts(facts, user, now));
        people.any(|user| is_lasting_owner(policies, facts, user, now))
    }
}

/// Whether root on the machine could replace the policies.
pub fn the_machine_can_administer(policies: &Policies, facts: &Snapshot, now: Timestamp) -> bool {
    let as_local = Try {
        policies,
        facts,
        principal: Principal::Local(0),
        method: AuthnMethod::Passkey,
        address: Ipv4Addr::LOCALHOST.into(),
        now,
    };
    as_local.may_apply()
}

/// While a sealed way in was used, only those count who were owners before: whoever came in by it
/// can make others. Where there were none, those count whom policy lets, as ever.
fn counts(facts: &Snapshot, user: &User, now: Timestamp) -> bool {
    let mut uses = facts.break_glass().filter_map(|entry| entry.waiting());
    uses.all(|used| {
        let mut owners = used.owners.iter();
        used.has_witness(facts, user.id, now)
            || !owners.any(|owner| used.has_witness(facts, *owner, now))
    })
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

/// Whether a person with a fresh proof could get in and replace the policies, from some one place
/// that policies know of.
fn administers(
    policies: &Policies,
    facts: &Snapshot,
    user: UserId,
    method: AuthnMethod,
    now: Timestamp,
) -> bool {
    places(facts).into_iter().any(|address| {
        let person = Try {
            policies,
            facts,
            principal: Principal::User(user),
            method,
            address,
            now,
        };
        person.administers()
    })
}

/// This machine, elsewhere, and each network that has a name; without what is for examples.
fn places(facts: &Snapshot) -> Vec<IpAddr> {
    let named = facts.settings().networks.iter().filter_map(|network| {
        let mut addresses = network.prefixes.iter().map(|prefix| prefix.addr());
        addresses.find(|address| !is_documentation(*address))
    });
    let mut places = vec![Ipv4Addr::LOCALHOST.into(), ELSEWHERE];
    places.extend(named);
    places
}

/// An address that stands for others in texts, and is nobody's (RFC 5737, RFC 3849).
fn is_documentation(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_documentation(),
        IpAddr::V6(address) => address.segments().starts_with(&[0x2001, 0xdb8]),
    }
}

/// An app of Gatewright's own.
fn own<'f>(facts: &'f Snapshot, which: &str) -> Option<&'f Arc<App>> {
    let is_it =
        |app: &&Arc<App>| matches!(&app.upstream, Upstream::BuiltIn(name) if **name == *which);
    facts.apps().find(is_it)
}

/// An app, the method and the path.
type At<'a> = (&'a Arc<App>, &'static str, &'static str);

/// Somebody somewhere, with a proof of a moment ago.
#[derive(Clone, Copy)]
struct Try<'a> {
    policies: &'a Policies,
    facts: &'a Snapshot,
    principal: Principal,
    method: AuthnMethod,
    address: IpAddr,
    now: Timestamp,
}

impl Try<'_> {
    fn administers(&self) -> bool {
        let Some(administration) = own(self.facts, ADMINISTRATION) else {
            return false;
        };
        let stranger = Try {
            principal: Principal::Anonymous,
            ..*self
        };
        let signing_in: &[Asked] = match self.method {
            AuthnMethod::BreakGlass => &BY_CODE,
            _ => &BY_PASSKEY,
        };
        let signs_in = |app| {
            signing_in.iter().all(|asked| stranger.reaches(app, *asked))
                && self.reaches(app, TO_ENTER)
        };
        let mut to_apply = TO_APPLY.iter();
        self.may_apply()
            && to_apply.all(|asked| self.reaches(administration, *asked))
            && own(self.facts, SIGN_IN).is_none_or(signs_in)
    }

    fn may_apply(&self) -> bool {
        let mut rights = RIGHTS.into_iter();
        rights.all(|right| self.may(right, &Resource::System, None))
    }

    fn reaches(&self, app: &Arc<App>, (method, path): Asked) -> bool {
        let route = Resource::Route(app.route_of(method, path));
        self.may(Action::HttpRequest, &route, Some((app, method, path)))
    }

    fn may(&self, action: Action, resource: &Resource, at: Option<At<'_>>) -> bool {
        let just_now = self.now.before(FRESH);
        let events = [AuthnEvent {
            method: self.method,
            at: just_now,
            factor: None,
        }];
        let names = self.facts.settings().network_names(self.address);
        let mut context = Context::from_address(self.address);
        context.network.names = &names;
        if let Principal::User(_) = self.principal {
            context.authn = Authn { events: &events };
            context.session = Some(SessionContext {
                started: just_now,
                enrolment: false,
            });
        }
        context.http = at.map(|(app, method, path)| HttpContext {
            method,
            path,
            host: &app.host,
            websocket: false,
            same_origin: true,
        });
        context.time.zone = at.and_then(|(app, ..)| app.time_zone.as_deref());
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
