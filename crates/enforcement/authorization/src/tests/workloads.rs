use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use gw_jose::{Signer, TokenType};
use gw_model::{Authorities, Change, IssuerKeys, Settings, TokenIssuer};
use gw_oauth::{ClaimPattern, Client, ClientAuthentication, GrantType, Scopes, WorkloadRule};
use http::{Response, StatusCode};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

use super::harness::*;
use crate::{KeysFault, issuer_keys};

const BUILDS: &str = "https://builds.example";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn issuer(keys: IssuerKeys) -> TokenIssuer {
    TokenIssuer {
        name: "builds".parse().unwrap(),
        issuer: BUILDS.into(),
        audiences: vec![ISSUER.into()],
        keys,
        algorithms: vec!["ES256".into()],
        age_max: Duration::from_secs(3600),
        single_use: true,
        ca: None,
    }
}

fn set_of(signer: &Signer) -> String {
    format!(r#"{{"keys":[{}]}}"#, signer.public_jwk())
}

fn trusting(issuers: Vec<TokenIssuer>) -> Change {
    Change::SettingsPut(Arc::new(Settings {
        issuers: issuers.into_iter().map(Arc::new).collect(),
        ..Settings::default()
    }))
}

/// What builds of this repository are.
fn of_repository(id: &str, repository: &str) -> Client {
    let claims = [(
        "repository".to_owned(),
        ClaimPattern::parse(repository).unwrap(),
    )];
    let rules = vec![WorkloadRule {
        issuer: "builds".parse().unwrap(),
        claims: claims.into(),
    }];
    Client {
        authentication: ClientAuthentication::Workload { rules },
        redirect_uris: Vec::new(),
        post_logout_redirect_uris: Vec::new(),
        grant_types: vec![GrantType::ClientCredentials, GrantType::TokenExchange],
        scopes: Scopes::parse("read").unwrap(),
        ..client(id)
    }
}

async fn server(keys: IssuerKeys) -> Server {
    Server::with(vec![
        trusting(vec![issuer(keys)]),
        fact(41, None, &of_repository("deployer", "acme/shop")),
    ])
    .await
}

fn token(server: &Server, by: &Signer, id: &str, more: Value) -> String {
    let now = server.test.clock.now().as_secs();
    let mut claims = json!({
        "iss": BUILDS, "sub": "repo:acme/shop", "aud": ISSUER, "repository": "acme/shop",
        "iat": now, "exp": now + 300, "jti": id,
    });
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    by.sign(TokenType::Jwt, &claims).unwrap()
}

async fn exchanged(server: &Server, token: &str) -> Response<Bytes> {
    let form = [
        ("grant_type", EXCHANGE),
        ("subject_token", token),
        ("subject_token_type", JWT),
        ("resource", "https://api.test"),
    ];
    server.post("/oauth/token", &[], &form).await
}

async fn asserted(server: &Server, token: &str) -> Response<Bytes> {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", JWT_BEARER),
        ("client_assertion", token),
        ("client_id", "deployer"),
    ];
    server.post("/oauth/token", &[], &form).await
}

#[tokio::test]
async fn a_workload_gets_a_token_of_a_client_without_a_secret() {
    let key = signer();
    let server = server(IssuerKeys::Set(set_of(&key).into())).await;
    let answer = exchanged(&server, &token(&server, &key, "t1", json!({}))).await;
    assert_eq!(answer.status(), StatusCode::OK, "{}", text(&answer));
    let access = claims(&json(&answer)["access_token"]);
    assert_eq!(
        (&access["sub"], &access["client_id"]),
        (&json!("deployer"), &json!("deployer"))
    );
    assert_eq!(access["scope"], "read");
    assert!(access.get("act").is_none());
    let answer = asserted(&server, &token(&server, &key, "t2", json!({}))).await;
    assert_eq!(answer.status(), StatusCode::OK, "{}", text(&answer));
}

