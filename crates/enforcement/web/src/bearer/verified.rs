//! What a token says that was verified: all of it that cannot change.

use std::{str::FromStr, sync::Arc, time::Duration};

use gw_engine::OwnedToken;
use gw_jose::{
    AccessToken, AccessTokenRules, Algorithm, Confirmation, Expectations, KeySet, Now,
    TokenFault as Jose,
};
use gw_model::{Client, ClientId, SessionId, Snapshot, Timestamp, UserId};
use gw_oauth::{ACCESS_TOKEN_LIFETIME_MAX, Actor, ActorFault, Origins, Veil, VeilFault};

use crate::{canonical::Scheme, inbound::Inbound};

/// What access tokens are signed by, and nothing else is accepted.
const ALGORITHMS: [Algorithm; 1] = [Algorithm::Es256];

/// A token that holds, as far as nothing of it can change.
#[derive(Debug)]
pub(crate) struct Verified {
    /// Whom it is about; the client itself where nobody.
    pub(super) user: Option<UserId>,
    /// The session that it was issued in.
    pub(super) session: Option<SessionId>,
    /// When its person had last shown who they are.
    pub(super) auth_time: Option<Timestamp>,
    /// How many of the session's proofs it says that it rests on.
    pub(super) proofs: Option<u32>,
    /// To what it is addressed.
    audiences: Box<[Box<str>]>,
    /// The keys that it is bound to.
    pub(super) binding: Option<Confirmation>,
    /// The client that it was issued to, as it was then.
    pub(super) client: Arc<Client>,
    /// The same as grounds of a judgement.
    pub(crate) token: Arc<OwnedToken>,
    /// Where its issuer is, beside its host.
    issuer_at: (Scheme, Option<u16>),
}

