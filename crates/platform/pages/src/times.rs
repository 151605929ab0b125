//! Times both ways: how long ago for reading, exact for looking up.

use std::{fmt, time::Duration};

use askama::filters::HtmlSafe;
use gw_model::Timestamp;
use jiff::{Zoned, civil::Weekday, tz::TimeZone};

use crate::parts::escape;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A span in the largest unit that fits: "40 seconds", "12 minutes", "3 hours", "2 days".
pub fn span_words(span: Duration) -> String {
    let secs = span.as_secs();
    let (count, unit) = match secs {
        0..MINUTE => (secs, "second"),
        MINUTE..HOUR => (secs / MINUTE, "minute"),
        HOUR..DAY => (secs / HOUR, "hour"),
        _ => (secs / DAY, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// How long ago: "just now", "12 minutes ago".
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    let span = now.since(at);
    if span < Duration::from_secs(10) {
        "just now".into()
    } else {
        format!("{} ago", span_words(span))
    }
}

/// The exact time in a zone by its IANA name: "22 Nov 2025, 12:04:31 UTC".
///
/// An unknown zone is UTC, and says so.
pub fn exact(at: Timestamp, zone: &str) -> String {
    zoned(at, zone).map_or_else(
        || "at no time".into(),
        |at| at.strftime("%-d %b %Y, %H:%M:%S %Z").to_string(),
    )
}

/// When something comes round, as one says it: "08:00 on Monday", "18:00 today".
pub fn next_time(at: Timestamp, now: Timestamp, zone: &str) -> String {
    let (Some(at), Some(now)) = (zoned(at, zone), zoned(now, zone)) else {
        return "another time".into();
    };
    let clock = at.strftime("%H:%M").to_string();
    let days = now
        .date()
        .until(at.date())
        .map_or(i32::MAX, |s| s.get_days());
    match days {
        0 => format!("{clock} today"),
        1 => format!("{clock} tomorrow"),
        2..7 => format!("{clock} on {}", weekday(at.weekday())),
        _ => format!("{clock} on {}", at.strftime("%-d %B %Y")),
    }
}

const fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

fn zoned(at: Timestamp, zone: &str) -> Option<Zoned> {
    let millis = i64::try_from(at.as_millis()).ok()?;
    let instant = jiff::Timestamp::from_millisecond(millis).ok()?;
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    Some(instant.to_zoned(zone))
}

/// A time on a page: how long ago, and exactly when on hover and for machines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    at: Timestamp,
    words: String,
    exact: String,
}

impl Moment {
    /// A time in the past, as seen at `now`.
    pub fn past(at: Timestamp, now: Timestamp, zone: &str) -> Self {
        Self {
            at,
            words: ago(at, now),
            exact: exact(at, zone),
        }
    }

    /// A time whose exact form is what one reads.
    pub fn exactly(at: Timestamp, now: Timestamp, zone: &str) -> Self {
        Self {
            at,
            words: exact(at, zone),
            exact: ago(at, now),
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<time")?;
        if let Some(at) = zoned(self.at, "UTC") {
            write!(f, r#" datetime="{}""#, at.strftime("%Y-%m-%dT%H:%M:%SZ"))?;
        }
        f.write_str(r#" title=""#)?;
        escape(f, &self.exact)?;
        f.write_str(r#"">"#)?;
        escape(f, &self.words)?;
        f.write_str("</time>")
    }
}

impl HtmlSafe for Moment {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Wednesday, 22 November 2023, 12:04:31 UTC.
    const NOON: Timestamp = Timestamp::from_secs(1_700_654_671);

    #[test]
    fn a_span_is_told_in_its_largest_unit() {
        let words = |secs| span_words(Duration::from_secs(secs));
        assert_eq!(words(1), "1 second");
        assert_eq!(words(119), "1 minute");
        assert_eq!(words(7200), "2 hours");
        assert_eq!(words(200_000), "2 days");
        assert_eq!(ago(NOON, NOON), "just now");
    }

    #[test]
    fn the_exact_time_is_in_the_zone_that_was_asked_for() {
        assert_eq!(exact(NOON, "UTC"), "22 Nov 2023, 12:04:31 UTC");
        assert_eq!(exact(NOON, "Europe/Berlin"), "22 Nov 2023, 13:04:31 CET");
        assert_eq!(exact(NOON, "Nowhere/Land"), "22 Nov 2023, 12:04:31 UTC");
        assert_eq!(exact(Timestamp::NEVER, "UTC"), "at no time");
    }

    #[test]
    fn what_comes_round_is_named_by_its_day() {
        let after =
            |hours: u64| next_time(NOON.after(Duration::from_secs(hours * 3600)), NOON, "UTC");
        assert_eq!(after(2), "14:04 today");
        assert_eq!(after(20), "08:04 tomorrow");
        assert_eq!(after(5 * 24), "12:04 on Monday");
        assert_eq!(after(30 * 24), "12:04 on 22 December 2023");
    }

    #[test]
    fn a_moment_is_readable_both_ways() {
        let moment = Moment::past(NOON, NOON.after(Duration::from_secs(125)), "UTC").to_string();
        assert_eq!(
            moment,
            r#"<time datetime="2023-11-22T12:04:31Z" title="22 Nov 2023, 12:04:31 UTC">2 minutes ago</time>"#
        );
    }
}
