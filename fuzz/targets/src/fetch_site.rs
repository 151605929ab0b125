//! Who sends a request, as browsers tell it.

use std::sync::Arc;

use gw_web::{
    canonical::{Authority, Scheme},
    fetch_site::{self, Own, Preflight, Sender},
};
use http::{
    HeaderMap, Method,
    header::{ACCESS_CONTROL_ALLOW_ORIGIN, ORIGIN},
};

use crate::input;

/// The first line is our own host, the second an origin that the route lists, the third the
/// method; the others are headers.
pub(crate) fn fetch_site(data: &[u8]) {
    let (host, rest) = input::first_line(data);
    let (listed, rest) = input::first_text(rest);
    let (method, rest) = input::first_line(rest);
    let Ok(authority) = Authority::parse(host, Scheme::Https) else {
        return;
    };
    let Ok(method) = Method::from_bytes(method) else {
        return;
    };
    let own = Own {
        scheme: Scheme::Https,
        authority: &authority,
    };
    let listed: Vec<Arc<str>> = match listed {
        "" => Vec::new(),
        origin => vec![origin.into()],
    };
    let headers = input::headers(rest);
    if let Ok(sender) = Sender::read(&headers, own, &listed) {
        told(sender, &headers, own, &listed);
    }
    let html = fetch_site::is_navigation(&method, &headers);
    assert!(!html || headers.contains_key("sec-fetch-mode") || method == Method::GET);
    preflight(&method, &headers, &listed);
}

fn told(sender: Sender, headers: &HeaderMap, own: Own<'_>, listed: &[Arc<str>]) {
    let mut origins = headers.get_all(ORIGIN).iter();
    let origin = origins.next().map(|origin| origin.as_bytes());
    assert!(origins.next().is_none(), "one origin at most");
    let is_own = origin == Some(own.authority.origin(own.scheme).as_bytes());
    let is_listed = listed
        .iter()
        .any(|listed| Some(listed.as_bytes()) == origin);
    assert_eq!(is_listed, sender == Sender::Listed);
    let site = headers.get("sec-fetch-site");
    if sender.may_change() {
        let said = site.is_some_and(|site| site == "same-origin" || site == "none");
        assert!(said || is_own || is_listed);
    }
    if fetch_site::may_switch(headers, own, sender) {
        assert!(is_own || is_listed);
    }
}

fn preflight(method: &Method, headers: &HeaderMap, listed: &[Arc<str>]) {
    let Some(preflight) = Preflight::read(method, headers) else {
        return;
    };
    assert!(*method == Method::OPTIONS);
    let answer = preflight.answer(headers, listed);
    let allowed = answer.headers().get(ACCESS_CONTROL_ALLOW_ORIGIN);
    assert_eq!(allowed.is_some(), answer.status().is_success());
    if let Some(allowed) = allowed {
        assert!(
            listed
                .iter()
                .any(|listed| listed.as_bytes() == allowed.as_bytes())
        );
    }
}
