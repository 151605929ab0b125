//! Logs of the process: text for people, JSON for machines, on the standard error stream.
//!
//! What was asked and answered goes to the ledger, not here. Whatever reaches a text line from
//! outside is escaped, so that no request can forge a line or turn a terminal around; and no
//! place in the code writes more than so many lines a second, so that nobody fills the disk.
//! Numbers for a monitoring system are written as an [`Exposition`].

mod bounded;
mod escape;
mod exposition;
mod seldom;

use std::{
    env,
    io::{self, IsTerminal as _},
};

use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter,
    field::MakeExt as _,
    fmt::{MakeWriter, format},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use crate::{bounded::Bounded, escape::Escaped};

pub use exposition::{Exposition, Family, Kind};
pub use seldom::Seldom;

/// The environment variable that sets what is logged; it wins over the configuration.
pub const VARIABLE: &str = "GATEWRIGHT_LOG";

const DEFAULT_FILTER: &str = "info";

/// The form of a log line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Why logging could not begin.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryFault {
    /// The filter cannot be read.
    #[error(
        "`{text}` does not say what to log ({why}): write a level such as `info`, or parts with \
         levels such as `info,gw_web=debug`"
    )]
    Filter {
        /// What was given.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// Somebody was first.
    #[error("logging has begun already")]
    Begun,
}

/// Begins to log: at the level that [`VARIABLE`] names, else `configured`, else `info`.
///
/// # Errors
/// When the filter cannot be read, or logging has begun already.
pub fn init(format: Format, configured: Option<&str>) -> Result<(), TelemetryFault> {
    let from_environment = env::var(VARIABLE).ok().filter(|text| !text.is_empty());
    let filter = filter(from_environment.as_deref().or(configured))?;
    let no_colour = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colour = !no_colour && io::stderr().is_terminal();
    subscriber(format, filter, colour, io::stderr)
        .try_init()
        .map_err(|_| TelemetryFault::Begun)
}

fn filter(text: Option<&str>) -> Result<EnvFilter, TelemetryFault> {
    let text = text.unwrap_or(DEFAULT_FILTER);
    EnvFilter::try_new(text).map_err(|why| TelemetryFault::Filter {
        text: text.to_owned(),
        why: why.to_string(),
    })
}

fn subscriber<W>(
    format: Format,
    filter: EnvFilter,
    colour: bool,
    writer: W,
) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Clone + Send + Sync + 'static,
{
    let bounded = Bounded::new(format, writer.clone());
    let plain = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer);
    match format {
        Format::Json => Box::new(plain.json().flatten_event(true).finish().with(bounded)),
        Format::Text => {
            let fields = format::debug_fn(|writer, field, value| {
                let value = format!("{value:?}");
                match field.name() {
                    "message" => write!(writer, "{}", Escaped(&value)),
                    name => write!(writer, "{name}={}", Escaped(&value)),
                }
            });
            Box::new(
                plain
                    .with_ansi(colour)
                    .fmt_fields(fields.delimited(" "))
                    .finish()
                    .with(bounded),
            )
        }
    }
}

#[cfg(test)]
mod tests;
