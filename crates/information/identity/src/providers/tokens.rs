//! A code's exchange for tokens (OpenID Connect Core 1.0, 3.1.3; RFC 6749, 4.1.3): what is asked,
//! and what is read of the answer.

use bytes::Bytes;
use data_encoding::BASE64;
use gw_store::Secret;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use serde::Deserialize;

use super::{
    flow::Flow,
    metadata::{ClientProof, Endpoint, Metadata},
};

/// The type of an assertion (RFC 7523, 2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Why a provider's answer gives nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AnswerFault {
    #[error("the request could not be made")]
    Request,
    #[error("it refuses: {0}")]
    Refused(String),
    #[error("it answers with {0}")]
    Status(u16),
    #[error("its answer is not of its kind")]
    Form,
    #[error("its access token is not of type `Bearer`")]
    TokenType,
}

/// What a code was given for.
#[derive(Deserialize)]
pub(crate) struct Tokens {
    pub(crate) id_token: String,
    #[serde(default)]
    pub(crate) access_token: Option<String>,
    #[serde(default)]
    token_type: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

/// How Gatewright shows a provider who it is.
#[derive(Clone, Copy)]
pub(crate) enum Shown<'a> {
    /// Not at all: it is a public client there.
    Nothing,
    /// By a secret that both know.
    Secret(&'a Secret<String>),
    /// By an assertion that our key signed.
    Assertion(&'a str),
}

/// Asks for tokens.
pub(crate) fn request(
    metadata: &Metadata,
    flow: &Flow,
    code: &str,
    client_id: &str,
    shown: Shown<'_>,
) -> Result<Request<Full<Bytes>>, AnswerFault> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "authorization_code")
        .append_pair("code", code)
        .append_pair("redirect_uri", &flow.redirect_uri)
        .append_pair("code_verifier", &flow.verifier);
    let mut request = Request::post(metadata.token.url.clone())
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    match (shown, metadata.proof) {
        (Shown::Secret(secret), ClientProof::Basic) => {
            let proof = basic(client_id, secret.expose()).ok_or(AnswerFault::Request)?;
            request = request.header(header::AUTHORIZATION, proof);
        }
        (Shown::Secret(secret), ClientProof::Post) => {
            form.append_pair("client_id", client_id)
                .append_pair("client_secret", secret.expose());
        }
        (Shown::Assertion(assertion), _) => {
            form.append_pair("client_id", client_id)
                .append_pair("client_assertion_type", ASSERTION_TYPE)
                .append_pair("client_assertion", assertion);
        }
        (Shown::Nothing, _) => {
            form.append_pair("client_id", client_id);
        }
    }
    let body = Full::from(form.finish());
    request.body(body).map_err(|_| AnswerFault::Request)
}

/// Both halves are form-encoded before they are joined (RFC 6749, 2.3.1).
fn basic(client_id: &str, secret: &str) -> Option<HeaderValue> {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encoded(client_id), encoded(secret));
    let text = format!("Basic {}", BASE64.encode(pair.as_bytes()));
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Reads the answer.
pub(crate) fn read(answer: &Response<Bytes>) -> Result<Tokens, AnswerFault> {
    if answer.status() != StatusCode::OK {
        return Err(match serde_json::from_slice::<Refusal>(answer.body()) {
            Ok(refusal) => AnswerFault::Refused(word(&refusal.error)),
            Err(_) => AnswerFault::Status(answer.status().as_u16()),
        });
    }
    let tokens: Tokens = serde_json::from_slice(answer.body()).map_err(|_| AnswerFault::Form)?;
    let is_bearer = |kind: &String| kind.eq_ignore_ascii_case("bearer");
    if tokens.access_token.is_some() && !tokens.token_type.as_ref().is_some_and(is_bearer) {
        return Err(AnswerFault::TokenType);
    }
    Ok(tokens)
}

/// Asks what the provider tells of somebody beside their token (OpenID Connect Core 1.0, 5.3).
pub(crate) fn userinfo(
    endpoint: &Endpoint,
    access_token: &str,
) -> Result<Request<Full<Bytes>>, AnswerFault> {
    let mut bearer = HeaderValue::try_from(format!("Bearer {access_token}"))
        .map_err(|_| AnswerFault::Request)?;
    bearer.set_sensitive(true);
    Request::get(endpoint.url.clone())
        .header(header::ACCEPT, "application/json")
        .header(header::AUTHORIZATION, bearer)
        .body(Full::default())
        .map_err(|_| AnswerFault::Request)
}

