//! Tokens that are bound to a key or a certificate, without which they open nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use aws_lc_rs::digest;
use data_encoding::BASE64URL_NOPAD;
use gw_jose::{Algorithm, KeyShape, PrivateKey, PublicKey, Signer, Thumbprint, TokenType};
use rustls::{
    SignatureScheme,
    client::ResolvesClientCert,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName},
    sign::CertifiedKey,
};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    client::{Answer, connect, connect_tls, send},
    issuer::Issuer,
    tokens::{API, bearer, challenge, get},
};

const URL: &str = "http://api.test/bound/x";

/// A client's key, and the tokens that are bound to it.
struct Holder {
    signer: Signer,
    thumbprint: Thumbprint,
}

impl Holder {
    fn new() -> Self {
        Self::with(Algorithm::Es256, KeyShape::P256)
    }

    fn with(algorithm: Algorithm, shape: KeyShape) -> Self {
        let signer = Signer::new(algorithm, &PrivateKey::generate(shape).unwrap()).unwrap();
        let public = PublicKey::from_jwk(signer.public_jwk().as_bytes()).unwrap();
        let thumbprint = *public.thumbprint();
        Self { signer, thumbprint }
    }

    fn token(&self, issuer: &Issuer) -> String {
        issuer.token(json!({"cnf": {"jkt": self.thumbprint.to_string()}}))
    }

    /// A proof for a GET of [`URL`], with other claims instead of or beside the usual ones.
    fn proof(&self, issuer: &Issuer, token: &str, nonce: &str, more: Value) -> String {
        let hash = digest::digest(&digest::SHA256, token.as_bytes());
        let mut claims = json!({
            "htm": "GET",
            "htu": URL,
            "iat": issuer.now().as_secs(),
            "jti": format!("{:016x}", rand()),
            "ath": BASE64URL_NOPAD.encode(hash.as_ref()),
            "nonce": nonce,
        });
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
            .as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        self.signer.sign(TokenType::DpopProof, &claims).unwrap()
    }
}

fn rand() -> u64 {
    let mut bytes = [0; 8];
    aws_lc_rs::rand::fill(&mut bytes).unwrap();
    u64::from_be_bytes(bytes)
}

async fn show(issuer: &Issuer, line: &str, token: &str, proofs: &[&str]) -> Answer {
    let authorization = format!("DPoP {token}");
    let mut headers = vec![API, ("Authorization", &*authorization)];
    headers.extend(proofs.iter().map(|proof| ("DPoP", *proof)));
    issuer.house.get(line, &headers).await
}

/// The nonce that is given out to whoever has none.
async fn nonce(issuer: &Issuer, holder: &Holder, token: &str) -> String {
    let proof = holder.proof(issuer, token, "", json!({"nonce": null}));
    let answer = show(issuer, "GET /bound/x", token, &[&proof]).await;
    assert_eq!(answer.status, 401, "{}", answer.head);
    let said = challenge(&answer, "DPoP");
    assert!(said.contains("error=\"use_dpop_nonce\""), "{said}");
    answer.one("dpop-nonce").to_owned()
}

