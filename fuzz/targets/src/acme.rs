//! What a certificate authority sends: its directory, a chain, how long to wait.

use std::time::Duration;

use gw_acme::fuzzing::{chain, directory, wait};
use gw_model::Timestamp;
use http::{HeaderValue, Uri};

use crate::input;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
/// The longest that an authority is obeyed.
const DAY: Duration = Duration::from_secs(86_400);

/// The first line says what the rest is.
pub(crate) fn answers(data: &[u8]) {
    let (kind, rest) = input::first_text(data);
    match kind {
        "directory" => a_directory(rest),
        "chain" => a_chain(&String::from_utf8_lossy(rest)),
        _ => a_wait(rest),
    }
}

/// What is accepted leads to `https` alone, also for who reads it next.
fn a_directory(body: &[u8]) {
    let Some(origins) = directory(body) else {
        return;
    };
    for origin in origins {
        let origin: Uri = origin.parse().unwrap();
        assert_eq!(origin.scheme_str(), Some("https"));
    }
    let listed: serde_json::Value = serde_json::from_slice(body).unwrap();
    for name in ["newNonce", "newAccount", "newOrder"] {
        let url: Uri = listed[name].as_str().unwrap().parse().unwrap();
        assert_eq!(url.scheme_str(), Some("https"), "{name}");
    }
}

/// What is kept is certificates, and keeping it again changes nothing.
fn a_chain(text: &str) {
    if let Some(kept) = chain(text) {
        let begins = kept.matches("-----BEGIN ").count();
        assert_eq!(
            begins,
            kept.matches("-----BEGIN CERTIFICATE-----\n").count()
        );
        assert_eq!(chain(&kept), Some(kept));
    }
}

/// What is waited for, and what is left for the next reader, is the same and has an end.
fn a_wait(value: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(value) else {
        return;
    };
    let (waited, left) = wait(value, NOW);
    let left = left.map(|left| left.to_str().unwrap().parse().unwrap());
    assert_eq!(waited, left.map(Duration::from_secs));
    assert!(waited.unwrap_or_default() <= DAY);
}
