//! A server with one app and its clients, a person with a session, and ways to ask it.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use gw_engine::testing::{TestEngine, app, policies, session, user};
use gw_identity::{Identity, IdentityOptions, Lifetimes};
use gw_jose::{Algorithm, KeyShape, PrivateKey, Signer, TokenType};
use gw_model::{
    AuthnEvent, AuthnMethod, Change, Client as Fact, ClientId as FactId, ClientOwner, Consent,
    DecisionId, EndReason, Ended, ProviderProof, Session, SessionKind, Timestamp, TokenHash,
    Upstream,
};
use gw_oauth::{
    About, ApplicationType, Client, ClientAuthentication, ClientId, ClientSecrets, GrantType,
    KeptSecret, ProofKey, Purpose, RedirectUri, Resources, Scopes, Secret, SubjectType,
};
use gw_pages::{Judged, JudgedRequest, refused::Level};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::{AuthorizationOptions, AuthorizationServer};

pub(super) const ISSUER: &str = "https://auth.example.org";
pub(super) const SECRET: &str = "a-secret-of-thirty-two-bytes-or-more";
pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Everybody in staff, and programs for the wiki.
const POLICIES: &str = r#"
@id("staff-sign-in")
permit (principal in Group::"staff", action == Action::"oidc.authorize", resource == App::"wiki");
@id("payroll-by-passkey")
permit (principal in Group::"staff", action == Action::"oidc.authorize", resource == App::"payroll")
when { context.authn.phishing_resistant };
@id("tokens-for-the-api")
permit (principal is User, action == Action::"token.issue", resource == App::"api");
@id("tokens-for-programs")
permit (principal is Client, action == Action::"token.issue", resource == App::"api");
"#;

/// A server under test.
pub(super) struct Server {
    pub(super) test: TestEngine,
    pub(super) server: AuthorizationServer,
    /// Ana's session, begun by a link.
    pub(super) ana: Session,
}

/// A relying party.
pub(super) fn client(id: &str) -> Client {
    let secret = KeptSecret::of_text(SECRET, Timestamp::from_secs(0)).unwrap();
    Client {
        id: ClientId::parse(id).unwrap(),
        about: About::default(),
        application_type: ApplicationType::Web,
        redirect_uris: vec![RedirectUri::parse("https://wiki.example/cb").unwrap()],
        post_logout_redirect_uris: vec![RedirectUri::parse("https://wiki.example/bye").unwrap()],
        authentication: ClientAuthentication::ClientSecretBasic {
            secrets: ClientSecrets::of(secret),
        },
        keys: None,
        grant_types: GrantType::ALL.to_vec(),
        scopes: Scopes::parse("openid profile email groups offline_access read").unwrap(),
        resources: Resources::parse(["https://api.test"]).unwrap(),
        serves: Resources::default(),
        subject_type: SubjectType::Public,
        backchannel_logout: None,
        id_token_algorithm: Algorithm::Es256,
        userinfo_algorithm: None,
        require_pushed: false,
        dpop_bound: false,
        certificate_bound: false,
        proof_key: ProofKey::Required,
        default_max_age: None,
        require_auth_time: false,
        default_acr_values: Vec::new(),
        sector_document: None,
        registration_token: None,
    }
}

pub(super) fn public(id: &str) -> Client {
    Client {
        authentication: ClientAuthentication::None,
        application_type: ApplicationType::Native,
        redirect_uris: vec![RedirectUri::parse("http://127.0.0.1/cb").unwrap()],
        post_logout_redirect_uris: Vec::new(),
        grant_types: vec![
            GrantType::AuthorizationCode,
            GrantType::RefreshToken,
            GrantType::DeviceCode,
        ],
        ..client(id)
    }
}

/// A client that registered itself, so that people are asked.
pub(super) fn registered() -> Client {
    let token = Secret::generate().unwrap();
    Client {
        registration_token: Some(token.hash(Purpose::RegistrationAccessToken)),
        ..client("guest")
    }
}

/// As a fact, of an app.
pub(super) fn fact(bits: u64, app: Option<&str>, client: &Client) -> Change {
    Change::ClientPut(Arc::new(Fact {
        id: FactId::from_bits(bits),
        name: client.id.as_str().parse().unwrap(),
        title: client.id.as_str().into(),
        attributes: Default::default(),
        groups: Vec::new(),
        app: app.map(|app| app.parse().unwrap()),
        registration: serde_json::to_string(client).unwrap().into(),
        tokens_from: Timestamp::default(),
        disabled: false,
        suspended: false,
        owner: ClientOwner::Configuration,
        consent: match client.registration_token {
            Some(_) => Consent::Ask,
            None => Consent::Never,
        },
        version: 0,
    }))
}

