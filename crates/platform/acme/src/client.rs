//! What is sent to the authority, and how much of its answers is read.

mod origins;
mod wait;

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use gw_outbound::{Origin, OutboundFault, Purpose, exchange};
use gw_tls::ClientConfig;
use http::{Request, Response};
use http_body_util::Full;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};

use self::origins::Origins;
pub(crate) use self::{origins::of_directory, wait::bound as bound_wait};
use crate::{keeper::Clock, settings::Settings};

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientFault {
    /// It does not lead where the authority said that it is.
    #[error("`{0}` is not `https` at an address that its directory names")]
    Elsewhere(String),
    /// The directory is none.
    #[error("its directory cannot be used: {0}")]
    Directory(String),
    /// Nobody answers, or not in order.
    #[error(transparent)]
    Outbound(#[from] OutboundFault),
}

/// Speaks to one authority.
#[derive(Clone)]
pub(crate) struct Client(Arc<Shared>);

struct Shared {
    tls: Arc<ClientConfig>,
    directory: String,
    origins: Mutex<Origins>,
    wait: Mutex<Option<Duration>>,
    now: Clock,
}

impl Client {
    pub(crate) fn new(settings: &Settings, tls: ClientConfig, now: Clock) -> Self {
        Self(Arc::new(Shared {
            tls: Arc::new(tls),
            directory: settings.directory.clone(),
            origins: Mutex::new(Origins::of(&settings.directory)),
            wait: Mutex::default(),
            now,
        }))
    }

    /// How long the authority asked to wait with its last refusal.
    pub(crate) fn asked_to_wait(&self) -> Option<Duration> {
        *self.0.wait.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HttpClient for Client {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let shared = Arc::clone(&self.0);
        Box::pin(async move {
            let answer = shared.exchange(request).await;
            answer
                .map(BytesResponse::from)
                .map_err(|fault| Error::Other(Box::new(fault)))
        })
    }
}

impl Shared {
    async fn exchange(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Result<Response<Full<Bytes>>, ClientFault> {
        let url = request.uri().to_string();
        let origin = Origin::of(request.uri())
            .filter(|origin| self.origins().allow(origin))
            .ok_or_else(|| ClientFault::Elsewhere(crate::fault::plain(&url)))?;
        let is_directory = url == self.directory;
        let mut answer = exchange(Purpose::Certificates, Some(&self.tls), &origin, request).await?;
        let wait = bound_wait(answer.headers_mut(), (self.now)());
        if !answer.status().is_success() {
            *self.wait.lock().unwrap_or_else(PoisonError::into_inner) = wait;
        }
        if is_directory {
            let listed = of_directory(answer.status(), answer.body())?;
            self.origins().extend(listed);
        }
        Ok(answer.map(Full::new))
    }

    fn origins(&self) -> std::sync::MutexGuard<'_, Origins> {
        self.origins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