async fn is_refused(issuer: &Issuer, what: &str, answer: Answer, code: &str) {
    let before = issuer.house.upstream.seen().len();
    assert_eq!(answer.status, 401, "{what}: {}", answer.body);
    let said = challenge(&answer, "DPoP");
    assert!(
        said.contains(&format!("error=\"{code}\"")),
        "{what}: {said}"
    );
    assert_eq!(issuer.house.upstream.seen().len(), before, "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_bound_to_a_key_opens_with_a_proof_of_it() {
    let issuer = Issuer::usual().await;
    for (algorithm, shape) in [
        (Algorithm::Es256, KeyShape::P256),
        (Algorithm::EdDsa, KeyShape::Ed25519),
    ] {
        let holder = Holder::with(algorithm, shape);
        let token = holder.token(&issuer);
        let nonce = nonce(&issuer, &holder, &token).await;
        for line in ["GET /bound/x", "GET /bound/x?page=1"] {
            let proof = holder.proof(&issuer, &token, &nonce, json!({}));
            let answer = show(&issuer, line, &token, &[&proof]).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            assert!(answer.all("dpop-nonce").is_empty());
        }
        let seen = issuer.house.upstream.last();
        assert!(seen.all("dpop").is_empty() && seen.all("authorization").is_empty());
        // A nonce that will soon be too old still counts, and the answer brings the next.
        issuer.house.tested.clock.advance(Duration::from_secs(120));
        let proof = holder.proof(&issuer, &token, &nonce, json!({}));
        let answer = show(&issuer, "GET /bound/x", &token, &[&proof]).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_ne!(answer.one("dpop-nonce"), nonce);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_is_for_one_request_with_one_token_by_one_key() {
    let issuer = Issuer::usual().await;
    let (holder, other) = (Holder::new(), Holder::new());
    let token = holder.token(&issuer);
    let nonce = nonce(&issuer, &holder, &token).await;
    let line = "GET /bound/x";
    let replayed = holder.proof(&issuer, &token, &nonce, json!({}));
    assert_eq!(show(&issuer, line, &token, &[&replayed]).await.status, 200);
    let again = show(&issuer, line, &token, &[&replayed]).await;
    is_refused(&issuer, "replayed", again, "invalid_dpop_proof").await;
    let now = issuer.now().as_secs();
    for wrong in [
        json!({"htm": "POST"}),
        json!({"htm": "get"}),
        json!({"htm": null}),
        json!({"htu": "http://api.test/bound/y"}),
        json!({"htu": "https://api.test/bound/x"}),
        json!({"htu": "http://wiki.test/bound/x"}),
        json!({"htu": "http://api.test:81/bound/x"}),
        json!({"htu": null}),
        json!({"ath": null}),
        json!({"ath": "AAAA"}),
        json!({"iat": now - 120}),
        json!({"iat": now + 120}),
        json!({"iat": null}),
        json!({"jti": null}),
        json!({"jti": "x".repeat(300)}),
    ] {
        let proof = holder.proof(&issuer, &token, &nonce, wrong.clone());
        let answer = show(&issuer, line, &token, &[&proof]).await;
        is_refused(&issuer, &wrong.to_string(), answer, "invalid_dpop_proof").await;
    }
    for wrong in ["", "AAAAAAAAAAAAAAAAAAAAAA"] {
        let proof = holder.proof(&issuer, &token, wrong, json!({}));
        let answer = show(&issuer, line, &token, &[&proof]).await;
        let status = answer.status;
        assert_eq!(status, 401, "a nonce of nobody's");
    }
    let by_other = other.proof(&issuer, &token, &nonce, json!({}));
    let answer = show(&issuer, line, &token, &[&by_other]).await;
    is_refused(&issuer, "another key", answer, "invalid_dpop_proof").await;
    let second = holder.token(&issuer);
    let for_first = holder.proof(&issuer, &token, &nonce, json!({}));
    let answer = show(&issuer, line, &second, &[&for_first]).await;
    is_refused(&issuer, "another token", answer, "invalid_dpop_proof").await;
    let one = holder.proof(&issuer, &token, &nonce, json!({}));
    let two = holder.proof(&issuer, &token, &nonce, json!({}));
    let answer = show(&issuer, line, &token, &[&one, &two]).await;
    is_refused(&issuer, "two proofs", answer, "invalid_dpop_proof").await;
    let answer = show(&issuer, line, &token, &[]).await;
    is_refused(&issuer, "no proof", answer, "invalid_dpop_proof").await;
    let answer = show(&issuer, line, &token, &[&token]).await;
    is_refused(
        &issuer,
        "the token as a proof",
        answer,
        "invalid_dpop_proof",
    )
    .await;
    // None of these has used up what they were refused with.
    assert_eq!(show(&issuer, line, &token, &[&one]).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bound_token_is_no_bearer_token_and_a_bearer_token_is_not_bound() {
    let issuer = Issuer::usual().await;
    let holder = Holder::new();
    let bound = holder.token(&issuer);
    for path in ["/open/x", "/bound/x"] {
        let answer = get(&issuer, path, &bound).await;
        assert_eq!(answer.status, 401, "{path}");
        assert!(challenge(&answer, "Bearer").contains("error=\"invalid_token\""));
    }
    let free = issuer.token(json!({}));
    let answer = get(&issuer, "/bound/x", &free).await;
    assert_eq!(answer.status, 401);
    assert_eq!(
        answer.problem()["type"],
        "urn:gatewright:problem:token-unbound"
    );
    let nonce = nonce(&issuer, &holder, &bound).await;
    let proof = holder.proof(&issuer, &free, &nonce, json!({}));
    let answer = show(&issuer, "GET /bound/x", &free, &[&proof]).await;
    assert_eq!(answer.status, 401);
    let proof = holder.proof(
        &issuer,
        &free,
        &nonce,
        json!({"htu": "http://api.test/open/x"}),
    );
    let answer = show(&issuer, "GET /open/x", &free, &[&proof]).await;
    assert_eq!(answer.status, 401);
    assert!(issuer.house.upstream.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_counts_once_over_all_threads() {
    let plan = crate::house::Plan {
        threads: 4,
        ..crate::house::Plan::default()
    };
    let issuer = Arc::new(Issuer::of(plan).await);
    let holder = Holder::new();
    let token = holder.token(&issuer);
    let nonce = nonce(&issuer, &holder, &token).await;
    let proof = holder.proof(&issuer, &token, &nonce, json!({}));
    let asked = (0..16).map(|_| {
        let (issuer, token, proof) = (issuer.clone(), token.clone(), proof.clone());
        tokio::spawn(async move {
            show(&issuer, "GET /bound/x", &token, &[&proof])
                .await
                .status
        })
    });
    let asked: Vec<_> = asked.collect();
    let mut let_in = 0;
    for one in asked {
        let_in += usize::from(one.await.unwrap() == 200);
    }
    assert_eq!(let_in, 1);
}

/// A certificate that nobody but its holder has signed, with its key.
struct Certificate {
    der: CertificateDer<'static>,
    shown: Arc<Shown>,
}

/// Shows it, and counts how often it was asked for.
#[derive(Debug)]
struct Shown {
    key: Arc<CertifiedKey>,
    asked: AtomicUsize,
}

impl ResolvesClientCert for Shown {
    fn resolve(
        &self,
        _issuers: &[&[u8]],
        _schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Some(self.key.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl Certificate {
    fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["robot".to_owned()]).unwrap();
        let der = made.cert.der().clone();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let key = gw_tls::provider()
            .key_provider
            .load_private_key(key)
            .unwrap();
        let shown = Shown {
            key: Arc::new(CertifiedKey::new(vec![der.clone()], key)),
            asked: AtomicUsize::new(0),
        };
        Self {
            der,
            shown: Arc::new(shown),
        }
    }

    fn thumbprint(&self) -> String {
        Thumbprint::of_certificate(&self.der).to_string()
    }

    async fn connect(&self, issuer: &Issuer, host: &str) -> TlsStream<TcpStream> {
        let mut config = (*issuer.house.trust).clone();
        config.client_auth_cert_resolver = self.shown.clone();
        let name = ServerName::try_from(host.to_owned()).unwrap();
        let socket = connect(issuer.house.https).await;
        TlsConnector::from(Arc::new(config))
            .connect(name, socket)
            .await
            .unwrap()
    }
}

/// A token for the API over TLS, bound to this certificate.
fn token_for(issuer: &Issuer, thumbprint: &str, aud: &str) -> String {
    issuer.token(json!({
        "iss": "https://sign-in.test",
        "aud": aud,
        "cnf": {"x5t#S256": thumbprint},
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_bound_to_a_certificate_opens_on_a_connection_that_has_it() {
    let issuer = Issuer::usual().await;
    let (own, other) = (Certificate::new(), Certificate::new());
    let token = bearer(&token_for(&issuer, &own.thumbprint(), "https://api.test"));
    let headers = [API, ("Authorization", &*token)];
    let mut io = own.connect(&issuer, "api.test").await;
    for _ in 0..2 {
        let answer = send(&mut io, "GET /bound/x", &headers).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    let mut io = other.connect(&issuer, "api.test").await;
    let answer = send(&mut io, "GET /bound/x", &headers).await;
    assert_eq!(answer.status, 401);
    assert!(challenge(&answer, "Bearer").contains("error=\"invalid_token\""));
    // Whoever has none is let in to ask, and told the same.
    let mut io = connect_tls(&issuer.house, "api.test", b"http/1.1").await;
    assert_eq!(send(&mut io, "GET /bound/x", &headers).await.status, 401);
    // Bound to both, it needs both.
    let both = issuer.token(json!({
        "iss": "https://sign-in.test",
        "aud": "https://api.test",
        "cnf": {"x5t#S256": own.thumbprint(), "jkt": Holder::new().thumbprint.to_string()},
    }));
    let both = bearer(&both);
    let mut io = own.connect(&issuer, "api.test").await;
    let answer = send(&mut io, "GET /bound/x", &[API, ("Authorization", &*both)]).await;
    assert_eq!(answer.status, 401);
    assert_eq!(issuer.house.upstream.seen().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_does_not_ask_is_shown_no_certificate() {
    let issuer = Issuer::usual().await;
    let own = Certificate::new();
    let mut io = own.connect(&issuer, "wiki.test").await;
    let cookie = [("Host", "wiki.test"), ("Cookie", crate::house::ANA)];
    assert_eq!(send(&mut io, "GET /", &cookie).await.status, 200);
    let asked = || own.shown.asked.load(Ordering::Relaxed);
    assert_eq!(asked(), 0);
    own.connect(&issuer, "api.test").await;
    assert_eq!(asked(), 1);
}
