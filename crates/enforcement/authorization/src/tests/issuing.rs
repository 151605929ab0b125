//! What tokens would be for is asked of policy while the person is there, and again when the code
//! is redeemed.

use gw_engine::testing::policies;
use http::StatusCode;

use super::harness::*;

const SIGN_IN: &str = r#"
@id("staff-sign-in")
permit (principal in Group::"staff", action == Action::"oidc.authorize", resource == App::"wiki");
"#;
const FOR_THE_API: (&str, &str) = ("resource", "https://api.test");

/// A server with these policies beside that of the sign-in.
async fn with(more: &str) -> Server {
    let server = Server::with(vec![fact(41, Some("wiki"), &registered())]).await;
    let all = format!("{SIGN_IN}{more}");
    server.test.change(vec![policies(&all)]).await;
    server
}

async fn asks(browser: &mut Browser<'_>, client: &str, more: &[(&str, &str)]) -> String {
    let answer = browser.get("/oauth/authorize", &asked(client, more)).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{}", text(&answer));
    text(&answer)
}

/// The way back that a page of a refusal has.
async fn leaves(browser: &mut Browser<'_>) -> String {
    let attempt = browser.attempt();
    let form = [("attempt", &*attempt), ("decision", "deny")];
    onward(&browser.post("/oauth/consent", &form).await)
}

#[tokio::test]
async fn who_may_have_no_token_for_it_hears_so_at_the_sign_in_and_the_app_when_they_go_back() {
    let server = with("").await;
    let mut browser = server.ana();
    let page = asks(&mut browser, "wiki", &[FOR_THE_API]).await;
    assert!(
        page.contains("No way was found to open api for you."),
        "{page}"
    );
    assert!(page.contains("Back to wiki"), "{page}");
    let back = leaves(&mut browser).await;
    assert!(
        back.starts_with("https://wiki.example/cb?error=access_denied&"),
        "{back}"
    );
    assert!(back.contains("&state=st&iss="), "{back}");
    assert!(browser.cookies.is_empty(), "the attempt is over");
    let silent = [FOR_THE_API, ("prompt", "none")];
    let answer = browser
        .get("/oauth/authorize", &asked("wiki", &silent))
        .await;
    assert_eq!(answered(&answer, "error").as_deref(), Some("access_denied"));
    server.code(&[]).await;
}

#[tokio::test]
async fn nobody_is_asked_to_agree_to_tokens_that_policy_refuses() {
    let server = with("").await;
    let page = asks(&mut server.ana(), "guest", &[FOR_THE_API]).await;
    assert!(!page.contains("Let it in"), "{page}");
    let mut browser = server.ana();
    let answer = browser.get("/oauth/authorize", &asked("guest", &[])).await;
    assert!(text(&answer).contains("Let it in"), "{}", text(&answer));
}

/// The key is proven when the code is redeemed: before, nobody can know.
#[tokio::test]
async fn tokens_that_may_be_had_bound_to_a_key_are_refused_only_without_one() {
    let bound = r#"
@id("bound-tokens-for-the-api")
permit (principal is User, action == Action::"token.issue", resource == App::"api")
when { context has token && context.token.sender_constrained };
"#;
    let server = with(bound).await;
    let code = server.code(&[FOR_THE_API]).await;
    let answer = server.redeem(&code).await;
    assert_eq!(json(&answer)["error"], "invalid_grant", "{}", text(&answer));
}

#[tokio::test]
async fn it_is_asked_again_when_the_code_is_redeemed() {
    let any = r#"
@id("tokens-for-the-api")
permit (principal is User, action == Action::"token.issue", resource == App::"api");
"#;
    let server = with(any).await;
    let (first, second) = (
        server.code(&[FOR_THE_API]).await,
        server.code(&[FOR_THE_API]).await,
    );
    assert_eq!(server.redeem(&first).await.status(), StatusCode::OK);
    server.test.change(vec![policies(SIGN_IN)]).await;
    assert_eq!(
        json(&server.redeem(&second).await)["error"],
        "invalid_grant"
    );
}

#[tokio::test]
async fn who_may_not_sign_in_to_an_app_can_have_it_told() {
    let server = with("").await;
    let mut browser = server.ana();
    let page = asks(&mut browser, "payroll", &[]).await;
    assert!(page.contains("Back to payroll"), "{page}");
    // Who is shown it goes back, and nobody else by it.
    let attempt = browser.attempt();
    let other = gw_engine::testing::user(9, "bo", &[]).id.to_string();
    let form = [
        ("attempt", &*attempt),
        ("decision", "deny"),
        ("person", &*other),
    ];
    let resumes = onward(&browser.post("/oauth/consent", &form).await);
    assert!(resumes.starts_with("/resume?"), "{resumes}");
    let back = leaves(&mut browser).await;
    assert!(back.contains("error=access_denied"), "{back}");
}
