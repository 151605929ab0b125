//! The server's handle, what it is told, and which path answers how.

use std::{
    collections::HashMap,
    convert::Infallible,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use gw_engine::{Commit, CommitError, Engine};
use gw_identity::{Identity, SamlKeys};
use gw_issue::SigningKeys;
use gw_jose::{Algorithm, SeenKey, SeenOnce, pkce::NoRandomness};
use gw_model::{Actor, Change, Timestamp, UserId};
use gw_oauth::{
    DEVICE_LIFETIME, DevicePace, DpopNonceKey, Endpoints, GrantType, Issuer, IssuerFault, Pages,
    PairwiseKey, Scopes, SecretHash, Server, UserCodeTries, Veil,
};
use gw_pages::{JudgedRequest, PageService, Sealer, refused::Level};
use gw_store::{Effect, Refused, Secret, StoreError};
use http::{Method, Response};
use tokio::{runtime::Handle, sync::Semaphore};

use crate::{
    apps, authorize,
    client_keys::FetchedKeys,
    clients::Clients,
    consent, cors, device, introspection,
    kept::{self, KeptError},
    keys,
    keys::TokenKeys,
    logout, metadata, pending, pushed, registration, revocation, saml,
    saml::SamlApps,
    sign_out, token, userinfo,
    visit::{Refusal, Visit},
};

/// The paths of this server.
pub(crate) mod paths {
    pub(crate) const OPENID_CONFIGURATION: &str = "/.well-known/openid-configuration";
    pub(crate) const SERVER_METADATA: &str = "/.well-known/oauth-authorization-server";
    pub(crate) const KEYS: &str = "/oauth/jwks.json";
    pub(crate) const AUTHORIZE: &str = "/oauth/authorize";
    pub(crate) const CONSENT: &str = "/oauth/consent";
    pub(crate) const ACCOUNT: &str = "/oauth/account";
    pub(crate) const TOKEN: &str = "/oauth/token";
    pub(crate) const PUSHED: &str = "/oauth/par";
    pub(crate) const USERINFO: &str = "/oauth/userinfo";
    pub(crate) const INTROSPECT: &str = "/oauth/introspect";
    pub(crate) const REGISTER: &str = "/oauth/register";
    pub(crate) const REVOKE: &str = "/oauth/revoke";
    pub(crate) const DEVICE: &str = "/oauth/device";
    pub(crate) const END_SESSION: &str = "/oauth/end-session";
    pub(crate) const SIGN_OUT: &str = "/oauth/sign-out";
    pub(crate) const DEVICE_PAGE: &str = "/device";
    pub(crate) const DEVICE_DECIDE: &str = "/device/decide";
    pub(crate) const APPS: &str = "/account/apps";
    pub(crate) const SAML_METADATA: &str = "/saml/metadata";
    pub(crate) const SAML_SIGN_ON: &str = "/saml/sign-on";
    pub(crate) const SAML_SIGN_OUT: &str = "/saml/sign-out";
    pub(crate) const SAML_LEAVE: &str = "/saml/leave";
    pub(crate) const SAML_START: &str = "/saml/start";
}

/// Where somebody goes on who signed in for a request that their browser keeps.
pub(crate) use gw_identity::RESUME;

/// The longest form that another site's page or a program posts, in bytes.
pub const FORM_MAX_BYTES: usize = gw_oauth::PARAMETERS_BYTES_MAX;

/// For how long a browser keeps what somebody is in the middle of.
pub(crate) const PENDING_LIVES: Duration = Duration::from_secs(30 * 60);

/// How many proofs and assertions are remembered at a time.
const SEEN_AT_ONCE: usize = 200_000;
/// How many of them of one client or key.
const SEEN_OF_ONE: usize = 20_000;
/// How many device codes and pushed requests of clients that show nothing are taken in a span.
const STRANGERS_IN_SPAN: u32 = 100;
/// How long that is.
const STRANGERS_SPAN: Duration = Duration::from_secs(10);
/// How many clients are told of ended sessions at a time.
const TOLD_AT_ONCE: usize = 16;
/// How many devices' paces are remembered.
const PACES_KEPT: usize = 10_000;
/// How many people's tries of user codes are remembered.
const TRIES_KEPT: usize = 10_000;
/// Most revocations that one commit of the sweep forgets.
const SWEPT_AT_ONCE: usize = 500;
/// Under what the key of pairwise subjects is sealed.
const PAIRWISE_KEY: &str = "pairwise-subjects";
/// Its bytes.
const PAIRWISE_KEY_BYTES: usize = 32;

/// Something of ours failed.
#[derive(Debug, thiserror::Error)]
enum OnceError {
    #[error(transparent)]
    Kept(#[from] KeptError),
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// What the server is told.
pub struct AuthorizationOptions {
    /// Its name, which is the authentication origin.
    pub issuer: String,
    /// How much a refusal says.
    pub remedies: Level,
    /// Whom to believe of clients' servers.
    pub tls: Arc<gw_tls::ClientConfig>,
    /// Whether clients are asked for a certificate when they connect.
    pub asks_certificates: bool,
    /// Who vouches for certificates of clients; nobody where absent.
    pub client_authorities: Option<gw_tls::ClientAuthorities>,
    /// The country of an address, when known.
    pub country: Arc<dyn Fn(IpAddr) -> Option<[u8; 2]> + Send + Sync>,
}

/// The authorisation server. Cheap to clone.
#[derive(Clone)]
pub struct AuthorizationServer {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) identity: Identity,
    pub(crate) options: AuthorizationOptions,
    pub(crate) server: Server,
    pub(crate) keys: TokenKeys,
    pub(crate) clients: Clients,
    /// The apps that speak SAML.
    pub(crate) saml: SamlApps,
    pub(crate) client_keys: FetchedKeys,
    pub(crate) sealer: Sealer,
    pub(crate) nonces: DpopNonceKey,
    pub(crate) pairwise: PairwiseKey,
    seen: Mutex<SeenOnce>,
    tries: Mutex<HashMap<UserId, UserCodeTries>>,
    /// How often devices ask that wait.
    paces: Mutex<HashMap<SecretHash, DevicePace>>,
    strangers: Mutex<Pace>,
    /// How many clients are told of ended sessions at a time.
    pub(crate) telling: Semaphore,
    /// Where all of it runs: not on the threads of traffic.
    control: Handle,
}

/// What all strangers together asked in the span that began last.
#[derive(Default)]
struct Pace {
    since: Timestamp,
    count: u32,
}

impl Pace {
    fn admit(&mut self, now: Timestamp) -> bool {
        if now.since(self.since) >= STRANGERS_SPAN {
            *self = Self {
                since: now,
                count: 0,
            };
        }
        let is_admitted = self.count < STRANGERS_IN_SPAN;
        self.count += u32::from(is_admitted);
        is_admitted
    }
}

/// The server cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The authentication origin cannot be an issuer's name.
    #[error("`{origin}` cannot be an issuer: {source}")]
    Issuer {
        /// The origin.
        origin: String,
        /// Why not.
        source: IssuerFault,
    },
    /// There is no randomness for a key.
    #[error("the system gave no random bytes for a key")]
    NoRandomness,
    /// The store cannot be read.
    #[error("the store cannot be read")]
    Store(#[from] StoreError),
    /// A key cannot be kept.
    #[error("the key of pairwise subjects cannot be kept")]
    Commit(#[from] gw_engine::CommitError),
    /// A worker thread failed.
    #[error("a worker thread failed")]
    Worker,
}

/// What is over could not be swept.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// A key could not be retired.
    #[error(transparent)]
    Keys(#[from] gw_issue::KeyError),
    /// The facts could not be changed.
    #[error(transparent)]
    Commit(#[from] gw_engine::CommitError),
}

impl From<NoRandomness> for OpenError {
    fn from(_: NoRandomness) -> Self {
        Self::NoRandomness
    }
}

impl From<gw_pages::NoRandomness> for OpenError {
    fn from(_: gw_pages::NoRandomness) -> Self {
        Self::NoRandomness
    }
}

impl AuthorizationServer {
    /// Sets the server up. What it does runs where this is called.
    ///
    /// # Errors
    /// Where the origin can be no issuer, or the store fails.
    pub async fn open(
        engine: Engine,
        identity: Identity,
        options: AuthorizationOptions,
    ) -> Result<Self, OpenError> {
        let issuer = Issuer::parse(&options.issuer).map_err(|source| OpenError::Issuer {
            origin: options.issuer.clone(),
            source,
        })?;
        let pairwise = pairwise_key(&engine).await?;
        let opened = Self {
            shared: Arc::new(Shared {
                server: Server {
                    has_client_certificates: options.asks_certificates,
                    has_client_authorities: options.client_authorities.is_some(),
                    ..server(issuer)?
                },
                keys: TokenKeys::default(),
                clients: Clients::default(),
                saml: SamlApps::default(),
                client_keys: FetchedKeys::default(),
                sealer: Sealer::generate()?,
                nonces: DpopNonceKey::generate()?,
                pairwise,
                seen: Mutex::new(SeenOnce::with_capacity(SEEN_AT_ONCE).with_share(SEEN_OF_ONE)),
                tries: Mutex::default(),
                paces: Mutex::default(),
                strangers: Mutex::default(),
                telling: Semaphore::new(TOLD_AT_ONCE),
                control: Handle::current(),
                engine,
                identity,
                options,
            }),
        };
        opened.shared.identity.tell_of_sign_outs(opened.farewells());
        Ok(opened)
    }

    /// Whom to tell of a sign-out; the two hold each other no longer than one of them is held.
    fn farewells(&self) -> gw_identity::Farewells {
        let shared = Arc::downgrade(&self.shared);
        Arc::new(move |session| {
            let shared = shared.upgrade();
            Box::pin(async move {
                let server = Self { shared: shared? };
                saml::farewell(&server, &session).await
            })
        })
    }

    /// The server as a service of judged requests, of the paths that [`is_its`] names.
    pub fn service(&self) -> PageService {
        let server = self.clone();
        PageService::new(tower::service_fn(move |request: JudgedRequest| {
            let server = server.clone();
            async move { Ok::<_, Infallible>(server.answer(request).await) }
        }))
    }

    /// A traffic thread waits, and does nothing of it.
    async fn answer(&self, request: JudgedRequest) -> Response<Bytes> {
        let server = self.clone();
        let answering = async move {
            let visit = Visit::new(&server, request);
            answer(&visit).await
        };
        match self.shared.control.spawn(answering).await {
            Ok(answer) => answer,
            Err(fault) => {
                tracing::error!(%fault, "a request to the authorisation server was not answered");
                crate::pages::out_of_order()
            }
        }
    }

    /// Whether pages of this origin are those of a client that runs in a page: they may ask where
    /// [`is_open_to_pages`] says.
    pub async fn knows_pages_of(&self, origin: Box<str>) -> bool {
        let server = self.clone();
        let looking = async move { cors::is_known(&server, &origin) };
        self.shared.control.spawn(looking).await.unwrap_or(false)
    }

    /// The keys of this gateway that sign tokens, each with its purpose, as far as they were
    /// needed so far.
    pub fn keys(&self) -> Vec<(&'static str, Arc<SigningKeys>)> {
        self.shared.keys.all()
    }

    /// Tells clients of the sessions that ended, until it is dropped.
    pub async fn tell_of_ended_sessions(&self) {
        logout::tell(self).await;
    }

    /// Takes keys out of the facts whose signatures cannot be valid any more, and forgets what was
    /// revoked and is over by itself.
    ///
    /// # Errors
    /// Where the facts cannot be changed; the next sweep tries again.
    pub async fn sweep(&self) -> Result<(), SweepError> {
        for (_, keys) in self.keys() {
            keys.sweep(self.engine()).await?;
        }
        registration::sweep(self).await?;
        let (view, now) = (self.engine().view(), self.now());
        let over = view.facts.revocations().filter(|one| now >= one.until);
        let over: Vec<_> = over
            .take(SWEPT_AT_ONCE)
            .map(|one| Change::RevocationForgotten(one.token))
            .collect();
        if !over.is_empty() {
            let mut commit = Commit::new(Actor::Gatewright, "forgot revoked tokens that are over");
            commit.changes = over;
            self.engine().commit(commit).await?;
        }
        Ok(())
    }

    /// What lifts the veils of access tokens, for the doors that take them.
    pub fn veil(&self) -> Veil {
        self.shared.pairwise.veil().clone()
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.shared.engine
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.engine().clock().now()
    }

    pub(crate) fn issuer(&self) -> &Issuer {
        &self.shared.server.issuer
    }

    pub(crate) fn endpoints(&self) -> &Endpoints {
        &self.shared.server.endpoints
    }

    /// With what apps that speak SAML are answered.
    pub(crate) async fn saml_keys(&self) -> Result<SamlKeys, Refusal> {
        let keys = self.shared.identity.saml_app_keys().await;
        keys.map_err(|_| Box::new(crate::pages::out_of_order()))
    }

    /// Counts what an address asks whose messages are read before anybody is known.
    pub(crate) fn admits(&self, visit: &Visit) -> Result<(), Refusal> {
        match self.shared.identity.admits(visit.request.judged.address) {
            true => Ok(()),
            false => Err(Box::new(crate::pages::too_often())),
        }
    }

    /// Whether this is the first time that it comes.
    pub(crate) fn is_first(&self, key: SeenKey, until: Timestamp) -> bool {
        let now = self.now();
        let mut seen = self
            .shared
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        seen.see(key, until, now).is_first()
    }

    /// The same, and kept: after a restart it still came. Where that cannot be kept, it is taken for
    /// one that did.
    pub(crate) async fn is_first_ever(&self, key: SeenKey, until: Timestamp, what: &str) -> bool {
        if !self.is_first(key, until) {
            return false;
        }
        let kept = async {
            let commit = Commit::new(Actor::Gatewright, what).effect(kept::once(key, until)?);
            self.engine().commit(commit).await?;
            Ok::<_, OnceError>(())
        };
        match kept.await {
            Ok(()) => true,
            Err(OnceError::Commit(CommitError::Refused(Refused::Stale))) => false,
            Err(fault) => {
                tracing::error!(%fault, "that something came cannot be kept: it is refused");
                false
            }
        }
    }

    /// Counts what a stranger asks that leaves something behind, over all of them.
    pub(crate) fn admits_stranger(&self) -> bool {
        let now = self.now();
        let mut pace = self
            .shared
            .strangers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        pace.admit(now)
    }

    /// Counts a person's try of a user code.
    pub(crate) fn admits_try(&self, person: UserId) -> bool {
        let now = self.now();
        let mut tries = self
            .shared
            .tries
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if tries.len() >= TRIES_KEPT && !tries.contains_key(&person) {
            tries.clear();
        }
        tries.entry(person).or_default().admit(now)
    }

    /// Counts a person's last try no more: the code was right.
    pub(crate) fn gives_back_try(&self, person: UserId) {
        let tries = self.shared.tries.lock();
        let mut tries = tries.unwrap_or_else(PoisonError::into_inner);
        if let Some(tries) = tries.get_mut(&person) {
            tries.give_back();
        }
    }

    /// How often a device asks.
    pub(crate) fn pace(&self, device: &SecretHash) -> DevicePace {
        let paces = self.shared.paces.lock();
        let paces = paces.unwrap_or_else(PoisonError::into_inner);
        paces.get(device).copied().unwrap_or_default()
    }

    /// Remembers how often a device asks: of those that wait.
    pub(crate) fn keep_pace(&self, device: &SecretHash, pace: DevicePace) {
        let now = self.now();
        let paces = self.shared.paces.lock();
        let mut paces = paces.unwrap_or_else(PoisonError::into_inner);
        if paces.len() >= PACES_KEPT {
            let waits = |pace: &DevicePace| {
                pace.asked_at()
                    .is_some_and(|at| now.since(at) < DEVICE_LIFETIME)
            };
            paces.retain(|_, pace| waits(pace));
        }
        if paces.len() < PACES_KEPT || paces.contains_key(device) {
            paces.insert(*device, pace);
        }
    }
}

fn server(issuer: Issuer) -> Result<Server, OpenError> {
    let at = |path: &str| format!("{issuer}{path}");
    let scopes = Scopes::parse("openid profile email groups offline_access").unwrap_or_default();
    Ok(Server {
        endpoints: Endpoints {
            authorization: at(paths::AUTHORIZE),
            token: at(paths::TOKEN),
            userinfo: at(paths::USERINFO),
            jwks: at(paths::KEYS),
            pushed_authorization_request: at(paths::PUSHED),
            device_authorization: at(paths::DEVICE),
            introspection: at(paths::INTROSPECT),
            revocation: at(paths::REVOKE),
            end_session: at(paths::END_SESSION),
            registration: Some(at(paths::REGISTER)),
        },
        scopes,
        acr_values: crate::person::ACRS
            .iter()
            .map(|acr| (*acr).to_owned())
            .collect(),
        claims: crate::person::CLAIMS.to_vec(),
        signing: keys::id_token_algorithms(),
        accepted: ACCEPTED.to_vec(),
        grant_types: GrantType::ALL.to_vec(),
        has_client_certificates: false,
        has_client_authorities: false,
        requires_pushed: false,
        pages: Pages::default(),
        issuer,
    })
}

/// The algorithms that clients may sign their assertions and proofs by.
pub(crate) const ACCEPTED: [Algorithm; 5] = [
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::EdDsa,
    Algorithm::Ps256,
    Algorithm::Rs256,
];

/// The key of pairwise subjects, which lasts as long as the store: made the first time.
async fn pairwise_key(engine: &Engine) -> Result<PairwiseKey, OpenError> {
    let reader = engine.reader().clone();
    let kept = tokio::task::spawn_blocking(move || reader.sealed(PAIRWISE_KEY));
    let kept = kept.await.map_err(|_| OpenError::Worker)??;
    let secret = match kept {
        Some(kept) => kept.expose().clone(),
        None => {
            let mut secret = vec![0; PAIRWISE_KEY_BYTES];
            aws_lc_rs::rand::fill(&mut secret).map_err(|_| OpenError::NoRandomness)?;
            let put = Effect::SealedPut {
                name: PAIRWISE_KEY.into(),
                bytes: Secret::new(secret.clone()),
            };
            let made = Commit::new(Actor::Gatewright, "made the key of pairwise subjects");
            engine.commit(made.effect(put)).await?;
            secret
        }
    };
    PairwiseKey::new(&secret).map_err(|_| OpenError::NoRandomness)
}

/// What is answered where.
#[derive(Debug, Clone, Copy)]
enum Endpoint {
    Metadata,
    Keys,
    Authorize,
    PostedAuthorize,
    Resume,
    Consent,
    Account,
    Token,
    Pushed,
    Userinfo,
    Introspect,
    Revoke,
    Register,
    Device,
    EndSession,
    PostedEndSession,
    SignOut,
    DevicePage,
    DeviceCode,
    DeviceDecide,
    Apps,
    TakeBack,
    SamlMetadata,
    SamlSignOn,
    PostedSamlSignOn,
    SamlSignOut,
    PostedSamlSignOut,
    SamlLeave,
    SamlStart,
}

/// Every method and path.
const ENDPOINTS: [(Method, &str, Endpoint); 35] = [
    (Method::GET, paths::SAML_METADATA, Endpoint::SamlMetadata),
    (Method::GET, paths::SAML_SIGN_ON, Endpoint::SamlSignOn),
    (
        Method::POST,
        paths::SAML_SIGN_ON,
        Endpoint::PostedSamlSignOn,
    ),
    (Method::GET, paths::SAML_SIGN_OUT, Endpoint::SamlSignOut),
    (
        Method::POST,
        paths::SAML_SIGN_OUT,
        Endpoint::PostedSamlSignOut,
    ),
    (Method::GET, paths::SAML_LEAVE, Endpoint::SamlLeave),
    (Method::GET, paths::SAML_START, Endpoint::SamlStart),
    (Method::GET, paths::APPS, Endpoint::Apps),
    (Method::POST, paths::APPS, Endpoint::TakeBack),
    (Method::GET, paths::OPENID_CONFIGURATION, Endpoint::Metadata),
    (Method::GET, paths::SERVER_METADATA, Endpoint::Metadata),
    (Method::GET, paths::KEYS, Endpoint::Keys),
    (Method::GET, paths::AUTHORIZE, Endpoint::Authorize),
    (Method::POST, paths::AUTHORIZE, Endpoint::PostedAuthorize),
    (Method::GET, RESUME, Endpoint::Resume),
    (Method::POST, paths::CONSENT, Endpoint::Consent),
    (Method::POST, paths::ACCOUNT, Endpoint::Account),
    (Method::POST, paths::TOKEN, Endpoint::Token),
    (Method::POST, paths::PUSHED, Endpoint::Pushed),
    (Method::GET, paths::USERINFO, Endpoint::Userinfo),
    (Method::POST, paths::USERINFO, Endpoint::Userinfo),
    (Method::POST, paths::INTROSPECT, Endpoint::Introspect),
    (Method::POST, paths::REVOKE, Endpoint::Revoke),
    (Method::POST, paths::REGISTER, Endpoint::Register),
    (Method::GET, paths::REGISTER, Endpoint::Register),
    (Method::PUT, paths::REGISTER, Endpoint::Register),
    (Method::DELETE, paths::REGISTER, Endpoint::Register),
    (Method::POST, paths::DEVICE, Endpoint::Device),
    (Method::GET, paths::END_SESSION, Endpoint::EndSession),
    (Method::POST, paths::END_SESSION, Endpoint::PostedEndSession),
    (Method::POST, paths::SIGN_OUT, Endpoint::SignOut),
    (Method::GET, paths::DEVICE_PAGE, Endpoint::DevicePage),
    (Method::POST, paths::DEVICE_PAGE, Endpoint::DeviceCode),
    (Method::POST, paths::DEVICE_DECIDE, Endpoint::DeviceDecide),
    (
        Method::HEAD,
        paths::OPENID_CONFIGURATION,
        Endpoint::Metadata,
    ),
];

/// Every method and path that this server answers.
pub fn endpoints() -> impl Iterator<Item = (Method, &'static str)> {
    ENDPOINTS
        .iter()
        .filter(|(method, ..)| *method != Method::HEAD)
        .map(|(method, path, _)| (method.clone(), *path))
}

/// Whether a path of the authentication origin is this server's.
pub fn is_its(path: &str) -> bool {
    ENDPOINTS.iter().any(|(_, known, _)| *known == path)
}

/// Whether programs ask there, and nobody's browser: cookies count for nothing.
pub fn is_for_programs(path: &str) -> bool {
    matches!(
        path,
        paths::TOKEN
            | paths::PUSHED
            | paths::USERINFO
            | paths::INTROSPECT
            | paths::REVOKE
            | paths::REGISTER
            | paths::DEVICE
    )
}

/// Whether pages of other origins may ask there: those of clients that run in a page.
pub fn is_open_to_pages(path: &str) -> bool {
    matches!(
        path,
        paths::OPENID_CONFIGURATION
            | paths::SERVER_METADATA
            | paths::KEYS
            | paths::TOKEN
            | paths::USERINFO
            | paths::REVOKE
    )
}

/// Whether a form of another site's page comes here, by its design.
pub fn is_from_elsewhere(path: &str) -> bool {
    matches!(
        path,
        paths::AUTHORIZE | paths::END_SESSION | paths::SAML_SIGN_ON | paths::SAML_SIGN_OUT
    )
}

/// The longest form that such a page posts, or a program, in bytes.
pub fn longest_form(path: &str) -> usize {
    match path {
        paths::SAML_SIGN_ON | paths::SAML_SIGN_OUT => saml::SAML_FORM_MAX_BYTES,
        _ => FORM_MAX_BYTES,
    }
}

async fn answer(visit: &Visit) -> Response<Bytes> {
    let path = &*visit.request.path;
    let method = match visit.request.method {
        Method::HEAD => &Method::GET,
        ref method => method,
    };
    let mut at = ENDPOINTS.iter().filter(|(_, known, _)| *known == path);
    let Some((.., endpoint)) = at.clone().find(|(known, ..)| known == method) else {
        return crate::pages::wrong_method(at.by_ref().map(|(known, ..)| known));
    };
    let answer = match endpoint {
        Endpoint::Metadata => Ok(metadata::document(visit)),
        Endpoint::Keys => metadata::keys(visit).await,
        Endpoint::Authorize => authorize::begin(visit).await,
        Endpoint::PostedAuthorize => authorize::posted(visit),
        Endpoint::Resume => pending::resume(visit).await,
        Endpoint::Consent => consent::decide(visit).await,
        Endpoint::Account => authorize::choose_account(visit).await,
        Endpoint::Token => Ok(token::answer(visit).await),
        Endpoint::Pushed => Ok(pushed::answer(visit).await),
        Endpoint::Userinfo => Ok(userinfo::answer(visit).await),
        Endpoint::Introspect => Ok(introspection::answer(visit).await),
        Endpoint::Revoke => Ok(revocation::answer(visit).await),
        Endpoint::Register => Ok(registration::answer(visit).await),
        Endpoint::Device => Ok(device::begin(visit).await),
        Endpoint::EndSession => sign_out::begin(visit).await,
        Endpoint::PostedEndSession => sign_out::posted(visit),
        Endpoint::SignOut => sign_out::end(visit).await,
        Endpoint::DevicePage => device::page(visit),
        Endpoint::DeviceCode => device::code(visit).await,
        Endpoint::DeviceDecide => device::decide(visit).await,
        Endpoint::Apps => apps::show(visit).await,
        Endpoint::TakeBack => apps::take_back(visit).await,
        Endpoint::SamlMetadata => saml::document(visit).await,
        Endpoint::SamlSignOn => saml::begin(visit).await,
        Endpoint::PostedSamlSignOn => saml::posted(visit),
        Endpoint::SamlSignOut => saml::hear(visit).await,
        Endpoint::PostedSamlSignOut => saml::hear_posted(visit),
        Endpoint::SamlLeave => saml::leave(visit).await,
        Endpoint::SamlStart => saml::start(visit).await,
    };
    let mut answer = answer.unwrap_or_else(|refusal| *refusal);
    if is_open_to_pages(path) {
        cors::allow(visit, &mut answer);
    }
    answer
}
