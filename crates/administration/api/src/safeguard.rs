//! Nobody locked out: a change that leaves no one able to administer is refused.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use gw_engine::{Acknowledged, Commit, CommitError, Engine};
use gw_model::{
    AccessRequest, Action, Authn, AuthnEvent, AuthnMethod, Context, Epoch, Principal, Resource,
    SessionContext, Snapshot, Timestamp, User,
};
use gw_policy::Policies;
use gw_store::Refused;

/// A proof that is as good and as fresh as one can have.
const FRESH: Duration = Duration::from_secs(1);

/// Whether root on the machine, or any person who is not switched off, could still replace the
/// policies: whoever can do that can put everything else right.
pub fn someone_can_administer(policies: &Policies, facts: &Snapshot, now: Timestamp) -> bool {
    let can = |principal| {
        let events = [AuthnEvent {
            method: AuthnMethod::Passkey,
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
    };
    let may_sign_in = |user: &&Arc<User>| !user.disabled && user.has_passkey();
    can(Principal::Local(0))
        || facts
            .users()
            .filter(may_sign_in)
            .any(|user| can(Principal::User(user.id)))
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