#[tokio::test]
async fn a_token_of_a_workload_is_good_once_and_of_its_issuer_alone() {
    let (key, other) = (signer(), signer());
    let mut server = server(IssuerKeys::Set(set_of(&key).into())).await;
    let first = token(&server, &key, "t1", json!({}));
    assert_eq!(exchanged(&server, &first).await.status(), StatusCode::OK);
    let again = exchanged(&server, &first).await;
    assert_eq!(json(&again)["error"], "invalid_client", "twice");
    server.restart().await;
    for again in [
        exchanged(&server, &first).await,
        asserted(&server, &first).await,
    ] {
        assert_eq!(json(&again)["error"], "invalid_client", "twice");
    }
    for (by, more) in [
        (&other, json!({})),
        (&key, json!({"iss": "https://other.example"})),
        (&key, json!({"aud": "https://other.example"})),
        (&key, json!({"repository": "acme/other"})),
        (&key, json!({"repository": "ACME/shop"})),
        (&key, json!({"repository": ["acme/shop"]})),
    ] {
        let refused = token(&server, by, "t3", more.clone());
        let answer = exchanged(&server, &refused).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{more}");
        assert_eq!(json(&answer)["error"], "invalid_client", "{more}");
    }
}

#[tokio::test]
async fn what_two_clients_are_known_by_is_refused() {
    let key = signer();
    let server = server(IssuerKeys::Set(set_of(&key).into())).await;
    let both = fact(42, None, &of_repository("other", "acme/*"));
    server.test.change(vec![both]).await;
    let answer = exchanged(&server, &token(&server, &key, "t1", json!({}))).await;
    assert_eq!(json(&answer)["error"], "invalid_client");
}

#[tokio::test]
async fn an_issuer_that_is_not_trusted_any_more_counts_no_more() {
    let key = signer();
    let server = server(IssuerKeys::Set(set_of(&key).into())).await;
    server.test.change(vec![trusting(Vec::new())]).await;
    let answer = exchanged(&server, &token(&server, &key, "t1", json!({}))).await;
    assert_ne!(answer.status(), StatusCode::OK);
    let answer = asserted(&server, &token(&server, &key, "t2", json!({}))).await;
    assert_eq!(json(&answer)["error"], "invalid_request");
}

#[tokio::test]
async fn policy_reads_what_the_issuer_says() {
    let key = signer();
    let server = server(IssuerKeys::Set(set_of(&key).into())).await;
    let policy = r#"
@id("builds-of-main")
permit (principal is Client, action == Action::"token.issue", resource == App::"api")
when { context has token && context.token.workload.contains("issuer=builds")
    && context.token.workload.contains("ref=refs/heads/main") };
"#;
    let change = gw_engine::testing::policies(policy);
    server.test.change(vec![change]).await;
    let refused = token(&server, &key, "t1", json!({"ref": "refs/heads/topic"}));
    let answer = exchanged(&server, &refused).await;
    assert_eq!(json(&answer)["error"], "access_denied");
    let allowed = token(&server, &key, "t2", json!({"ref": "refs/heads/main"}));
    let answer = exchanged(&server, &allowed).await;
    assert_eq!(answer.status(), StatusCode::OK, "{}", text(&answer));
}

#[tokio::test]
async fn a_client_of_workloads_is_nobody_who_shows_something_else() {
    let key = signer();
    let server = server(IssuerKeys::Set(set_of(&key).into())).await;
    let by_secret = server
        .post(
            "/oauth/token",
            &[("authorization", &basic("deployer"))],
            &[("grant_type", "client_credentials")],
        )
        .await;
    assert_eq!(json(&by_secret)["error"], "invalid_client");
    let named = [
        ("grant_type", "client_credentials"),
        ("client_id", "deployer"),
    ];
    let by_name = server.post("/oauth/token", &[], &named).await;
    assert_eq!(json(&by_name)["error"], "invalid_client");
    let good = token(&server, &key, "t1", json!({}));
    let with_actor = [
        ("grant_type", EXCHANGE),
        ("subject_token", &*good),
        ("subject_token_type", JWT),
        ("actor_token", &*good),
        ("actor_token_type", JWT),
    ];
    let answer = server.post("/oauth/token", &[], &with_actor).await;
    assert_eq!(json(&answer)["error"], "invalid_request");
}

