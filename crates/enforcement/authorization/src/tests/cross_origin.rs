use gw_oauth::{ApplicationType, Client, ClientAuthentication, GrantType, RedirectUri};
use http::{StatusCode, header};

use super::harness::*;

/// A client that runs in a page.
fn page(id: &str, redirect: &str) -> Client {
    Client {
        authentication: ClientAuthentication::None,
        application_type: ApplicationType::Web,
        redirect_uris: vec![RedirectUri::parse(redirect).unwrap()],
        grant_types: vec![GrantType::AuthorizationCode],
        ..public(id)
    }
}

async fn allowed(server: &Server, origin: &str) -> Option<String> {
    let form = [("grant_type", "authorization_code"), ("client_id", "spa")];
    let headers = [("origin", origin)];
    let answer = server.post("/oauth/token", &headers, &form).await;
    assert_ne!(answer.status(), StatusCode::OK);
    let headers = answer.headers();
    assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
    assert_eq!(headers[header::VARY], "Origin");
    let origin = headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN)?;
    Some(origin.to_str().unwrap().to_owned())
}

#[tokio::test]
async fn pages_of_clients_that_run_in_one_read_answers_and_no_others_do() {
    let spa = page("spa", "https://spa.example/cb");
    let server = Server::with(vec![fact(61, Some("wiki"), &spa)]).await;
    let own = "https://spa.example";
    assert_eq!(allowed(&server, own).await.as_deref(), Some(own));
    for other in [
        "https://wiki.example",
        "https://spa.example.evil.test",
        "https://spa.example:8443",
        "http://spa.example",
        "https://SPA.example",
        "null",
        "",
    ] {
        assert_eq!(allowed(&server, other).await, None, "{other}");
    }
}

#[tokio::test]
async fn a_client_that_is_off_opens_its_pages_nothing() {
    let mut spa = fact(61, Some("wiki"), &page("spa", "https://spa.example/cb"));
    if let gw_model::Change::ClientPut(client) = &mut spa {
        std::sync::Arc::make_mut(client).suspended = true;
    }
    let server = Server::with(vec![spa]).await;
    assert_eq!(allowed(&server, "https://spa.example").await, None);
}
