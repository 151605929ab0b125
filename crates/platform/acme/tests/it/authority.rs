//! An authority on loopback (RFC 8555) that believes every signature, and looks at what is pending
//! itself.

use std::{
    convert::Infallible,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use gw_acme::Pending;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, IsCa, Issuer, KeyPair,
};
use rustls_pki_types::{CertificateSigningRequestDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

pub(crate) const TOKEN: &str = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA";

pub(crate) type Answer = Response<Full<Bytes>>;
/// What is answered at a path in place of what would be usual; none leaves it at that.
pub(crate) type Instead = Arc<dyn Fn(&str) -> Option<Answer> + Send + Sync>;

/// An authority that answers until it is dropped with its runtime.
#[derive(Clone)]
pub(crate) struct Authority(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) base: String,
    pub(crate) root: PathBuf,
    issuer: Issuer<'static, KeyPair>,
    pending: Mutex<Option<Pending>>,
    instead: Mutex<Option<Instead>>,
    order: Mutex<Order>,
    asked: Mutex<Vec<String>>,
}

#[derive(Default)]
struct Order {
    host: String,
    status: &'static str,
    chain: String,
}

impl std::ops::Deref for Authority {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Authority {
    pub(crate) async fn start(folder: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!(
            "https://localhost:{}",
            listener.local_addr().unwrap().port()
        );
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = folder.join("root.pem");
        std::fs::write(&root, params.self_signed(&key).unwrap().pem()).unwrap();
        let issuer = Issuer::new(params, key);
        let acceptor = acceptor(&issuer);
        let authority = Self(Arc::new(Inner {
            base,
            root,
            issuer,
            pending: Mutex::default(),
            instead: Mutex::default(),
            order: Mutex::default(),
            asked: Mutex::default(),
        }));
        tokio::spawn(authority.clone().serve(listener, acceptor));
        authority
    }

    pub(crate) fn directory(&self) -> String {
        format!("{}/directory", self.base)
    }

    /// Where it looks for proofs.
    pub(crate) fn looks_at(&self, pending: Pending) {
        *self.pending.lock().unwrap() = Some(pending);
    }

    pub(crate) fn answers_instead(
        &self,
        with: impl Fn(&str) -> Option<Answer> + Send + Sync + 'static,
    ) {
        *self.instead.lock().unwrap() = Some(Arc::new(with));
    }

    pub(crate) fn behaves(&self) {
        *self.instead.lock().unwrap() = None;
    }

    /// The paths that it was asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// A chain for these names and a key of nobody's, or of its own order.
    pub(crate) fn issue(&self, names: &[&str]) -> String {
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        let key = KeyPair::generate().unwrap();
        let params = valid(CertificateParams::new(names).unwrap());
        params.signed_by(&key, &self.issuer).unwrap().pem()
    }

    async fn serve(self, listener: TcpListener, acceptor: TlsAcceptor) {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (authority, acceptor) = (self.clone(), acceptor.clone());
            tokio::spawn(async move {
                let Ok(io) = acceptor.accept(stream).await else {
                    return;
                };
                let service = service_fn(move |request| authority.clone().answer(request));
                let served = http1::Builder::new().serve_connection(TokioIo::new(io), service);
                drop(served.await);
            });
        }
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Answer, Infallible> {
        let path = request.uri().path().to_owned();
        self.asked.lock().unwrap().push(path.clone());
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let instead = self.instead.lock().unwrap().clone();
        let mut answer = instead
            .and_then(|instead| instead(&path))
            .unwrap_or_else(|| self.usual(&path, &payload(&body)));
        let nonce = format!("nonce-{}", self.asked().len());
        answer
            .headers_mut()
            .insert("replay-nonce", nonce.parse().unwrap());
        Ok(answer)
    }

