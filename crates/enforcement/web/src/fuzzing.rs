//! What fuzzing reaches of the readers that are this crate's own. Not for any other use.

use crate::{own_paths, recorded};

/// A parameter of a hand-over's callback.
pub fn parameter<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    own_paths::parameter(query, name)
}

/// A path of one of our own apps as it is recorded.
pub fn without_secrets(path: &str) -> std::borrow::Cow<'_, str> {
    recorded::without_secrets(path)
}
