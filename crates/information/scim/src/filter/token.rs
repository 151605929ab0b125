//! The text of a filter, read from its start to its end.

use super::{FilterFault, FilterTrouble, Literal};
use crate::path::{AttributePath, is_urn_byte};

/// What is left of a filter.
pub(super) struct Tokens<'t> {
    whole: &'t str,
    rest: &'t str,
}

impl<'t> Tokens<'t> {
    pub(super) const fn of(whole: &'t str) -> Self {
        Self { whole, rest: whole }
    }

    pub(super) const fn rest(&self) -> &'t str {
        self.rest
    }

    pub(super) fn fault(&self, trouble: FilterTrouble) -> FilterFault {
        let read = self.whole.len() - self.rest.len();
        let before = self.whole.get(..read).unwrap_or_default();
        FilterFault {
            at: before.chars().count() + 1,
            trouble,
        }
    }

    pub(super) fn expected<T>(&self, what: &'static str) -> Result<T, FilterFault> {
        Err(self.fault(FilterTrouble::Expected(what)))
    }

    pub(super) fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_start_matches(' ');
    }

    /// Takes a character of the grammar.
    pub(super) fn take(&mut self, one: char) -> bool {
        self.skip_spaces();
        match self.rest.strip_prefix(one) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Takes a word where it is the next one.
    pub(super) fn take_word(&mut self, word: &str) -> bool {
        self.skip_spaces();
        if !self.word().eq_ignore_ascii_case(word) {
            return false;
        }
        self.advance(word.len());
        true
    }

    /// Takes `not`, where it is not the name of an attribute.
    pub(super) fn take_not(&mut self) -> bool {
        self.skip_spaces();
        let word = self.word();
        let after = self.rest.get(word.len()..).unwrap_or_default();
        let is_not =
            word.eq_ignore_ascii_case("not") && after.trim_start_matches(' ').starts_with('(');
        if is_not {
            self.advance(word.len());
        }
        is_not
    }

    /// Takes letters, whatever they say.
    pub(super) fn take_letters(&mut self) -> &'t str {
        self.skip_spaces();
        let word = self.word();
        self.advance(word.len());
        word
    }

    pub(super) fn take_path(&mut self) -> Result<AttributePath, FilterFault> {
        self.skip_spaces();
        let is_fit = |c: char| c == '$' || u8::try_from(c).is_ok_and(is_urn_byte);
        let end = self.rest.find(|c| !is_fit(c)).unwrap_or(self.rest.len());
        let text = self.rest.get(..end).unwrap_or_default();
        if text.is_empty() {
            return self.expected("the name of an attribute");
        }
        let path = AttributePath::read(text).map_err(|_| self.fault(FilterTrouble::Path))?;
        self.advance(end);
        Ok(path)
    }

    pub(super) fn take_literal(&mut self) -> Result<Literal, FilterFault> {
        self.skip_spaces();
        if self.rest.starts_with('"') {
            return self.take_text();
        }
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let text = self.rest.get(..end).unwrap_or_default();
        let literal = match text {
            "" => None,
            // RFC 7643, section 2.1, has them in lower case; clients write `True`.
            _ if text.eq_ignore_ascii_case("true") => Some(Literal::Boolean(true)),
            _ if text.eq_ignore_ascii_case("false") => Some(Literal::Boolean(false)),
            _ if text.eq_ignore_ascii_case("null") => Some(Literal::Null),
            _ => serde_json::from_str(text).ok().map(Literal::Number),
        };
        let Some(literal) = literal else {
            return self
                .expected("a value: a text in double quotes, a number, true, false or null");
        };
        self.advance(end);
        Ok(literal)
    }

    fn take_text(&mut self) -> Result<Literal, FilterFault> {
        let mut is_escaped = false;
        let closing = |(at, b): (usize, u8)| {
            let is_closing = at > 0 && b == b'"' && !is_escaped;
            is_escaped = b == b'\\' && !is_escaped;
            is_closing.then_some(at + 1)
        };
        let end = self.rest.bytes().enumerate().find_map(closing);
        let quoted = end.and_then(|end| self.rest.get(..end));
        let text: Option<String> = quoted.and_then(|quoted| serde_json::from_str(quoted).ok());
        match (text, end) {
            (Some(text), Some(end)) => {
                self.advance(end);
                Ok(Literal::Text(text.into()))
            }
            _ => Err(self.fault(FilterTrouble::Text)),
        }
    }

    fn word(&self) -> &'t str {
        let end = self.rest.find(|c: char| !c.is_ascii_alphabetic());
        self.rest
            .get(..end.unwrap_or(self.rest.len()))
            .unwrap_or_default()
    }

    fn advance(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }
}
