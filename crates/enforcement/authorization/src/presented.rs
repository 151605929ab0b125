//! Access tokens of ours that somebody shows: whether they still hold.

use gw_jose::{AccessToken, Now};
use gw_model::{Snapshot, Timestamp, TokenId, UserId};
use gw_oauth::Origins;

use crate::{keys::ACCESS_TOKEN_ALGORITHM, server::AuthorizationServer};

/// A token that holds: ours, within its dates, and neither it nor what it rests on is over.
pub(crate) fn holds(server: &AuthorizationServer, token: &str) -> Option<AccessToken> {
    let view = server.engine().view();
    let now = server.now();
    let keys = server.shared.keys.access(&view.facts);
    let verified = AccessToken::verify_own(
        token,
        &keys,
        server.issuer().as_str(),
        &[ACCESS_TOKEN_ALGORITHM],
        Now::at(now),
    );
    let mut token = verified.ok()?;
    server.shared.pairwise.veil().lift(&mut token).ok()?;
    stands(&view.facts, &token, now).then_some(token)
}

/// Whether nothing that it rests on has ended.
fn stands(facts: &Snapshot, token: &AccessToken, now: Timestamp) -> bool {
    // Itself, what it was given by, and what it was exchanged from.
    let Some(behind) = Origins::from(token) else {
        return false;
    };
    let is_revoked = behind.ids.iter().any(|id| {
        let id = id.parse::<TokenId>().ok();
        id.is_none_or(|id| facts.revocation(id).is_some())
    });
    let is_honoured = behind.clients.iter().all(|name| {
        let client = name.parse().ok().and_then(|name| facts.client_named(&name));
        client.is_some_and(|client| client.honours(token.issued_at))
    });
    !is_revoked && is_honoured && subject_stands(facts, token, now)
}

/// A person who is somebody, in the session that the token names, if it does; or the client itself.
fn subject_stands(facts: &Snapshot, token: &AccessToken, now: Timestamp) -> bool {
    let Ok(user) = token.subject.parse::<UserId>() else {
        return token.subject == token.client_id;
    };
    let is_somebody = facts
        .user(user)
        .is_some_and(|user| user.honours(token.issued_at));
    let stands = |sid: &str| {
        let session = sid.parse().ok().and_then(|sid| facts.session(sid));
        session.is_some_and(|session| session.user == user && session.over(now).is_none())
    };
    is_somebody && token.session.as_deref().is_none_or(stands)
}