async fn opened(test: &TestEngine) -> AuthorizationServer {
    let engine = test.engine.clone();
    let identity = Identity::open(engine.clone(), identity_options(), Vec::new());
    let options = AuthorizationOptions {
        issuer: ISSUER.into(),
        remedies: Level::Own,
        asks_certificates: true,
        client_authorities: None,
        tls: Arc::new(gw_tls::believing(None).unwrap()),
        country: Arc::new(|_| None),
    };
    let server = AuthorizationServer::open(engine, identity.await.unwrap(), options);
    server.await.unwrap()
}

impl Server {
    pub(super) async fn start() -> Self {
        Self::with(Vec::new()).await
    }

    pub(super) async fn with(more: Vec<Change>) -> Self {
        let ana = user(1, "ana", &["staff"]);
        let held = session(11, &ana, AuthnMethod::SignInLink, gw_engine::testing::START);
        let elsewhere = |name: &str| {
            let mut one = app(name);
            one.upstream = Upstream::Elsewhere(format!("https://{name}.example/").into());
            Change::AppPut(Arc::new(one))
        };
        let mut changes = vec![
            gw_engine::testing::group("staff"),
            Change::UserPut(Arc::new(ana)),
            Change::SessionStarted(Arc::new(held.clone())),
            elsewhere("wiki"),
            elsewhere("payroll"),
            Change::AppPut(Arc::new(app("portal"))),
            Change::AppPut(Arc::new(app("api"))),
            policies(POLICIES),
            fact(21, Some("wiki"), &client("wiki")),
            fact(22, Some("wiki"), &public("cli")),
            fact(23, Some("payroll"), &client("payroll")),
        ];
        changes.extend(more);
        let test = TestEngine::with(changes).await;
        Self {
            server: opened(&test).await,
            ana: held,
            test,
        }
    }

    /// What was kept stays, and what was only remembered is forgotten.
    pub(super) async fn restart(&mut self) {
        self.server = opened(&self.test).await;
    }

