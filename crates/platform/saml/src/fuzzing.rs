//! What fuzzing reaches of the readers that are this crate's own. Not for any other use.

use crate::xml::{Limits, canonicalize, parse};

/// The canonical form of a document, if it is one that is read, with these prefixes treated as
/// inclusive.
///
/// What comes out is read again, and its canonical form is itself.
pub fn canonical(document: &[u8], inclusive: &[&str]) -> Option<String> {
    let document = parse(document, Limits::MESSAGE).ok()?;
    Some(canonicalize(document.root()?, None, inclusive))
}
