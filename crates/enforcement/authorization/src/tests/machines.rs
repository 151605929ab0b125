use gw_jose::{SeenKey, TokenType};
use gw_oauth::{
    Client, ClientAuthentication, ClientKeys, GrantType, RedirectUri, Resources, Scopes,
};
use http::StatusCode;
use serde_json::json;

use super::harness::*;

/// A program without people.
fn service(id: &str, authentication: ClientAuthentication, keys: Option<ClientKeys>) -> Client {
    Client {
        authentication,
        keys,
        redirect_uris: Vec::<RedirectUri>::new(),
        post_logout_redirect_uris: Vec::new(),
        grant_types: vec![GrantType::ClientCredentials, GrantType::TokenExchange],
        scopes: Scopes::parse("read write").unwrap(),
        serves: Resources::parse(["https://api.test"]).unwrap(),
        ..client(id)
    }
}

#[tokio::test]
async fn a_program_gets_a_token_of_its_own_where_policy_says_so() {
    let server = Server::start().await;
    let form = [("grant_type", "client_credentials"), ("scope", "read")];
    let answer = server.token(&form).await;
    assert_eq!(answer.status(), StatusCode::OK, "{}", text(&answer));
    let access = claims(&json(&answer)["access_token"]);
    assert_eq!(access["sub"], "wiki");
    assert_eq!(access["aud"], json!(["https://api.test"]));
    assert_eq!(access["scope"], "read");
    assert!(json(&answer).get("refresh_token").is_none());
    server
        .test
        .change(vec![gw_engine::testing::policies("")])
        .await;
    assert_eq!(json(&server.token(&form).await)["error"], "access_denied");
}

#[tokio::test]
async fn a_program_proves_who_it_is_by_its_key_once() {
    let key = signer();
    let keys = format!(r#"{{"keys":[{}]}}"#, key.public_jwk());
    let robot = service(
        "robot",
        ClientAuthentication::PrivateKeyJwt,
        Some(ClientKeys::Jwks(keys)),
    );
    let server = Server::with(vec![fact(31, None, &robot)]).await;
    let now = server.test.clock.now().as_secs();
    let assertion = |audience: &str, id: &str| {
        let claims = json!({"iss": "robot", "sub": "robot", "aud": audience, "jti": id, "iat": now, "exp": now + 60});
        key.sign(TokenType::ClientAssertion, &claims).unwrap()
    };
    let ask = async |assertion: &str| {
        server
            .post(
                "/oauth/token",
                &[],
                &[
                    ("grant_type", "client_credentials"),
                    (
                        "client_assertion_type",
                        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                    ),
                    ("client_assertion", assertion),
                ],
            )
            .await
    };
    let first = assertion(ISSUER, "a1");
    let answer = ask(&first).await;
    assert_eq!(answer.status(), StatusCode::OK, "{}", text(&answer));
    assert_eq!(json(&ask(&first).await)["error"], "invalid_client", "twice");
    let elsewhere = assertion("https://other.example", "a2");
    assert_eq!(json(&ask(&elsewhere).await)["error"], "invalid_client");
    assert_ne!(SeenKey::new("a", "b", "c"), SeenKey::new("a", "bc", ""));
}

#[tokio::test]
async fn a_token_that_was_asked_for_with_a_proof_is_bound_to_its_key() {
    let server = Server::start().await;
    let key = signer();
    let url = format!("{ISSUER}/oauth/token");
    let now = server.test.clock.now().as_secs();
    let form = [("grant_type", "client_credentials"), ("scope", "read")];
    let basic = basic("wiki");
    let first = proof(
        &key,
        &json!({"htm": "POST", "htu": url, "iat": now, "jti": "p1"}),
    );
    let headers = [("authorization", &*basic), ("dpop", &*first)];
    let wants_nonce = server.post("/oauth/token", &headers, &form).await;
    assert_eq!(json(&wants_nonce)["error"], "use_dpop_nonce");
    let nonce = wants_nonce.headers()["dpop-nonce"]
        .to_str()
        .unwrap()
        .to_owned();
    let with_nonce = proof(
        &key,
        &json!({"htm": "POST", "htu": url, "iat": now, "jti": "p2", "nonce": nonce}),
    );
    let headers = [("authorization", &*basic), ("dpop", &*with_nonce)];
    let answer = server.post("/oauth/token", &headers, &form).await;
    assert_eq!(json(&answer)["token_type"], "DPoP", "{}", text(&answer));
    let access = claims(&json(&answer)["access_token"]);
    assert!(access["cnf"]["jkt"].is_string());
    let again = server.post("/oauth/token", &headers, &form).await;
    assert_eq!(json(&again)["error"], "invalid_dpop_proof", "replayed");
    let elsewhere = proof(
        &key,
        &json!({"htm": "POST", "htu": format!("{ISSUER}/oauth/par"), "iat": now, "jti": "p3", "nonce": nonce}),
    );
    let headers = [("authorization", &*basic), ("dpop", &*elsewhere)];
    let answer = server.post("/oauth/token", &headers, &form).await;
    assert_eq!(json(&answer)["error"], "invalid_dpop_proof");
}

#[tokio::test]
async fn who_acts_for_whom_is_written_into_an_exchanged_token() {
    let secret = client("x").authentication;
    let api = service("api-server", secret, None);
    let server = Server::with(vec![fact(32, None, &api)]).await;
    let tokens = server
        .tokens(&[("resource", "https://api.test"), ("scope", "openid read")])
        .await;
    let access = tokens["access_token"].as_str().unwrap();
    let ask = async |token: &str, kind: &str| {
        server
            .post(
                "/oauth/token",
                &[("authorization", &basic("api-server"))],
                &[
                    (
                        "grant_type",
                        "urn:ietf:params:oauth:grant-type:token-exchange",
                    ),
                    ("subject_token", token),
                    ("subject_token_type", kind),
                    ("audience", "https://api.test"),
                ],
            )
            .await
    };
    let kind = "urn:ietf:params:oauth:token-type:access_token";
    let answer = ask(access, kind).await;
    assert_eq!(answer.status(), StatusCode::OK, "{}", text(&answer));
    let exchanged = claims(&json(&answer)["access_token"]);
    assert_eq!(exchanged["sub"], claims(&tokens["access_token"])["sub"]);
    assert_eq!(exchanged["act"]["sub"], "api-server");
    let id_token = tokens["id_token"].as_str().unwrap();
    let refused = ask(id_token, "urn:ietf:params:oauth:token-type:id_token").await;
    assert_eq!(json(&refused)["error"], "invalid_request");
    let refused = ask(id_token, kind).await;
    assert_eq!(
        json(&refused)["error"],
        "invalid_request",
        "an ID token is no access token"
    );
    let own = server.tokens(&[]).await;
    let not_its = ask(own["access_token"].as_str().unwrap(), kind).await;
    assert_eq!(
        json(&not_its)["error"],
        "invalid_request",
        "found, not given"
    );
}
