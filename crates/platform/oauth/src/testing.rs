//! What tests are made of: one client of each kind, a request, a person who signed in.

use std::sync::LazyLock;

use gw_jose::{Algorithm, KeySet, KeyShape, PrivateKey, PublicKey, Signer, TokenType};
use gw_model::Timestamp;
use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};
use serde_json::{Value, json};

use crate::*;

/// The time of all tests.
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
/// The verifier of RFC 7636, B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// Its challenge.
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// The secret of [`client`].
pub(crate) const SECRET: &str = "a-secret-of-thirty-two-bytes-or-more";

static SIGNER: LazyLock<Signer> = LazyLock::new(|| {
    let key = PrivateKey::generate(KeyShape::P256).unwrap();
    Signer::new(Algorithm::Es256, &key).unwrap()
});

/// Signs for the server, and for clients.
pub(crate) fn signer() -> &'static Signer {
    &SIGNER
}

pub(crate) fn keys() -> KeySet {
    let key = PublicKey::from_jwk(signer().public_jwk().as_bytes()).unwrap();
    KeySet::from_iter([key])
}

pub(crate) fn issuer() -> Issuer {
    Issuer::parse("https://auth.example").unwrap()
}

pub(crate) fn scopes(text: &str) -> Scopes {
    Scopes::parse(text).unwrap()
}

pub(crate) fn resources(texts: &[&str]) -> Resources {
    Resources::parse(texts.iter().copied()).unwrap()
}

