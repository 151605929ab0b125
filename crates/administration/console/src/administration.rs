//! The console's files: built from `web/`, committed, and part of the binary.

use bytes::Bytes;
use gw_pages::{JudgedRequest, Message};
use http::{HeaderValue, Method, Response, StatusCode, header};

/// What the console may do: run its own script and style, ask its own origin, nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

/// A file of the console.
struct Asset {
    path: &'static str,
    media_type: &'static str,
    content: &'static [u8],
}

macro_rules! assets {
    ($($path:literal: $media_type:literal = $file:literal;)*) => {
        const ASSETS: &[Asset] = &[$(Asset {
            path: $path,
            media_type: $media_type,
            content: include_bytes!(concat!("../assets/", $file)),
        }),*];
    };
}

assets! {
    "/": "text/html; charset=utf-8" = "index.html";
    "/assets/console.js": "text/javascript; charset=utf-8" = "assets/console.js";
    "/assets/console.css": "text/css; charset=utf-8" = "assets/console.css";
}

/// The console, or one of its files. Whatever is no file is one of its pages, which the script
/// finds by its address.
pub fn answer(request: &JudgedRequest) -> Response<Bytes> {
    if !matches!(request.method, Method::GET | Method::HEAD) {
        return Message::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "Nothing can be sent here",
            "This page is only for reading.",
        )
        .action("Open the administration", "/")
        .render();
    }
    let file = ASSETS.iter().find(|asset| *asset.path == *request.path);
    match file.or_else(|| {
        ASSETS
            .first()
            .filter(|_| !request.path.starts_with("/assets/"))
    }) {
        Some(asset) => asset.response(),
        None => Message::new(
            StatusCode::NOT_FOUND,
            "There is nothing here",
            "This file is of another version of the console.",
        )
        .action("Open the administration", "/")
        .render(),
    }
}

impl Asset {
    fn response(&self) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from_static(self.content));
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(self.media_type),
        );
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(POLICY),
        );
        response
    }
}