/// An error's word, as far as it is one (RFC 6749, 5.2).
pub(crate) fn word(text: &str) -> String {
    const WORD_MAX: usize = 60;
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let word: String = text.chars().take(WORD_MAX).filter(is_plain).collect();
    if word.is_empty() {
        "unknown".to_owned()
    } else {
        word
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;
    use crate::providers::flow::Errand;

    fn metadata(methods: &str) -> Metadata {
        let document = format!(
            r#"{{"issuer":"https://id.test","authorization_endpoint":"https://id.test/a",
            "token_endpoint":"https://id.test/t","jwks_uri":"https://id.test/k",
            "token_endpoint_auth_methods_supported":[{methods}]}}"#
        );
        Metadata::read("https://id.test", document.as_bytes()).unwrap()
    }

    fn flow() -> Flow {
        let now = gw_model::Timestamp::from_secs(1_000);
        let to = "https://auth.test/provider/corp/callback".to_owned();
        Flow::new("corp".parse().unwrap(), Errand::SignIn, None, to, now)
    }

    async fn sent(methods: &str, secret: Option<&str>) -> (http::HeaderMap, String) {
        let secret = secret.map(|secret| Secret::new(secret.to_owned()));
        let shown = secret.as_ref().map_or(Shown::Nothing, Shown::Secret);
        let request = request(&metadata(methods), &flow(), "c&d", "g:w", shown);
        let (head, body) = request.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (head.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_secret_goes_by_the_way_that_the_provider_lists_and_never_by_both() {
        let (headers, body) = sent(r#""client_secret_basic""#, Some("s/1")).await;
        // "g%3Aw:s%2F1"
        assert_eq!(headers[header::AUTHORIZATION], "Basic ZyUzQXc6cyUyRjE=");
        assert!(headers[header::AUTHORIZATION].is_sensitive());
        assert!(body.contains("code=c%26d&") && !body.contains("client_secret"));
        let (headers, body) = sent(r#""client_secret_post""#, Some("s/1")).await;
        assert!(!headers.contains_key(header::AUTHORIZATION));
        assert!(
            body.ends_with("client_id=g%3Aw&client_secret=s%2F1"),
            "{body}"
        );
    }

    #[tokio::test]
    async fn an_assertion_goes_in_the_body_and_no_secret_with_it() {
        let (metadata, flow) = (metadata(r#""private_key_jwt""#), flow());
        let request = request(&metadata, &flow, "c", "gw", Shown::Assertion("a.b.c"));
        let (head, body) = request.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(!head.headers.contains_key(header::AUTHORIZATION));
        assert!(
            body.contains("client_id=gw&client_assertion_type=urn%3A"),
            "{body}"
        );
        assert!(body.ends_with("&client_assertion=a.b.c") && !body.contains("secret"));
    }

    #[test]
    fn an_answer_is_tokens_or_a_word() {
        let answer = |status: u16, body: &'static str| {
            let mut answer = Response::new(Bytes::from_static(body.as_bytes()));
            *answer.status_mut() = StatusCode::from_u16(status).unwrap();
            read(&answer).map(|tokens| tokens.id_token)
        };
        let good = r#"{"id_token":"i","access_token":"a","token_type":"bearer","x":1}"#;
        assert_eq!(answer(200, good).as_deref(), Ok("i"));
        let refused = answer(400, r#"{"error":"invalid_grant<script>"}"#);
        assert_eq!(
            refused,
            Err(AnswerFault::Refused("invalid_grantscript".into()))
        );
        assert_eq!(answer(502, "<html>"), Err(AnswerFault::Status(502)));
        assert_eq!(answer(302, ""), Err(AnswerFault::Status(302)));
        assert_eq!(
            answer(200, r#"{"access_token":"a"}"#),
            Err(AnswerFault::Form)
        );
        let bound = r#"{"id_token":"i","access_token":"a","token_type":"DPoP"}"#;
        assert_eq!(answer(200, bound), Err(AnswerFault::TokenType));
    }
}
