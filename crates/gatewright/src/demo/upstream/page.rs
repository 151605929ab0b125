//! What the demo apps' pages share.

use askama::Template;
use http::{Method, Response, StatusCode};

use super::{Body, answer, assertion::Unbelieved, is_read};

/// Only what the app itself serves: no other origin, nothing inline.
pub(super) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const STYLE: &str = include_str!("assets/demo.css");
const SCRIPT: &str = include_str!("assets/wiki.js");

/// Files that tell nothing about anybody: the gate judged the request for them all the same.
pub(super) fn asset(method: &Method, path: &str) -> Option<Response<Body>> {
    if !is_read(method) {
        return None;
    }
    match path {
        "/assets/demo.css" => Some(answer(StatusCode::OK, "text/css; charset=utf-8", STYLE)),
        "/assets/wiki.js" => Some(answer(
            StatusCode::OK,
            "text/javascript; charset=utf-8",
            SCRIPT,
        )),
        _ => None,
    }
}

#[derive(Template)]
#[template(path = "demo/direct.html")]
struct Direct<'a> {
    app: &'a str,
    reason: &'a str,
}

#[derive(Template)]
#[template(path = "demo/missing.html")]
struct Missing<'a> {
    app: &'a str,
}

/// Renders a page; a template that fails is an empty 500.
pub(super) fn html(status: StatusCode, template: &impl Template) -> Response<Body> {
    const KIND: &str = "text/html; charset=utf-8";
    match template.render() {
        Ok(text) => answer(status, KIND, text),
        Err(_) => answer(StatusCode::INTERNAL_SERVER_ERROR, KIND, ""),
    }
}

/// The page for who came around the gate.
pub(super) fn only_through_the_gate(app: &str, refused: &Unbelieved) -> Response<Body> {
    let reason = refused.to_string();
    let page = Direct {
        app,
        reason: &reason,
    };
    html(StatusCode::UNAUTHORIZED, &page)
}

/// The page for a path that the app does not have.
pub(super) fn missing(app: &str) -> Response<Body> {
    html(StatusCode::NOT_FOUND, &Missing { app })
}

/// The answer to a method that the path does not take.
pub(super) fn wrong_method() -> Response<Body> {
    let text = "this page does not take that method\n";
    answer(
        StatusCode::METHOD_NOT_ALLOWED,
        "text/plain; charset=utf-8",
        text,
    )
}
