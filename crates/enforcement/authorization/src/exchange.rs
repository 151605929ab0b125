//! A token for a token (RFC 8693): who acts for whom is policy's to allow, and is written down in
//! the result.

use gw_jose::AccessToken;
use gw_model::{Principal, UserId};
use gw_oauth::{
    ExchangeFault, ExchangeRequest, ExchangeTokenType, GrantId, PresentedToken, TokenError,
    Workload, answer::Answer,
};

use crate::{
    ask::{self, Question},
    issue, presented,
    token::{self, Asking},
    visit::Visit,
};

/// Answers a request to exchange.
pub(crate) async fn answer(
    visit: &Visit,
    asking: &Asking,
    request: &ExchangeRequest,
) -> Result<Answer, TokenError> {
    if let Some(workload) = asking.workload.as_ref().filter(|one| one.is_exchanged) {
        return of_workload(visit, asking, request, workload).await;
    }
    let subject = held(visit, &request.subject_token, request.subject_token_type)
        .ok_or(ExchangeFault::Subject)?;
    let shown = PresentedToken::of_access_token(&subject)?;
    let actor = request
        .actor
        .as_ref()
        .map(|(token, kind)| held(visit, token, *kind).ok_or(ExchangeFault::ActorToken))
        .transpose()?;
    let actor = actor
        .map(|token| PresentedToken::of_access_token(&token))
        .transpose()?;
    let id = GrantId::generate().map_err(|_| TokenError::Server)?;
    let grant = request.decide(
        &shown,
        actor.as_ref(),
        &asking.known.client,
        &asking.proven,
        id,
        visit.now,
    )?;
    let session = session(visit, &subject);
    let rank = session
        .as_deref()
        .map_or(0, |session| rank(session, &subject));
    let question = Question {
        principal: principal(visit, asking, &subject).ok_or(ExchangeFault::Subject)?,
        session: session.as_ref().map(|session| (session.id, rank)),
        address: visit.request.judged.address,
        client: &asking.known.fact,
        grant: &grant.authorization.id,
        scopes: &grant.scopes,
        actor: grant.actor.as_ref(),
        binding: grant.binding,
        workload: &asking.workload_facts(),
    };
    let questions = question.issue(&visit.server, &grant.resources);
    let allowed = ask::all(&visit.server, &questions).await;
    allowed.ok_or(TokenError::Denied)?;
    let session = session.as_deref().map(|session| (session, rank));
    let access = issue::access_token(visit, &grant, session).await?;
    let response = access.response(&grant).exchanged(request.requested);
    Ok(response.answer())
}

/// A token of the client's own for what an issuer elsewhere says of it: nobody acts for anybody.
async fn of_workload(
    visit: &Visit,
    asking: &Asking,
    request: &ExchangeRequest,
    workload: &Workload,
) -> Result<Answer, TokenError> {
    if request.actor.is_some() {
        return Err(ExchangeFault::ActorToken.into());
    }
    let client = &asking.known.client;
    let id = GrantId::generate().map_err(|_| TokenError::Server)?;
    let subject = workload.presented(client);
    let grant = request.decide(&subject, None, client, &asking.proven, id, visit.now)?;
    let access = token::of_client(visit, asking, &grant).await?;
    Ok(access
        .response(&grant)
        .exchanged(request.requested)
        .answer())
}

/// A token that holds, of a kind that is taken.
fn held(visit: &Visit, token: &str, kind: ExchangeTokenType) -> Option<AccessToken> {
    match kind {
        ExchangeTokenType::AccessToken | ExchangeTokenType::Jwt => {
            presented::holds(&visit.server, token)
        }
        ExchangeTokenType::IdToken => None,
    }
}

/// Whom it is about, as policy knows them.
fn principal(visit: &Visit, asking: &Asking, token: &AccessToken) -> Option<Principal> {
    if let Ok(user) = token.subject.parse::<UserId>() {
        return Some(Principal::User(user));
    }
    // A program's token is its own to make less of, and nobody's to act for.
    let known = visit.client(&token.subject)?;
    (token.subject == token.client_id && asking.known.client.id.as_str() == token.subject)
        .then_some(Principal::Client(known.fact.id))
}

/// The session that it names.
fn session(visit: &Visit, token: &AccessToken) -> Option<std::sync::Arc<gw_model::Session>> {
    let sid = token.session.as_deref()?;
    let view = visit.server.engine().view();
    view.facts.session(sid.parse().ok()?).cloned()
}

/// How many of the session's proofs the token rests on: as many as it says; one of before says
/// nothing, and rests on those that were there when it was issued, up to when the person had last
/// shown who they are.
fn rank(session: &gw_model::Session, token: &AccessToken) -> u32 {
    let there = u32::try_from(session.authn.len()).unwrap_or(u32::MAX);
    if let Some(proofs) = token.claims.get("proofs") {
        let proofs = proofs
            .as_u64()
            .and_then(|proofs| u32::try_from(proofs).ok());
        return proofs.map_or(0, |proofs| proofs.min(there));
    }
    let Some(at) = token.auth_time else {
        return 0;
    };
    let is_of_it = |proof: &&gw_model::AuthnEvent| {
        let shown = proof.proven_at().unwrap_or(proof.at);
        shown.as_secs() <= at.as_secs() && proof.at.as_secs() <= token.issued_at.as_secs()
    };
    let rank = session.authn.iter().take_while(is_of_it).count();
    u32::try_from(rank).unwrap_or(u32::MAX)
}