    /// A browser in which Ana is signed in.
    pub(super) fn ana(&self) -> Browser<'_> {
        Browser {
            server: self,
            session: Some(self.ana.clone()),
            cookies: Vec::new(),
        }
    }

    /// A browser in which nobody is.
    pub(super) fn stranger(&self) -> Browser<'_> {
        Browser {
            session: None,
            ..self.ana()
        }
    }

    pub(super) async fn ask(&self, request: JudgedRequest) -> Response<Bytes> {
        self.server.service().oneshot(request).await.unwrap()
    }

    /// A program posts a form.
    pub(super) async fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        form: &[(&str, &str)],
    ) -> Response<Bytes> {
        let mut request = self.request(Method::POST, path, None, None);
        request.body = encoded(form).into();
        request.headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            request.headers.append(name, value.parse().unwrap());
        }
        self.ask(request).await
    }

    /// The wiki's server asks the token endpoint.
    pub(super) async fn token(&self, form: &[(&str, &str)]) -> Response<Bytes> {
        self.post("/oauth/token", &[("authorization", &basic("wiki"))], form)
            .await
    }

    pub(super) fn request(
        &self,
        method: Method,
        path: &str,
        query: Option<&str>,
        session: Option<&Session>,
    ) -> JudgedRequest {
        let view = self.test.engine.view();
        // As the door does it: a session that is over is nobody's.
        let now = self.test.clock.now();
        let session = session
            .and_then(|session| view.facts.session(session.id))
            .filter(|session| session.over(now).is_none())
            .cloned();
        JudgedRequest {
            method,
            path: path.into(),
            query: query.map(Into::into),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            judged: Judged {
                decision: DecisionId::from_bits(1),
                because: Vec::new(),
                at: now,
                epoch: view.facts.epoch,
                address: [127, 0, 0, 1].into(),
                scheme: "https",
                host: "auth.example.org".into(),
                port: None,
                user: session
                    .as_ref()
                    .and_then(|session| view.facts.user(session.user).cloned()),
                rank: session.as_ref().map_or(0, |session| session.rank()),
                session,
                ended: None,
                navigation: true,
                certificates: None,
            },
        }
    }

    /// A code that Ana's browser brings to the wiki.
    pub(super) async fn code(&self, more: &[(&str, &str)]) -> String {
        let mut browser = self.ana();
        let answer = browser.get("/oauth/authorize", &asked("wiki", more)).await;
        answered(&answer, "code").unwrap_or_else(|| panic!("no code: {}", text(&answer)))
    }

    /// The tokens that the wiki's server gets for it.
    pub(super) async fn tokens(&self, more: &[(&str, &str)]) -> Value {
        let code = self.code(more).await;
        let answer = self.redeem(&code).await;
        assert_eq!(answer.status(), StatusCode::OK, "{}", text(&answer));
        json(&answer)
    }

    pub(super) async fn redeem(&self, code: &str) -> Response<Bytes> {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", "https://wiki.example/cb"),
            ("code_verifier", VERIFIER),
        ])
        .await
    }

    pub(super) async fn refresh(&self, token: &str) -> Response<Bytes> {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)])
            .await
    }

    pub(super) async fn userinfo(&self, token: &str) -> Response<Bytes> {
        let mut request = self.request(Method::GET, "/oauth/userinfo", None, None);
        let value = format!("Bearer {token}").parse().unwrap();
        request.headers.insert(header::AUTHORIZATION, value);
        self.ask(request).await
    }

    pub(super) async fn introspect(&self, token: &str) -> Value {
        self.introspect_as("wiki", token).await
    }

    pub(super) async fn introspect_as(&self, client: &str, token: &str) -> Value {
        let headers = [("authorization", &*basic(client))];
        let answer = self
            .post("/oauth/introspect", &headers, &[("token", token)])
            .await;
        assert_eq!(answer.status(), StatusCode::OK);
        json(&answer)
    }

    /// Ana confirms with a passkey.
    pub(super) async fn advance(&self) {
        self.proves(AuthnMethod::Passkey, None).await;
    }

    /// Ana's session ends.
    pub(super) async fn sign_out(&self) {
        let ended = Ended {
            at: self.test.clock.now(),
            reason: EndReason::SignedOut,
        };
        let session = self.ana.id;
        let change = Change::SessionEnded { session, ended };
        self.test.change(vec![change]).await;
    }

    /// Ana proves in her session, once more, who she is.
    pub(super) async fn proves(&self, method: AuthnMethod, provider: Option<ProviderProof>) {
        let event = AuthnEvent {
            method,
            at: self.test.clock.now(),
            factor: None,
            provider: provider.map(Arc::new),
        };
        let change = Change::SessionAdvanced {
            session: self.ana.id,
            event,
            credential: TokenHash::from_digest([9; 32]),
            kind: SessionKind::Ordinary,
            expires: self.ana.expires,
            idle_limit: self.ana.idle_limit,
        };
        self.test.change(vec![change]).await;
    }

    pub(super) fn later(&self, span: Duration) {
        self.test.clock.advance(span);
    }
}

/// A browser, with the cookies that it keeps.
pub(super) struct Browser<'s> {
    server: &'s Server,
    pub(super) session: Option<Session>,
    pub(super) cookies: Vec<(String, String)>,
}

impl Browser<'_> {
    pub(super) async fn get(&mut self, path: &str, query: &str) -> Response<Bytes> {
        let request = self
            .server
            .request(Method::GET, path, Some(query), self.session.as_ref());
        self.send(request).await
    }

    /// Follows a way that an answer leads to.
    pub(super) async fn follow(&mut self, target: &str) -> Response<Bytes> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        self.get(path, query).await
    }

    pub(super) async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Response<Bytes> {
        let mut request = self
            .server
            .request(Method::POST, path, None, self.session.as_ref());
        let person = self
            .session
            .as_ref()
            .map(|session| session.user.to_string());
        let mut form = form.to_vec();
        if let Some(person) = &person
            && !form.iter().any(|(name, _)| *name == "person")
        {
            // As the pages' own forms have it.
            form.push(("person", person));
        }
        request.body = encoded(&form).into();
        request.headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        self.send(request).await
    }

    /// The attempt that it is in the middle of, the last one that began.
    pub(super) fn attempt(&self) -> String {
        let (name, _) = self.cookies.last().unwrap();
        name.strip_prefix("__Host-gw-pending-").unwrap().to_owned()
    }

    async fn send(&mut self, mut request: JudgedRequest) -> Response<Bytes> {
        let cookies = self.cookies.iter();
        let cookies: Vec<_> = cookies
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            let value = cookies.join("; ").parse().unwrap();
            request.headers.insert(header::COOKIE, value);
        }
        let answer = self.server.ask(request).await;
        for set in answer.headers().get_all(header::SET_COOKIE) {
            let set = set.to_str().unwrap();
            let (pair, attributes) = set.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            assert!(attributes.contains("HttpOnly") && attributes.contains("Secure"));
            self.cookies.retain(|(known, _)| known != name);
            if !attributes.contains("Max-Age=0") {
                self.cookies.push((name.into(), value.into()));
            }
        }
        answer
    }
}