/// A confidential relying party.
pub(crate) fn client() -> Client {
    let secret = KeptSecret::of_text(SECRET, NOW).unwrap();
    Client {
        id: ClientId::parse("app").unwrap(),
        about: About {
            name: Some("App".into()),
            ..About::default()
        },
        application_type: ApplicationType::Web,
        redirect_uris: vec![RedirectUri::parse("https://app.example/cb").unwrap()],
        post_logout_redirect_uris: vec![RedirectUri::parse("https://app.example/bye").unwrap()],
        authentication: ClientAuthentication::ClientSecretBasic {
            secrets: ClientSecrets::of(secret),
        },
        keys: None,
        grant_types: GrantType::ALL.to_vec(),
        scopes: scopes("openid profile email offline_access read write"),
        resources: resources(&["https://api.example/", "https://other-api.example/"]),
        serves: resources(&["https://app.example/api"]),
        subject_type: SubjectType::Public,
        backchannel_logout: Some(BackchannelLogout {
            uri: "https://app.example/logout".into(),
            session_required: true,
        }),
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

/// A public client in a browser.
pub(crate) fn public_client() -> Client {
    Client {
        id: ClientId::parse("spa").unwrap(),
        authentication: ClientAuthentication::None,
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        serves: Resources::default(),
        ..client()
    }
}

/// A public client on a person's device.
pub(crate) fn native_client() -> Client {
    Client {
        id: ClientId::parse("cli").unwrap(),
        application_type: ApplicationType::Native,
        redirect_uris: vec![RedirectUri::parse("http://127.0.0.1/cb").unwrap()],
        grant_types: vec![
            GrantType::AuthorizationCode,
            GrantType::RefreshToken,
            GrantType::DeviceCode,
        ],
        ..public_client()
    }
}

/// The same with another id.
pub(crate) fn named(id: &str, client: Client) -> Client {
    Client {
        id: ClientId::parse(id).unwrap(),
        ..client
    }
}

pub(crate) fn parameters(text: &str) -> Parameters {
    Parameters::of_query(Some(text)).unwrap()
}

pub(crate) fn form(pairs: &[(&str, &str)]) -> Parameters {
    let body = encoded(pairs);
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, form)]);
    Parameters::posted(None, &headers, body.as_bytes()).unwrap()
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// A request of [`client`], with these parameters instead of or beside the usual ones.
pub(crate) fn request_text(more: &[(&str, &str)]) -> String {
    let usual = [
        ("client_id", "app"),
        ("redirect_uri", "https://app.example/cb"),
        ("response_type", "code"),
        ("scope", "openid profile"),
        ("state", "st"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let is_other = |name: &str| !more.iter().any(|(known, _)| *known == name);
    let kept = usual.into_iter().filter(|(name, _)| is_other(name));
    let pairs: Vec<_> = kept.chain(more.iter().copied()).collect();
    encoded(&pairs)
}

pub(crate) fn request(more: &[(&str, &str)]) -> AuthorizationRequest {
    request_of(&client(), more)
}

pub(crate) fn request_of(client: &Client, more: &[(&str, &str)]) -> AuthorizationRequest {
    let of = [
        ("client_id", client.id.as_str()),
        ("redirect_uri", client.redirect_uris[0].as_str()),
    ];
    let more: Vec<_> = of.iter().chain(more).copied().collect();
    AuthorizationRequest::read(&parameters(&request_text(&more)), client, &issuer(), NOW).unwrap()
}

pub(crate) fn sign_in() -> SignIn {
    SignIn {
        auth_time: Timestamp::from_secs(1_799_999_900),
        acr: Some("phr".into()),
        amr: vec!["hwk".into()],
        sid: Some("s1".into()),
    }
}

/// What Ana granted to a client by its request.
pub(crate) fn authorization(request: &AuthorizationRequest) -> Authorization {
    Authorization {
        id: GrantId::generate().unwrap(),
        client_id: request.client_id.clone(),
        subject: "ana".into(),
        scopes: request.scopes.clone(),
        resources: request.resources.clone(),
        sign_in: Some(sign_in()),
        claims: request.claims.clone(),
    }
}

/// A code for a request, and its record.
pub(crate) fn code(request: &AuthorizationRequest) -> (Secret, CodeRecord) {
    let secret = Secret::generate().unwrap();
    let record = CodeRecord::issue(&secret, request, authorization(request), NOW);
    (secret, record)
}

/// A DPoP proof by [`signer`].
pub(crate) fn proof(method: &str, url: &str, more: Value) -> String {
    let mut claims = json!({"htm": method, "htu": url, "iat": NOW.as_secs(), "jti": "p1"});
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    signer().sign(TokenType::DpopProof, &claims).unwrap()
}

/// An access token that was issued to [`client`].
pub(crate) fn issued() -> IssuedToken {
    IssuedToken {
        kind: IssuedKind::Access,
        grant_id: GrantId::generate().unwrap(),
        client_id: client().id,
        subject: "ana".into(),
        username: None,
        scopes: scopes("read"),
        audiences: resources(&["https://api.example/"]),
        binding: Binding::default(),
        actor: None,
        id: Some("t1".into()),
        issued_at: Some(NOW),
        expires: NOW.after(std::time::Duration::from_secs(300)),
        acr: None,
        auth_time: None,
    }
}

pub(crate) fn server() -> Server {
    let at = |path: &str| format!("https://auth.example{path}");
    Server {
        issuer: issuer(),
        endpoints: Endpoints {
            authorization: at("/authorize"),
            token: at("/token"),
            userinfo: at("/userinfo"),
            jwks: at("/jwks"),
            pushed_authorization_request: at("/par"),
            device_authorization: at("/device"),
            introspection: at("/introspect"),
            revocation: at("/revoke"),
            end_session: at("/logout"),
            registration: None,
        },
        scopes: scopes("openid profile email read"),
        acr_values: vec!["phr".into()],
        claims: vec!["name", "email", "email_verified"],
        signing: vec![Algorithm::Rs256, Algorithm::Es256],
        accepted: vec![Algorithm::Es256, Algorithm::EdDsa],
        grant_types: GrantType::ALL.to_vec(),
        has_client_certificates: true,
        has_client_authorities: true,
        requires_pushed: false,
        pages: Pages::default(),
    }
}
