//! How our words are written in rows, and read back.

use std::{fmt, str::FromStr};

use gw_model::{Timestamp, TokenHash};
use serde::{Serialize, de::DeserializeOwned};

use crate::StoreError;

/// Points in time are milliseconds; what lies beyond SQLite's integers is never.
pub(super) fn millis(at: Timestamp) -> i64 {
    i64::try_from(at.as_millis()).unwrap_or(i64::MAX)
}

pub(super) fn timestamp(millis: i64) -> Timestamp {
    match u64::try_from(millis) {
        Ok(_) if millis == i64::MAX => Timestamp::NEVER,
        Ok(millis) => Timestamp::from_millis(millis),
        Err(_) => Timestamp::default(),
    }
}

/// Counters stay far below SQLite's limit.
pub(super) fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub(super) fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

pub(super) fn incarnation(number: i64) -> Result<u32, StoreError> {
    u32::try_from(number).map_err(|why| StoreError::damaged("the epoch", why))
}

pub(super) fn parse<T>(place: &str, text: &str) -> Result<T, StoreError>
where
    T: FromStr<Err: fmt::Display>,
{
    text.parse().map_err(|why| StoreError::damaged(place, why))
}

pub(super) fn json<T: DeserializeOwned>(
    place: impl fmt::Display,
    text: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|why| StoreError::damaged(place, why))
}

pub(super) fn to_json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|why| StoreError::damaged("a value to be written", why))
}

pub(super) fn hash(place: &str, bytes: Vec<u8>) -> Result<TokenHash, StoreError> {
    let length = bytes.len();
    <[u8; 32]>::try_from(bytes)
        .map(TokenHash::from_digest)
        .map_err(|_| StoreError::damaged(place, format_args!("a hash of {length} bytes")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_stays_never() {
        assert_eq!(timestamp(millis(Timestamp::NEVER)), Timestamp::NEVER);
        let now = Timestamp::from_millis(1_800_000_000_123);
        assert_eq!(timestamp(millis(now)), now);
    }
}
