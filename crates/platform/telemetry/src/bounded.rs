//! Nobody fills the log: so many lines a second from each place in the code, and then a number.
//!
//! Lines of `info` and above only: whoever asks for `debug` gets all of it.

use std::{
    collections::HashMap,
    io::Write as _,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use tracing::{Event, Level, Metadata, Subscriber, callsite::Identifier};
use tracing_subscriber::{
    Layer,
    fmt::{
        MakeWriter,
        format::Writer,
        time::{FormatTime as _, SystemTime},
    },
    layer::Context,
};

use crate::Format;

/// Lines of one place in one second.
pub(crate) const LINES_MAX: u64 = 20;

const SECOND: Duration = Duration::from_secs(1);

/// Leaves out what is too much.
pub(crate) struct Bounded<W> {
    places: Mutex<HashMap<Identifier, Place>>,
    format: Format,
    writer: W,
}

/// One place's second.
struct Place {
    began: Instant,
    lines: u64,
}

impl<W> Bounded<W> {
    pub(crate) fn new(format: Format, writer: W) -> Self {
        Self {
            places: Mutex::default(),
            format,
            writer,
        }
    }

    /// Whether one more line fits, and how many did not in the second that is over.
    fn count(&self, place: Identifier, now: Instant) -> (bool, u64) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = Place {
            began: now,
            lines: 0,
        };
        let known = places.entry(place).or_insert(fresh);
        let mut left_out = 0;
        if now.duration_since(known.began) >= SECOND {
            left_out = known.lines.saturating_sub(LINES_MAX);
            *known = Place {
                began: now,
                lines: 0,
            };
        }
        known.lines += 1;
        (known.lines <= LINES_MAX, left_out)
    }
}

impl<W> Bounded<W>
where
    W: for<'a> MakeWriter<'a>,
{
    fn tell(&self, left_out: u64, metadata: &Metadata<'_>) {
        let mut time = String::new();
        if SystemTime.format_time(&mut Writer::new(&mut time)).is_err() {
            time.clear();
        }
        let (place, line) = (metadata.target(), metadata.line().unwrap_or_default());
        let text = match self.format {
            Format::Text => format!(
                "{time}  WARN gw_telemetry: lines were left out count={left_out} of={place}:{line}\n"
            ),
            Format::Json => format!(
                "{{\"timestamp\":\"{time}\",\"level\":\"WARN\",\"message\":\"lines were left out\",\"count\":{left_out},\
                 \"of\":\"{place}:{line}\",\"target\":\"gw_telemetry\"}}\n"
            ),
        };
        // A log that cannot be written has nobody to tell it to.
        let _ = self.writer.make_writer().write_all(text.as_bytes());
    }
}

impl<S, W> Layer<S> for Bounded<W>
where
    S: Subscriber,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let metadata = event.metadata();
        if *metadata.level() > Level::INFO {
            return true;
        }
        let (fits, left_out) = self.count(metadata.callsite(), Instant::now());
        if left_out > 0 {
            self.tell(left_out, metadata);
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use tracing::Callsite as _;

    use super::*;

    #[test]
    fn a_second_has_so_many_lines_and_the_next_says_how_many_were_left_out() {
        let bounded = Bounded::new(Format::Text, std::io::sink);
        let place = tracing::callsite!(name: "a", kind: tracing::metadata::Kind::EVENT, fields: x)
            .metadata()
            .callsite();
        let now = Instant::now();
        let fitting = (0..100).filter(|_| bounded.count(place.clone(), now).0);
        assert_eq!(fitting.count() as u64, LINES_MAX);
        let later = now + SECOND;
        assert_eq!(bounded.count(place.clone(), later), (true, 100 - LINES_MAX));
        assert_eq!(bounded.count(place, later + SECOND), (true, 0));
    }
}
