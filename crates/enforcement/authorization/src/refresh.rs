//! A refresh token for the next ones (OAuth 2.1, 4.3).

use gw_engine::{Commit, CommitError};
use gw_model::Actor;
use gw_oauth::{RefreshFault, RefreshRequest, Secret, TokenError, answer::Answer};
use gw_store::Refused;

use crate::{
    kept::{self, KeptFamily},
    redeem::{Begun, TRIES, failed, revoke},
    token::Asking,
    visit::Visit,
};

/// Answers a request by a refresh token. The policy is asked again.
pub(crate) async fn rotate(
    visit: &Visit,
    asking: &Asking,
    request: &RefreshRequest,
) -> Result<Answer, TokenError> {
    let engine = visit.server.engine();
    let hash = kept::by_secret(&request.token.family());
    for _ in 0..TRIES {
        let found = kept::find::<KeptFamily>(engine, hash).await;
        let found = found.map_err(failed)?.ok_or(RefreshFault::Unknown)?;
        let next = Secret::generate().map_err(|_| TokenError::Server)?;
        let client = &asking.known.client;
        let family = &found.value.family;
        let rotated = family.rotate(request, client, &asking.proven, next, visit.now);
        let rotation = match rotated {
            Ok(rotation) => rotation,
            Err(fault) => {
                if fault.revokes() {
                    tracing::warn!(client = %asking.known.fact.name, "a refresh token came twice: all that came of it is revoked");
                    let by = Actor::Client(asking.known.fact.id);
                    revoke(visit, by, family.grant_id(), Some(&family.hash)).await?;
                }
                return Err(fault.into());
            }
        };
        let begun = Begun::of(visit, asking, rotation.grant, found.value.granted)?;
        begun.ask(visit, asking).await?;
        let renewed = KeptFamily {
            family: rotation.family,
            granted: found.value.granted,
        };
        let put = found.replaced(&renewed, found.owner, found.expires);
        let what = format!("renewed tokens of {}", asking.known.fact.name);
        let mut commit = Commit::new(Actor::Client(asking.known.fact.id), what);
        commit.session = begun.session.as_ref().map(|session| session.id);
        let commit = commit.effect(put.effect().map_err(failed)?);
        match engine.commit(commit).await {
            Err(CommitError::Refused(Refused::Stale)) => {}
            Err(fault) => return Err(failed(fault)),
            Ok(_) => return begun.answer(visit, asking, Some(&rotation.token)).await,
        }
    }
    Err(TokenError::Unavailable)
}
