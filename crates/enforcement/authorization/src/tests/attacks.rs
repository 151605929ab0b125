//! What must not be had, whatever is sent.

use http::{Method, StatusCode};

use super::harness::*;
use crate::endpoints;

#[tokio::test]
async fn nobody_is_sent_to_a_place_that_is_not_the_clients() {
    let server = Server::start().await;
    let places = [
        "https://evil.example/cb",
        "https://wiki.example/cb/../evil",
        "https://wiki.example/cb?x=1",
        "https://wiki.example.evil.example/cb",
        "https://wiki.example@evil.example/cb",
        "HTTPS://WIKI.EXAMPLE/cb",
        "javascript:alert(1)",
        "",
    ];
    for place in places {
        let query = asked("wiki", &[("redirect_uri", place)]);
        let answer = server.ana().get("/oauth/authorize", &query).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{place}");
        assert!(answer.headers().get("location").is_none(), "{place}");
    }
    let twice = format!("{}&redirect_uri=https://evil.example", asked("wiki", &[]));
    let answer = server.ana().get("/oauth/authorize", &twice).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_code_is_one_clients_and_its_secret_counts() {
    let server = Server::start().await;
    let code = server.code(&[]).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", "https://wiki.example/cb"),
        ("code_verifier", VERIFIER),
    ];
    let other = [("authorization", &*basic("payroll"))];
    let answer = server.post("/oauth/token", &other, &form).await;
    assert_eq!(json(&answer)["error"], "invalid_grant");
    let wrong = data_encoding::BASE64.encode(b"wiki:wrong-secret-of-thirty-two-bytes-or-so");
    let wrong = format!("Basic {wrong}");
    let answer = server
        .post("/oauth/token", &[("authorization", &wrong)], &form)
        .await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(json(&answer)["error"], "invalid_client");
    assert_eq!(
        server.redeem(&code).await.status(),
        StatusCode::OK,
        "it is not lost by others"
    );
}

#[tokio::test]
async fn a_client_that_is_switched_off_is_nobody() {
    let server = Server::start().await;
    let tokens = server.tokens(&[]).await;
    let gw_model::Change::ClientPut(fact) = fact(21, Some("wiki"), &client("wiki")) else {
        unreachable!()
    };
    let off = gw_model::Client {
        disabled: true,
        ..(*fact).clone()
    };
    server
        .test
        .change(vec![gw_model::Change::ClientPut(off.into())])
        .await;
    let answer = server
        .ana()
        .get("/oauth/authorize", &asked("wiki", &[]))
        .await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    let refresh = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(
        json(&server.refresh(refresh).await)["error"],
        "invalid_client"
    );
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(
        server.userinfo(access).await.status(),
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn no_other_token_of_ours_is_an_access_token() {
    let server = Server::start().await;
    let tokens = server.tokens(&[]).await;
    let id_token = tokens["id_token"].as_str().unwrap();
    assert_eq!(
        server.userinfo(id_token).await.status(),
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(server.introspect(id_token).await["active"], false);
    let access = tokens["access_token"].as_str().unwrap();
    let (head, _) = access.rsplit_once('.').unwrap();
    assert_eq!(
        server.userinfo(&format!("{head}.AAAA")).await.status(),
        StatusCode::UNAUTHORIZED
    );
    let query = format!("access_token={access}");
    let in_query = server.stranger().get("/oauth/userinfo", &query).await;
    assert_eq!(in_query.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_sealed_attempt_is_of_no_use_under_another_name() {
    let server = Server::start().await;
    let mut browser = server.stranger();
    browser.get("/oauth/authorize", &asked("wiki", &[])).await;
    let (_, sealed) = browser.cookies[0].clone();
    let other = "B".repeat(43);
    browser.session = Some(server.ana.clone());
    browser.cookies = vec![(format!("__Host-gw-pending-{other}"), sealed)];
    let answer = browser.get("/resume", &format!("attempt={other}")).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_request_that_was_pushed_is_good_once() {
    let server = Server::start().await;
    let mut form: Vec<(String, String)> = form_urlencoded::parse(asked("wiki", &[]).as_bytes())
        .into_owned()
        .collect();
    form.retain(|(name, _)| name != "client_id");
    let pairs: Vec<_> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let headers = [("authorization", &*basic("wiki"))];
    let mut pairs_with_client = pairs.clone();
    pairs_with_client.push(("client_id", "wiki"));
    let pushed = server
        .post("/oauth/par", &headers, &pairs_with_client)
        .await;
    assert_eq!(pushed.status(), StatusCode::CREATED, "{}", text(&pushed));
    let uri = json(&pushed)["request_uri"].as_str().unwrap().to_owned();
    let query = encoded(&[("client_id", "wiki"), ("request_uri", &uri)]);
    let other = encoded(&[("client_id", "payroll"), ("request_uri", &uri)]);
    let answer = server.ana().get("/oauth/authorize", &query).await;
    assert!(answered(&answer, "code").is_some(), "{}", text(&answer));
    for query in [query, other] {
        let answer = server.ana().get("/oauth/authorize", &query).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn whatever_is_sent_is_answered_and_nothing_is_given() {
    let server = Server::start().await;
    let shapes: [&[u8]; 6] = [
        b"",
        b"%",
        b"\xff\xfe=1",
        b"grant_type=authorization_code&code=a&code=b",
        b"client_id=wiki&client_secret=x&client_assertion=y",
        b"attempt=..&decision=allow&code=%00",
    ];
    for (method, path) in endpoints() {
        for body in shapes {
            let mut request = server.request(method.clone(), path, None, None);
            match method {
                Method::POST => request.body = bytes::Bytes::from_static(body),
                _ => request.query = str::from_utf8(body).ok().map(Into::into),
            }
            let form = http::HeaderValue::from_static("application/x-www-form-urlencoded");
            request.headers.insert("content-type", form);
            let answer = server.ask(request).await;
            assert!(
                !text(&answer).contains("access_token\":"),
                "{method} {path}"
            );
            assert!(
                !answer.status().is_server_error(),
                "{method} {path}: {}",
                text(&answer)
            );
        }
    }
}
