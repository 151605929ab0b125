//! Clients that register themselves by a token that an administrator gave them, and read, change
//! and end what they registered (RFC 7591; RFC 7592).
//!
//! What one may be is bounded by that token for as long as it is there; that people may sign in
//! through it is policy's to say, as of every client.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use gw_engine::{Commit, CommitError, random};
use gw_model::{Actor, Change, Client as Fact, ClientId, ClientOwner, Consent, Timestamp};
use gw_oauth::{
    Challenge, ErrorCode, Invitation, PresentedAccessToken, Purpose, RegisteredClient,
    Registration, RegistrationBounds, RegistrationFault, ResourceRefusal, Scheme, Secret,
    SecretHash,
    answer::{self, Answer},
    check_sector_document,
};
use gw_pages::form::Fields;
use gw_store::Refused as NotStored;
use http::{HeaderMap, Method, Response, header};

use crate::{
    client_keys,
    clients::Registered,
    kept::{self, Found, KeptError, KeptRegistration, Put},
    redeem::TRIES,
    server::{ACCEPTED, AuthorizationServer, paths},
    visit::{Visit, of_json},
};

/// The most clients that registered themselves.
const REGISTERED_MAX: usize = 1_000;
/// How long one may be there without having been given a token.
const UNUSED_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
/// How long the bounds of a client are kept: as long as it can be there.
const BOUNDS_KEPT: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Why nothing is registered.
enum Refused {
    Token(ResourceRefusal),
    Registration(RegistrationFault),
    Full,
    Unavailable,
}

impl From<RegistrationFault> for Refused {
    fn from(fault: RegistrationFault) -> Self {
        Self::Registration(fault)
    }
}

impl From<ResourceRefusal> for Refused {
    fn from(refusal: ResourceRefusal) -> Self {
        Self::Token(refusal)
    }
}

impl From<KeptError> for Refused {
    fn from(fault: KeptError) -> Self {
        tracing::error!(%fault, "the authorisation server could not answer");
        Self::Unavailable
    }
}

/// Answers a registration, or a request about one.
pub(crate) async fn answer(visit: &Visit) -> Response<Bytes> {
    let answered = match visit.request.method {
        Method::POST => register(visit).await,
        Method::PUT => change(visit).await,
        Method::DELETE => end(visit).await,
        _ => read(visit),
    };
    of_json(answered.unwrap_or_else(|refused| told(&refused)))
}

fn told(refused: &Refused) -> Answer {
    match refused {
        Refused::Registration(fault) => fault.answer(),
        Refused::Full => answer::refusal(
            ErrorCode::AccessDenied,
            &"too many clients registered",
            None,
        ),
        Refused::Unavailable => {
            let why = "the server cannot answer now";
            answer::refusal(ErrorCode::TemporarilyUnavailable, &why, None)
        }
        Refused::Token(refusal) => {
            let challenge = Challenge {
                scheme: Scheme::Bearer,
                realm: "registration",
                resource_metadata: None,
                algorithms: &ACCEPTED,
            };
            let mut answered = answer::empty(refusal.status());
            if let Some(challenge) = challenge.header(refusal) {
                let headers = answered.headers_mut();
                headers.append(header::WWW_AUTHENTICATE, challenge);
            }
            answered
        }
    }
}

async fn register(visit: &Visit) -> Result<Answer, Refused> {
    let token = token(&visit.request.headers)?;
    let at = kept::by_secret(&SecretHash::of(Purpose::InitialAccessToken, token));
    for _ in 0..TRIES {
        let engine = visit.server.engine();
        let invited = kept::find::<Invitation>(engine, at).await?;
        let invited = invited.ok_or(ResourceRefusal::InvalidToken)?;
        let left = invited.value.token.take(token, visit.now);
        let left = left.map_err(|_| ResourceRefusal::InvalidToken)?;
        let view = engine.view();
        let itself = |client: &&Arc<Fact>| client.owner == ClientOwner::Itself;
        if view.facts.clients().filter(itself).count() >= REGISTERED_MAX {
            return Err(Refused::Full);
        }
        let registered = New::read(visit, &invited.value.bounds).await?;
        let used = Invitation {
            token: left,
            ..invited.value.clone()
        };
        if registered.keep(visit, &invited, &used).await? {
            return Ok(registered.answer(visit).created());
        }
    }
    Err(Refused::Unavailable)
}

/// A client that is about to be there.
struct New {
    registration: Registration,
    secret: Secret,
    manage: Secret,
}

impl New {
    async fn read(visit: &Visit, bounds: &RegistrationBounds) -> Result<Self, Refused> {
        is_json(&visit.request.headers)?;
        let id = format!("dyn-{:016x}{:016x}", random::bits(), random::bits());
        let id = gw_oauth::ClientId::parse(&id).map_err(|_| Refused::Unavailable)?;
        let secret = || Secret::generate().map_err(|_| Refused::Unavailable);
        let (secret, manage) = (secret()?, secret()?);
        let (body, rules) = (&visit.request.body, bounds.rules());
        let registration = Registration::read(body, &rules, id, &secret, &manage, visit.now)?;
        bounds.admit(&registration.client)?;
        check_sector(visit, &registration).await?;
        Ok(Self {
            registration,
            secret,
            manage,
        })
    }

