use proptest::prelude::*;

use super::*;
use crate::{
    ErrorCode,
    authorization::Delivery,
    testing::{
        NOW, client, issuer, native_client, parameters, public_client, request_text, scopes,
    },
};

fn read(more: &[(&str, &str)], client: &Client) -> Result<AuthorizationRequest, Refusal> {
    AuthorizationRequest::read(&parameters(&request_text(more)), client, &issuer(), NOW)
}

fn told(more: &[(&str, &str)]) -> ErrorCode {
    match read(more, &client()) {
        Err(Refusal::Told { fault, .. }) => fault.code(),
        other => panic!("{more:?} is told to the client: {other:?}"),
    }
}

fn shown(more: &[(&str, &str)]) -> ShownFault {
    match read(more, &client()) {
        Err(Refusal::Shown(fault)) => fault,
        other => panic!("{more:?} is shown to the person: {other:?}"),
    }
}

#[test]
fn a_request_that_holds_is_read() {
    let more = [
        ("nonce", "n"),
        ("prompt", "login consent"),
        ("max_age", "300"),
        ("acr_values", "a b"),
        ("claims", r#"{"userinfo":{"email":null}}"#),
        ("login_hint", "ana@example.com"),
        ("id_token_hint", "x.y.z"),
        ("resource", "https://api.example/"),
        ("ui_locales", "de"),
        ("response_mode", "form_post"),
        ("display", "popup"),
    ];
    let read = read(&more, &client()).unwrap();
    assert_eq!(read.scopes.to_string(), "openid profile");
    assert_eq!(read.nonce.as_deref(), Some("n"));
    assert_eq!(read.max_age, Some(Duration::from_secs(300)));
    assert_eq!(read.acr_values, ["a", "b"]);
    assert!(read.prompts.login && read.prompts.consent && !read.prompts.none);
    assert!(read.names_redirect_uri && read.challenge.is_some());
    assert_eq!(
        read.resources.iter().collect::<Vec<_>>(),
        ["https://api.example/"]
    );
    assert!(matches!(
        read.answer_to.refusal(&AuthorizationFault::Denied),
        Delivery::FormPost { .. }
    ));
    let kept = serde_json::to_string(&read).unwrap();
    assert_eq!(
        serde_json::from_str::<AuthorizationRequest>(&kept).unwrap(),
        read
    );
}

#[test]
fn where_client_or_redirect_uri_do_not_hold_nobody_is_sent_anywhere() {
    assert_eq!(shown(&[("client_id", "other")]), ShownFault::UnknownClient);
    assert_eq!(shown(&[("redirect_uri", "")]), ShownFault::NoRedirectUri);
    for uri in [
        "https://evil.example/cb",
        "https://app.example/cb/../evil",
        "javascript:alert(1)",
    ] {
        assert_eq!(
            shown(&[("redirect_uri", uri), ("response_type", "x")]),
            ShownFault::RedirectUri
        );
    }
    for name in ["client_id", "redirect_uri", "state", "response_mode"] {
        let twice = format!(
            "{}&{name}=https%3A%2F%2Fapp.example%2Fcb&{name}=x",
            request_text(&[])
        );
        let refused = AuthorizationRequest::read(&parameters(&twice), &client(), &issuer(), NOW);
        assert!(
            matches!(refused, Err(Refusal::Shown(ShownFault::Parameters(_)))),
            "{name}"
        );
    }
}

#[test]
fn everything_else_is_told_to_the_client_by_its_right_name() {
    for (name, value, code) in [
        ("response_type", "", ErrorCode::InvalidRequest),
        ("response_type", "token", ErrorCode::UnsupportedResponseType),
        (
            "response_type",
            "id_token",
            ErrorCode::UnsupportedResponseType,
        ),
        (
            "response_type",
            "code id_token",
            ErrorCode::UnsupportedResponseType,
        ),
        ("response_type", "none", ErrorCode::UnsupportedResponseType),
        ("response_mode", "fragment", ErrorCode::InvalidRequest),
        ("response_mode", "query.jwt", ErrorCode::InvalidRequest),
        ("scope", "unknown", ErrorCode::InvalidScope),
        ("scope", "a  b", ErrorCode::InvalidScope),
        (
            "resource",
            "https://other.example/",
            ErrorCode::InvalidTarget,
        ),
        ("resource", "api", ErrorCode::InvalidTarget),
        ("prompt", "none login", ErrorCode::InvalidRequest),
        ("prompt", "create", ErrorCode::InvalidRequest),
        ("max_age", "-1", ErrorCode::InvalidRequest),
        ("max_age", "+1", ErrorCode::InvalidRequest),
        ("max_age", "99999999999999999999", ErrorCode::InvalidRequest),
        ("claims", "{", ErrorCode::InvalidRequest),
        ("request", "x.y.z", ErrorCode::RequestNotSupported),
        (
            "request_uri",
            "https://app.example/r",
            ErrorCode::RequestUriNotSupported,
        ),
        ("registration", "{}", ErrorCode::RegistrationNotSupported),
        (
            "authorization_details",
            "[]",
            ErrorCode::InvalidAuthorizationDetails,
        ),
        ("client_secret", "s", ErrorCode::InvalidRequest),
        ("dpop_jkt", "short", ErrorCode::InvalidRequest),
        ("nonce", "ä", ErrorCode::InvalidRequest),
        ("login_hint", "a\nb", ErrorCode::InvalidRequest),
    ] {
        assert_eq!(told(&[(name, value)]), code, "{name}={value}");
    }
    let twice = format!("{}&nonce=1&nonce=2", request_text(&[]));
    let refused = AuthorizationRequest::read(&parameters(&twice), &client(), &issuer(), NOW);
    assert!(matches!(refused, Err(Refusal::Told { .. })));
}

#[test]
fn a_refusal_names_issuer_and_state_against_mix_up() {
    let Err(refusal) = read(&[("response_type", "token"), ("state", "s t")], &client()) else {
        panic!("it is refused")
    };
    let Ok(Delivery::Redirect(location)) = refusal.delivery() else {
        panic!("by a redirect")
    };
    assert!(location.starts_with("https://app.example/cb?error=unsupported_response_type&"));
    assert!(
        location.contains("&state=s+t&iss=https%3A%2F%2Fauth.example"),
        "{location}"
    );
}

#[test]
fn a_proof_key_is_never_made_less_of() {
    for (challenge, method) in [
        ("", ""),
        ("", "S256"),
        ("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", ""),
        ("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "plain"),
        ("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "s256"),
        ("short", "S256"),
    ] {
        let more = [
            ("code_challenge", challenge),
            ("code_challenge_method", method),
        ];
        assert_eq!(told(&more), ErrorCode::InvalidRequest, "{more:?}");
        let of_public = [("client_id", "spa"), more[0], more[1]];
        let refused = read(&of_public, &public_client());
        assert!(matches!(refused, Err(Refusal::Told { .. })), "{more:?}");
    }
    let mut lenient = client();
    lenient.proof_key = ProofKey::Optional;
    let without = [("code_challenge", ""), ("code_challenge_method", "")];
    assert_eq!(read(&without, &lenient).unwrap().challenge, None);
    assert!(
        read(
            &[("code_challenge", ""), ("code_challenge_method", "S256")],
            &lenient
        )
        .is_err()
    );
}

#[test]
fn a_redirect_uri_is_left_away_only_where_there_is_one_and_no_relying_party() {
    let mut one = client();
    one.scopes = scopes("openid profile read");
    let without = [("redirect_uri", ""), ("scope", "read")];
    let read_one = read(&without, &one).unwrap();
    assert!(!read_one.names_redirect_uri);
    assert_eq!(read_one.answer_to.redirect_uri(), "https://app.example/cb");
    one.redirect_uris
        .push(crate::RedirectUri::parse("https://app.example/2").unwrap());
    assert_eq!(
        read(&without, &one),
        Err(Refusal::Shown(ShownFault::NoRedirectUri))
    );
}

#[test]
fn a_native_application_is_answered_at_the_port_that_it_asks_for() {
    let one = native_client();
    let uri = "http://127.0.0.1:49152/cb";
    let read = read(&[("client_id", "cli"), ("redirect_uri", uri)], &one).unwrap();
    assert_eq!(read.answer_to.redirect_uri(), uri);
}

#[test]
fn scopes_that_the_client_may_not_have_are_left_away() {
    let read = read(&[("scope", "openid admin profile")], &client()).unwrap();
    assert_eq!(read.scopes.to_string(), "openid profile");
}

proptest! {
    /// Whatever a request says, nobody is sent anywhere but where its client registered, with the
    /// state that the request had, and what is accepted has what must be there.
    #[test]
    fn no_request_sends_anybody_elsewhere(
        pairs in proptest::collection::vec((
            "client_id|redirect_uri|response_type|response_mode|scope|state|nonce|prompt|resource|code_challenge_method|max_age|request_uri",
            "app|https://app[.]example/cb|https://evil[.]example|code|form_post|openid|none|S256|[ -~]{0,12}",
        ), 0..5),
    ) {
        let more: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        match read(&more, &client()) {
            Ok(request) => {
                prop_assert!(request.challenge.is_some());
                prop_assert!(client().redirect_uri(request.answer_to.redirect_uri()).is_some());
                prop_assert!(request.scopes.is_within(&client().scopes));
            }
            Err(Refusal::Told { to, .. }) => {
                prop_assert_eq!(to.redirect_uri(), "https://app.example/cb");
            }
            Err(Refusal::Shown(_)) => {}
        }
    }
}
