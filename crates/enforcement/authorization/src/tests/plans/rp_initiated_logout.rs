//! `oidcc-rp-initiated-logout-certification-test-plan` (OpenID Connect RP-Initiated Logout 1.0).

use gw_jose::TokenType;
use http::StatusCode;
use serde_json::json;

use super::*;

const END_SESSION: &str = "/oauth/end-session";
const BYE: &str = "https://wiki.example/bye";

/// A wish of the suite's client, with what has a value.
fn wish(hint: &str, place: &str, state: &str) -> String {
    let all = [
        ("id_token_hint", hint),
        ("post_logout_redirect_uri", place),
        ("state", state),
    ];
    let said = all.into_iter().filter(|(_, value)| !value.is_empty());
    encoded(&said.collect::<Vec<_>>())
}

async fn hint(server: &Server) -> String {
    let tokens = signed_in(server, "suite", &[]).await;
    tokens["id_token"].as_str().unwrap().to_owned()
}

/// Whether the session goes on, as a client hears of it that may ask nobody.
async fn is_signed_in(server: &Server) -> bool {
    let query = asks("suite", &[("prompt", "none")]);
    let answer = server.ana().get("/oauth/authorize", &query).await;
    match answered(&answer, "error") {
        None => true,
        Some(error) => {
            assert_eq!(error, "login_required");
            false
        }
    }
}

/// `oidcc-rp-initiated-logout`, `-no-state`: 2 and 3.
#[tokio::test]
async fn a_client_ends_the_session_and_has_the_person_back() {
    for (state, place) in [("s1", format!("{BYE}?state=s1")), ("", BYE.to_owned())] {
        let server = start().await;
        let query = wish(&hint(&server).await, BYE, state);
        assert!(is_signed_in(&server).await);
        let answer = server.ana().get(END_SESSION, &query).await;
        assert_eq!(location(&answer), place);
        assert!(!is_signed_in(&server).await);
    }
}

/// `-no-post-logout-redirect-uri`: with a hint the session ends, and a page says so.
#[tokio::test]
async fn without_a_place_to_go_to_a_page_says_that_it_is_over() {
    let server = start().await;
    let query = wish(&hint(&server).await, "", "s1");
    let answer = server.ana().get(END_SESSION, &query).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(text(&answer).contains("You are signed out"));
    assert!(!is_signed_in(&server).await);
}

/// `-no-params`, `-only-state`: 2. Whom nobody vouches for is asked first; a page of any site could
/// have sent them.
#[tokio::test]
async fn a_wish_of_nobody_is_the_persons_to_decide() {
    for query in [String::new(), wish("", "", "s1")] {
        let server = start().await;
        let mut browser = server.ana();
        let asks = browser.get(END_SESSION, &query).await;
        assert!(text(&asks).contains("Sign out?"), "{}", text(&asks));
        assert!(is_signed_in(&server).await);
        let attempt = browser.attempt();
        let form = [("attempt", &*attempt), ("decision", "yes")];
        let answer = browser.post("/oauth/sign-out", &form).await;
        assert!(
            text(&answer).contains("You are signed out"),
            "{}",
            text(&answer)
        );
        assert!(!is_signed_in(&server).await);
    }
}

/// `-bad-post-logout-redirect-uri`, `-query-added-to-post-logout-redirect-uri`,
/// `-no-id-token-hint`, `-modified-id-token-hint` (made `none`), `-bad-id-token-hint` (signed by the
/// client): 3 and 4. Nobody is sent anywhere, and nothing ends.
#[tokio::test]
async fn nobody_is_sent_where_it_is_not_certain_that_a_client_wants_them() {
    let server = start().await;
    let hint = hint(&server).await;
    let claims = hint.split('.').nth(1).unwrap();
    let none = data_encoding::BASE64URL_NOPAD.encode(br#"{"alg":"none"}"#);
    let none = format!("{none}.{claims}.");
    let now = server.test.clock.now().as_secs();
    let forged = json!({"iss": ISSUER, "aud": "suite", "sub": "x", "iat": now, "exp": now + 60});
    let forged = signer().sign(TokenType::IdToken, &forged).unwrap();
    for query in [
        wish(&hint, "https://wiki.example/elsewhere", "s1"),
        wish(&hint, &format!("{BYE}?foo=bar"), "s1"),
        wish("", BYE, "s1"),
        wish(&none, BYE, "s1"),
        wish(&forged, BYE, "s1"),
    ] {
        is_shown(&server.ana().get(END_SESSION, &query).await);
        assert!(is_signed_in(&server).await);
    }
}
