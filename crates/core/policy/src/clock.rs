//! Local time by arithmetic, between two transitions of a zone.

use gw_model::{Fault, Timestamp};
use jiff::tz::TimeZone;

pub(crate) const SECOND: i64 = 1_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// An instant as a zone's clocks show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Local {
    /// The instant, in milliseconds since the epoch.
    pub(crate) now: i64,
    /// Milliseconds since the local midnight, as clocks show it.
    pub(crate) of_day: i64,
    /// 1 (Monday) to 7 (Sunday).
    pub(crate) weekday: i64,
    /// When clocks are next turned.
    pub(crate) turned: Timestamp,
}

impl Local {
    /// What a zone's clocks show at an instant.
    pub(crate) fn at(zone: &TimeZone, now: Timestamp) -> Result<Self, Fault> {
        let instant = instant(now)?;
        let millis = instant.as_millisecond();
        let shown = millis + i64::from(zone.to_offset(instant).seconds()) * SECOND;
        Ok(Self {
            now: millis,
            of_day: shown.rem_euclid(DAY),
            weekday: (shown.div_euclid(DAY) + 3).rem_euclid(7) + 1,
            turned: zone
                .following(instant)
                .next()
                .map_or(Timestamp::NEVER, |t| {
                    timestamp(t.timestamp().as_millisecond())
                }),
        })
    }

    pub(crate) const fn hour(self) -> i64 {
        self.of_day / HOUR
    }

    pub(crate) const fn minute(self) -> i64 {
        self.of_day / MINUTE % 60
    }

    pub(crate) const fn minute_of_day(self) -> i64 {
        self.of_day / MINUTE
    }

    /// The instant at which clocks show this many milliseconds more, unless they are turned before.
    pub(crate) fn later(self, millis: i64) -> Timestamp {
        timestamp(self.now.saturating_add(millis)).min(self.turned)
    }
}

/// A zone by IANA name.
pub(crate) fn zone(name: &str) -> Result<TimeZone, Fault> {
    TimeZone::get(name).map_err(|_| Fault {
        policy: None,
        what: format!(
            "the time zone `{name}` is not known; use an IANA name such as `Europe/Berlin`"
        ),
    })
}

/// The instant as the calendar knows it.
pub(crate) fn instant(now: Timestamp) -> Result<jiff::Timestamp, Fault> {
    i64::try_from(now.as_millis())
        .ok()
        .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
        .ok_or_else(|| Fault {
            policy: None,
            what: format!(
                "{} ms is no instant of the calendar; set the clock",
                now.as_millis()
            ),
        })
}

/// Milliseconds since the epoch, not before it.
pub(crate) fn timestamp(millis: i64) -> Timestamp {
    Timestamp::from_millis(u64::try_from(millis).unwrap_or(0))
}
