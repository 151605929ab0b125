//! What comes in below [`PATH`], from who shows one of a source's secrets.

use std::{
    collections::HashMap,
    convert::Infallible,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use bytes::Bytes;
use gw_engine::Engine;
use gw_model::{Client, ProviderName};
use gw_pages::{JudgedRequest, PageService};
use gw_scim::{BaseFault, Service, Settings};
use gw_telemetry::Seldom;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use tokio::{runtime::Handle, sync::Semaphore, task::AbortHandle};

use crate::{
    asking::{Asking, LastRead},
    secrets::SourceSecrets,
};

/// Where sources push people in, at the authentication origin: `/scim/NAME/v2`.
pub const PATH: &str = "/scim/";
/// What follows a source's name there.
const VERSION: &str = "v2";
/// The largest body of a request, in bytes.
pub const BODY_BYTES_MAX: usize = 1 << 20;
/// Requests of one source that are answered at a time.
pub const AT_ONCE: usize = 8;
/// The most operations of one bulk.
const BULK_OPERATIONS_MAX: usize = 100;
/// The most people or groups that one answer lists.
const PAGE_MAX: usize = 200;
/// When it is worth asking again, where too much was asked at once.
const SOON: Duration = Duration::from_secs(1);
/// And where too many wrong secrets were shown.
const LATER: Duration = Duration::from_secs(60);

/// Whether a path is one that sources push people in to.
pub fn is_for_programs(path: &str) -> bool {
    path.starts_with(PATH)
}

/// What the service is set up with.
pub struct Options {
    /// Facts and decisions.
    pub engine: Engine,
    /// The authentication origin: `https://auth.example.com`.
    pub origin: String,
    /// The secrets of each source.
    pub secrets: Vec<SourceSecrets>,
    /// Counts a wrong secret from an address, unless it is one too many: as tries to sign in are.
    pub admits: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
}

/// Answers what sources push in. Cheap to clone.
#[derive(Clone)]
pub struct Provisioning(Arc<Shared>);

struct Shared {
    engine: Engine,
    origin: String,
    secrets: ArcSwap<Vec<SourceSecrets>>,
    admits: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
    /// What is kept of each source while this process runs. They are declared, so they are few.
    sources: Mutex<HashMap<ProviderName, Arc<Source>>>,
    wrong: Seldom,
}

struct Source {
    service: Service,
    read: LastRead,
    turns: Semaphore,
}

/// Why a request is not served, before anything is asked.
enum NotServed {
    /// No credentials at all (RFC 6750, section 3.1): nothing is said of why.
    NoSecret,
    /// More than one, or not in the one way there is.
    Malformed,
    Wrong,
    TooOften,
    Off(String),
    NotLet(String),
    Busy,
    NoSuch,
}

impl Provisioning {
    /// A service with these options.
    pub fn new(options: Options) -> Self {
        Self(Arc::new(Shared {
            engine: options.engine,
            origin: options.origin,
            secrets: ArcSwap::from_pointee(options.secrets),
            admits: options.admits,
            sources: Mutex::default(),
            wrong: Seldom::default(),
        }))
    }

    /// From now on these secrets count, and no others.
    pub fn replace_secrets(&self, secrets: Vec<SourceSecrets>) {
        self.0.secrets.store(Arc::new(secrets));
    }

    /// The secrets that count.
    pub fn secrets(&self) -> Arc<Vec<SourceSecrets>> {
        self.0.secrets.load_full()
    }

    /// The paths below [`PATH`] as a service, and all others as the service that they had. It
    /// answers on the runtime that is current here: a traffic thread only waits for it.
    pub fn beside(&self, others: PageService) -> PageService {
        let (control, provisioning) = (Handle::current(), self.clone());
        PageService::new(tower::service_fn(move |request: JudgedRequest| {
            let (control, provisioning) = (control.clone(), provisioning.clone());
            let others = others.clone();
            async move {
                if !is_for_programs(&request.path) {
                    return tower::ServiceExt::oneshot(others, request).await;
                }
                let answering = control.spawn(async move { provisioning.answer(request).await });
                // Who hangs up, or is cut, wants nothing more.
                let _abandoned = Abandoned(answering.abort_handle());
                Ok::<_, Infallible>(answering.await.unwrap_or_else(|_| failed()))
            }
        }))
    }

    /// The answer to a request below [`PATH`].
    pub async fn answer(&self, request: JudgedRequest) -> Response<Bytes> {
        match self.serve(&request).await {
            Ok(response) => response,
            Err(not_served) => not_served.answer(&request.headers),
        }
    }

    async fn serve(&self, request: &JudgedRequest) -> Result<Response<Bytes>, NotServed> {
        let name = source_of(&request.path).ok_or(NotServed::NoSuch)?;
        let secret = bearer(&request.headers)?;
        let address = request.judged.address;
        let known = self.0.secrets.load_full();
        let known = known
            .iter()
            .find(|secrets| secrets.source().as_str() == name);
        let Some(known) = known.filter(|known| known.holds(secret)) else {
            return Err(self.wrong_secret(name, address));
        };
        let source = self.source(known.source()).ok_or(NotServed::NoSuch)?;
        let _turn = source.turns.try_acquire().map_err(|_| NotServed::Busy)?;
        let asking = Asking {
            client: self.client(known.source())?,
            engine: self.0.engine.clone(),
            source: known.source().clone(),
            address,
        };
        let may_read = asking.may_read(&source.read).await;
        may_read.map_err(|not_let| NotServed::NotLet(not_let.0))?;
        let asked = asked(request).ok_or(NotServed::NoSuch)?;
        Ok(source.service.serve(&asking, asked).await)
    }

    fn wrong_secret(&self, source: &str, address: IpAddr) -> NotServed {
        let is_admitted = (self.0.admits)(address);
        if let Some(kept_back) = self.0.wrong.due() {
            tracing::warn!(%address, kept_back, "a wrong secret was shown to push people in");
        }
        tracing::debug!(source, %address, "a wrong secret");
        match is_admitted {
            true => NotServed::Wrong,
            false => NotServed::TooOften,
        }
    }

    /// Who the source is to policy, if it is on.
    fn client(&self, source: &ProviderName) -> Result<Arc<Client>, NotServed> {
        let view = self.0.engine.view();
        let off = || NotServed::Off(source.to_string());
        let provider = view.facts.provider(source);
        let is_on = provider.is_some_and(|p| !p.is_off() && p.protocol.scim().is_some());
        let name = source.as_str().parse().ok().filter(|_| is_on);
        let client = name.and_then(|name| view.facts.client_named(&name));
        client.cloned().ok_or_else(off)
    }

    fn source(&self, name: &ProviderName) -> Option<Arc<Source>> {
        let mut sources = self
            .0
            .sources
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(source) = sources.get(name) {
            return Some(source.clone());
        }
        let source = Arc::new(Source {
            service: Service::new(settings(&self.0.origin, name).ok()?),
            read: LastRead::default(),
            turns: Semaphore::new(AT_ONCE),
        });
        sources.insert(name.clone(), source.clone());
        Some(source)
    }
}

fn settings(origin: &str, name: &ProviderName) -> Result<Settings, BaseFault> {
    let mut settings = Settings::at(&format!("{origin}{PATH}{name}/{VERSION}"))?;
    settings.page_max = PAGE_MAX;
    settings.payload_max = BODY_BYTES_MAX;
    settings.bulk_operations_max = BULK_OPERATIONS_MAX;
    Ok(settings)
}

/// The source that a path names: `/scim/NAME/v2` and below.
fn source_of(path: &str) -> Option<&str> {
    let (name, rest) = path.strip_prefix(PATH)?.split_once('/')?;
    let is_version = rest == VERSION || rest.strip_prefix(VERSION)?.starts_with('/');
    is_version.then_some(name)
}

/// The one secret that is shown, as RFC 6750, section 2.1 has it: in no other way.
fn bearer(headers: &HeaderMap) -> Result<&str, NotServed> {
    let mut shown = headers.get_all(header::AUTHORIZATION).iter();
    let Some(first) = shown.next() else {
        return Err(NotServed::NoSecret);
    };
    if shown.next().is_some() {
        return Err(NotServed::Malformed);
    }
    let text = first.to_str().map_err(|_| NotServed::Malformed)?;
    match text.split_once(' ') {
        Some((scheme, secret)) if scheme.eq_ignore_ascii_case("bearer") => {
            match secret.trim_matches(' ') {
                "" => Err(NotServed::Malformed),
                secret => Ok(secret),
            }
        }
        _ => Err(NotServed::NoSecret),
    }
}

/// The request as the protocol reads it.
fn asked(request: &JudgedRequest) -> Option<Request<Bytes>> {
    let target = match &request.query {
        Some(query) => format!("{}?{query}", request.path),
        None => request.path.to_string(),
    };
    let mut asked = Request::builder()
        .method(request.method.clone())
        .uri(target)
        .body(request.body.clone())
        .ok()?;
    *asked.headers_mut() = request.headers.clone();
    Some(asked)
}

impl NotServed {
    fn answer(self, headers: &HeaderMap) -> Response<Bytes> {
        let challenge = match &self {
            Self::NoSecret => Some("Bearer realm=\"scim\""),
            Self::Malformed => Some("Bearer realm=\"scim\", error=\"invalid_request\""),
            Self::Wrong | Self::TooOften => Some("Bearer realm=\"scim\", error=\"invalid_token\""),
            Self::Off(_) | Self::NotLet(_) | Self::Busy | Self::NoSuch => None,
        };
        let (status, detail, again_after) = self.told();
        let mut response = Service::refused(headers, status, &detail, again_after);
        if let Some(challenge) = challenge {
            let challenge = HeaderValue::from_static(challenge);
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }

    fn told(self) -> (StatusCode, String, Option<Duration>) {
        match self {
            Self::NoSecret => (
                StatusCode::UNAUTHORIZED,
                "send the secret of this source as `Authorization: Bearer SECRET`".into(),
                None,
            ),
            Self::Malformed => (
                StatusCode::BAD_REQUEST,
                "send one `Authorization: Bearer SECRET`, once".into(),
                None,
            ),
            Self::Wrong => (
                StatusCode::UNAUTHORIZED,
                "this is no secret of a source of this name".into(),
                None,
            ),
            Self::TooOften => (
                StatusCode::TOO_MANY_REQUESTS,
                "too many wrong secrets came from there: wait a minute".into(),
                Some(LATER),
            ),
            Self::Off(name) => (
                StatusCode::FORBIDDEN,
                format!(
                    "the source `{name}` is switched off: `gatewright provider show {name}` says by whom"
                ),
                None,
            ),
            Self::NotLet(why) => (StatusCode::FORBIDDEN, why, None),
            Self::Busy => (
                StatusCode::TOO_MANY_REQUESTS,
                format!(
                    "{AT_ONCE} requests of this source are being answered: send fewer at a time"
                ),
                Some(SOON),
            ),
            Self::NoSuch => (
                StatusCode::NOT_FOUND,
                format!("there is nothing here: a source is under {PATH}NAME/{VERSION}"),
                None,
            ),
        }
    }
}

fn failed() -> Response<Bytes> {
    let detail = "this could not be answered";
    Service::refused(
        &HeaderMap::new(),
        StatusCode::INTERNAL_SERVER_ERROR,
        detail,
        None,
    )
}

/// Ends what nobody waits for any more.
struct Abandoned(AbortHandle);

impl Drop for Abandoned {
    fn drop(&mut self) {
        self.0.abort();
    }
}
