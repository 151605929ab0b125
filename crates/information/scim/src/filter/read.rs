//! The grammar: RFC 7644, figure 1. `not` binds before `and`, `and` before `or`.

use super::{
    FILTER_BYTES_MAX, FILTER_DEPTH_MAX, FILTER_TERMS_MAX, Filter, FilterFault, FilterTrouble,
    Operator, token::Tokens,
};
use crate::path::AttributePath;

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// What is no filter, and at which character.
    pub(crate) fn read(text: &str) -> Result<Self, FilterFault> {
        let mut reader = Reader::of(text)?;
        let filter = reader.alternatives()?;
        reader.end()?;
        Ok(filter)
    }
}

/// A path as a patch has it: an attribute, which of its values, and which part of them
/// (RFC 7644, figure 7).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ValuePath {
    pub(crate) path: AttributePath,
    pub(crate) filter: Option<Filter>,
    pub(crate) part: Option<Box<str>>,
}

impl ValuePath {
    pub(crate) fn read(text: &str) -> Result<Self, FilterFault> {
        let mut reader = Reader::of(text)?;
        let path = reader.tokens.take_path()?;
        let filter = match reader.tokens.take('[') {
            true => Some(reader.bracketed()?),
            false => None,
        };
        let part = match filter.is_some() && reader.tokens.take('.') {
            true => Some(reader.tokens.take_path()?),
            false => None,
        };
        reader.end()?;
        let part = match part {
            Some(AttributePath {
                urn: None,
                name,
                part: None,
            }) => Some(name),
            Some(_) => return Err(reader.tokens.fault(FilterTrouble::Path)),
            None => None,
        };
        Ok(Self { path, filter, part })
    }
}

struct Reader<'t> {
    tokens: Tokens<'t>,
    depth: usize,
    terms: usize,
    is_in_brackets: bool,
}

impl<'t> Reader<'t> {
    fn of(text: &'t str) -> Result<Self, FilterFault> {
        let tokens = Tokens::of(text);
        if text.len() > FILTER_BYTES_MAX {
            return Err(tokens.fault(FilterTrouble::Long));
        }
        Ok(Self {
            tokens,
            depth: 0,
            terms: 0,
            is_in_brackets: false,
        })
    }

    fn end(&mut self) -> Result<(), FilterFault> {
        self.tokens.skip_spaces();
        match self.tokens.rest() {
            "" => Ok(()),
            _ => self.tokens.expected("`and`, `or` or the end"),
        }
    }

    fn alternatives(&mut self) -> Result<Filter, FilterFault> {
        let mut all = vec![self.conjunction()?];
        while self.tokens.take_word("or") {
            all.push(self.conjunction()?);
        }
        Ok(single(all).unwrap_or_else(Filter::Or))
    }

    fn conjunction(&mut self) -> Result<Filter, FilterFault> {
        let mut all = vec![self.term()?];
        while self.tokens.take_word("and") {
            all.push(self.term()?);
        }
        Ok(single(all).unwrap_or_else(Filter::And))
    }

    fn term(&mut self) -> Result<Filter, FilterFault> {
        if self.tokens.take_not() {
            if !self.tokens.take('(') {
                return self.tokens.expected("`(` after `not`");
            }
            return Ok(Filter::Not(Box::new(self.parenthesised()?)));
        }
        match self.tokens.take('(') {
            true => self.parenthesised(),
            false => self.comparison(),
        }
    }

    fn parenthesised(&mut self) -> Result<Filter, FilterFault> {
        let filter = self.deeper(Self::alternatives)?;
        match self.tokens.take(')') {
            true => Ok(filter),
            false => self.tokens.expected("`and`, `or` or `)`"),
        }
    }

    fn bracketed(&mut self) -> Result<Filter, FilterFault> {
        if self.is_in_brackets {
            return Err(self.tokens.fault(FilterTrouble::Nested));
        }
        self.is_in_brackets = true;
        let filter = self.deeper(Self::alternatives)?;
        self.is_in_brackets = false;
        match self.tokens.take(']') {
            true => Ok(filter),
            false => self.tokens.expected("`and`, `or` or `]`"),
        }
    }

    fn comparison(&mut self) -> Result<Filter, FilterFault> {
        let path = self.tokens.take_path()?;
        if !self.tokens.take('[') {
            return self.compared(path);
        }
        let mut filter = self.bracketed()?;
        // Not of the standard's grammar, but Entra's: `emails[type eq "work"].value eq "…"`.
        if self.tokens.take('.') {
            let part = self.tokens.take_path()?;
            let both = [filter, self.compared(part)?];
            filter = Filter::And(both.into_iter().flat_map(conjuncts).collect());
        }
        let filter = Box::new(filter);
        Ok(Filter::Values { path, filter })
    }

    fn compared(&mut self, path: AttributePath) -> Result<Filter, FilterFault> {
        self.terms += 1;
        if self.terms > FILTER_TERMS_MAX {
            return Err(self.tokens.fault(FilterTrouble::Many));
        }
        self.tokens.skip_spaces();
        let fault = self.tokens.fault(FilterTrouble::Operator);
        let word = self.tokens.take_letters();
        if word.eq_ignore_ascii_case("pr") {
            return Ok(Filter::Present(path));
        }
        let is_meant = |operator: &Operator| operator.word().eq_ignore_ascii_case(word);
        let operator = Operator::ALL.into_iter().find(is_meant).ok_or(fault)?;
        let with = self.tokens.take_literal()?;
        Ok(Filter::Compare {
            path,
            operator,
            with,
        })
    }

    fn deeper(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Filter, FilterFault>,
    ) -> Result<Filter, FilterFault> {
        if self.depth == FILTER_DEPTH_MAX {
            return Err(self.tokens.fault(FilterTrouble::Deep));
        }
        self.depth += 1;
        let filter = read(self)?;
        self.depth -= 1;
        Ok(filter)
    }
}

/// All that must hold for a filter to hold.
fn conjuncts(filter: Filter) -> Vec<Filter> {
    match filter {
        Filter::And(all) => all,
        one => vec![one],
    }
}

/// The only one, or all of them.
fn single(mut all: Vec<Filter>) -> Result<Filter, Vec<Filter>> {
    match (all.pop(), all.is_empty()) {
        (Some(only), true) => Ok(only),
        (last, _) => {
            all.extend(last);
            Err(all)
        }
    }
}

#[cfg(test)]
mod tests;
