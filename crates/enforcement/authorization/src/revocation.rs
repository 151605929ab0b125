//! Tokens that their client gives back (RFC 7009).

use bytes::Bytes;
use gw_engine::Commit;
use gw_model::{Actor, Change, Revocation as Fact};
use gw_oauth::{IssuedKind, RefreshToken, Revocation, TokenError, TokenQuestion, answer};
use http::Response;

use crate::{
    introspection, issue,
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
    let issued = introspection::issued(visit, question.token).await?;
    let by = Actor::Client(asks.fact.id);
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
        Ok(Revocation::Grant(grant)) => {
            let family = issued
                .filter(|token| token.kind == IssuedKind::Refresh)
                .and_then(|_| RefreshToken::parse(question.token));
            let family = family.map(|token| token.family());
            revoke(visit, by, &grant, family.as_ref()).await?;
        }
    }
    Ok(Revocation::answer())
}