/// Answers each request with what `of` says of its path.
async fn serving(listener: TcpListener, of: impl Fn(&str) -> String) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        answer(stream, &of).await;
    }
}

/// The same by TLS, whoever believes it.
async fn serving_by_tls(listener: TcpListener, tls: TlsAcceptor, of: impl Fn(&str) -> String) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        if let Ok(stream) = tls.accept(stream).await {
            answer(stream, &of).await;
        }
    }
}

async fn answer<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, of: impl Fn(&str) -> String) {
    let mut asked = vec![0; 4096];
    let read = stream.read(&mut asked).await.unwrap();
    let asked = String::from_utf8_lossy(&asked[..read]).into_owned();
    let body = of(asked.split(' ').nth(1).unwrap_or_default());
    let length = body.len();
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}");
    drop(stream.write_all(answer.as_bytes()).await);
}

/// An authority, in PEM form, and a server of this machine that it vouches for.
fn authority() -> (String, TlsAcceptor) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let here = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let chain = vec![here.signed_by(&key, &ca).unwrap().der().clone()];
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let tls = ServerConfig::builder_with_provider(gw_tls::provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    (ca.pem(), TlsAcceptor::from(Arc::new(tls)))
}

/// An issuer whose servers are believed by an authority of its own.
fn believed_by(issuer: &TokenIssuer, pem: &str) -> TokenIssuer {
    let ca = Authorities {
        file: "cluster-ca.pem".into(),
        pem: pem.into(),
    };
    TokenIssuer {
        ca: Some(ca),
        ..issuer.clone()
    }
}

/// One whose document and keys are at this address.
fn issuer_at(address: &str) -> TokenIssuer {
    TokenIssuer {
        issuer: address.into(),
        ..issuer(IssuerKeys::Discovery)
    }
}

/// What an issuer at an address says at each path.
fn says(at: &str, keys: &str, path: &str) -> String {
    match path {
        "/.well-known/openid-configuration" => {
            json!({"issuer": at, "jwks_uri": format!("{at}/keys")}).to_string()
        }
        _ => keys.to_owned(),
    }
}

#[tokio::test]
async fn an_issuer_with_authorities_of_its_own_is_believed_by_them_and_by_nobody_else() {
    let keys = set_of(&signer());
    let ((ca, tls), (other, _)) = (authority(), authority());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("https://{}", listener.local_addr().unwrap());
    let served = serving_by_tls(listener, tls, |path| says(&at, &keys, path));
    let asking = async {
        let plain = issuer_at(&at);
        let nobody = Arc::new(gw_tls::believing(None).unwrap());
        assert!(issuer_keys(&plain, &nobody).await.is_err());
        let own = issuer_keys(&believed_by(&plain, &ca), &nobody).await;
        assert_eq!(own.unwrap().keys().len(), 1);
        // Whoever the system believes does not count where the issuer has others.
        let system = gw_tls::believing_pem("system.pem".as_ref(), ca.as_bytes());
        let system = Arc::new(system.unwrap());
        assert!(issuer_keys(&plain, &system).await.is_ok());
        let fault = issuer_keys(&believed_by(&plain, &other), &system).await;
        let fault = fault.unwrap_err();
        assert!(matches!(fault, KeysFault::Unbelieved { .. }), "{fault}");
        let told = fault.to_string();
        for word in [
            &*at,
            "is not believed",
            "issuer `builds`",
            "`cluster-ca.pem`",
        ] {
            assert!(told.contains(word), "{word} in {told}");
        }
        let none = issuer_keys(&believed_by(&plain, "none"), &system).await;
        let told = none.unwrap_err().to_string();
        assert!(
            told.contains("issuer `builds` is not known") && told.contains("`cluster-ca.pem`"),
            "{told}"
        );
    };
    tokio::select! {
        () = asking => {}
        () = served => {}
    }
}