    fn usual(&self, path: &str, payload: &Value) -> Answer {
        let base = &self.base;
        match path {
            "/directory" => told(&json!({
                "newNonce": format!("{base}/nonce"),
                "newAccount": format!("{base}/account"),
                "newOrder": format!("{base}/order"),
            })),
            "/nonce" => told(&json!({})),
            "/account" => made(format!("{base}/account/1"), &json!({"status": "valid"})),
            "/order" => {
                let host = payload["identifiers"][0]["value"].as_str().unwrap();
                *self.order.lock().unwrap() = Order {
                    host: host.to_owned(),
                    status: "pending",
                    chain: String::new(),
                };
                made(format!("{base}/order/1"), &self.order_as_told())
            }
            "/order/1" => told(&self.order_as_told()),
            "/authorization/1" => told(&self.authorization()),
            "/challenge/1" => {
                self.look();
                told(&self.authorization()["challenges"][0])
            }
            "/finalize/1" => {
                self.finish(payload);
                told(&self.order_as_told())
            }
            "/certificate/1" => {
                let chain = self.order.lock().unwrap().chain.clone();
                Response::new(Full::from(chain))
            }
            _ => problem(404, "malformed", "there is nothing here"),
        }
    }

    pub(crate) fn order_as_told(&self) -> Value {
        let (base, order) = (&self.base, self.order.lock().unwrap());
        json!({
            "status": order.status,
            "identifiers": [{"type": "dns", "value": order.host}],
            "authorizations": [format!("{base}/authorization/1")],
            "finalize": format!("{base}/finalize/1"),
            "certificate": (order.status == "valid").then(|| format!("{base}/certificate/1")),
        })
    }

    fn authorization(&self) -> Value {
        let order = self.order.lock().unwrap();
        let status = match order.status {
            "ready" | "valid" => "valid",
            other => other,
        };
        let error = (status == "invalid").then(
            || json!({"type": "urn:ietf:params:acme:error:unauthorized", "detail": "not\nthere"}),
        );
        json!({
            "status": status,
            "identifier": {"type": "dns", "value": order.host},
            "challenges": [{
                "type": "http-01", "status": status, "token": TOKEN, "error": error,
                "url": format!("{}/challenge/1", self.base),
            }],
        })
    }

    fn look(&self) {
        let mut order = self.order.lock().unwrap();
        let pending = self.pending.lock().unwrap();
        let found = pending.as_ref().unwrap().answer(&order.host, TOKEN);
        let proven = found.is_some_and(|answer| answer.starts_with(&format!("{TOKEN}.")));
        order.status = if proven { "ready" } else { "invalid" };
    }

    fn finish(&self, payload: &Value) {
        let request = payload["csr"].as_str().unwrap().as_bytes();
        let request = CertificateSigningRequestDer::from(BASE64URL_NOPAD.decode(request).unwrap());
        let mut request = CertificateSigningRequestParams::from_der(&request).unwrap();
        request.params = valid(request.params);
        let mut order = self.order.lock().unwrap();
        order.chain = request.signed_by(&self.issuer).unwrap().pem();
        order.status = "valid";
    }
}

/// From an hour before [`crate::house::NOW`] to a day after it.
fn valid(mut params: CertificateParams) -> CertificateParams {
    let moment = |secs: u64| {
        time::OffsetDateTime::from_unix_timestamp(i64::try_from(secs).unwrap()).unwrap()
    };
    params.not_before = moment(crate::house::NOW.as_secs() - 3600);
    params.not_after = moment(crate::house::NOW.as_secs() + 86_400);
    params
}

fn payload(body: &[u8]) -> Value {
    let message: Value = serde_json::from_slice(body).unwrap_or_default();
    let payload = message["payload"].as_str().unwrap_or_default();
    let decoded = BASE64URL_NOPAD
        .decode(payload.as_bytes())
        .unwrap_or_default();
    serde_json::from_slice(&decoded).unwrap_or_default()
}

pub(crate) fn told(value: &Value) -> Answer {
    Response::new(Full::from(value.to_string()))
}

pub(crate) fn made(location: String, value: &Value) -> Answer {
    let mut answer = told(value);
    *answer.status_mut() = StatusCode::CREATED;
    answer
        .headers_mut()
        .insert("location", location.parse().unwrap());
    answer
}

pub(crate) fn problem(status: u16, kind: &str, detail: &str) -> Answer {
    let kind = format!("urn:ietf:params:acme:error:{kind}");
    let mut answer = told(&json!({"type": kind, "detail": detail, "status": status}));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap();
    answer
}

fn acceptor(issuer: &Issuer<'static, KeyPair>) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, issuer).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(gw_tls::provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
