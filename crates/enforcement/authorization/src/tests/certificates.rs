use std::sync::Arc;

use bytes::Bytes;
use gw_jose::Thumbprint;
use gw_oauth::{CertificateName, Client, ClientAuthentication, ClientKeys, GrantType, Scopes};
use http::{HeaderValue, Method, Response, StatusCode, header};
use rcgen::{CertificateParams, KeyPair};

use super::harness::*;

struct Shown {
    der: Vec<u8>,
    jwks: String,
}

/// A certificate that its holder signed, and the key set that says so.
fn self_signed() -> Shown {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["robot.test".to_owned()]).unwrap();
    let der = params.self_signed(&key).unwrap().der().to_vec();
    let point = key.public_key_raw();
    let text = |bytes: &[u8]| data_encoding::BASE64URL_NOPAD.encode(bytes);
    let (x, y) = (text(&point[1..33]), text(&point[33..]));
    let jwks = format!(r#"{{"keys":[{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}]}}"#);
    Shown { der, jwks }
}

fn robot(authentication: ClientAuthentication, keys: Option<&str>) -> Client {
    Client {
        authentication,
        keys: keys.map(|keys| ClientKeys::Jwks(keys.into())),
        redirect_uris: Vec::new(),
        post_logout_redirect_uris: Vec::new(),
        grant_types: vec![GrantType::ClientCredentials],
        scopes: Scopes::parse("read").unwrap(),
        certificate_bound: true,
        ..client("robot")
    }
}

async fn asked(server: &Server, der: Option<&[u8]>) -> Response<Bytes> {
    let mut request = server.request(Method::POST, "/oauth/token", None, None);
    let form = [("grant_type", "client_credentials"), ("client_id", "robot")];
    request.body = encoded(&form).into();
    request.headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-www-form-urlencoded"),
    );
    request.judged.certificates = der.map(|der| Arc::from([der.to_vec()]));
    server.ask(request).await
}

#[tokio::test]
async fn a_client_is_known_by_its_own_certificate_and_its_tokens_are_bound_to_it() {
    let (own, other) = (self_signed(), self_signed());
    let robot = robot(
        ClientAuthentication::SelfSignedTlsClientAuth,
        Some(&own.jwks),
    );
    let server = Server::with(vec![fact(51, None, &robot)]).await;
    let answer = asked(&server, Some(&own.der)).await;
    assert_eq!(answer.status(), StatusCode::OK, "{}", text(&answer));
    let access = claims(&json(&answer)["access_token"]);
    let bound = Thumbprint::of_certificate(&own.der).to_string();
    assert_eq!(access["cnf"]["x5t#S256"], bound.as_str());
    for refused in [None, Some(&*other.der), Some(&b"no certificate"[..])] {
        let answer = asked(&server, refused).await;
        assert_eq!(json(&answer)["error"], "invalid_client");
    }
}

#[tokio::test]
async fn a_name_counts_only_where_an_authority_vouches_for_it() {
    let own = self_signed();
    let name = CertificateName::TlsClientAuthSanDns("robot.test".into());
    let robot = robot(ClientAuthentication::TlsClientAuth { name }, None);
    let server = Server::with(vec![fact(51, None, &robot)]).await;
    let answer = asked(&server, Some(&own.der)).await;
    assert_eq!(json(&answer)["error"], "invalid_client");
}
