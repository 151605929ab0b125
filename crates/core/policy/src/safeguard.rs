//! Nobody locked out: whether, under some facts and policies, anybody could still put them right.

use std::net::{IpAddr, Ipv4Addr};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

use gw_model::{
    AccessRequest, Action, App, Authn, AuthnEvent, AuthnMethod, BreakGlass, Change, Context, Epoch,
    GroupName, HttpContext, Membership, Principal, ProposalContext, Resource, SessionContext,
    Snapshot, Timestamp, Upstream, User, UserId,
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

/// Those who may propose are tried with each who might approve: of each set of groups two, as
/// far as these.
const PROPOSERS_MAX: usize = 32;

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
/// What approving them takes there beside that.
const TO_APPROVE: [Asked; 2] = [
    ("GET", "/v1/proposals/p-aaaaaaaaaaaaa"),
    ("POST", "/v1/proposals/p-aaaaaaaaaaaaa/approve"),
];
/// The rights that each takes beside the deed: nobody applies what they cannot look at.
const TO_LOOK: [Action; 2] = [Action::AdminExplain, Action::AdminRead];
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

/// Whether root on the machine, any person who is not switched off, or two of them together could
/// still replace the policies: whoever can do that can put everything else right.
///
/// A person counts who has a passkey, whose rights do not end by themselves, and whom policy
/// lets into the administration, where it has a host.
pub fn someone_can_administer(policies: &Policies, facts: &Snapshot, now: Timestamp) -> bool {
    let mut people = people(facts, now);
    the_machine_can_administer(policies, facts, now)
        || people.any(|user| is_lasting_owner(policies, facts, user, now))
        || two_can_administer(policies, facts, now)
}

fn people(facts: &Snapshot, now: Timestamp) -> impl Iterator<Item = &Arc<User>> {
    facts
        .users()
        .filter(move |user| !user.disabled && user.has_passkey() && counts(facts, user, now))
}

/// Whether one person could approve what another proposes, by what does not end by itself.
fn two_can_administer(policies: &Policies, facts: &Snapshot, now: Timestamp) -> bool {
    let Some(facts) = without_passing(facts, now) else {
        return false;
    };
    let proposer = |user: &Arc<User>| {
        let groups = facts.groups_of(user, now).0;
        let known = (user.id, user.name.clone(), groups);
        let proposing = (user.id, Part::Proposes(context_of(&known)));
        let may = administers(policies, &facts, proposing, AuthnMethod::Passkey, now);
        may.then_some(known)
    };
    // Two of the same groups stand for all: whoever approves may be one of them.
    let mut of_each = BTreeMap::<Vec<GroupName>, usize>::new();
    let is_needed = |(_, _, groups): &Proposer| {
        let count = of_each.entry(groups.clone()).or_default();
        *count += 1;
        *count <= 2
    };
    let proposers: Vec<_> = people(&facts, now)
        .filter_map(proposer)
        .filter(is_needed)
        .take(PROPOSERS_MAX)
        .collect();
    let approves = |user: &Arc<User>| {
        let mut others = proposers.iter().filter(|(id, ..)| *id != user.id);
        others.any(|other| {
            let approving = (user.id, Part::Approves(context_of(other)));
            administers(policies, &facts, approving, AuthnMethod::Passkey, now)
        })
    };
    !proposers.is_empty() && people(&facts, now).any(approves)
}

/// The facts without memberships that end by themselves.
fn without_passing(facts: &Snapshot, now: Timestamp) -> Option<Snapshot> {
    let passing = people(facts, now).filter(|user| user.groups.iter().any(|g| g.until.is_some()));
    let lasting: Vec<_> = passing
        .map(|user| {
            let mut lasting = User::clone(user);
            lasting.groups.retain(|group| group.until.is_none());
            Change::UserPut(lasting.into())
        })
        .collect();
    facts.apply(next(facts.epoch), &lasting).ok()
}

type Proposer = (UserId, Arc<str>, Vec<GroupName>);

fn context_of((_, by, groups): &Proposer) -> ProposalContext<'_> {
    ProposalContext {
        by,
        groups,
        action: Action::AdminPolicyApply,
    }
}

/// Whether root on the machine could replace the policies.
pub fn the_machine_can_administer(policies: &Policies, facts: &Snapshot, now: Timestamp) -> bool {
    let as_local = Try {
        policies,
        facts,
        principal: Principal::Local(0),
        part: Part::Alone,
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
        let alone = (user.id, Part::Alone);
        return administers(policies, facts, alone, AuthnMethod::Passkey, now);
    }
    let mut lasting = User::clone(user);
    lasting.groups.retain(|group| group.until.is_none());
    let alone = (lasting.id, Part::Alone);
    facts
        .apply(next(facts.epoch), &[Change::UserPut(lasting.into())])
        .is_ok_and(|facts| administers(policies, &facts, alone, AuthnMethod::Passkey, now))
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
        identities: Vec::new(),
        disabled: false,
        verified_email: None,
        tokens_from: gw_model::Timestamp::default(),
        version: 0,
    };
    let alone = (user.id, Part::Alone);
    facts
        .apply(next(facts.epoch), &[Change::UserPut(user.into())])
        .is_ok_and(|facts| administers(policies, &facts, alone, AuthnMethod::BreakGlass, now))
}

/// Whether a person with a fresh proof could get in and replace the policies, from some one place
/// that policies know of.
fn administers(
    policies: &Policies,
    facts: &Snapshot,
    (user, part): (UserId, Part<'_>),
    method: AuthnMethod,
    now: Timestamp,
) -> bool {
    places(facts).into_iter().any(|address| {
        let person = Try {
            policies,
            facts,
            principal: Principal::User(user),
            part,
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

/// What part somebody has in replacing the policies.
#[derive(Clone, Copy)]
enum Part<'a> {
    /// They do it.
    Alone,
    /// They propose it.
    Proposes(ProposalContext<'a>),
    /// They do what somebody else proposed.
    Approves(ProposalContext<'a>),
}

impl<'a> Part<'a> {
    /// What else it takes in the administration, and which right.
    const fn takes(self) -> (&'static [Asked], Action) {
        match self {
            Part::Alone => (&[], Action::AdminPolicyApply),
            Part::Proposes(_) => (&[], Action::AdminChangePropose),
            Part::Approves(_) => (&TO_APPROVE, Action::AdminPolicyApply),
        }
    }

    const fn proposal(self) -> Option<ProposalContext<'a>> {
        match self {
            Part::Alone => None,
            Part::Proposes(proposal) | Part::Approves(proposal) => Some(proposal),
        }
    }
}

/// Somebody somewhere, with a proof of a moment ago.
#[derive(Clone, Copy)]
struct Try<'a> {
    policies: &'a Policies,
    facts: &'a Snapshot,
    principal: Principal,
    part: Part<'a>,
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
            part: Part::Alone,
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
        let (further, _) = self.part.takes();
        let mut to_apply = TO_APPLY.iter().chain(further);
        self.may_apply()
            && to_apply.all(|asked| self.reaches(administration, *asked))
            && own(self.facts, SIGN_IN).is_none_or(signs_in)
    }

    fn may_apply(&self) -> bool {
        let (_, deed) = self.part.takes();
        let looks: &[Action] = match self.part {
            Part::Proposes(_) => &[],
            Part::Alone | Part::Approves(_) => &TO_LOOK,
        };
        let mut rights = looks.iter().copied().chain([deed]);
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
            provider: None,
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
        let (_, deed) = self.part.takes();
        context.proposal = self.part.proposal().filter(|_| action == deed);
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
