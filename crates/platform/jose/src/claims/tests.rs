//! How claims are read.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn claims(value: Value) -> Claims {
    match value {
        Value::Object(members) => Claims::new(members),
        other => panic!("{other} is no object"),
    }
}

fn date(value: Value) -> Option<u64> {
    let read = claims(json!({ "exp": value })).date("exp");
    read.ok().flatten().map(Timestamp::as_millis)
}

#[test]
fn a_date_is_seconds_with_or_without_a_fraction() {
    assert_eq!(date(json!(0)), Some(0));
    assert_eq!(date(json!(1_800_000_000)), Some(1_800_000_000_000));
    assert_eq!(date(json!(1_800_000_000.5)), Some(1_800_000_000_500));
    assert_eq!(date(json!(1.8e9)), Some(1_800_000_000_000));
    assert_eq!(date(json!(DATE_MAX)), Some(DATE_MAX * 1000));
}

#[test]
fn what_is_no_date_of_our_time_is_malformed() {
    for other in [
        json!(-1),
        json!(-0.5),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(DATE_MAX + 1),
        json!(1e300),
        json!(1_800_000_000_000_u64),
        json!("1800000000"),
        json!(true),
        json!(null),
        json!([1_800_000_000]),
        json!({}),
    ] {
        assert_eq!(date(other.clone()), None, "{other}");
    }
}

#[test]
fn an_audience_is_one_text_or_some_and_never_none() {
    let names = |value: Value| {
        let claims = claims(json!({ "aud": value }));
        let audience = claims.audience().ok()?;
        Some(audience.iter().map(str::to_owned).collect::<Vec<_>>())
    };
    assert_eq!(names(json!("a")), Some(vec!["a".to_owned()]));
    assert_eq!(
        names(json!(["a", "b"])),
        Some(vec!["a".to_owned(), "b".to_owned()])
    );
    for other in [
        json!(null),
        json!(""),
        json!([]),
        json!(["a", 1]),
        json!(["a", null]),
        json!(["a", ""]),
        json!([["a"]]),
        json!({ "a": "a" }),
        json!(vec!["a"; AUDIENCES_MAX + 1]),
    ] {
        assert_eq!(names(other.clone()), None, "{other}");
    }
    let none = claims(json!({}));
    assert_eq!(none.audience(), Err(ClaimProblem::Missing.of("aud")));
}

#[test]
fn a_text_is_neither_empty_nor_endless_nor_anything_else() {
    let text = |value: Value| {
        claims(json!({ "sub": value }))
            .text("sub")
            .map(|text| text.is_some())
    };
    assert_eq!(text(json!("ana")), Ok(true));
    for other in [
        json!(""),
        json!(1),
        json!(null),
        json!(["ana"]),
        json!("a".repeat(TEXT_BYTES_MAX + 1)),
    ] {
        assert_eq!(text(other), Err(ClaimProblem::Malformed.of("sub")));
    }
}

#[test]
fn what_is_claimed_is_not_shown() {
    let shown = format!(
        "{:?}",
        claims(json!({ "sub": "ana", "email": "ana@example" }))
    );
    assert!(shown.contains("email") && !shown.contains("ana"), "{shown}");
}

proptest! {
    #[test]
    fn no_number_is_a_date_outside_of_the_sane_range(secs in any::<f64>()) {
        if let Some(millis) = date(json!(secs)) {
            prop_assert!((0.0..=DATE_MAX as f64).contains(&secs));
            prop_assert!(millis as f64 <= secs * 1000.0);
        }
    }
}