    /// Makes it a client; false where its token was used meanwhile.
    async fn keep(
        &self,
        visit: &Visit,
        invited: &Found<Invitation>,
        used: &Invitation,
    ) -> Result<bool, Refused> {
        let fact = self.fact(&used.bounds)?;
        let what = format!("{} registered itself ({})", fact.name, used.id());
        let kept = KeptRegistration {
            bounds: used.bounds.clone(),
            at: visit.now,
            used: false,
        };
        let bounds = Put::new(
            kept::by_registration(fact.name.as_str()),
            &kept,
            None,
            visit.now.after(BOUNDS_KEPT),
        );
        let token = invited.replaced(used, invited.owner, invited.expires);
        let commit = Commit::new(Actor::Gatewright, what)
            .change(Change::ClientPut(Arc::new(fact)))
            .effect(bounds.effect()?)
            .effect(token.effect()?);
        stored(visit.server.engine().commit(commit).await.map(drop))
    }

    fn fact(&self, bounds: &RegistrationBounds) -> Result<Fact, Refused> {
        let client = &self.registration.client;
        let name = client.id.as_str();
        Ok(Fact {
            id: ClientId::from_bits(random::bits()),
            name: name.parse().map_err(|_| Refused::Unavailable)?,
            title: title(client),
            attributes: Default::default(),
            groups: Vec::new(),
            app: bounds.app.clone(),
            registration: written(client)?,
            tokens_from: Timestamp::default(),
            disabled: false,
            suspended: false,
            owner: ClientOwner::Itself,
            consent: Consent::Ask,
            version: 0,
        })
    }

    fn answer(&self, visit: &Visit) -> RegisteredClient {
        let client = &self.registration.client;
        let answer = RegisteredClient::new(client, address(visit, client));
        let answer = answer.with_token(self.manage.expose());
        match self.registration.gives_secret {
            true => answer.with_secret(&self.secret),
            false => answer,
        }
    }
}

fn title(client: &gw_oauth::Client) -> Arc<str> {
    Arc::from(client.about.name.as_deref().unwrap_or(client.id.as_str()))
}

fn written(client: &gw_oauth::Client) -> Result<Arc<str>, Refused> {
    let json = serde_json::to_string(client);
    json.map(Arc::from).map_err(|_| Refused::Unavailable)
}

/// Where a client reads and changes what it registered.
fn address(visit: &Visit, client: &gw_oauth::Client) -> String {
    let (issuer, id) = (visit.server.issuer(), client.id.as_str());
    format!("{issuer}{}?client_id={id}", paths::REGISTER)
}

fn read(visit: &Visit) -> Result<Answer, Refused> {
    let (known, token) = managed(visit)?;
    let answer = RegisteredClient::new(&known.client, address(visit, &known.client));
    Ok(answer.with_token(token).answer())
}

async fn change(visit: &Visit) -> Result<Answer, Refused> {
    let (known, token) = managed(visit)?;
    is_json(&visit.request.headers)?;
    let at = kept::by_registration(known.fact.name.as_str());
    let kept = kept::find::<KeptRegistration>(visit.server.engine(), at).await?;
    let bounds = kept.ok_or(Refused::Unavailable)?.value.bounds;
    let secret = Secret::generate().map_err(|_| Refused::Unavailable)?;
    let (body, rules) = (&visit.request.body, bounds.rules());
    let read = Registration::change(body, &known.client, &rules, &secret, visit.now)?;
    bounds.admit(&read.client)?;
    check_sector(visit, &read).await?;
    let changed = Fact {
        title: title(&read.client),
        registration: written(&read.client)?,
        ..Fact::clone(&known.fact)
    };
    put(visit, &known, changed).await?;
    let answer = RegisteredClient::new(&read.client, address(visit, &read.client));
    let answer = answer.with_token(token);
    Ok(match read.gives_secret {
        true => answer.with_secret(&secret),
        false => answer,
    }
    .answer())
}

/// Puts a client in the place of the one that was read, if that is still the one that is there.
async fn put(visit: &Visit, known: &Registered, changed: Fact) -> Result<(), Refused> {
    let (id, version) = (known.fact.id, known.fact.version);
    let what = format!("{} changed its registration", changed.name);
    let commit = Commit::new(Actor::Client(id), what);
    let commit = commit.change(Change::ClientPut(Arc::new(changed)));
    let propose = move |facts: &gw_model::Snapshot| match facts.client(id) {
        Some(present) if present.version == version => Ok(commit),
        _ => Err(NotStored::Stale),
    };
    match stored(visit.server.engine().propose(propose).await.map(drop))? {
        true => Ok(()),
        false => Err(Refused::Unavailable),
    }
}

