//! What was looked at, and how it is.

use serde::Serialize;

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// As it should be.
    Fine,
    /// Worth a look; it works.
    Look,
    /// Something does not work, or will not.
    Wrong,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// How it is.
    pub(crate) state: State,
    /// What kind of thing.
    pub(crate) about: &'static str,
    /// Which one.
    pub(crate) which: String,
    /// How it was found.
    pub(crate) what: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) help: Option<String>,
}

impl Finding {
    fn new(state: State, about: &'static str, which: impl ToString, what: impl ToString) -> Self {
        Self {
            state,
            about,
            which: which.to_string(),
            what: what.to_string(),
            help: None,
        }
    }

    pub(super) fn fine(about: &'static str, which: impl ToString, what: impl ToString) -> Self {
        Self::new(State::Fine, about, which, what)
    }

    pub(super) fn look(about: &'static str, which: impl ToString, what: impl ToString) -> Self {
        Self::new(State::Look, about, which, what)
    }

    pub(super) fn wrong(about: &'static str, which: impl ToString, what: impl ToString) -> Self {
        Self::new(State::Wrong, about, which, what)
    }

    pub(super) fn try_this(self, help: impl ToString) -> Self {
        Self {
            help: Some(help.to_string()),
            ..self
        }
    }

    /// A configuration that is not there.
    pub(crate) fn missing_configuration(file: &str) -> Self {
        Self::wrong("configuration", file, "is not there")
            .try_this("name the file with `-c FILE`; a demo has none, and nothing to examine")
    }

    /// A configuration that cannot be read.
    pub(crate) fn faulty_configuration(file: &str, fault: &str) -> Self {
        Self::wrong("configuration", file, fault)
            .try_this("correct it; everything else is looked at once it has no faults")
    }
}