/// A request of a client, with these parameters instead of or beside the usual ones.
pub(super) fn asked(client: &str, more: &[(&str, &str)]) -> String {
    let redirect = match client {
        "cli" => "http://127.0.0.1/cb",
        _ => "https://wiki.example/cb",
    };
    let usual = [
        ("client_id", client),
        ("redirect_uri", redirect),
        ("response_type", "code"),
        ("scope", "openid profile"),
        ("state", "st"),
        ("nonce", "n-1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let is_other = |name: &str| !more.iter().any(|(known, _)| *known == name);
    let kept = usual.into_iter().filter(|(name, _)| is_other(name));
    let pairs: Vec<_> = kept.chain(more.iter().copied()).collect();
    encoded(&pairs)
}

pub(super) fn encoded(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

pub(super) fn basic(client: &str) -> String {
    let pair = format!("{client}:{SECRET}");
    format!("Basic {}", data_encoding::BASE64.encode(pair.as_bytes()))
}

pub(super) fn text(answer: &Response<Bytes>) -> String {
    String::from_utf8_lossy(answer.body()).into_owned()
}

pub(super) fn json(answer: &Response<Bytes>) -> Value {
    serde_json::from_slice(answer.body()).unwrap_or_else(|_| panic!("no JSON: {}", text(answer)))
}

pub(super) fn location(answer: &Response<Bytes>) -> String {
    let location = answer.headers().get(header::LOCATION);
    let location = location.unwrap_or_else(|| panic!("leads nowhere: {}", text(answer)));
    location.to_str().unwrap().to_owned()
}

/// Where a page goes on to by itself.
pub(super) fn onward(answer: &Response<Bytes>) -> String {
    let refresh = answer.headers().get("refresh");
    let refresh = refresh.unwrap_or_else(|| panic!("goes nowhere: {}", text(answer)));
    refresh
        .to_str()
        .unwrap()
        .split_once("url=")
        .unwrap()
        .1
        .to_owned()
}

/// A parameter of the answer that is brought to a client.
pub(super) fn answered(answer: &Response<Bytes>, name: &str) -> Option<String> {
    let location = answer.headers().get(header::LOCATION)?.to_str().ok()?;
    let (_, query) = location.split_once('?')?;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let found = pairs.find(|(known, _)| known == name);
    found.map(|(_, value)| value.into_owned())
}

/// The claims of a token, unverified.
pub(super) fn claims(token: &Value) -> Value {
    let token = token.as_str().unwrap();
    let claims = token.split('.').nth(1).unwrap();
    let claims = data_encoding::BASE64URL_NOPAD
        .decode(claims.as_bytes())
        .unwrap();
    serde_json::from_slice(&claims).unwrap()
}

/// A key of a client's own.
pub(super) fn signer() -> Signer {
    let key = PrivateKey::generate(KeyShape::P256).unwrap();
    Signer::new(Algorithm::Es256, &key).unwrap()
}

/// A DPoP proof.
pub(super) fn proof(by: &Signer, claims: &Value) -> String {
    by.sign(TokenType::DpopProof, claims).unwrap()
}

fn identity_options() -> IdentityOptions {
    IdentityOptions {
        rp_id: "auth.example.org".into(),
        origins: vec![ISSUER.into()],
        portal: "portal".parse().unwrap(),
        whom_to_ask: "Ask Olga.".into(),
        lifetimes: Lifetimes::default(),
        passwords: gw_identity::PasswordOptions::default(),
        attestation: false,
    }
}
