//! What of a request an upstream sees, and what of its answer a client.

use std::net::{IpAddr, Ipv4Addr};

use gw_web::{
    canonical::{Authority, Scheme},
    header::{self, AppHeaders, FoldedName, Origin, Told},
};
use http::{
    HeaderMap, HeaderName,
    header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, LOCATION, TE, TRANSFER_ENCODING, UPGRADE},
};

use crate::input;

/// Names that no client may set for an upstream, folded.
const NEVER: [&str; 12] = [
    "x-forwarded-for",
    "x-forwarded-user",
    "forwarded",
    "x-real-ip",
    "remote-user",
    "x-remote-user",
    "gatewright-assertion",
    "x-auth-request-email",
    "x-original-url",
    "x-http-method-override",
    "x-plain-user",
    "true-client-ip",
];

/// Lines of `name: value` as a client sent them.
pub(crate) fn request(data: &[u8]) {
    let given = input::headers(data);
    let app = AppHeaders {
        identity: vec![FoldedName::new("X-Plain-User")],
        ..AppHeaders::default()
    };
    let mut stripped = given.clone();
    header::strip_request(&mut stripped, &app, false);
    is_clean(&stripped, &given);
    for name in [HOST, EXPECT, CONTENT_LENGTH] {
        assert!(!stripped.contains_key(name));
    }
    for (name, value) in &stripped {
        let sent = given.get_all(name).iter().any(|sent| sent == value);
        assert!(sent || name == http::header::COOKIE, "nothing is made up");
    }
    let once = stripped.clone();
    header::strip_request(&mut stripped, &app, false);
    assert_eq!(stripped, once);
    let mut trailers = given.clone();
    header::strip_trailers(&mut trailers, &app);
    is_clean(&trailers, &given);
    let mut claims = given.clone();
    header::strip_claims(&mut claims, &app);
    is_clean(&claims, &given);
}

fn is_clean(headers: &HeaderMap, given: &HeaderMap) {
    for name in headers.keys() {
        let folded = folded(name.as_str());
        assert!(!NEVER.contains(&folded.as_str()), "{name}");
    }
    for name in [CONNECTION, TE, TRANSFER_ENCODING, UPGRADE] {
        assert!(!headers.contains_key(name));
    }
    for value in given.get_all(CONNECTION) {
        for listed in value.as_bytes().split(|byte| *byte == b',') {
            if let Ok(name) = HeaderName::from_bytes(listed.trim_ascii()) {
                assert!(!headers.contains_key(&name), "{name} was hop by hop");
            }
        }
    }
}

fn folded(name: &str) -> String {
    let fold = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    name.to_ascii_lowercase().chars().map(fold).collect()
}

/// The first line names the upstream, the others are headers of its answer.
pub(crate) fn answer(data: &[u8]) {
    let (upstream, rest) = input::first_text(data);
    let given = input::headers(rest);
    let mut stripped = given.clone();
    header::strip_response(&mut stripped, "wiki.example");
    for (name, value) in &stripped {
        let text = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
        match name.as_str() {
            "clear-site-data" => assert!(!text.contains("cookies") && !text.contains('*')),
            "set-cookie" => assert!(!text.trim_start().starts_with("__host-gw-")),
            other => assert!(other != "alt-svc" && !other.starts_with("gatewright-")),
        }
    }
    let once = stripped.clone();
    header::strip_response(&mut stripped, "wiki.example");
    assert_eq!(stripped, once);
    let mut trailers = given;
    header::strip_response_trailers(&mut trailers, "wiki.example");
    assert!(!trailers.contains_key(LOCATION) && !trailers.contains_key(CONTENT_LENGTH));
    location(&mut stripped, upstream);
}

/// A rewritten location leads to us and nowhere else.
fn location(headers: &mut HeaderMap, upstream: &str) {
    let authority = Authority::parse(b"wiki.example:8443", Scheme::Https).unwrap();
    let origin = Origin {
        address: IpAddr::from(Ipv4Addr::LOCALHOST),
        scheme: Scheme::Https,
        authority: &authority,
    };
    let before = headers.get(LOCATION).cloned();
    header::rewrite_location(headers, upstream, origin);
    let after = headers.get(LOCATION);
    if before.as_ref() != after {
        let text = after.unwrap().to_str().unwrap();
        let rest = text.strip_prefix("https://wiki.example:8443").unwrap();
        assert!(rest.starts_with('/'), "{text}");
    }
    Told::new(origin).unwrap().write(headers);
    let forwarded = "for=127.0.0.1;host=\"wiki.example:8443\";proto=https";
    assert_eq!(headers.get("forwarded").unwrap(), forwarded);
    assert_eq!(headers.get_all("x-forwarded-for").iter().count(), 1);
}
