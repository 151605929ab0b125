//! Somebody who issues access tokens, and programs that they are issued to.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use data_encoding::BASE64URL_NOPAD;
use gw_engine::testing::{START, app, group};
use gw_issue::ACCESS_TOKEN_PURPOSE;
use gw_jose::{Algorithm, KeyShape, PrivateKey, Signer, TokenType};
use gw_model::{
    App, AuthorizationHeader, Change, Client, ClientId, Credential, PublishedKey, Route, Timestamp,
    TokenId, Upstream as To,
};
use serde_json::{Map, Value, json};

use crate::house::{House, Plan, route};

/// Lets Ana use the API through any client, and the robot by itself.
const API: &str = r#"
@id("api-for-staff")
permit (principal in Group::"staff", action == Action::"http.request", resource in App::"api");

@id("api-for-robots")
permit (principal is Client in Group::"robots", action == Action::"http.request", resource in App::"api");

@id("api-strict-needs-a-passkey")
forbid (principal is User, action == Action::"http.request", resource == Route::"api/strict")
unless { context.authn.phishing_resistant };
"#;

/// The grant of all tokens that say nothing else.
pub(crate) const GRANT: TokenId = TokenId::from_bytes([9; 16]);

pub(crate) struct Issuer {
    pub(crate) house: House,
    pub(crate) reports: Client,
    pub(crate) robot: Client,
    pub(crate) signer: Signer,
    pub(crate) key: EcdsaKeyPair,
    issued: AtomicU64,
}

impl Issuer {
    pub(crate) async fn usual() -> Self {
        Self::of(Plan::default()).await
    }

    /// A house with an app whose routes take access tokens: `/api` one that is good to read,
    /// `/strict` one of a passkey, `/bound` a bound one, `/open` any; `/cookie` takes none.
    pub(crate) async fn of(plan: Plan) -> Self {
        let house = House::of(plan).await;
        let private = PrivateKey::generate(KeyShape::P256).unwrap();
        let signer = Signer::new(Algorithm::Es256, &private).unwrap();
        let key =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, private.expose_pkcs8())
                .unwrap();
        let (reports, robot) = (client(1, "reports"), client(2, "robot"));
        let api = App {
            upstream: To::Http(house.upstream.address.to_string().into()),
            routes: routes(),
            ..app("api")
        };
        let changes = vec![
            group("robots"),
            Change::AppPut(Arc::new(api)),
            Change::ClientPut(Arc::new(reports.clone())),
            Change::ClientPut(Arc::new(robot.clone())),
            published(ACCESS_TOKEN_PURPOSE, &signer),
        ];
        house.tested.change(changes).await;
        house.add_policy(API).await;
        Self {
            house,
            reports,
            robot,
            signer,
            key,
            issued: AtomicU64::new(0),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.house.tested.clock.now()
    }

    /// The claims of a token for Ana through the reports, with others instead of or beside the
    /// usual ones; null for none.
    pub(crate) fn claims(&self, more: &Value) -> Value {
        let number = self.issued.fetch_add(1, Ordering::Relaxed);
        let mut id = [0; 16];
        id[..8].copy_from_slice(&number.to_be_bytes());
        let now = self.now();
        let mut claims = json!({
            "iss": "http://sign-in.test",
            "sub": self.house.ana.id.to_string(),
            "aud": ["http://api.test"],
            "client_id": "reports",
            "iat": now.as_secs(),
            "exp": now.after(Duration::from_secs(300)).as_secs(),
            "jti": TokenId::from_bytes(id).to_string(),
            "grant_id": GRANT.to_string(),
            "scope": "read write",
            "auth_time": START.as_secs(),
            "sid": self.house.session.id.to_string(),
        });
        for (name, value) in more.as_object().unwrap_or(&Map::new()) {
            claims[name] = value.clone();
        }
        claims
            .as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        claims
    }

    pub(crate) fn token(&self, more: Value) -> String {
        let claims = self.claims(&more);
        self.signer.sign(TokenType::AccessToken, &claims).unwrap()
    }

    /// A token of the robot in its own name.
    pub(crate) fn robots(&self, more: Value) -> String {
        let mut own = json!({
            "sub": "robot", "client_id": "robot", "sid": null, "auth_time": null,
        });
        for (name, value) in more.as_object().unwrap() {
            own[name] = value.clone();
        }
        self.token(own)
    }

    /// A token with another header, signed by the issuer's key all the same.
    pub(crate) fn with_header(&self, header: &Value, claims: &Value) -> String {
        signed_by(&self.key, header, claims)
    }

    /// A token that is signed by the issuer's public key as a secret.
    pub(crate) fn by_public_key(&self, header: &Value, claims: &Value) -> String {
        let signed = unsigned(header, claims);
        let secret = hmac::Key::new(hmac::HMAC_SHA256, self.signer.public_jwk().as_bytes());
        let tag = hmac::sign(&secret, signed.as_bytes());
        format!("{signed}.{}", BASE64URL_NOPAD.encode(tag.as_ref()))
    }
}

/// A token of this key's.
pub(crate) fn signed_by(key: &EcdsaKeyPair, header: &Value, claims: &Value) -> String {
    let signed = unsigned(header, claims);
    let signature = key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
    format!("{signed}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
}

/// Header and claims, without a signature.
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    let [header, claims] =
        [header, claims].map(|part| BASE64URL_NOPAD.encode(part.to_string().as_bytes()));
    format!("{header}.{claims}")
}

/// A key as it is published for a purpose.
pub(crate) fn published(purpose: &str, signer: &Signer) -> Change {
    Change::KeyPublished(Arc::new(PublishedKey {
        kid: signer.kid().into(),
        purpose: purpose.into(),
        jwk: signer.public_jwk().into(),
        published_at: START,
        active_from: START,
        replaced_at: None,
    }))
}

fn client(bits: u64, name: &str) -> Client {
    Client {
        id: ClientId::from_bits(bits),
        name: name.parse().unwrap(),
        title: name.into(),
        attributes: Default::default(),
        groups: vec!["robots".parse().unwrap()],
        app: None,
        registration: "{}".into(),
        tokens_from: START,
        disabled: false,
        suspended: false,
        owner: gw_model::ClientOwner::Configuration,
        consent: gw_model::Consent::Never,
        version: 0,
    }
}

fn routes() -> Vec<Route> {
    let at = |name: &str, path: &str| Route {
        name: format!("api/{name}").parse().unwrap(),
        credential: Credential::Bearer,
        authorization: AuthorizationHeader::Strip,
        origins: vec!["https://partner.test".into()],
        ..route(name, path)
    };
    vec![
        Route {
            scopes: vec!["read".into()],
            ..at("read", "/api/*")
        },
        at("strict", "/strict/*"),
        Route {
            sender_constrained: true,
            ..at("bound", "/bound/*")
        },
        at("open", "/open/*"),
        at("stream", "/stream"),
        Route {
            authorization: AuthorizationHeader::Pass,
            ..at("pass", "/pass/*")
        },
        at("websocket", "/ws"),
        Route {
            credential: Credential::Cookie,
            ..at("cookie", "/cookie/*")
        },
    ]
}
