//! Ids, names, patterns and heads as people and files write them.

use std::{fmt::Display, str::FromStr};

use gw_ledger::StoredHead;
use gw_model::{
    Action, AppName, DecisionId, FactorId, GroupName, JudgementId, LinkId, PathPattern, RouteName,
    SessionId, TagName, TokenHash, UserId,
};
use serde::{Serialize, de::DeserializeOwned};

/// One text, tried as everything that has a written form.
pub(crate) fn names(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    read_back::<UserId>(text);
    read_back::<SessionId>(text);
    read_back::<FactorId>(text);
    read_back::<LinkId>(text);
    read_back::<JudgementId>(text);
    read_back::<DecisionId>(text);
    read_back::<TokenHash>(text);
    read_back::<StoredHead>(text);
    for same in [
        spelled_once::<GroupName>(text),
        spelled_once::<AppName>(text),
        spelled_once::<TagName>(text),
    ] {
        assert_eq!(same, is_simple(text));
    }
    let route = text.split_once('/');
    let expected = route.is_some_and(|(app, route)| is_simple(app) && is_simple(route));
    assert_eq!(spelled_once::<RouteName>(text), expected);
    spelled_once::<Action>(text);
    if spelled_once::<PathPattern>(text) {
        let pattern: PathPattern = text.parse().unwrap();
        assert!(pattern.matches(pattern.literal()));
        assert!(pattern.literal().starts_with('/'));
    }
}

fn is_simple(text: &str) -> bool {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.len() <= 64
        && text.starts_with(letter)
        && text.chars().all(|c| letter(c) || "-_.".contains(c))
}

/// What is read has one written form, in words, in JSON and in bytes.
fn read_back<T>(text: &str)
where
    T: FromStr + Display + PartialEq + std::fmt::Debug + Serialize + DeserializeOwned,
{
    let Ok(value) = text.parse::<T>() else {
        return;
    };
    assert_eq!(value.to_string().parse::<T>().ok().as_ref(), Some(&value));
    let json = serde_json::to_string(&value).unwrap();
    assert_eq!(serde_json::from_str::<T>(&json).ok().as_ref(), Some(&value));
    let bytes = postcard::to_stdvec(&value).unwrap();
    assert_eq!(
        postcard::from_bytes::<T>(&bytes).ok().as_ref(),
        Some(&value)
    );
}

/// What has no other spelling than the one that was read; whether it was read.
fn spelled_once<T>(text: &str) -> bool
where
    T: FromStr + Display + PartialEq + std::fmt::Debug + Serialize + DeserializeOwned,
{
    let read = text.parse::<T>();
    let json = serde_json::to_string(text).unwrap();
    let same = serde_json::from_str::<T>(&json).ok()
        == read.as_ref().ok().map(|_| text.parse().ok().unwrap());
    assert!(same, "JSON and text are read alike");
    if let Ok(value) = &read {
        assert_eq!(value.to_string(), text);
    }
    read_back::<T>(text);
    read.is_ok()
}
