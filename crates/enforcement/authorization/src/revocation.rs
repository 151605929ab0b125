//! Tokens that their client gives back (RFC 7009).

use bytes::Bytes;
use gw_engine::Commit;
use gw_model::{Actor, Change, Revocation as Fact};
use gw_oauth::{RefreshToken, Revocation, RevocationFault, TokenError, TokenQuestion, answer};
use http::Response;

use crate::{
    clients::Registered,
    introspection, issue,
    kept::{self, KeptFamily},
    redeem::{failed, revoke},
    token,
    visit::{Visit, of_json},
};

/// Takes a token back.
pub(crate) async fn answer(visit: &Visit) -> Response<Bytes> {
    let answered = match take(visit).await {
        Ok(answered) => answered,
        Err(fault) => fault.answer(&visit.request.headers),
    };
    of_json(answered)
}

async fn take(visit: &Visit) -> Result<answer::Answer, TokenError> {
    let parameters = token::posted(visit)?;
    let asks = token::client(visit, &parameters).await?;
    let question = TokenQuestion::read(&parameters)?;
    let by = Actor::Client(asks.fact.id);
    if let Some(token) = RefreshToken::parse(question.token) {
        return take_family(visit, &asks, by, &token).await;
    }
    let issued = introspection::issued(visit, question.token).await?;
    match Revocation::decide(issued.as_ref(), &asks.client) {
        Err(fault) => return Ok(fault.answer()),
        Ok(Revocation::Nothing) => {}
        Ok(Revocation::AccessToken { id }) => {
            let revocation = Fact {
                token: id.parse().map_err(|_| TokenError::Server)?,
                until: issue::last_end(visit.now),
                version: 0,
            };
            let commit = Commit::new(by, "gave an access token back");
            let commit = commit.change(Change::TokenRevoked(revocation));
            visit.server.engine().commit(commit).await.map_err(failed)?;
        }
        Ok(Revocation::Grant(grant)) => revoke(visit, by, &grant, None).await?,
    }
    Ok(Revocation::answer())
}

/// A refresh token, whichever of its family: who has one means all of it, also where the answer with
/// the next one was lost.
async fn take_family(
    visit: &Visit,
    asks: &Registered,
    by: Actor,
    token: &RefreshToken,
) -> Result<answer::Answer, TokenError> {
    let at = kept::by_secret(&token.family());
    let found = kept::find::<KeptFamily>(visit.server.engine(), at).await;
    if let Some(found) = found.map_err(failed)? {
        let family = &found.value.family;
        if family.authorization.client_id != asks.client.id {
            return Ok(RevocationFault.answer());
        }
        revoke(visit, by, family.grant_id(), Some(&family.hash)).await?;
    }
    Ok(Revocation::answer())
}
