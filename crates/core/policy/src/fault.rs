//! What is wrong with policies, where, and what to do.

use std::{fmt, sync::Arc};

use gw_model::PolicyId;
use serde::Serialize;

/// One thing that is wrong with a policy file, or worth a look.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, thiserror::Error)]
pub struct PolicyFault {
    /// The file, as it was named.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The policy, where it has an id.
    pub policy: Option<PolicyId>,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub help: String,
}

impl fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file, self.line, self.column)?;
        if let Some(policy) = &self.policy {
            write!(f, "policy `{policy}`: ")?;
        }
        f.write_str(&self.what)?;
        if !self.help.is_empty() {
            write!(f, "; {}", self.help)?;
        }
        Ok(())
    }
}

/// Bytes between two places whose characters are counted beforehand.
const STRIDE: usize = 256;

/// Lines and columns of a text, found in a time that does not grow with it: a large file may
/// be wrong in every line.
#[derive(Debug)]
pub(crate) struct Places<'t> {
    text: &'t str,
    /// Where each line begins.
    lines: Vec<usize>,
    /// How many characters begin before each stride.
    characters: Vec<usize>,
}

impl<'t> Places<'t> {
    pub(crate) fn of(text: &'t str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        let mut before = 0;
        let strides = text.as_bytes().chunks(STRIDE).map(|stride| {
            before += beginnings(stride);
            before
        });
        Self {
            text,
            lines: std::iter::once(0).chain(ends).collect(),
            characters: std::iter::once(0).chain(strides).collect(),
        }
    }

    pub(crate) const fn text(&self) -> &'t str {
        self.text
    }

    /// Line and column, from 1, of a byte offset; columns count characters.
    pub(crate) fn position(&self, offset: usize) -> (u32, u32) {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|line| self.lines.get(line));
        let start = self.characters_before(start.copied().unwrap_or_default());
        let column = self.characters_before(offset) - start + 1;
        (small(line), small(column))
    }

    fn characters_before(&self, offset: usize) -> usize {
        let stride = offset / STRIDE;
        let counted = self.characters.get(stride).copied().unwrap_or_default();
        let rest = self.text.as_bytes().get(stride * STRIDE..offset);
        counted + rest.map_or(0, beginnings)
    }
}

/// How many characters begin in these bytes.
fn beginnings(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let position = |text, offset| Places::of(text).position(offset);
        assert_eq!(position("ab\ncd", 0), (1, 1));
        assert_eq!(position("ab\ncd", 4), (2, 2));
        assert_eq!(position("äb", 2), (1, 2));
        assert_eq!(position("äb", 1), (1, 1), "inside a character");
        assert_eq!(position("a\n", 99), (2, 1));
        assert_eq!(position("", 0), (1, 1));
    }

    #[test]
    fn positions_are_those_of_a_reader_that_counts_from_the_start() {
        let text = "äb\n雪 and a long line ".repeat(100) + &"x".repeat(700) + "\n\n€";
        let places = Places::of(&text);
        for (offset, _) in text.char_indices() {
            let before = &text[..offset];
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
            let expected = (line as u32, column as u32);
            assert_eq!(places.position(offset), expected, "{offset}");
        }
    }
}
