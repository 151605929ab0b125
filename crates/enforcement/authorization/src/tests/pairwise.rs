//! Clients that are told names of their own: nothing that two of them hold says that a person of one
//! is a person of the other.

use gw_oauth::{Client, SubjectType};
use http::StatusCode;
use serde_json::Value;

use super::harness::*;

fn pairwise(id: &str, sector: &str) -> Client {
    Client {
        subject_type: SubjectType::Pairwise {
            sector: sector.into(),
        },
        ..client(id)
    }
}

async fn start() -> Server {
    let (one, other) = (
        pairwise("one", "one.example"),
        pairwise("other", "other.example"),
    );
    Server::with(vec![
        fact(31, Some("wiki"), &one),
        fact(32, Some("wiki"), &other),
    ])
    .await
}

async fn tokens(server: &Server, client: &str) -> Value {
    let query = asked(client, &[("scope", "openid offline_access")]);
    let answer = server.ana().get("/oauth/authorize", &query).await;
    let code = answered(&answer, "code").unwrap_or_else(|| panic!("no code: {}", text(&answer)));
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", "https://wiki.example/cb"),
        ("code_verifier", VERIFIER),
    ];
    posted(server, client, &form).await
}

async fn posted(server: &Server, client: &str, form: &[(&str, &str)]) -> Value {
    let headers = [("authorization", &*basic(client))];
    let answer = server.post("/oauth/token", &headers, form).await;
    assert_eq!(answer.status(), StatusCode::OK, "{}", text(&answer));
    json(&answer)
}

fn told<'v>(claims: &'v Value, name: &str) -> &'v str {
    claims[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name}: {claims}"))
}

#[tokio::test]
async fn two_clients_cannot_tell_that_their_person_is_the_same() {
    let server = start().await;
    let (one, other) = (tokens(&server, "one").await, tokens(&server, "other").await);
    for kind in ["id_token", "access_token"] {
        let (one, other) = (claims(&one[kind]), claims(&other[kind]));
        for name in ["sub", "sid"] {
            assert_ne!(told(&one, name), told(&other, name), "{kind}");
        }
        for claims in [&one, &other] {
            let said = claims.to_string();
            assert!(!said.contains(&server.ana.id.to_string()), "{kind}");
            assert!(!said.contains(&server.ana.user.to_string()), "{kind}");
        }
    }
    let (id, access) = (claims(&one["id_token"]), claims(&one["access_token"]));
    assert_eq!((&id["sub"], &id["sid"]), (&access["sub"], &access["sid"]));
    // The same each time, and nothing is under a veil where the name is the common one.
    let again = tokens(&server, "one").await;
    assert_eq!(claims(&again["id_token"])["sub"], id["sub"]);
    let common = server.tokens(&[]).await;
    let common = claims(&common["access_token"]);
    assert_eq!(told(&common, "sub"), server.ana.user.to_string());
    assert!(common.get("veiled").is_none());
}

#[tokio::test]
async fn such_tokens_are_good_for_all_that_others_are() {
    let server = start().await;
    let first = tokens(&server, "one").await;
    let refresh = first["refresh_token"].as_str().unwrap();
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let fresh = posted(&server, "one", &form).await;
    for tokens in [&first, &fresh] {
        let access = told(tokens, "access_token");
        let answer = server.userinfo(access).await;
        assert_eq!(answer.status(), StatusCode::OK, "{}", text(&answer));
        let sub = &claims(&tokens["id_token"])["sub"];
        assert_eq!(&json(&answer)["sub"], sub);
        let seen = server.introspect_as("one", access).await;
        assert_eq!((&seen["active"], &seen["sub"]), (&true.into(), sub));
    }
    server.sign_out().await;
    let answer = server.userinfo(told(&first, "access_token")).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn such_a_client_ends_its_own_session_by_its_own_names() {
    let server = start().await;
    let (one, other) = (tokens(&server, "one").await, tokens(&server, "other").await);
    // A hint in another's name is refused, as it is not addressed to it.
    let stranger = encoded(&[
        ("id_token_hint", told(&other, "id_token")),
        ("client_id", "one"),
    ]);
    let refused = server.ana().get("/oauth/end-session", &stranger).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    let own = encoded(&[
        ("id_token_hint", told(&one, "id_token")),
        ("post_logout_redirect_uri", "https://wiki.example/bye"),
    ]);
    let done = server.ana().get("/oauth/end-session", &own).await;
    assert_eq!(location(&done), "https://wiki.example/bye");
    let view = server.test.engine.view();
    let session = view.facts.session(server.ana.id);
    assert!(session.is_none_or(|session| session.over(server.test.clock.now()).is_some()));
}
