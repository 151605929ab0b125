use gw_jose::TokenType;
use serde_json::json;

use super::*;
use crate::testing::{NOW, SECRET, client, form, keys, public_client, signer};

const TOKEN_ENDPOINT: &str = "https://auth.example/token";

fn headers(values: &[String]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn basic(id: &str, secret: &str) -> String {
    format!(
        "Basic {}",
        data_encoding::BASE64.encode(format!("{id}:{secret}").as_bytes())
    )
}

fn rules<'a>(
    keys: Option<&'a KeySet>,
    certificate: Option<&'a CertificateFacts>,
) -> AuthenticationRules<'a> {
    AuthenticationRules {
        audiences: &["https://auth.example", TOKEN_ENDPOINT],
        algorithms: &Algorithm::ALL,
        keys,
        certificate,
        now: NOW,
    }
}

fn assertion(aud: &str, client_id: &str) -> String {
    let claims = json!({
        "iss": client_id, "sub": client_id, "aud": aud, "jti": "j1",
        "iat": NOW.as_secs(), "exp": NOW.as_secs() + 60,
    });
    signer().sign(TokenType::ClientAssertion, &claims).unwrap()
}

fn with(method: ClientAuthentication) -> Client {
    Client {
        authentication: method,
        ..client()
    }
}

fn posted() -> Client {
    let secrets = client().authentication.secrets().unwrap().clone();
    with(ClientAuthentication::ClientSecretPost { secrets })
}

#[test]
fn a_secret_is_taken_where_the_client_is_registered_to_send_it() {
    let header = headers(&[basic("app", SECRET)]);
    let nothing = form(&[]);
    let by_header = Credential::read(&header, &nothing).unwrap();
    let in_body = form(&[("client_id", "app"), ("client_secret", SECRET)]);
    let by_body = Credential::read(&HeaderMap::new(), &in_body).unwrap();
    let rules = rules(None, None);
    assert!(by_header.check(&client(), &rules).is_ok());
    assert!(by_body.check(&posted(), &rules).is_ok());
    let other = AuthenticationFault::OtherMethod {
        registered: "client_secret_basic",
    };
    assert_eq!(by_body.check(&client(), &rules), Err(other));
    assert!(by_header.check(&posted(), &rules).is_err());
    assert!(!format!("{by_header:?} {by_body:?}").contains(SECRET));
}

#[test]
fn a_wrong_secret_and_none_are_refused() {
    let rules = rules(None, None);
    for secret in ["wrong", "", &SECRET[..35]] {
        let header = headers(&[basic("app", secret)]);
        let nothing = form(&[]);
        let checked =
            Credential::read(&header, &nothing).and_then(|read| read.check(&client(), &rules));
        assert_eq!(
            checked.unwrap_err().code(),
            ErrorCode::InvalidClient,
            "{secret}"
        );
    }
    let only_named = form(&[("client_id", "app")]);
    let read = Credential::read(&HeaderMap::new(), &only_named).unwrap();
    assert!(read.check(&client(), &rules).is_err());
    assert_eq!(
        Credential::read(&HeaderMap::new(), &form(&[])).unwrap_err(),
        AuthenticationFault::Nobody
    );
}

#[test]
fn a_client_that_shows_two_things_is_refused() {
    let jwt = assertion(TOKEN_ENDPOINT, "app");
    let header = headers(&[basic("app", SECRET)]);
    let secret = ("client_secret", SECRET);
    let jwt = [
        ("client_assertion", jwt.as_str()),
        ("client_assertion_type", ASSERTION_TYPE),
    ];
    for (headers, pairs) in [
        (header.clone(), vec![secret]),
        (header.clone(), jwt.to_vec()),
        (HeaderMap::new(), vec![secret, jwt[0], jwt[1]]),
    ] {
        let fault = Credential::read(&headers, &form(&pairs)).unwrap_err();
        assert_eq!(
            (fault.code(), fault),
            (ErrorCode::InvalidRequest, AuthenticationFault::Several)
        );
    }
    let twice = headers(&[basic("app", SECRET), basic("app", SECRET)]);
    let fault = Credential::read(&twice, &form(&[])).unwrap_err();
    assert_eq!(fault, AuthenticationFault::SeveralHeaders);
    let confused = Credential::read(&header, &form(&[("client_id", "other")])).unwrap_err();
    assert_eq!(confused, AuthenticationFault::OtherClient);
    assert!(Credential::read(&header, &form(&[("client_id", "app")])).is_ok());
}

