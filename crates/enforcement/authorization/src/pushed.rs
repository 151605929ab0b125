//! Requests that a client pushes (RFC 9126).

use bytes::Bytes;
use gw_engine::{Commit, CommitError};
use gw_model::Actor;
use gw_oauth::{PushedRequest, Secret, SecretHash, TokenError, answer, pushed_response};
use gw_store::{Effect, Refused};
use http::Response;

use crate::{
    kept,
    redeem::{Failed, failed},
    server::paths,
    token,
    visit::{Visit, of_json},
};

const PURPOSE: &str = "pushed-request";

/// Takes a request.
pub(crate) async fn answer(visit: &Visit) -> Response<Bytes> {
    let headers = &visit.request.headers;
    let mut answered = match push(visit).await {
        Ok(answered) => answered,
        Err(fault) => fault.answer(headers),
    };
    if headers.contains_key("dpop") {
        let nonce = visit.server.shared.nonces.current(visit.now);
        answer::add_dpop_nonce(&mut answered, &nonce);
    }
    of_json(answered)
}

async fn push(visit: &Visit) -> Result<answer::Answer, TokenError> {
    let parameters = token::posted(visit)?;
    let known = token::client(visit, &parameters).await?;
    token::admit(visit, &known)?;
    let url = format!("{}{}", visit.server.issuer(), paths::PUSHED);
    let proof = token::proof(visit, &known, &url, None)?;
    let proof = proof.map(|proof| proof.take(visit)).transpose()?;
    let secret = Secret::generate().map_err(|_| TokenError::Server)?;
    let taken = PushedRequest::take(
        &parameters,
        &known.client,
        visit.server.issuer(),
        proof.as_ref(),
        &secret,
        visit.now,
    );
    let pushed = match taken {
        Ok(pushed) => pushed,
        Err(fault) => return Ok(fault.answer()),
    };
    let payload = serde_json::to_vec(&pushed).map_err(|_| TokenError::Server)?;
    let put = Effect::OncePut {
        purpose: PURPOSE.into(),
        hash: kept::by_secret(&pushed.hash),
        expires: pushed.expires,
        payload: gw_store::Secret::new(payload),
    };
    let commit = Commit::new(Actor::Client(known.fact.id), "pushed a request").effect(put);
    visit.server.engine().commit(commit).await.map_err(failed)?;
    Ok(pushed_response(&secret))
}

/// Takes a request out that was pushed: it is good once.
pub(crate) async fn take(
    visit: &Visit,
    hash: &SecretHash,
) -> Result<Option<PushedRequest>, Failed> {
    let engine = visit.server.engine();
    let (hash, now) = (kept::by_secret(hash), visit.now);
    let reader = engine.reader().clone();
    let read = tokio::task::spawn_blocking(move || reader.once(PURPOSE, &hash, now));
    let read = read.await.map_err(|_| kept::KeptError::Worker)?;
    let Some(payload) = read.map_err(kept::KeptError::from)? else {
        return Ok(None);
    };
    let taken = Effect::OnceTaken {
        purpose: PURPOSE.into(),
        hash,
        now,
    };
    let commit = Commit::new(Actor::Bearer, "took a pushed request").effect(taken);
    match engine.commit(commit).await {
        Err(CommitError::Refused(Refused::Once { .. })) => return Ok(None),
        Err(fault) => return Err(fault.into()),
        Ok(_) => {}
    }
    let pushed = serde_json::from_slice(payload.expose());
    Ok(Some(pushed.map_err(|_| kept::KeptError::Form(PURPOSE))?))
}
