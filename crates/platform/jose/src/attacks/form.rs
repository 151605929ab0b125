//! Attacks on how a token is written.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    HEADER_BYTES_MAX, JSON_DEPTH_MAX, JsonFault, Part, TOKEN_BYTES_MAX,
    compact::Compact,
    testing::{header, signed, token},
    unverified::RoutingHint,
};

const ES256: Algorithm = Algorithm::Es256;

/// A genuine signature over a header and claims that are written like this.
fn written(header: &str, claims: &str) -> Result<Claims, JwsFault> {
    attempt(&signed(ES256, header, claims))
}

fn genuine() -> String {
    token(ES256, TokenType::Jwt, &mallory())
}

fn is_encoded_wrongly(token: &Compact<'_>) -> bool {
    let faults = [
        token.header().err(),
        token.claims().err(),
        token.signature().err(),
    ];
    let wrong = |fault: Option<JwsFault>| matches!(fault, Some(JwsFault::Encoding(_)));
    faults.into_iter().any(wrong)
}

const fn json_fault(part: Part, source: JsonFault) -> JwsFault {
    JwsFault::Json { part, source }
}

#[test]
fn claims_that_are_there_twice_are_refused() {
    let header = header(ES256, json!({})).to_string();
    for claims in [
        r#"{"sub":"ana","sub":"mallory"}"#,
        r#"{"sub":"ana","sub":"ana"}"#,
        r#"{"exp":1,"\u0065xp":9999999999}"#,
        r#"{"cnf":{"jkt":"a","jkt":"b"}}"#,
    ] {
        let fault = json_fault(Part::Claims, JsonFault::Duplicate);
        assert_eq!(written(&header, claims), Err(fault), "{claims}");
    }
}

#[test]
fn header_members_that_are_there_twice_are_refused() {
    for header in [
        r#"{"alg":"ES256","alg":"none"}"#,
        r#"{"alg":"none","alg":"ES256"}"#,
        r#"{"alg":"ES256","a\u006cg":"ES256"}"#,
        r#"{"alg":"ES256","kid":"a","kid":"b"}"#,
    ] {
        let fault = json_fault(Part::Header, JsonFault::Duplicate);
        assert_eq!(written(header, "{}"), Err(fault), "{header}");
    }
}

#[test]
fn critical_extensions_and_unencoded_payloads_are_refused() {
    for (member, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("crit", json!(null)),
        ("b64", json!(false)),
        ("b64", json!(true)),
    ] {
        let mut header = header(ES256, json!({}));
        header[member] = value;
        let found = written(&header.to_string(), "{}");
        assert_eq!(found, Err(JwsFault::Extension(member)));
    }
    let both = header(ES256, json!({ "crit": ["b64"], "b64": false }));
    assert!(written(&both.to_string(), "{}").is_err());
}

#[test]
fn padding_white_space_and_other_alphabets_are_refused() {
    let genuine = genuine();
    for other in [
        format!("{genuine}="),
        format!("{genuine}=="),
        format!("{genuine} "),
        format!("{genuine}\n"),
        genuine.replacen('.', ".\n", 1),
        genuine.replacen('.', "=.", 1),
        genuine.replacen('.', " .", 1),
        format!(" {genuine}"),
        format!("\u{feff}{genuine}"),
        format!("{genuine}\0"),
    ] {
        let fault = attempt(&other).unwrap_err();
        let is_refused = matches!(fault, JwsFault::Encoding(_)) || fault == SIGNATURE;
        assert!(is_refused, "{other:?}: {fault}");
        assert!(Compact::split(&other).is_ok_and(|token| is_encoded_wrongly(&token)));
    }
    let plus = genuine.replace(['-', '_'], "+");
    assert!(plus == genuine || attempt(&plus).is_err());
}

#[test]
fn a_signature_with_other_trailing_bits_is_refused() {
    // 64 bytes are 86 characters, and the last of them has four bits that say nothing.
    let genuine = genuine();
    let last = genuine.chars().last().unwrap();
    for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars() {
        let mut changed = genuine.clone();
        changed.pop();
        changed.push(other);
        assert_eq!(attempt(&changed).is_ok(), other == last, "{other}");
    }
}

