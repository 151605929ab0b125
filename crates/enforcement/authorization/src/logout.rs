//! Clients are told when a session ends that they were told of (OpenID Connect Back-Channel Logout
//! 1.0).

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use bytes::Bytes;
use gw_engine::Commit;
use gw_jose::TokenType;
use gw_model::{Actor, Snapshot, Timestamp, TokenHash, UserId};
use gw_oauth::{BackchannelLogout, GrantId, LogoutTokenClaims, LogoutTokenTerms};
use gw_outbound::{Origin, Purpose, exchange};
use http::{Method, Request, StatusCode, Uri, header};
use http_body_util::Full;
use tokio::time::sleep;

use crate::{
    client_keys::purpose_of,
    clients::Registered,
    kept::{self, Found, KeptLogin},
    server::AuthorizationServer,
};

/// How soon after a session's end clients are told, at the latest.
const LOOKS_EVERY: Duration = Duration::from_millis(500);
/// How often a client is told that does not answer, each time after a longer while.
const TRIES: u32 = 4;
/// The first while.
const WAITS: Duration = Duration::from_secs(2);

/// Tells clients of sessions that ended, again and again.
pub(crate) async fn tell(server: &AuthorizationServer) {
    let mut seen = Seen::default();
    loop {
        if let Err(fault) = look(server, &mut seen).await {
            tracing::error!(%fault, "clients could not be told of sessions that ended");
        }
        sleep(LOOKS_EVERY).await;
    }
}

/// What was seen of facts and of the people whose sessions ended.
#[derive(Default)]
struct Seen {
    epoch: Option<u64>,
    /// The people who were told of, by the version that they were looked at.
    looked: BTreeMap<UserId, u64>,
    looked_at: Timestamp,
    /// What is nobody's any more, and is told of.
    told: HashSet<TokenHash>,
}

/// How long nothing is looked at while no fact changes: sessions expire by themselves.
const EXPIRY_EVERY: Duration = Duration::from_secs(20);

/// Looks whose sessions ended since.
async fn look(server: &AuthorizationServer, seen: &mut Seen) -> Result<(), kept::KeptError> {
    let view = server.engine().view();
    let now = server.now();
    let epoch = view.facts.epoch.number;
    let is_quiet = seen.epoch == Some(epoch) && now.since(seen.looked_at) < EXPIRY_EVERY;
    if is_quiet || view.facts.clients().next().is_none() {
        return Ok(());
    }
    (seen.epoch, seen.looked_at) = (Some(epoch), now);
    let ended = people_with_ended_sessions(&view.facts, now);
    for (user, version) in &ended {
        if seen.looked.get(user) == Some(version) {
            continue;
        }
        let mut is_whole = true;
        for login in kept::of::<KeptLogin>(server.engine(), *user).await? {
            if is_over(&view.facts, &login, now) {
                is_whole &= tell_one(server, &view.facts, login);
            }
        }
        if is_whole {
            seen.looked.insert(*user, *version);
        }
    }
    seen.looked.retain(|user, _| ended.contains_key(user));
    tell_of_those_who_are_gone(server, &view.facts, seen).await
}

/// Tells of people who were removed, and of what was taken back.
async fn tell_of_those_who_are_gone(
    server: &AuthorizationServer,
    facts: &Snapshot,
    seen: &mut Seen,
) -> Result<(), kept::KeptError> {
    let logins = kept::of_nobody::<KeptLogin>(server.engine()).await?;
    let still: HashSet<_> = logins.iter().map(|login| login.hash).collect();
    seen.told.retain(|hash| still.contains(hash));
    for login in logins {
        let hash = login.hash;
        if !seen.told.contains(&hash) && tell_one(server, facts, login) {
            seen.told.insert(hash);
        }
    }
    Ok(())
}

/// The people of whom a session ended, with the number of those: it moves when another does.
fn people_with_ended_sessions(facts: &Snapshot, now: Timestamp) -> BTreeMap<UserId, u64> {
    let mut people = BTreeMap::new();
    for session in facts.sessions() {
        if session.over(now).is_some() {
            *people.entry(session.user).or_insert(0) += session.version.max(1);
        }
    }
    people
}