#[test]
fn an_assertion_is_for_this_server_and_by_the_client_s_own_key() {
    let one = with(ClientAuthentication::PrivateKeyJwt);
    let (known, none) = (keys(), KeySet::default());
    let check = |jwt: &str, keys| {
        let pairs = form(&[
            ("client_assertion", jwt),
            ("client_assertion_type", ASSERTION_TYPE),
        ]);
        Credential::read(&HeaderMap::new(), &pairs)
            .and_then(|read| read.check(&one, &rules(keys, None)))
    };
    for audience in ["https://auth.example", TOKEN_ENDPOINT] {
        let held = check(&assertion(audience, "app"), Some(&known)).unwrap();
        assert!(held.once.is_some(), "it may not come again");
    }
    for (jwt, keys) in [
        (assertion("https://other.example", "app"), Some(&known)),
        (assertion(TOKEN_ENDPOINT, "other"), Some(&known)),
        (assertion(TOKEN_ENDPOINT, "app"), Some(&none)),
        (assertion(TOKEN_ENDPOINT, "app"), None),
        ("a.b.c".to_owned(), Some(&known)),
    ] {
        assert_eq!(
            check(&jwt, keys).unwrap_err().code(),
            ErrorCode::InvalidClient
        );
    }
    assert!(
        check(&assertion(TOKEN_ENDPOINT, "app"), Some(&none))
            .unwrap_err()
            .needs_reload()
    );
    let untyped = form(&[("client_assertion", "a.b.c")]);
    let fault = Credential::read(&HeaderMap::new(), &untyped).unwrap_err();
    assert_eq!(fault, AuthenticationFault::AssertionType);
}

#[test]
fn a_certificate_is_trusted_and_has_the_name_or_is_of_the_client_s_own_key() {
    let named = |name| with(ClientAuthentication::TlsClientAuth { name });
    let facts = CertificateFacts {
        is_trusted: true,
        subject_dn: "CN=app".into(),
        dns_names: vec!["app.example".into()],
        uris: vec!["spiffe://example/app".into()],
        key: Some(*keys().keys()[0].thumbprint()),
        ..CertificateFacts::default()
    };
    let only_named = form(&[("client_id", "app")]);
    let read = Credential::read(&HeaderMap::new(), &only_named).unwrap();
    for name in [
        CertificateName::TlsClientAuthSubjectDn("CN=app".into()),
        CertificateName::TlsClientAuthSanDns("App.example".into()),
        CertificateName::TlsClientAuthSanUri("spiffe://example/app".into()),
    ] {
        let one = named(name);
        assert!(read.check(&one, &rules(None, Some(&facts))).is_ok());
        let untrusted = CertificateFacts {
            is_trusted: false,
            ..facts.clone()
        };
        for certificate in [Some(&untrusted), None] {
            let refused = read.check(&one, &rules(None, certificate));
            assert_eq!(refused, Err(AuthenticationFault::Certificate));
        }
    }
    for name in [
        CertificateName::TlsClientAuthSubjectDn("CN=other".into()),
        CertificateName::TlsClientAuthSanDns("other.example".into()),
        CertificateName::TlsClientAuthSanIp("127.0.0.1".into()),
        CertificateName::TlsClientAuthSanEmail("a@example".into()),
    ] {
        assert!(
            read.check(&named(name), &rules(None, Some(&facts)))
                .is_err()
        );
    }
    let own = with(ClientAuthentication::SelfSignedTlsClientAuth);
    let (known, none) = (keys(), KeySet::default());
    assert!(read.check(&own, &rules(Some(&known), Some(&facts))).is_ok());
    assert!(read.check(&own, &rules(Some(&none), Some(&facts))).is_err());
    assert!(read.check(&own, &rules(Some(&known), None)).is_err());
}

#[test]
fn a_public_client_shows_nothing_and_nothing_is_taken_of_it() {
    let named = form(&[("client_id", "spa")]);
    let read = Credential::read(&HeaderMap::new(), &named).unwrap();
    let none = Authenticated { once: None };
    assert_eq!(read.check(&public_client(), &rules(None, None)), Ok(none));
    let with_secret = form(&[("client_id", "spa"), ("client_secret", "x")]);
    let read = Credential::read(&HeaderMap::new(), &with_secret).unwrap();
    assert!(read.check(&public_client(), &rules(None, None)).is_err());
}

#[test]
fn a_refusal_brings_a_challenge_where_the_header_was_tried() {
    let error = crate::TokenError::from(AuthenticationFault::Secret);
    let answer = error.answer(&headers(&[basic("app", "x")]));
    assert_eq!(answer.status(), 401);
    assert!(
        answer.headers()["www-authenticate"]
            .to_str()
            .unwrap()
            .starts_with("Basic ")
    );
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let answer = error.answer(&HeaderMap::new());
    assert!(answer.status() == 401 && !answer.headers().contains_key("www-authenticate"));
}
