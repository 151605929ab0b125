//! The demo apps over real sockets, with assertions that a key made here signs.

use std::collections::BTreeSet;

use futures_util::{SinkExt, StreamExt};
use gw_model::{PublishedKey, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};

use super::{assertion::PublicKeys, *};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const ISSUER: &str = "http://auth.gatewright.localhost:8080";

struct Signer {
    key: EncodingKey,
    published: Arc<PublishedKey>,
}

impl Signer {
    fn new(purpose: &str) -> Self {
        let random = aws_lc_rs::rand::SystemRandom::new();
        let pkcs8 = aws_lc_rs::signature::EcdsaKeyPair::generate_pkcs8(
            &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING,
            &random,
        )
        .unwrap();
        let key = EncodingKey::from_ec_der(pkcs8.as_ref());
        let jwk = Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap();
        let published = Arc::new(PublishedKey {
            kid: "k1".into(),
            purpose: purpose.into(),
            jwk: serde_json::to_string(&jwk).unwrap().into(),
            published_at: NOW,
            active_from: NOW,
            replaced_at: None,
        });
        Self { key, published }
    }

    fn assertion(&self, app: &str, name: &str, lives: i64) -> String {
        let claims = json!({
            "iss": ISSUER, "aud": app, "sub": "u-1", "name": name,
            "amr": ["passkey"], "exp": i64::try_from(NOW.as_secs()).unwrap() + lives,
        });
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some("k1".into());
        jsonwebtoken::encode(&header, &claims, &self.key).unwrap()
    }

    fn checker(&self) -> Arc<Checker> {
        let published = self.published.clone();
        let keys: PublicKeys = Arc::new(move || vec![published.clone()]);
        let issuers = BTreeSet::from([ISSUER.to_owned()]);
        Arc::new(Checker::new(keys, Arc::new(|| NOW), issuers))
    }
}

async fn started<A: DemoApp>(app: A, signer: &Signer) -> (SocketAddr, JoinSet<()>) {
    let listener = listen().await.unwrap();
    let address = listener.local_addr().unwrap();
    let (app, checker) = (Arc::new(app), signer.checker());
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { serve(&listener, app, checker).await.unwrap() });
    (address, tasks)
}

#[expect(clippy::disallowed_methods, reason = "the test is the client")]
async fn connected(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

async fn exchange(address: SocketAddr, head: &str, assertion: Option<&str>, body: &str) -> String {
    let mut stream = connected(address).await;
    let assertion = assertion.map_or(String::new(), |a| format!("Gatewright-Assertion: {a}\r\n"));
    let length = body.len();
    let request = format!(
        "{head} HTTP/1.1\r\nHost: app\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n{assertion}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn an_app_believes_only_an_assertion_for_itself_that_still_holds() {
    let signer = Signer::new("assertion");
    let (address, _tasks) = started(Payroll, &signer).await;
    let good = signer.assertion("payroll", "Ana Ruiz", 60);
    let let_in = exchange(address, "GET /", Some(&good), "").await;
    assert!(
        let_in.starts_with("HTTP/1.1 200") && let_in.contains("Ana Ruiz"),
        "{let_in}"
    );

    let for_another = signer.assertion("wiki", "Ana Ruiz", 60);
    let too_old = signer.assertion("payroll", "Ana Ruiz", -1);
    let unpublished = Signer::new("assertion").assertion("payroll", "Ana Ruiz", 60);
    for refused in [None, Some(&for_another), Some(&too_old), Some(&unpublished)] {
        let answer = exchange(address, "GET /", refused.map(String::as_str), "").await;
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
        assert!(answer.contains("answers only through Gatewright"));
    }
}

#[tokio::test]
async fn a_key_for_another_purpose_signs_no_assertion() {
    let signer = Signer::new("ledger");
    let (address, _tasks) = started(Reports, &signer).await;
    let token = signer.assertion("reports", "Bo", 60);
    let answer = exchange(address, "GET /", Some(&token), "").await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
}

#[tokio::test]
async fn a_saved_page_is_escaped_and_told_to_who_follows_the_event_stream() {
    let signer = Signer::new("assertion");
    let (address, _tasks) = started(Wiki::new(Arc::new(|| NOW)), &signer).await;
    let token = signer.assertion("wiki", "Ana <b>", 60);

    let mut stream = connected(address).await;
    let request =
        format!("GET /events HTTP/1.1\r\nHost: app\r\nGatewright-Assertion: {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut events = BufReader::new(stream).lines();
    while events.next_line().await.unwrap().unwrap() != ": here" {}

    let form = "base=1&title=Welcome&text=%3Cscript%3E+%5B%5BLunch%5D%5D";
    let saved = exchange(address, "POST /page/welcome", Some(&token), form).await;
    assert!(saved.starts_with("HTTP/1.1 303") && saved.contains("location: /page/welcome"));
    let page = exchange(address, "GET /page/welcome", Some(&token), "").await;
    assert!(
        !page.contains("<script>") && page.contains("href=\"/page/lunch\""),
        "{page}"
    );

    let mut told = String::new();
    while !told.starts_with("data: ") {
        told = events.next_line().await.unwrap().unwrap();
    }
    assert!(
        told.contains("\"slug\":\"welcome\"") && told.contains("Ana <b>"),
        "{told}"
    );

    let overtaken = exchange(address, "POST /page/welcome", Some(&token), form).await;
    assert!(overtaken.starts_with("HTTP/1.1 409"), "{overtaken}");
}

#[tokio::test]
async fn who_is_here_is_told_over_the_web_socket_until_they_leave() {
    let signer = Signer::new("assertion");
    let (address, _tasks) = started(Wiki::new(Arc::new(|| NOW)), &signer).await;
    let open = async |name: &str| {
        let mut request = "ws://wiki/live".into_client_request().unwrap();
        let token = signer.assertion("wiki", name, 60);
        request
            .headers_mut()
            .insert("gatewright-assertion", token.parse().unwrap());
        let stream = connected(address).await;
        tokio_tungstenite::client_async(request, stream)
            .await
            .unwrap()
            .0
    };
    let mut ana = open("Ana").await;
    let first = ana.next().await.unwrap().unwrap();
    assert_eq!(first, Message::text(r#"{"here":["Ana"]}"#));
    let mut bo = open("Bo").await;
    let both = ana.next().await.unwrap().unwrap();
    assert_eq!(both, Message::text(r#"{"here":["Ana","Bo"]}"#));
    bo.send(Message::Close(None)).await.unwrap();
    let alone = ana.next().await.unwrap().unwrap();
    assert_eq!(alone, Message::text(r#"{"here":["Ana"]}"#));
}
