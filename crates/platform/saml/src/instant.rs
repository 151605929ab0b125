//! Times as SAML writes them: `xs:dateTime` in UTC (Core 1.3.3).

use gw_model::Timestamp;

/// The longest text that is read as a time.
const TEXT_MAX_BYTES: usize = 40;

/// Reads an `xs:dateTime` with a zone; parts of a second beyond milliseconds are dropped.
pub(crate) fn read(text: &str) -> Option<Timestamp> {
    let text = text.trim_ascii();
    let is_shaped = text.len() <= TEXT_MAX_BYTES
        && text.as_bytes().get(10) == Some(&b'T')
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || b"-:.TZ+".contains(&b));
    if !is_shaped {
        return None;
    }
    let at: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp::from_millis(
        u64::try_from(at.as_millisecond()).ok()?,
    ))
}

/// Writes one in whole seconds. What is later than the calendar goes is its last second.
pub(crate) fn write(at: Timestamp) -> String {
    let secs = i64::try_from(at.as_secs()).unwrap_or(i64::MAX);
    let at = jiff::Timestamp::from_second(secs).unwrap_or(jiff::Timestamp::MAX);
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_fractions_and_zones_and_refused_without_a_zone() {
        let at = Timestamp::from_secs(1_700_000_000);
        assert_eq!(read("2023-11-14T22:13:20Z"), Some(at));
        assert_eq!(read("2023-11-14T23:13:20+01:00"), Some(at));
        assert_eq!(
            read("2023-11-14T22:13:20.1239999Z"),
            Some(Timestamp::from_millis(1_700_000_000_123))
        );
        for text in [
            "2023-11-14T22:13:20",
            "2023-11-14 22:13:20Z",
            "1700000000",
            "",
            "2023-13-14T22:13:20Z",
            "1969-11-14T22:13:20Z",
            "2023-11-14T22:13:20Z[UTC]",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let at = Timestamp::from_secs(1_764_000_001);
        assert_eq!(read(&write(at)), Some(at));
        assert!(write(Timestamp::NEVER).starts_with("9999-"));
    }
}
