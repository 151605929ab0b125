//! Known attacks that take more than one part of this crate, each by its name. Those on one part
//! stand beside it.

use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};

use crate::{testing::*, *};

#[test]
fn mix_up_every_answer_names_its_issuer() {
    let sent = request(&[]).answer_to.code(&Secret::generate().unwrap());
    let Delivery::Redirect(location) = sent else {
        panic!("a redirect")
    };
    assert!(
        location.ends_with("&iss=https%3A%2F%2Fauth.example"),
        "{location}"
    );
}

#[test]
fn a_grant_type_that_is_not_there_or_not_the_client_s_gives_nothing() {
    let read = |grant_type, client: &Client| {
        TokenRequest::read(
            &form(&[
                ("grant_type", grant_type),
                ("username", "ana"),
                ("password", "x"),
            ]),
            client,
        )
        .unwrap_err()
    };
    for name in [
        "password",
        "implicit",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "Authorization_Code",
    ] {
        assert_eq!(
            read(name, &client()).code(),
            ErrorCode::UnsupportedGrantType,
            "{name}"
        );
    }
    for one in [
        GrantType::ClientCredentials,
        GrantType::TokenExchange,
        GrantType::DeviceCode,
    ] {
        assert_eq!(
            read(one.name(), &public_client()).code(),
            ErrorCode::UnauthorizedClient
        );
    }
    let nothing = TokenRequest::read(&form(&[]), &client()).unwrap_err();
    assert_eq!(nothing.code(), ErrorCode::InvalidRequest);
    for one in GrantType::ALL
        .into_iter()
        .filter(|one| *one != GrantType::ClientCredentials)
    {
        assert_eq!(
            read(one.name(), &client()).code(),
            ErrorCode::InvalidRequest,
            "{one:?}"
        );
    }
}

#[test]
fn a_client_by_itself_gets_nothing_of_a_person() {
    let decide = |more: &[(&str, &str)]| {
        let pairs: Vec<_> = [("grant_type", "client_credentials")]
            .iter()
            .chain(more)
            .copied()
            .collect();
        let TokenRequest::ClientCredentials(asked) =
            TokenRequest::read(&form(&pairs), &client()).unwrap()
        else {
            panic!("client credentials")
        };
        asked.decide(&client(), &Proven::default(), GrantId::generate().unwrap())
    };
    let grant = decide(&[]).unwrap();
    assert_eq!(
        (
            grant.scopes.to_string().as_str(),
            grant.authorization.subject.as_str()
        ),
        ("read write", "app")
    );
    assert!(!grant.has_id_token() && !grant.is_refreshable(&client()));
    for (name, value, code) in [
        ("scope", "openid", ErrorCode::InvalidScope),
        ("scope", "read offline_access", ErrorCode::InvalidScope),
        ("scope", "admin", ErrorCode::InvalidScope),
        (
            "resource",
            "https://evil.example/",
            ErrorCode::InvalidTarget,
        ),
    ] {
        assert_eq!(
            decide(&[(name, value)]).unwrap_err().code(),
            code,
            "{value}"
        );
    }
}

#[test]
fn parameters_that_come_twice_or_in_the_query_reach_no_endpoint() {
    let headers = HeaderMap::from_iter([(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-www-form-urlencoded"),
    )]);
    for body in [
        "code=a&code=b",
        "grant_type=a&grant_type=a",
        "client_id=app&client%5Fid=other",
    ] {
        assert!(
            Parameters::posted(None, &headers, body.as_bytes()).is_err(),
            "{body}"
        );
    }
    let in_query = Parameters::posted(Some("client_secret=x"), &headers, b"grant_type=a");
    assert_eq!(in_query, Err(ParameterFault::InQuery));
}

#[test]
fn errors_say_nothing_that_was_secret() {
    let (secret, record) = code(&request(&[]));
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", secret.expose()),
        ("code_verifier", "wrong"),
    ];
    let parameters = form(&pairs);
    let refused = TokenRequest::read(&parameters, &client()).unwrap_err();
    let told = format!(
        "{refused} {refused:?} {parameters:?} {record:?} {}",
        serde_json::to_string(&record).unwrap()
    );
    assert!(!told.contains(secret.expose()), "{told}");
    let header = HeaderMap::from_iter([(
        http::header::AUTHORIZATION,
        HeaderValue::from_static("Basic c2VjcmV0OnNlY3JldA"),
    )]);
    let refused = Credential::read(&header, &parameters).unwrap_err();
    assert!(!format!("{refused} {refused:?}").contains("c2VjcmV0"));
}
