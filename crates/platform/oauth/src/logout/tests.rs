use gw_jose::Signer;
use serde_json::{Value, json};

use super::*;
use crate::testing::{NOW, client, issuer, keys, named, parameters, public_client, signer};

fn id_token(more: Value) -> String {
    let mut claims = json!({
        "iss": "https://auth.example", "aud": "app", "sub": "ana", "sid": "s1",
        "iat": NOW.as_secs() - 9000, "exp": NOW.as_secs() - 8700,
    });
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    signer().sign(TokenType::IdToken, &claims).unwrap()
}

fn hint(more: Value) -> Result<IdTokenHint, HintFault> {
    IdTokenHint::verify(&id_token(more), &keys(), &Algorithm::ALL, &issuer())
}

fn request(text: &str) -> LogoutRequest {
    LogoutRequest::read(&parameters(text)).unwrap()
}

const BYE: &str = "post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fbye&state=a%26b";

#[test]
fn a_hint_holds_though_it_is_over() {
    let held = hint(json!({})).unwrap();
    assert_eq!(
        (held.client_id.as_str(), held.subject.as_str()),
        ("app", "ana")
    );
    assert_eq!(held.sid.as_deref(), Some("s1"));
}

#[test]
fn a_hint_of_another_issuer_or_kind_is_refused() {
    assert_eq!(
        hint(json!({"iss": "https://evil.example"})),
        Err(HintFault::Issuer)
    );
    assert_eq!(
        hint(json!({"aud": ["app", "other"]})),
        Err(HintFault::Malformed)
    );
    assert_eq!(hint(json!({"events": {}})), Err(HintFault::Malformed));
    let access = signer().sign(
        TokenType::AccessToken,
        &json!({"iss": "https://auth.example", "aud": "app", "sub": "ana"}),
    );
    assert!(IdTokenHint::verify(&access.unwrap(), &keys(), &Algorithm::ALL, &issuer()).is_err());
    let key = gw_jose::PrivateKey::generate(gw_jose::KeyShape::P256).unwrap();
    let stranger = Signer::new(Algorithm::Es256, &key).unwrap();
    let forged = stranger.sign(
        TokenType::IdToken,
        &json!({"iss": "https://auth.example", "aud": "app", "sub": "ana"}),
    );
    assert!(IdTokenHint::verify(&forged.unwrap(), &keys(), &Algorithm::ALL, &issuer()).is_err());
}

#[test]
fn a_request_hints_at_whom_its_own_client_knows() {
    let hinted = |more: Value| {
        let token = id_token(more);
        let request = crate::testing::request(&[("id_token_hint", &token)]);
        request.hint(&keys(), &Algorithm::ALL, &issuer())
    };
    assert_eq!(hinted(json!({})).unwrap().unwrap().subject, "ana");
    assert_eq!(
        hinted(json!({"aud": "other"})),
        Err(crate::AuthorizationFault::OtherHint)
    );
    let elsewhere = hinted(json!({"iss": "https://evil.example"})).unwrap_err();
    assert_eq!(elsewhere.code(), crate::ErrorCode::InvalidRequest);
}

#[test]
fn a_person_goes_where_the_client_registered_with_its_state() {
    let plan = request(BYE)
        .plan(Some(&client()), hint(json!({})).ok())
        .unwrap();
    assert_eq!(
        plan.redirect.as_deref(),
        Some("https://app.example/bye?state=a%26b")
    );
    assert!(plan.names("s1") && !plan.names("s2"));
    let by_id = request(&format!("{BYE}&client_id=app"))
        .plan(Some(&client()), None)
        .unwrap();
    assert!(by_id.redirect.is_some() && !by_id.names("s1"));
    let nothing = request("").plan(None, None).unwrap();
    assert_eq!(
        nothing,
        LogoutPlan {
            client_id: None,
            hint: None,
            redirect: None
        }
    );
}

#[test]
fn nobody_is_sent_where_no_client_registered() {
    let nobody = request(BYE).plan(None, None);
    assert_eq!(nobody, Err(LogoutFault::NobodySPlace));
    let unasked = request(BYE).plan(Some(&client()), None);
    assert_eq!(unasked, Err(LogoutFault::NobodySPlace));
    for uri in [
        "https://evil.example/bye",
        "https://app.example/bye/",
        "https://app.example/bye?x",
        "https://app.example/cb",
        "https://app.example/bye/../evil",
        "//evil.example",
        "javascript:alert(1)",
        "https://app.example@evil.example/bye",
    ] {
        let text = form_urlencoded::Serializer::new(String::new())
            .append_pair("post_logout_redirect_uri", uri)
            .append_pair("client_id", "app")
            .finish();
        let refused = request(&text).plan(Some(&client()), None);
        assert_eq!(refused, Err(LogoutFault::RedirectUri), "{uri}");
    }
}

#[test]
fn hint_and_client_agree() {
    let other = request("client_id=spa").plan(Some(&public_client()), hint(json!({})).ok());
    assert_eq!(other, Err(LogoutFault::OtherClient));
    let unknown = request("client_id=gone").plan(None, None);
    assert_eq!(unknown, Err(LogoutFault::UnknownClient));
    let mistaken = request("client_id=app").plan(Some(&named("app2", client())), None);
    assert_eq!(mistaken, Err(LogoutFault::UnknownClient));
    assert!(LogoutRequest::read(&parameters("state=a&state=b")).is_err());
}