#[test]
fn a_token_has_three_parts() {
    let genuine = genuine();
    let parts: Vec<&str> = genuine.split('.').collect();
    for other in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "....".to_owned(),
        parts[..2].join("."),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}..{}", parts[0], parts[2]),
        format!(".{}.{}", parts[1], parts[2]),
        format!("{genuine}."),
        format!(".{genuine}"),
        format!("{genuine}.{}.{}", parts[1], parts[2]),
    ] {
        assert_eq!(attempt(&other), Err(JwsFault::Parts), "{other}");
    }
}

#[test]
fn json_that_nests_without_end_is_refused() {
    let header = header(ES256, json!({})).to_string();
    let nested = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
    assert!(written(&header, &nested(JSON_DEPTH_MAX - 1)).is_ok());
    for levels in [JSON_DEPTH_MAX, 200, 5000] {
        let fault = json_fault(Part::Claims, JsonFault::TooDeep);
        assert_eq!(written(&header, &nested(levels)), Err(fault));
    }
    let deep = format!(r#"{{"alg":"ES256","x":{}}}"#, nested(1000));
    let fault = json_fault(Part::Header, JsonFault::TooDeep);
    assert_eq!(written(&deep, "{}"), Err(fault));
}

#[test]
fn a_token_of_a_megabyte_is_refused_unread() {
    let large = format!(
        "{}.{}.{}",
        "A".repeat(9),
        "A".repeat(1 << 20),
        "A".repeat(86)
    );
    assert_eq!(attempt(&large), Err(JwsFault::TooLarge));
    assert_eq!(RoutingHint::read(&large), Err(JwsFault::TooLarge));
    let one_more = "A".repeat(TOKEN_BYTES_MAX + 1);
    assert_eq!(attempt(&one_more), Err(JwsFault::TooLarge));
    let header = json!({ "alg": "ES256", "x5c": ["A".repeat(HEADER_BYTES_MAX)] });
    assert_eq!(
        written(&header.to_string(), "{}"),
        Err(JwsFault::HeaderTooLarge)
    );
}

#[test]
fn a_header_or_claims_that_are_no_object_are_refused() {
    let good = header(ES256, json!({})).to_string();
    for other in ["[]", "null", "\"text\"", "7", "true"] {
        let fault = json_fault(Part::Claims, JsonFault::NotAnObject);
        assert_eq!(written(&good, other), Err(fault));
        let fault = json_fault(Part::Header, JsonFault::NotAnObject);
        assert_eq!(written(other, "{}"), Err(fault));
    }
    for other in ["", "{", "{}{}", "{\"a\":01}", "{\"exp\":NaN}", "\u{feff}{}"] {
        let found = written(&good, other).unwrap_err();
        let is_empty = other.is_empty() && found == JwsFault::Parts;
        assert!(
            is_empty || found == json_fault(Part::Claims, JsonFault::Syntax),
            "{other}"
        );
    }
    let not_text = signed(ES256, &good, "{}");
    let broken = crate::testing::parts(good.as_bytes(), b"{\"sub\":\"\xff\"}", b"x");
    assert!(attempt(&not_text).is_ok() && attempt(&broken).is_err());
    assert_eq!(
        RoutingHint::read(&broken),
        Err(json_fault(Part::Claims, JsonFault::Syntax))
    );
}

#[test]
fn a_header_without_an_algorithm_is_refused() {
    for alg in [
        json!(null),
        json!(7),
        json!(["ES256"]),
        json!({ "alg": "ES256" }),
    ] {
        let mut header = header(ES256, json!({ "alg": null }));
        if !alg.is_null() {
            header["alg"] = alg;
        }
        assert_eq!(
            written(&header.to_string(), "{}"),
            Err(JwsFault::Header("alg"))
        );
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_stumble(text in "\\PC{0,200}") {
        prop_assert!(attempt(&text).is_err());
        let _ = RoutingHint::read(&text);
    }

    #[test]
    fn no_header_and_claims_make_it_stumble(header in ".{0,60}", claims in ".{0,60}") {
        let _ = attempt(&signed(ES256, &header, &claims));
    }
}