/// Why a token is none.
#[derive(Debug, thiserror::Error)]
pub(super) enum TokenFault {
    #[error(transparent)]
    Jose(#[from] Jose),
    #[error("no app signs people in, so nobody issues tokens")]
    NoIssuer,
    #[error("claim `{0}` is missing, or not of the form that it has in tokens of ours")]
    Claim(&'static str),
    #[error("it lives longer than access tokens do")]
    Lifetime,
    #[error("its client is not known")]
    Client,
    #[error(transparent)]
    Actor(#[from] ActorFault),
    #[error(transparent)]
    Veil(#[from] VeilFault),
    #[error("whom it is about is under a veil, and there is no key that lifts it")]
    Veiled,
}

impl From<gw_jose::ClaimFault> for TokenFault {
    fn from(fault: gw_jose::ClaimFault) -> Self {
        Self::Jose(fault.into())
    }
}

impl Verified {
    /// Verifies a token for the app that is asked for.
    pub(super) fn read(token: &str, keys: &KeySet, inbound: &Inbound) -> Result<Self, TokenFault> {
        let issuer = inbound.sign_in_origin().ok_or(TokenFault::NoIssuer)?;
        let resource = inbound.own_origin();
        let with_slash = format!("{resource}/");
        let rules = AccessTokenRules {
            expectations: Expectations {
                issuer: &issuer,
                audiences: &[&resource, &with_slash],
                now: Now::at(inbound.now),
                age_max: None,
            },
            algorithms: &ALGORITHMS,
        };
        let mut read = AccessToken::verify(token, keys, &rules)?;
        let veil = inbound.conn.thread.shared.options.veil.as_ref();
        lift(veil, &mut read)?;
        let life = read.expires.since(read.issued_at);
        if life > ACCESS_TOKEN_LIFETIME_MAX || life == Duration::ZERO {
            return Err(TokenFault::Lifetime);
        }
        let facts = &inbound.view.facts;
        let client = client(facts, &read.client_id).ok_or(TokenFault::Client)?;
        let session = read.session.as_deref().map(str::parse).transpose();
        let session = session.map_err(|_| TokenFault::Claim("sid"))?;
        let user = subject(&read, &client)?;
        if session.is_some() && user.is_none() {
            return Err(TokenFault::Claim("sid"));
        }
        Ok(Self {
            user,
            session,
            auth_time: read.auth_time,
            proofs: proofs(&read)?,
            audiences: read.claims.audience()?.iter().map(Box::from).collect(),
            binding: read.confirmation,
            token: Arc::new(owned(&read, facts, &client, user)?),
            client,
            issuer_at: (inbound.conn.scheme, inbound.authority.port),
        })
    }

    /// Whether what was read of it would be read again: its client is as it was, and its issuer
    /// is where it would be looked for.
    pub(super) fn stands(&self, inbound: &Inbound) -> bool {
        let client = inbound.view.facts.client(self.client.id);
        self.issuer_at == (inbound.conn.scheme, inbound.authority.port)
            && client.is_some_and(|client| Arc::ptr_eq(client, &self.client))
    }

    /// Whether it is addressed to the app that is asked for.
    pub(super) fn is_for(&self, inbound: &Inbound) -> bool {
        self.audiences.iter().any(|one| {
            let one = one.strip_suffix('/').unwrap_or(one);
            inbound.own().is(one.as_bytes())
        })
    }
}

fn owned(
    read: &AccessToken,
    facts: &Snapshot,
    client: &Client,
    user: Option<UserId>,
) -> Result<OwnedToken, TokenFault> {
    let mut scopes: Vec<Arc<str>> = read.scopes.iter().map(|one| Arc::from(&**one)).collect();
    scopes.sort_unstable();
    let actors = Actor::of(&read.claims)?;
    let actors = actors.iter().flat_map(Actor::iter).map(Arc::from);
    let origins = Origins::of(&read.claims).ok_or(TokenFault::Claim("origins"))?;
    let ids = origins.ids.iter().map(|id| id.parse());
    let clients = (origins.clients.iter()).map(|name| self::client(facts, name).map(|one| one.id));
    Ok(OwnedToken {
        user,
        origins: ids
            .collect::<Result<_, _>>()
            .map_err(|_| TokenFault::Claim("origins"))?,
        origin_clients: clients.collect::<Option<_>>().ok_or(TokenFault::Client)?,
        id: read.id.parse().map_err(|_| TokenFault::Claim("jti"))?,
        grant: optional(read, "grant_id")?.ok_or(TokenFault::Claim("grant_id"))?,
        client_id: client.id,
        issued_at: read.issued_at,
        expires: read.expires,
        client: Arc::from(client.name.as_str()),
        scopes,
        actors: actors.collect(),
        sender_constrained: read.confirmation.is_some(),
        workload: Vec::new(),
    })
}

/// Has a token say whom it is about, where its client is told other names.
fn lift(veil: Option<&Veil>, token: &mut AccessToken) -> Result<(), TokenFault> {
    match veil {
        Some(veil) => Ok(veil.lift(token)?),
        None if token.claims.get("veiled").is_some() => Err(TokenFault::Veiled),
        None => Ok(()),
    }
}

/// The client of a `client_id`: its id, or the name that programs know it by.
fn client(facts: &Snapshot, text: &str) -> Option<Arc<Client>> {
    let found = match text.parse::<ClientId>() {
        Ok(id) => facts.client(id),
        Err(_) => facts.client_named(&text.parse().ok()?),
    };
    found.cloned()
}

/// The person whom it is about; none where that is the client itself, by its id or its name.
fn subject(read: &AccessToken, client: &Client) -> Result<Option<UserId>, TokenFault> {
    match read.subject.parse::<UserId>() {
        Ok(user) => Ok(Some(user)),
        Err(_) if read.subject == read.client_id || read.subject == client.name.as_str() => {
            Ok(None)
        }
        Err(_) => Err(TokenFault::Claim("sub")),
    }
}

fn proofs(read: &AccessToken) -> Result<Option<u32>, TokenFault> {
    let number = |value: &serde_json::Value| value.as_u64().and_then(|n| u32::try_from(n).ok());
    let said = read.claims.get("proofs").map(number);
    said.map(|said| said.ok_or(TokenFault::Claim("proofs")))
        .transpose()
}

fn optional<T: FromStr>(read: &AccessToken, name: &'static str) -> Result<Option<T>, TokenFault> {
    let text = read.claims.text(name)?;
    let parsed = text.map(|text| text.parse().map_err(|_| TokenFault::Claim(name)));
    parsed.transpose()
}
