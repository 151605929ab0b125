//! What is created once although it is asked for twice.
//!
//! A request that creates may carry `Idempotency-Key`. For an hour the same caller's same request
//! under it gets the first one's answer; another request under it is refused. The answers are
//! kept in memory, so that a restart forgets them; those that hold a secret are not kept at all.

use std::{
    collections::{HashMap, VecDeque},
    hash::{DefaultHasher, Hasher as _},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use gw_model::Timestamp;
use http::{HeaderMap, Response, StatusCode};

use crate::{caller::CallerKey, types::Problem};

const HEADER: &str = "idempotency-key";
/// How long an answer is kept.
const KEPT: Duration = Duration::from_secs(3600);
/// How many are kept; the oldest goes first.
const KEPT_MAX: usize = 1024;
/// Longest answer that is kept.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// Longest key.
const KEY_BYTES_MAX: usize = 128;

/// Tells requests of one caller apart; who makes two that fall together fools only themselves.
fn hash(request: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(request);
    hasher.finish()
}

/// A key, and who uses it.
pub(crate) type Key = (CallerKey, Box<str>);

/// The key that a request carries.
pub(crate) fn key_of(headers: &HeaderMap, caller: CallerKey) -> Result<Option<Key>, Problem> {
    let mut given = headers.get_all(HEADER).iter();
    let Some(value) = given.next() else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    let fine = (1..=KEY_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_graphic())
        && given.next().is_none();
    match fine {
        true => Ok(Some((caller, text.into()))),
        false => Err(Problem::invalid(format!(
            "`Idempotency-Key` is one key of 1 to {KEY_BYTES_MAX} visible characters"
        ))
        .field("Idempotency-Key")),
    }
}

/// What was answered under keys.
#[derive(Default)]
pub(crate) struct Answered(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    by_key: HashMap<Key, Slot>,
    order: VecDeque<Key>,
}

/// A request under a key, and what became of it.
struct Slot {
    at: Timestamp,
    request: u64,
    answer: Option<(StatusCode, Bytes)>,
}

/// What a key stands for when a request arrives under it.
pub(crate) enum Found {
    /// Nothing yet: it is this request's from now on.
    New,
    /// The same request was answered.
    Answered(StatusCode, Bytes),
}

impl Answered {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a key for a request.
    pub(crate) fn take(&self, key: &Key, request: &[u8], now: Timestamp) -> Result<Found, Problem> {
        let mut kept = self.kept();
        kept.forget(now);
        match kept.by_key.get(key) {
            Some(slot) if slot.request != hash(request) => Err(Problem::conflict(
                "the `Idempotency-Key` was used for another request",
            )
            .help("use a new key for each thing that is to be created")),
            Some(Slot {
                answer: Some((status, body)),
                ..
            }) => Ok(Found::Answered(*status, body.clone())),
            Some(_) => Err(Problem::conflict(
                "a request under this `Idempotency-Key` is being worked on, or its answer is not kept since it holds a secret",
            )
            .help("look whether it was done before asking under another key")),
            None => {
                let slot = Slot {
                    at: now,
                    request: hash(request),
                    answer: None,
                };
                kept.by_key.insert(key.clone(), slot);
                kept.order.push_back(key.clone());
                Ok(Found::New)
            }
        }
    }

    /// Keeps the answer, or lets go of the key where nothing was created.
    pub(crate) fn done(&self, key: &Key, answer: &Response<Bytes>, is_secret: bool) {
        let mut kept = self.kept();
        if !answer.status().is_success() {
            kept.by_key.remove(key);
            kept.order.retain(|other| other != key);
        } else if !is_secret
            && answer.body().len() <= ANSWER_BYTES_MAX
            && let Some(slot) = kept.by_key.get_mut(key)
        {
            slot.answer = Some((answer.status(), answer.body().clone()));
        }
    }
}

impl Kept {
    fn forget(&mut self, now: Timestamp) {
        while let Some(oldest) = self.order.front() {
            let is_old = self
                .by_key
                .get(oldest)
                .is_none_or(|slot| now.since(slot.at) >= KEPT);
            if !is_old && self.order.len() < KEPT_MAX {
                return;
            }
            if let Some(oldest) = self.order.pop_front() {
                self.by_key.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use gw_model::Principal;

    use super::*;

    fn key(text: &str) -> Key {
        ((Principal::Local(0), None, 0), text.into())
    }

    fn created() -> Response<Bytes> {
        let mut answer = Response::new(Bytes::from_static(b"{}"));
        *answer.status_mut() = StatusCode::CREATED;
        answer
    }

    #[test]
    fn the_same_request_under_a_key_gets_the_first_answer_and_another_is_refused() {
        let answered = Answered::default();
        let now = Timestamp::from_secs(10);
        let take = |request: &[u8], now| answered.take(&key("a"), request, now);
        assert!(matches!(take(b"one", now), Ok(Found::New)));
        assert!(take(b"one", now).is_err(), "while it is worked on");
        answered.done(&key("a"), &created(), false);
        assert!(matches!(
            take(b"one", now),
            Ok(Found::Answered(StatusCode::CREATED, _))
        ));
        assert!(take(b"two", now).is_err());
        assert!(matches!(take(b"two", now.after(KEPT)), Ok(Found::New)));
    }

    #[test]
    fn what_failed_may_be_tried_again_and_a_secret_is_not_kept() {
        let answered = Answered::default();
        let now = Timestamp::from_secs(10);
        assert!(matches!(answered.take(&key("a"), b"", now), Ok(Found::New)));
        let mut failed = created();
        *failed.status_mut() = StatusCode::CONFLICT;
        answered.done(&key("a"), &failed, false);
        assert!(matches!(answered.take(&key("a"), b"", now), Ok(Found::New)));
        answered.done(&key("a"), &created(), true);
        assert!(answered.take(&key("a"), b"", now).is_err());
    }

    #[test]
    fn no_more_than_so_many_are_kept() {
        let answered = Answered::default();
        for number in 0..KEPT_MAX * 2 {
            let taken = answered.take(&key(&number.to_string()), b"", Timestamp::from_secs(1));
            assert!(taken.is_ok());
        }
        let kept = answered.kept();
        assert!(kept.by_key.len() <= KEPT_MAX);
        assert_eq!(kept.by_key.len(), kept.order.len());
    }
}
