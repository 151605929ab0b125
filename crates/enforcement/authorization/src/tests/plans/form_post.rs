//! `oidcc-formpost-basic-certification-test-plan`: the modules of the basic plan, with answers
//! that a form brings (OAuth 2.0 Form Post Response Mode 1.0, 2). What differs is how.

use http::{StatusCode, header};

use super::*;

/// The fields of the form that posts itself to the client; nothing of them is in an address.
fn posted(answer: &Response<Bytes>) -> Vec<(String, String)> {
    assert_eq!(answer.status(), StatusCode::OK, "{}", text(answer));
    assert!(answer.headers().get(header::LOCATION).is_none());
    let kind = answer.headers()[header::CONTENT_TYPE].to_str().unwrap();
    assert!(kind.starts_with("text/html"), "{kind}");
    let cached = answer.headers()[header::CACHE_CONTROL].to_str().unwrap();
    assert!(cached.contains("no-store"), "{cached}");
    let page = text(answer);
    assert!(page.contains(&format!(r#"<form method="post" action="{CALLBACK}">"#)));
    let inputs = page.split(r#"<input type="hidden" name=""#).skip(1);
    let pair = |input: &str| {
        let (name, rest) = input.split_once(r#"" value=""#)?;
        let (value, _) = rest.split_once('"')?;
        Some((name.to_owned(), value.to_owned()))
    };
    inputs.filter_map(pair).collect()
}

fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = fields.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str())
}

#[tokio::test]
async fn a_form_brings_codes_and_refusals_with_their_state() {
    let server = start().await;
    let form = ("response_mode", "form_post");
    let query = asks("suite", &[form]);
    let fields = posted(&server.ana().get("/oauth/authorize", &query).await);
    assert_eq!(field(&fields, "state"), Some("st"));
    let code = field(&fields, "code").unwrap();
    let tokens = json(&redeem(&server, "suite", code, &[]).await);
    held(&server, "suite", &tokens).await;
    let request = ("request", "e30.e30.");
    for (more, error) in [
        (("prompt", "none"), "login_required"),
        (("response_type", ""), "invalid_request"),
        (request, "request_not_supported"),
    ] {
        let query = asks("suite", &[form, more]);
        let answer = server.stranger().get("/oauth/authorize", &query).await;
        let fields = posted(&answer);
        assert_eq!(field(&fields, "error"), Some(error));
        assert_eq!(field(&fields, "state"), Some("st"));
        assert_eq!(field(&fields, "code"), None);
    }
}

/// What a client sent along is a value of the form, whatever it looks like.
#[tokio::test]
async fn a_state_is_no_part_of_the_page() {
    let server = start().await;
    let state = r#""><script>alert(1)</script>"#;
    let query = asks("suite", &[("response_mode", "form_post"), ("state", state)]);
    let page = text(&server.ana().get("/oauth/authorize", &query).await);
    assert!(!page.contains("<script>alert"), "{page}");
}
