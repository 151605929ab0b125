//! The other end of the socket.

use std::{borrow::Cow, io, path::PathBuf, sync::Arc};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::{Serialize, de::DeserializeOwned};
use tokio::net::UnixStream;

use crate::{
    endpoint::{self, longest_body},
    query::{LIMIT_MAX, PROPOSE},
    types::{Apps, Listing, Problem, ProposalView},
    undone,
};

/// Asks a running Gatewright over its socket.
#[derive(Debug, Clone)]
pub struct Client {
    socket: PathBuf,
    warned: fn(&str),
    /// Why what would be changed is only proposed.
    proposing: Option<Arc<str>>,
}

/// An operation that was not done.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens.
    #[error("no gatewright is running on `{}`", socket.display())]
    NotRunning {
        /// The socket that was tried.
        socket: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It is running, but not for us.
    #[error("the socket `{}` is closed to this user", socket.display())]
    NotAllowed {
        /// The socket that was tried.
        socket: PathBuf,
    },
    /// It said why not.
    #[error("{0}")]
    Refused(Box<Problem>),
    /// It was only proposed: somebody else makes it.
    #[error("proposed as {}", .0.id)]
    Proposed(Box<ProposalView>),
    /// It cannot be proposed, so it was not asked for.
    #[error("this cannot be proposed for somebody else to make")]
    NotProposable,
    /// The exchange broke.
    #[error("gatewright broke the exchange off: {0}")]
    Broken(String),
}

impl Client {
    /// A client of the socket at a path.
    pub const fn new(socket: PathBuf) -> Self {
        let warned = |_: &str| {};
        Self {
            socket,
            warned,
            proposing: None,
        }
    }

    /// Proposes what it would change, for somebody else to make; says why.
    #[must_use]
    pub fn proposing(mut self, why: &str) -> Self {
        self.proposing = Some(why.into());
        self
    }

    /// Has somebody told what an answer warns of.
    #[must_use]
    pub const fn warning(mut self, warned: fn(&str)) -> Self {
        self.warned = warned;
        self
    }

    /// Asks with no body.
    ///
    /// # Errors
    /// When nobody answers, or the answer is a refusal.
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
    ) -> Result<T, ClientError> {
        self.exchange(method, path, Bytes::new()).await
    }

    /// Asks for a list, page by page to its end. The path is one without a query, or with one.
    ///
    /// # Errors
    /// When nobody answers, or an answer is a refusal.
    pub async fn list<T: DeserializeOwned>(&self, path: &str) -> Result<Listing<T>, ClientError> {
        let mut whole: Listing<T> = self.call(Method::GET, &page(path, None)).await?;
        while let Some(after) = whole.next.take() {
            let more: Listing<T> = self.call(Method::GET, &page(path, Some(&after))).await?;
            whole.items.extend(more.items);
            whole.next = more.next;
        }
        Ok(whole)
    }

    /// All apps, and how the configuration stands.
    ///
    /// # Errors
    /// When nobody answers, or an answer is a refusal.
    pub async fn apps(&self) -> Result<Apps, ClientError> {
        let mut whole: Apps = self.call(Method::GET, &page("/v1/apps", None)).await?;
        while let Some(after) = whole.next.take() {
            let more: Apps = self
                .call(Method::GET, &page("/v1/apps", Some(&after)))
                .await?;
            whole.items.extend(more.items);
            whole.next = more.next;
        }
        Ok(whole)
    }

    /// Asks with a body.
    ///
    /// # Errors
    /// When nobody answers, or the answer is a refusal.
    pub async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        let body = serde_json::to_vec(body).map_err(|fault| broken(&fault))?;
        self.exchange(method, path, body.into()).await
    }

    async fn exchange<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<T, ClientError> {
        let target = self.target(&method, path)?;
        let most = longest_body(&method, path.split('?').next().unwrap_or(path));
        if body.len() > most {
            return Err(ClientError::Refused(Box::new(Problem::too_large(most))));
        }
        let stream = UnixStream::connect(&self.socket)
            .await
            .map_err(|source| self.unreachable(source))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|fault| broken(&fault))?;
        let request = Request::builder()
            .method(method)
            .uri(&*target)
            .header(header::HOST, "gatewright")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(|fault| broken(&fault))?;
        let answered = async {
            let response = sender.send_request(request).await.map_err(|f| broken(&f))?;
            let status = response.status();
            let warning = response.headers().get(undone::HEADER);
            if let Some(Ok(warning)) = warning.map(HeaderValue::to_str) {
                (self.warned)(warning);
            }
            let body = response
                .into_body()
                .collect()
                .await
                .map_err(|f| broken(&f))?;
            Ok((status, body.to_bytes()))
        };
        let mut answered = std::pin::pin!(answered);
        let mut connection = std::pin::pin!(connection);
        let (status, body) = tokio::select! {
            biased;
            answer = &mut answered => answer?,
            ended = &mut connection => {
                ended.map_err(|fault| broken(&fault))?;
                answered.await?
            }
        };
        if status == StatusCode::ACCEPTED {
            let proposal = serde_json::from_slice(&body).map_err(|fault| broken(&fault))?;
            return Err(ClientError::Proposed(Box::new(proposal)));
        }
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|fault| broken(&fault));
        }
        let problem = serde_json::from_slice(&body).map_err(|fault| broken(&fault))?;
        Err(ClientError::Refused(Box::new(problem)))
    }

    /// Where a request goes: where it is to be proposed only, it says so, or is not sent.
    fn target<'p>(&self, method: &Method, path: &'p str) -> Result<Cow<'p, str>, ClientError> {
        let Some(why) = &self.proposing else {
            return Ok(path.into());
        };
        let plain = path.split('?').next().unwrap_or(path);
        match endpoint::find(method, plain) {
            Ok((endpoint, _)) if endpoint.is_proposable() => {
                let mut query = form_urlencoded::Serializer::new(String::new());
                query.append_pair(PROPOSE.name, why);
                Ok(with_query(path, &query.finish()).into())
            }
            Ok((endpoint, _)) if endpoint.changes() => Err(ClientError::NotProposable),
            _ => Ok(path.into()),
        }
    }

    fn unreachable(&self, source: io::Error) -> ClientError {
        let socket = self.socket.clone();
        match source.kind() {
            io::ErrorKind::PermissionDenied => ClientError::NotAllowed { socket },
            _ => ClientError::NotRunning { socket, source },
        }
    }
}

/// The address of a page of a list.
fn page(path: &str, after: Option<&str>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("limit", &LIMIT_MAX.to_string());
    if let Some(after) = after {
        query.append_pair("after", after);
    }
    with_query(path, &query.finish())
}

fn with_query(path: &str, query: &str) -> String {
    let joint = if path.contains('?') { '&' } else { '?' };
    format!("{path}{joint}{query}")
}

fn broken(fault: &impl std::fmt::Display) -> ClientError {
    ClientError::Broken(fault.to_string())
}
