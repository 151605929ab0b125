//! What whoever started Gatewright should see now, not only in the log.

use std::sync::Arc;

use crate::output::{Chip, Output};

/// Tells the terminal in the demo, the log otherwise.
#[derive(Debug, Clone)]
pub(crate) struct Announcer(Arc<To>);

#[derive(Debug)]
enum To {
    Terminal(Output),
    Log,
}

impl Announcer {
    pub(crate) fn terminal(output: Output) -> Self {
        Self(Arc::new(To::Terminal(output)))
    }

    pub(crate) fn log() -> Self {
        Self(Arc::new(To::Log))
    }

    /// Something that happened as it should.
    pub(crate) fn tell(&self, words: impl AsRef<str>) {
        let words = words.as_ref();
        match &*self.0 {
            To::Terminal(output) => said(output.line(Chip::Allow.words(words))),
            To::Log => tracing::info!("{words}"),
        }
    }

    /// Something that waits for somebody, or did not happen.
    pub(crate) fn warn(&self, words: impl AsRef<str>) {
        let words = words.as_ref();
        match &*self.0 {
            To::Terminal(output) => said(output.line(Chip::Deny.words(words))),
            To::Log => tracing::warn!("{words}"),
        }
    }
}

/// A terminal that is gone is no reason to stop.
fn said(told: std::io::Result<()>) {
    if let Err(fault) = told {
        tracing::debug!(%fault, "the terminal is gone");
    }
}