#[tokio::test]
async fn keys_that_somebody_else_vouched_for_are_not_known_any_more() {
    let key = signer();
    let keys = set_of(&key);
    let ((ca, tls), (other, _)) = (authority(), authority());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("https://{}", listener.local_addr().unwrap());
    let served = serving_by_tls(listener, tls, |path| says(&at, &keys, path));
    let asking = async {
        let plain = issuer_at(&at);
        let server = Server::with(vec![
            trusting(vec![believed_by(&plain, &ca)]),
            fact(41, None, &of_repository("deployer", "acme/shop")),
        ])
        .await;
        let ask = async |id| {
            let token = token(&server, &key, id, json!({"iss": at}));
            exchanged(&server, &token).await.status()
        };
        assert_eq!(ask("t1").await, StatusCode::OK);
        let change = trusting(vec![believed_by(&plain, &other)]);
        server.test.change(vec![change]).await;
        assert_eq!(ask("t2").await, StatusCode::UNAUTHORIZED);
        let change = trusting(vec![believed_by(&plain, &ca)]);
        server.test.change(vec![change]).await;
        assert_eq!(ask("t3").await, StatusCode::OK);
    };
    tokio::select! {
        () = asking => {}
        () = served => {}
    }
}

#[tokio::test]
async fn keys_are_found_where_the_issuer_says_and_again_when_they_change() {
    let (old, new) = (signer(), signer());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("http://{}", listener.local_addr().unwrap());
    let server = Server::with(vec![
        trusting(vec![issuer_at(&at)]),
        fact(41, None, &of_repository("deployer", "acme/shop")),
    ])
    .await;
    let keys = std::sync::Mutex::new(set_of(&old));
    let served = serving(listener, |path| says(&at, &keys.lock().unwrap(), path));
    let asking = async {
        let ask = async |by, id| {
            let token = token(&server, by, id, json!({"iss": at}));
            exchanged(&server, &token).await.status()
        };
        assert_eq!(ask(&old, "t1").await, StatusCode::OK);
        assert_eq!(ask(&new, "t2").await, StatusCode::UNAUTHORIZED);
        *keys.lock().unwrap() = set_of(&new);
        server.later(Duration::from_secs(11));
        assert_eq!(ask(&new, "t3").await, StatusCode::OK);
        assert_eq!(ask(&old, "t4").await, StatusCode::UNAUTHORIZED);
    };
    tokio::select! {
        () = asking => {}
        () = served => {}
    }
}

#[tokio::test]
async fn an_unknown_key_takes_none_away_while_the_issuer_is_out_and_they_end_in_time() {
    let (known, other) = (signer(), signer());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("http://{}", listener.local_addr().unwrap());
    let server = Server::with(vec![
        trusting(vec![issuer_at(&at)]),
        fact(41, None, &of_repository("deployer", "acme/shop")),
    ])
    .await;
    let keys = std::sync::Mutex::new(set_of(&known));
    let served = serving(listener, |path| says(&at, &keys.lock().unwrap(), path));
    let asking = async {
        let ask = async |by, id| {
            let token = token(&server, by, id, json!({"iss": at}));
            exchanged(&server, &token).await.status()
        };
        assert_eq!(ask(&known, "t1").await, StatusCode::OK);
        *keys.lock().unwrap() = json!("out of order").to_string();
        server.later(Duration::from_secs(295));
        assert_eq!(ask(&other, "t2").await, StatusCode::UNAUTHORIZED);
        assert_eq!(ask(&known, "t3").await, StatusCode::OK);
        server.later(Duration::from_secs(6));
        assert_eq!(ask(&known, "t4").await, StatusCode::UNAUTHORIZED);
        server.later(Duration::from_secs(11));
        assert_eq!(ask(&known, "t5").await, StatusCode::UNAUTHORIZED);
    };
    tokio::select! {
        () = asking => {}
        () = served => {}
    }
}

#[tokio::test]
async fn an_issuer_whose_keys_cannot_be_had_vouches_for_nobody() {
    let key = signer();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("http://{}/keys", listener.local_addr().unwrap());
    drop(listener);
    for keys in [
        IssuerKeys::Address(at.into()),
        IssuerKeys::Address("http://192.0.2.1/keys".into()),
        IssuerKeys::Set("{}".into()),
    ] {
        let server = server(keys).await;
        let answer = exchanged(&server, &token(&server, &key, "t1", json!({}))).await;
        assert_eq!(json(&answer)["error"], "invalid_client");
    }
}
