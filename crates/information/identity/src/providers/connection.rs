//! What is known of one provider at this node: its document and its keys, asked for when they are
//! needed and no more often than they can have changed.

use std::{path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use gw_jose::{KeySet, KeySetFault, TokenFault};
use gw_model::{ProviderName, Timestamp};
use gw_outbound::{OutboundFault, Purpose, exchange};
use gw_store::Secret;
use gw_tls::ClientConfig;
use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use tokio::sync::Mutex;

use super::{
    metadata::{Endpoint, Metadata, MetadataFault, document_of},
    saml::SamlFault,
    tokens::AnswerFault,
};

/// How long a document and keys are taken as they are.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// How long they are taken where the provider does not tell them anew.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);
/// How long after asking nothing is asked again: strangers can make Gatewright want to.
const PAUSE: Duration = Duration::from_secs(10);

/// What this node needs to speak with a provider, beside what the facts say.
#[derive(Debug, Clone)]
pub struct ProviderClient {
    /// The provider.
    pub name: ProviderName,
    /// What proves to it who Gatewright is; without one, Gatewright is a public client there.
    pub secret: Option<Secret<String>>,
    /// Whether Gatewright shows it who it is by a key of its own, instead of a secret.
    pub by_key: bool,
    /// Whom to believe of its servers.
    pub tls: Arc<ClientConfig>,
    /// The file that says so, where it is not the system.
    pub ca: Option<PathBuf>,
}

/// Why a provider's word cannot be had, or not be taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProviderFault {
    #[error("this node is not set up to speak with it")]
    Unconfigured,
    #[error("it does not speak OpenID Connect")]
    Protocol,
    #[error(transparent)]
    Saml(Box<SamlFault>),
    #[error("its issuer is no address at `https://`")]
    Issuer,
    #[error("{0}")]
    Outbound(#[from] OutboundFault),
    #[error("its document cannot be used: {0}")]
    Metadata(#[from] MetadataFault),
    #[error("`{what}` is answered with {status}")]
    Status { what: &'static str, status: u16 },
    #[error("its keys cannot be used: {0}")]
    Keys(#[from] KeySetFault),
    #[error("its token endpoint gives nothing: {0}")]
    Answer(#[from] AnswerFault),
    #[error("its token does not hold: {0}")]
    Token(#[from] TokenFault),
    #[error("what it tells beside the token is of somebody else, or cannot be read")]
    Userinfo,
    #[error("its answer names another issuer, or none where it said that it does (RFC 9207)")]
    Mixed,
    #[error("it was asked a moment ago, and did not answer")]
    Paused,
    #[error("{fault}: of its servers, only those are believed that `{}` vouches for", ca.display())]
    Unbelieved { fault: OutboundFault, ca: PathBuf },
    #[error("our own key towards providers cannot be made or read")]
    Key,
    #[error("the machine has no randomness, or the request could not be made")]
    Request,
}

/// One provider, as this node knows it.
pub(crate) struct Connection {
    client: ProviderClient,
    /// Held while it is asked: one asks, the others wait for what it learns.
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Of which issuer; another one is known from scratch.
    issuer: String,
    metadata: Option<Dated<Metadata>>,
    keys: Option<Dated<KeySet>>,
    metadata_asked: Option<Timestamp>,
    keys_asked: Option<Timestamp>,
}

struct Dated<T> {
    at: Timestamp,
    value: Arc<T>,
}

impl<T> Dated<T> {
    /// What is known, if it is not older than this.
    fn within(known: Option<&Self>, age: Duration, now: Timestamp) -> Option<Arc<T>> {
        let known = known.filter(|known| now.since(known.at) < age);
        known.map(|known| Arc::clone(&known.value))
    }
}

impl Connection {
    pub(crate) fn new(client: ProviderClient) -> Self {
        Self {
            client,
            known: Mutex::default(),
        }
    }

    pub(crate) const fn shows_a_key(&self) -> bool {
        self.client.by_key
    }

    pub(crate) const fn secret(&self) -> Option<&Secret<String>> {
        self.client.secret.as_ref()
    }

    /// The provider's document.
    pub(crate) async fn metadata(
        &self,
        issuer: &str,
        now: Timestamp,
    ) -> Result<Arc<Metadata>, ProviderFault> {
        let mut known = self.known.lock().await;
        known.of(issuer);
        if let Some(metadata) = Dated::within(known.metadata.as_ref(), FRESH, now) {
            return Ok(metadata);
        }
        let stale = Dated::within(known.metadata.as_ref(), STALE, now);
        if paused(known.metadata_asked, now) {
            return stale.ok_or(ProviderFault::Paused);
        }
        known.metadata_asked = Some(now);
        match self.ask_metadata(issuer).await {
            Ok(metadata) => Ok(known.learnt(metadata, now)),
            Err(fault) => stale.ok_or(fault).inspect(|_| {
                tracing::warn!(provider = %self.client.name, "its document is taken as it was");
            }),
        }
    }

    /// The provider's keys; anew where a token names one that is not among them.
    pub(crate) async fn keys(
        &self,
        issuer: &str,
        metadata: &Metadata,
        anew: bool,
        now: Timestamp,
    ) -> Result<Arc<KeySet>, ProviderFault> {
        let mut known = self.known.lock().await;
        known.of(issuer);
        let fresh = Dated::within(known.keys.as_ref(), FRESH, now);
        if let Some(keys) = fresh.filter(|_| !anew) {
            return Ok(keys);
        }
        let stale = Dated::within(known.keys.as_ref(), STALE, now);
        if paused(known.keys_asked, now) {
            return stale.ok_or(ProviderFault::Paused);
        }
        known.keys_asked = Some(now);
        match self.ask_keys(metadata).await {
            Ok(keys) => {
                let value = Arc::new(keys);
                known.keys = Some(Dated {
                    at: now,
                    value: Arc::clone(&value),
                });
                Ok(value)
            }
            Err(fault) => stale.ok_or(fault),
        }
    }

    /// One request to the provider, and its answer.
    pub(crate) async fn exchange(
        &self,
        purpose: Purpose,
        endpoint: &Endpoint,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Bytes>, ProviderFault> {
        let answer = exchange(purpose, Some(&self.client.tls), &endpoint.origin, request);
        answer
            .await
            .map_err(|fault| match (fault, &self.client.ca) {
                (fault @ OutboundFault::Tls(..), Some(ca)) => ProviderFault::Unbelieved {
                    fault,
                    ca: ca.clone(),
                },
                (fault, _) => fault.into(),
            })
    }

    async fn ask_metadata(&self, issuer: &str) -> Result<Metadata, ProviderFault> {
        let document = document_of(issuer).ok_or(ProviderFault::Issuer)?;
        let body = self.fetch(&document, "the document").await?;
        Ok(Metadata::read(issuer, &body)?)
    }

    async fn ask_keys(&self, metadata: &Metadata) -> Result<KeySet, ProviderFault> {
        let body = self.fetch(&metadata.keys, "the key set").await?;
        let keys = KeySet::parse(&body)?;
        for skipped in keys.skipped() {
            tracing::debug!(provider = %self.client.name, key = skipped.position, why = %skipped.why, "a key is not used");
        }
        Ok(keys)
    }

    async fn fetch(&self, at: &Endpoint, what: &'static str) -> Result<Bytes, ProviderFault> {
        let request = Request::get(at.url.clone())
            .header(header::ACCEPT, "application/json")
            .body(Full::default())
            .map_err(|_| ProviderFault::Request)?;
        let answer = self
            .exchange(Purpose::ProviderMetadata, at, request)
            .await?;
        match answer.status() {
            StatusCode::OK => Ok(answer.into_body()),
            other => Err(ProviderFault::Status {
                what,
                status: other.as_u16(),
            }),
        }
    }
}

impl Known {
    fn of(&mut self, issuer: &str) {
        if self.issuer != issuer {
            *self = Self {
                issuer: issuer.to_owned(),
                ..Self::default()
            };
        }
    }

    /// Keys that lie elsewhere now are asked for there.
    fn learnt(&mut self, metadata: Metadata, now: Timestamp) -> Arc<Metadata> {
        let value = Arc::new(metadata);
        let same = |known: &Dated<Metadata>| known.value.keys == value.keys;
        if !self.metadata.as_ref().is_some_and(same) {
            self.keys = None;
            self.keys_asked = None;
        }
        self.metadata = Some(Dated {
            at: now,
            value: Arc::clone(&value),
        });
        value
    }
}

fn paused(asked: Option<Timestamp>, now: Timestamp) -> bool {
    asked.is_some_and(|asked| now.since(asked) < PAUSE)
}
