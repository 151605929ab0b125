//! Nobody locked out: a change that leaves no one able to administer is refused.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use gw_engine::{Acknowledged, Commit, CommitError, Engine};
use gw_model::{
    AccessRequest, Action, Authn, AuthnEvent, AuthnMethod, BreakGlass, Change, Context, Epoch,
    Membership, Principal, Resource, SessionContext, Snapshot, Timestamp, User, UserId,
};
use gw_policy::Policies;
use gw_store::Refused;

/// A proof that is as good and as fresh as one can have.
const FRESH: Duration = Duration::from_secs(1);

/// Whether root on the machine, or any person who is not switched off, could still replace the
/// policies: whoever can do that can put everything else right.
pub fn someone_can_administer(policies: &Policies, facts: &Snapshot, now: Timestamp) -> bool {
    let can = |principal| can(policies, facts, principal, AuthnMethod::Passkey, now);
    let may_sign_in = |user: &&Arc<User>| !user.disabled && user.has_passkey();
    can(Principal::Local(0))
        || facts
            .users()
            .filter(may_sign_in)
            .any(|user| can(Principal::User(user.id)))
}

/// Whether somebody on this machine with a fresh proof could replace the policies.
fn can(
    policies: &Policies,
    facts: &Snapshot,
    principal: Principal,
    method: AuthnMethod,
    now: Timestamp,
) -> bool {
    let events = [AuthnEvent {
        method,
        at: now.before(FRESH),
        factor: None,
    }];
    let mut context = Context::from_address(Ipv4Addr::LOCALHOST.into());
    if let Principal::User(_) = principal {
        context.authn = Authn { events: &events };
        context.session = Some(SessionContext {
            started: now.before(FRESH),
            enrolment: false,
        });
    }
    let request = AccessRequest {
        principal,
        session: None,
        action: Action::AdminPolicyApply,
        resource: &Resource::System,
        context,
    };
    policies.decide(facts, &request, now).outcome.is_allow()
}

/// Whether somebody who broke the glass on this machine could replace the policies: that no
/// `forbid` stands in the way of an emergency.
pub(crate) fn break_glass_opens(policies: &Policies, facts: &Snapshot, now: Timestamp) -> bool {
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
    let principal = Principal::User(user.id);
    let put = [Change::UserPut(user.into())];
    facts
        .apply(next(facts.epoch), &put)
        .is_ok_and(|with| can(policies, &with, principal, AuthnMethod::BreakGlass, now))
}

/// Commits what a proposal makes of the facts when its turn comes, unless it would leave no one
/// able to administer. `policies` are those in force after it; the present ones where absent.
///
/// # Errors
/// As [`Engine::propose`], and when it would lock everybody out.
pub async fn commit(
    engine: &Engine,
    policies: Option<Arc<Policies>>,
    propose: impl FnOnce(&Snapshot) -> Result<Commit, Refused> + Send + 'static,
) -> Result<Acknowledged, CommitError> {
    let policies = policies.unwrap_or_else(|| engine.view().policies.clone());
    let now = engine.clock().now();
    let guarded = move |facts: &Snapshot| {
        let commit = propose(facts)?;
        let changes = facts.expand(commit.changes.clone(), now);
        let would_be = facts.apply(next(facts.epoch), &changes)?;
        if someone_can_administer(&policies, &would_be, now) {
            Ok(commit)
        } else {
            Err(Refused::Declined(
                "this would leave no one able to administer Gatewright: neither root on this machine nor any owner with a passkey could apply policies".into(),
            ))
        }
    };
    engine.propose(guarded).await
}

fn next(epoch: Epoch) -> Epoch {
    Epoch {
        number: epoch.number.saturating_add(1),
        ..epoch
    }
}