async fn end(visit: &Visit) -> Result<Answer, Refused> {
    let (known, _) = managed(visit)?;
    let at = kept::by_registration(known.fact.name.as_str());
    let bounds = kept::find::<KeptRegistration>(visit.server.engine(), at).await?;
    let what = format!("{} ended its registration", known.fact.name);
    let mut commit = Commit::new(Actor::Client(known.fact.id), what)
        .change(Change::ClientRemoved(known.fact.id));
    if let Some(bounds) = bounds {
        commit = commit.effect(bounds.removed());
    }
    match stored(visit.server.engine().commit(commit).await.map(drop))? {
        true => Ok(RegisteredClient::ended()),
        false => Err(Refused::Unavailable),
    }
}

/// Notes that a client that registered itself was given a token, the first time; where that cannot
/// be noted, it is the next time.
pub(crate) async fn note_use(visit: &Visit, known: &Registered) {
    if known.fact.owner != ClientOwner::Itself {
        return;
    }
    let engine = visit.server.engine();
    let at = kept::by_registration(known.fact.name.as_str());
    let Ok(Some(found)) = kept::find::<KeptRegistration>(engine, at).await else {
        return;
    };
    if found.value.used {
        return;
    }
    let used = KeptRegistration {
        used: true,
        ..found.value.clone()
    };
    let put = found.replaced(&used, found.owner, found.expires);
    let what = format!("{} was used", known.fact.name);
    if let Ok(put) = put.effect() {
        let commit = Commit::new(Actor::Gatewright, what).effect(put);
        drop(engine.commit(commit).await);
    }
}

/// Removes clients that registered themselves a while ago and were never given a token.
///
/// # Errors
/// Where the facts cannot be changed.
pub(crate) async fn sweep(server: &AuthorizationServer) -> Result<(), CommitError> {
    let (engine, now) = (server.engine(), server.now());
    let view = engine.view();
    let itself = |client: &&Arc<Fact>| client.owner == ClientOwner::Itself;
    for client in view.facts.clients().filter(itself) {
        let at = kept::by_registration(client.name.as_str());
        let Ok(Some(found)) = kept::find::<KeptRegistration>(engine, at).await else {
            continue;
        };
        if found.value.used || now < found.value.at.after(UNUSED_MAX) {
            continue;
        }
        let what = format!("{} was registered and never used", client.name);
        let commit = Commit::new(Actor::Gatewright, what)
            .change(Change::ClientRemoved(client.id))
            .effect(found.removed());
        engine.commit(commit).await?;
    }
    Ok(())
}

/// The client that a request is about, which registered itself and shows the token that it was
/// given for that. Whether there is such a client is not told.
fn managed(visit: &Visit) -> Result<(Registered, &str), Refused> {
    let token = token(&visit.request.headers)?;
    let fields = Fields::from_query(visit.request.query.as_deref());
    let fields = fields.map_err(|_| ResourceRefusal::InvalidToken)?;
    let named = fields.value("client_id").unwrap_or_default();
    let known = visit.client(named).filter(|known| {
        known.fact.owner == ClientOwner::Itself && known.client.is_managed_by(token)
    });
    Ok((known.ok_or(ResourceRefusal::InvalidToken)?, token))
}

/// A token of the `Authorization` header, and of nowhere else.
fn token(headers: &HeaderMap) -> Result<&str, Refused> {
    let presented = PresentedAccessToken::read(headers, None, None)?;
    match presented.scheme {
        Scheme::Bearer => Ok(presented.token),
        Scheme::Dpop => Err(ResourceRefusal::InvalidToken.into()),
    }
}

fn is_json(headers: &HeaderMap) -> Result<(), RegistrationFault> {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
        .then_some(())
        .ok_or(RegistrationFault::Malformed("content-type"))
}

/// Whether the redirect URIs are of the sector that the client says, by the list that is there.
async fn check_sector(visit: &Visit, read: &Registration) -> Result<(), Refused> {
    let Some(address) = &read.sector_document else {
        return Ok(());
    };
    let tls = &visit.server.shared.options.tls;
    let document = client_keys::get(gw_outbound::Purpose::RegisteredClient, address, tls).await;
    let document = document.map_err(|why| {
        tracing::debug!(address, %why, "a list of redirect URIs could not be read");
        RegistrationFault::Malformed("sector_identifier_uri")
    })?;
    let checked = check_sector_document(&document, &read.client);
    Ok(checked.map_err(RegistrationFault::from)?)
}

/// Whether something was stored, or something else stands there by now.
fn stored(done: Result<(), CommitError>) -> Result<bool, Refused> {
    match done {
        Ok(()) => Ok(true),
        Err(CommitError::Refused(NotStored::Stale)) => Ok(false),
        Err(fault) => {
            tracing::error!(%fault, "a registration could not be stored");
            Err(Refused::Unavailable)
        }
    }
}
