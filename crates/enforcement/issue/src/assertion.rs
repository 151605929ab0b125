//! The signed assertion that an app's upstream receives with each request.

use std::{cell::RefCell, sync::Arc, time::Duration};

use gw_door::Open;
use gw_engine::{Judgement, View};
use gw_jose::TokenType;
use gw_model::{
    App, AppName, AuthnEvent, GroupName, Principal, SessionId, Snapshot, Timestamp, TokenId,
};
use gw_oauth::Actor;
use http::HeaderValue;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::SigningKeys;

/// The header that carries it.
pub const ASSERTION_HEADER: http::HeaderName =
    http::HeaderName::from_static("gatewright-assertion");

/// How long an assertion is valid.
const LIFE: Duration = Duration::from_secs(60);
/// How long it is handed out again: whoever receives it has at least half its life left.
const REUSE: Duration = Duration::from_secs(30);
/// Assertions that one thread remembers.
const CAPACITY: usize = 16_384;

/// What an assertion says (RFC 7519 names, OpenID Connect where it has one).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The authentication origin's host.
    pub iss: String,
    /// The app's name: an assertion for one app is worthless at another.
    pub aud: String,
    /// The person's opaque id, or that of a program which asks in its own name.
    pub sub: String,
    /// The name one signs in with, or the program's.
    pub preferred_username: String,
    /// The name that pages show.
    pub name: String,
    /// The address for messages, where there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub email: Option<String>,
    /// Whether somebody made sure that it is theirs.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub email_verified: Option<bool>,
    /// Groups, groups of groups included.
    pub groups: Vec<String>,
    /// The session; none where an access token stands for them without one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sid: Option<String>,
    /// How the person proved who they are.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub amr: Vec<String>,
    /// When they last did, as far as that is known, in seconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub auth_time: Option<u64>,
    /// The client that the access token was issued to, where one was shown.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub client_id: Option<String>,
    /// What that token is good for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub scope: Option<String>,
    /// Who acts for the person, by that token (RFC 8693, 4.1).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub act: Option<Actor>,
    /// When it was signed, in seconds since the Unix epoch.
    pub iat: u64,
    /// When it ends, in seconds since the Unix epoch.
    pub exp: u64,
}

/// The versions of what an assertion says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Versions {
    /// Of the person or the program.
    principal: u64,
    session: u64,
    client: u64,
    groups: u64,
    settings: u64,
    keys: u64,
}

/// Whom and what an assertion is about.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    principal: Principal,
    session: Option<SessionId>,
    rank: u32,
    token: Option<TokenId>,
    app: AppName,
}

struct Signed {
    versions: Versions,
    made_at: Timestamp,
    /// When a membership that it tells ends by itself.
    holds_until: Timestamp,
    value: HeaderValue,
}

/// One traffic thread's signer, with what it signed lately: signing is not per request.
pub struct Assertions {
    issuer: Arc<str>,
    keys: Arc<SigningKeys>,
    signed: RefCell<FxHashMap<Key, Signed>>,
}

impl Assertions {
    /// A signer for an issuer, the authentication origin's host.
    pub fn new(issuer: Arc<str>, keys: Arc<SigningKeys>) -> Self {
        Self {
            issuer,
            keys,
            signed: RefCell::default(),
        }
    }

    /// The assertion for what a permit opened, to go to this app alone. Strangers have none.
    ///
    /// A remembered one is dropped at a change of rank or of the facts that it tells.
    pub fn of(&self, open: &Open, app: &App, view: &View, now: Timestamp) -> Option<HeaderValue> {
        let judgement = open.judgement();
        let versions = versions(view, judgement)?;
        let key = Key {
            principal: judgement.principal,
            session: judgement.session,
            rank: judgement.rank,
            token: judgement
                .circumstances
                .token
                .as_deref()
                .map(|token| token.id),
            app: app.name.clone(),
        };
        if let Some(signed) = self.signed.borrow().get(&key)
            && signed.versions == versions
            && now.since(signed.made_at) < REUSE
            && now >= signed.made_at
            && now < signed.holds_until
        {
            return Some(signed.value.clone());
        }
        let signed = self.sign(view, judgement, app, versions, now)?;
        let value = signed.value.clone();
        let mut remembered = self.signed.borrow_mut();
        if remembered.len() >= CAPACITY {
            remembered.retain(|_, signed| now.since(signed.made_at) < REUSE);
        }
        if remembered.len() >= CAPACITY {
            remembered.clear();
        }
        remembered.insert(key, signed);
        Some(value)
    }

