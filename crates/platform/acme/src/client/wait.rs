//! `Retry-After`: how long an authority asks to wait (RFC 9110, 10.2.3).

use std::time::{Duration, SystemTime};

use gw_model::Timestamp;
use http::{HeaderMap, HeaderValue, header::RETRY_AFTER};

use crate::schedule::asked_to_wait;

/// Reads it, and leaves in its place what is within reason: whoever reads it next adds it to the
/// present.
pub(crate) fn bound(headers: &mut HeaderMap, now: Timestamp) -> Option<Duration> {
    let wait = headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| read(text.trim(), now))
        .map(asked_to_wait);
    headers.remove(RETRY_AFTER);
    if let Some(wait) = wait {
        headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_secs()));
    }
    wait
}

fn read(text: &str, now: Timestamp) -> Option<Duration> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date: httpdate::HttpDate = text.parse().ok()?;
    let since_epoch = SystemTime::from(date).duration_since(SystemTime::UNIX_EPOCH);
    let date = Timestamp::from_secs(since_epoch.ok()?.as_secs());
    Some(date.since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_read_and_bounded() {
        let now = Timestamp::from_secs(1_800_000_000);
        let asked = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            let wait = bound(&mut headers, now).map(|wait| wait.as_secs());
            let left = headers
                .get(RETRY_AFTER)
                .map(|v| v.to_str().unwrap().parse().unwrap());
            assert_eq!(wait, left);
            wait
        };
        assert_eq!(asked("120"), Some(120));
        assert_eq!(asked("0"), Some(0));
        assert_eq!(asked("18446744073709551615"), Some(86_400));
        assert_eq!(asked("99999999999999999999999"), Some(86_400));
        assert_eq!(asked("Fri, 15 Jan 2027 08:01:00 GMT"), Some(60));
        assert_eq!(asked("Fri, 31 Dec 9999 23:59:59 GMT"), Some(86_400));
        assert_eq!(asked("Fri, 15 Jan 1999 08:01:00 GMT"), Some(0));
        for nonsense in ["", "soon", "-5", "1.5"] {
            assert_eq!(asked(nonsense), None, "{nonsense}");
        }
    }
}