fn is_over(facts: &Snapshot, login: &Found<KeptLogin>, now: Timestamp) -> bool {
    let session = facts.session(login.value.session);
    session.is_none_or(|session| session.over(now).is_some())
}

/// Tells one client, beside all else; whether it is told, and not switched off now: then it is told
/// when it is back.
fn tell_one(server: &AuthorizationServer, facts: &Snapshot, login: Found<KeptLogin>) -> bool {
    let name = login.value.client.parse().ok();
    let fact = name.and_then(|name| facts.client_named(&name));
    if fact.is_some_and(|fact| fact.is_off()) {
        return false;
    }
    let known = server.shared.clients.named(facts, &login.value.client);
    let server = server.clone();
    tokio::spawn(async move {
        if let Some(known) = known
            && let Some(logout) = known.client.backchannel_logout.clone()
        {
            tell_until_heard(&server, &known, &logout, &login.value).await;
        }
        let what = match login.value.format {
            // What speaks SAML is told by the browser that signs out.
            Some(_) => "forgot a sign-in to an app",
            None => "told a client that a session ended",
        };
        let forget = Commit::new(Actor::Gatewright, what);
        let forget = forget.effect(login.removed());
        if let Err(fault) = server.engine().commit(forget).await {
            tracing::error!(%fault, "that a client was told is not kept: it is told again");
        }
    });
    true
}

async fn tell_until_heard(
    server: &AuthorizationServer,
    known: &Registered,
    logout: &BackchannelLogout,
    login: &KeptLogin,
) {
    let mut waits = WAITS;
    for _ in 0..TRIES {
        let turn = server.shared.telling.acquire().await;
        let said = say(server, known, logout, login).await;
        drop(turn);
        match said {
            Ok(()) => return,
            Err(why) => {
                tracing::warn!(client = %known.fact.name, %why, "a client was not told that a session ended");
            }
        }
        sleep(waits).await;
        waits *= 4;
    }
    tracing::error!(client = %known.fact.name, "a client was never told that a session ended");
}

async fn say(
    server: &AuthorizationServer,
    known: &Registered,
    logout: &BackchannelLogout,
    login: &KeptLogin,
) -> Result<(), String> {
    let token = token(server, known, login).await?;
    let uri: Uri = logout.uri.parse().map_err(|_| "its address is none")?;
    let origin = Origin::of_or_loopback(&uri).ok_or("its address is none")?;
    let request = Request::builder()
        .method(Method::POST)
        .uri(&uri)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Full::<Bytes>::from(BackchannelLogout::body(&token)))
        .map_err(|fault| fault.to_string())?;
    let tls = Some(&server.shared.options.tls);
    let purpose = purpose_of(known.fact.owner, Purpose::BackchannelLogout);
    let answer = exchange(purpose, tls, &origin, request).await;
    let answer = answer.map_err(|fault| fault.to_string())?;
    match answer.status() {
        StatusCode::OK | StatusCode::NO_CONTENT => Ok(()),
        status => Err(format!("it answered {status}")),
    }
}

async fn token(
    server: &AuthorizationServer,
    known: &Registered,
    login: &KeptLogin,
) -> Result<String, String> {
    let id = GrantId::generate().map_err(|fault| fault.to_string())?;
    let now = server.now();
    let pairwise = &server.shared.pairwise;
    let sid = pairwise.session(&known.client, &login.session.to_string());
    let claims = LogoutTokenClaims::new(&LogoutTokenTerms {
        issuer: server.issuer(),
        client: &known.client,
        subject: &login.subject,
        sid: Some(&sid),
        id: id.as_str(),
        now,
    });
    let keys = &server.shared.keys;
    let algorithm = known.client.id_token_algorithm;
    let signed = keys.sign_for_client(server.engine(), algorithm, TokenType::LogoutToken, &claims);
    signed.await.map_err(|fault| fault.to_string())
}
