//! What a token is, for who may know (RFC 7662).

use bytes::Bytes;
use gw_model::Timestamp;
use gw_oauth::{
    Introspection, IssuedKind, IssuedToken, RefreshFamily, RefreshToken, TokenError, TokenQuestion,
    answer,
};
use http::Response;

use crate::{
    kept::{self, KeptFamily},
    presented,
    redeem::failed,
    token,
    visit::{Visit, of_json},
};

/// Answers what a token is.
pub(crate) async fn answer(visit: &Visit) -> Response<Bytes> {
    let answered = match look(visit).await {
        Ok(answered) => answered,
        Err(fault) => fault.answer(&visit.request.headers),
    };
    of_json(answered)
}

async fn look(visit: &Visit) -> Result<answer::Answer, TokenError> {
    let parameters = token::posted(visit)?;
    let asks = token::client(visit, &parameters).await?;
    let question = TokenQuestion::read(&parameters)?;
    let mut found = issued(visit, question.token).await?;
    if let Some(token) = &mut found {
        name(visit, token, &asks);
    }
    let told = Introspection::new(
        found.as_ref(),
        &asks.client,
        visit.server.issuer(),
        visit.now,
    );
    Ok(told.answer())
}

/// A token of ours that still holds.
pub(crate) async fn issued(visit: &Visit, text: &str) -> Result<Option<IssuedToken>, TokenError> {
    if let Some(token) = RefreshToken::parse(text) {
        return refresh(visit, &token).await;
    }
    let token = presented::holds(&visit.server, text);
    Ok(token.and_then(|token| IssuedToken::of_access_token(&token)))
}

async fn refresh(visit: &Visit, token: &RefreshToken) -> Result<Option<IssuedToken>, TokenError> {
    let at = kept::by_secret(&token.family());
    let found = kept::find::<KeptFamily>(visit.server.engine(), at).await;
    let Some(found) = found.map_err(failed)? else {
        return Ok(None);
    };
    let (family, granted) = (found.value.family, found.value.granted);
    if !family.is_current(token, visit.now) || !stands(visit, &family, granted.at) {
        return Ok(None);
    }
    let authorization = &family.authorization;
    let sign_in = authorization.sign_in.as_ref();
    Ok(Some(IssuedToken {
        kind: IssuedKind::Refresh,
        grant_id: authorization.id.clone(),
        client_id: authorization.client_id.clone(),
        subject: authorization.subject.clone(),
        username: None,
        scopes: authorization.scopes.clone(),
        audiences: authorization.resources.clone(),
        binding: family.binding,
        actor: None,
        id: None,
        issued_at: None,
        expires: family.expires.min(family.idle_until),
        acr: sign_in.and_then(|sign_in| sign_in.acr.clone()),
        auth_time: sign_in.map(|sign_in| sign_in.auth_time),
    }))
}

/// Whether it would be honoured: its client and person are, and the session stands unless it goes on
/// without.
fn stands(visit: &Visit, family: &RefreshFamily, granted_at: Timestamp) -> bool {
    let authorization = &family.authorization;
    let view = visit.server.engine().view();
    let known = visit.client(authorization.client_id.as_str());
    let user = authorization.subject.parse().ok();
    let user = user.and_then(|id| view.facts.user(id));
    let sid = authorization.sign_in.as_ref();
    let sid = sid.and_then(|sign_in| sign_in.sid.as_deref()?.parse().ok());
    let session = sid.and_then(|sid| view.facts.session(sid));
    let is_there = session.is_some_and(|session| session.over(visit.now).is_none());
    known.is_some_and(|known| known.fact.honours(granted_at))
        && user.is_some_and(|user| user.honours(granted_at))
        && (is_there || authorization.is_offline())
}

/// With the name that people know the subject by.
fn name(visit: &Visit, token: &mut IssuedToken, asks: &crate::clients::Registered) {
    let view = visit.server.engine().view();
    let user = token.subject.parse().ok();
    if let Some(user) = user.and_then(|id| view.facts.user(id)) {
        // A client that is told a name of its own for the person is told no other.
        match crate::issue::is_pairwise(asks) {
            true => {
                let about = crate::issue::About { user, known: asks };
                token.subject = about.subject(visit);
            }
            false => token.username = Some(user.name.to_string()),
        }
    }
}
