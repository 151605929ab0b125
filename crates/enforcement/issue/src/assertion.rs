//! The signed assertion that an app's upstream receives with each request.

use std::{cell::RefCell, sync::Arc, time::Duration};

use gw_door::Open;
use gw_engine::View;
use gw_jose::TokenType;
use gw_model::{App, AppName, Principal, SessionId, Timestamp};
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
    /// The person's opaque id.
    pub sub: String,
    /// The name one signs in with.
    pub preferred_username: String,
    /// The name that pages show.
    pub name: String,
    /// The address for messages, where there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub email: Option<String>,
    /// Groups, groups of groups included.
    pub groups: Vec<String>,
    /// The session.
    pub sid: String,
    /// How the person proved who they are.
    pub amr: Vec<String>,
    /// When they last did, in seconds since the Unix epoch.
    pub auth_time: u64,
    /// When it was signed, in seconds since the Unix epoch.
    pub iat: u64,
    /// When it ends, in seconds since the Unix epoch.
    pub exp: u64,
}

/// The versions of what an assertion says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Versions {
    user: u64,
    session: u64,
    groups: u64,
    keys: u64,
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
    signed: RefCell<FxHashMap<(SessionId, u32, AppName), Signed>>,
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
        let session = judgement.session?;
        let versions = self.versions(view, judgement.principal, session)?;
        let key = (session, judgement.rank, app.name.clone());
        if let Some(signed) = self.signed.borrow().get(&key)
            && signed.versions == versions
            && now.since(signed.made_at) < REUSE
            && now >= signed.made_at
            && now < signed.holds_until
        {
            return Some(signed.value.clone());
        }
        let signed = self.sign(view, session, judgement.rank, app, versions, now)?;
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

    fn versions(&self, view: &View, principal: Principal, session: SessionId) -> Option<Versions> {
        let Principal::User(user) = principal else {
            return None;
        };
        Some(Versions {
            user: view.facts.user(user)?.version,
            session: view.facts.session(session)?.version,
            groups: view.facts.groups_version(),
            keys: view.facts.keys_version(),
        })
    }

    fn sign(
        &self,
        view: &View,
        session: SessionId,
        rank: u32,
        app: &App,
        versions: Versions,
        now: Timestamp,
    ) -> Option<Signed> {
        let session = view.facts.session(session)?;
        let user = view.facts.user(session.user)?;
        let (groups, holds_until) = view.facts.groups_of(user, now);
        let events = session.authn_at(rank);
        let mut amr: Vec<_> = events
            .iter()
            .map(|e| e.method.as_str().to_owned())
            .collect();
        amr.sort_unstable();
        amr.dedup();
        let claims = Claims {
            iss: self.issuer.to_string(),
            aud: app.name.to_string(),
            sub: user.id.to_string(),
            preferred_username: user.name.to_string(),
            name: user.display_name.to_string(),
            email: user.email.as_ref().map(ToString::to_string),
            groups: groups.iter().map(ToString::to_string).collect(),
            sid: session.id.to_string(),
            amr,
            auth_time: events.iter().map(|e| e.at).max()?.as_secs(),
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