    fn sign(
        &self,
        view: &View,
        judgement: &Judgement,
        app: &App,
        versions: Versions,
        now: Timestamp,
    ) -> Option<Signed> {
        let who = Named::of(&view.facts, judgement.principal, now)?;
        let holds_until = who.holds_until;
        let session = judgement.session.and_then(|id| view.facts.session(id));
        let events = session.map_or(&[][..], |session| session.authn_at(judgement.rank));
        let token = judgement.circumstances.token.as_deref();
        if session.is_some() && events.is_empty() && token.is_none() {
            return None;
        }
        let claims = Claims {
            iss: self.issuer.to_string(),
            aud: app.name.to_string(),
            sub: who.id,
            preferred_username: who.name,
            name: who.title,
            email: who.email,
            email_verified: who.email_verified,
            groups: who.groups.iter().map(ToString::to_string).collect(),
            sid: session.map(|session| session.id.to_string()),
            amr: methods(events),
            auth_time: shown(events).map(Timestamp::as_secs),
            client_id: token.map(|token| token.client.to_string()),
            scope: token.map(|token| token.scopes.join(" ")),
            act: token.and_then(|token| acting(&token.actors)),
            iat: now.as_secs(),
            exp: now.after(LIFE).as_secs(),
        };
        let token = self
            .keys
            .sign(TokenType::Jwt, &claims, now)?
            .inspect_err(|fault| tracing::error!(%fault, "an assertion could not be signed"))
            .ok()?;
        let mut value = HeaderValue::try_from(token).ok()?;
        value.set_sensitive(true);
        Some(Signed {
            versions,
            made_at: now,
            holds_until,
            value,
        })
    }
}

/// The versions of what an assertion says of these; strangers have none.
fn versions(view: &View, judgement: &Judgement) -> Option<Versions> {
    let facts = &view.facts;
    let token = judgement.circumstances.token.as_deref();
    let session = match judgement.session {
        Some(id) => facts.session(id)?.version,
        None => token.map(|_| 0)?,
    };
    Some(Versions {
        principal: match judgement.principal {
            Principal::User(id) => facts.user(id)?.version,
            Principal::Client(id) => facts.client(id)?.version,
            Principal::Anonymous | Principal::Local(_) => return None,
        },
        session,
        client: match token {
            Some(token) => facts.client(token.client_id)?.version,
            None => 0,
        },
        groups: facts.groups_version(),
        settings: facts.settings_version(),
        keys: facts.keys_version(),
    })
}

/// How a person or a program is told.
struct Named {
    id: String,
    name: String,
    title: String,
    email: Option<String>,
    email_verified: Option<bool>,
    groups: Vec<GroupName>,
    /// When one of its memberships ends by itself.
    holds_until: Timestamp,
}

impl Named {
    fn of(facts: &Snapshot, principal: Principal, now: Timestamp) -> Option<Self> {
        match principal {
            Principal::User(id) => {
                let user = facts.user(id)?;
                let (groups, holds_until) = facts.groups_of(user, now);
                Some(Self {
                    id: user.id.to_string(),
                    name: user.name.to_string(),
                    title: user.display_name.to_string(),
                    email: user.email.as_ref().map(ToString::to_string),
                    email_verified: user
                        .email
                        .is_some()
                        .then(|| facts.address_of(user).is_some()),
                    groups,
                    holds_until,
                })
            }
            Principal::Client(id) => {
                let client = facts.client(id)?;
                Some(Self {
                    id: client.id.to_string(),
                    name: client.name.to_string(),
                    title: client.title.to_string(),
                    email: None,
                    email_verified: None,
                    groups: facts.groups_of_client(client),
                    holds_until: Timestamp::NEVER,
                })
            }
            Principal::Anonymous | Principal::Local(_) => None,
        }
    }
}

/// When somebody last showed who they are; where no provider says when, when they first came from it.
fn shown(events: &[AuthnEvent]) -> Option<Timestamp> {
    let known = events.iter().filter_map(AuthnEvent::proven_at).max();
    known.or_else(|| events.iter().map(|event| event.at).min())
}

/// The methods of proofs, each once.
fn methods(events: &[AuthnEvent]) -> Vec<String> {
    let mut amr: Vec<_> = events
        .iter()
        .map(|e| e.method.as_str().to_owned())
        .collect();
    amr.sort_unstable();
    amr.dedup();
    amr
}

/// The chain of who acts, the nearest outermost.
fn acting(actors: &[Arc<str>]) -> Option<Actor> {
    let chain = actors.iter().rev();
    chain.fold(None, |act, sub| {
        Some(Actor {
            sub: sub.to_string(),
            act: act.map(Box::new),
        })
    })
}
