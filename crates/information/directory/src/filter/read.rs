//! The text of a filter, read (RFC 4515, section 3).

use super::{Comparison, FILTER_BYTES_MAX, FILTER_DEPTH_MAX, FilterFault, Node};

pub(super) fn read(text: &str) -> Result<Node, FilterFault> {
    if text.len() > FILTER_BYTES_MAX {
        return Err(FilterFault::TooLong(text.len()));
    }
    let mut reading = Reading { text, at: 0 };
    let node = reading.filter(FILTER_DEPTH_MAX)?;
    match reading.peek() {
        None => Ok(node),
        Some(_) => Err(reading.fault("more than one filter")),
    }
}

struct Reading<'t> {
    text: &'t str,
    at: usize,
}

impl Reading<'_> {
    /// In parentheses; with so many levels left, which bounds how deep this goes.
    fn filter(&mut self, left: usize) -> Result<Node, FilterFault> {
        let left = left.checked_sub(1).ok_or(FilterFault::TooDeep)?;
        self.expect(b'(', "no `(` where a filter begins")?;
        let node = match self.peek() {
            Some(b'&') => Node::And(self.several(left)?),
            Some(b'|') => Node::Or(self.several(left)?),
            Some(b'!') => {
                self.at += 1;
                Node::Not(Box::new(self.filter(left)?))
            }
            _ => self.item()?,
        };
        self.expect(b')', "no `)` where a filter ends")?;
        Ok(node)
    }

    fn several(&mut self, left: usize) -> Result<Vec<Node>, FilterFault> {
        self.at += 1;
        let mut nodes = Vec::new();
        while self.peek() == Some(b'(') {
            nodes.push(self.filter(left)?);
        }
        match nodes.is_empty() {
            // What RFC 4526 makes of these is everything and nothing: never what was meant here.
            true => Err(self.fault("no filter after `&` or `|`")),
            false => Ok(nodes),
        }
    }

    fn item(&mut self) -> Result<Node, FilterFault> {
        let attribute = self.attribute()?;
        let how = match (self.peek(), attribute.is_empty()) {
            (Some(b':'), _) => return self.matched(attribute),
            (_, true) => return Err(self.fault("no attribute's name")),
            (Some(b'>'), _) => Comparison::AtLeast,
            (Some(b'<'), _) => Comparison::AtMost,
            (Some(b'~'), _) => Comparison::About,
            _ => Comparison::Equal,
        };
        if how != Comparison::Equal {
            self.at += 1;
        }
        self.expect(b'=', "no `=` after an attribute's name")?;
        let mut pieces = self.pieces()?;
        match (how, pieces.len()) {
            (how, 1) => Ok(Node::Compared {
                how,
                attribute,
                value: pieces.pop().unwrap_or_default(),
            }),
            (Comparison::Equal, 2) if pieces.iter().all(Vec::is_empty) => {
                Ok(Node::Present(attribute))
            }
            (Comparison::Equal, _) => self.substrings(attribute, pieces),
            _ => Err(self.fault("`*` where one value belongs")),
        }
    }

    fn substrings(&self, attribute: String, pieces: Vec<Vec<u8>>) -> Result<Node, FilterFault> {
        let inner = pieces.get(1..pieces.len() - 1).unwrap_or_default();
        match inner.iter().any(Vec::is_empty) {
            true => Err(self.fault("`**`")),
            false => Ok(Node::Pieces { attribute, pieces }),
        }
    }

    /// `attribute:dn:rule:=value`, of which some may be absent.
    fn matched(&mut self, attribute: String) -> Result<Node, FilterFault> {
        let mut words = Vec::new();
        while self.peek() == Some(b':') {
            self.at += 1;
            if self.peek() == Some(b'=') {
                self.at += 1;
                return self.rule(attribute, &words);
            }
            words.push(self.attribute()?);
        }
        Err(self.fault("no `:=` after a matching rule"))
    }

    fn rule(&mut self, attribute: String, words: &[String]) -> Result<Node, FilterFault> {
        let (of_names, rule) = match words {
            [] => (false, String::new()),
            [dn] if dn.eq_ignore_ascii_case("dn") => (true, String::new()),
            [rule] => (false, rule.clone()),
            [dn, rule] if dn.eq_ignore_ascii_case("dn") => (true, rule.clone()),
            _ => return Err(self.fault("more than a matching rule")),
        };
        let names_nothing = attribute.is_empty() && rule.is_empty();
        if names_nothing || words.iter().any(String::is_empty) {
            return Err(self.fault("neither an attribute's name nor a matching rule"));
        }
        let mut pieces = self.pieces()?;
        match pieces.len() {
            1 => Ok(Node::Matched {
                attribute,
                rule,
                of_names,
                value: pieces.pop().unwrap_or_default(),
            }),
            _ => Err(self.fault("`*` where one value belongs")),
        }
    }

    /// A name or number, perhaps with options (RFC 4512, 2.5); perhaps nothing.
    fn attribute(&mut self) -> Result<String, FilterFault> {
        let from = self.at;
        while self
            .peek()
            .is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b';'))
        {
            self.at += 1;
        }
        let text = self.text.get(from..self.at).unwrap_or_default();
        let mut words = text.split(';');
        let is_name = words.next().is_some_and(crate::dn::is_attribute);
        match text.is_empty() || is_name && words.all(|option| !option.is_empty()) {
            true => Ok(text.to_owned()),
            false => Err(self.fault("no attribute's name")),
        }
    }

    /// What is between the asterisks, with escapes undone.
    fn pieces(&mut self) -> Result<Vec<Vec<u8>>, FilterFault> {
        let mut pieces = Vec::new();
        let mut piece = Vec::new();
        while let Some(byte) = self.peek() {
            match byte {
                b')' => break,
                b'(' | 0 => return Err(self.fault("a character that must be escaped")),
                b'*' => pieces.push(std::mem::take(&mut piece)),
                b'\\' => piece.push(self.escape()?),
                _ => piece.push(byte),
            }
            self.at += 1;
        }
        pieces.push(piece);
        Ok(pieces)
    }

    /// Up to the last of its two digits.
    fn escape(&mut self) -> Result<u8, FilterFault> {
        let digits = self.text.get(self.at + 1..self.at + 3).unwrap_or_default();
        let is_hex = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        match u8::from_str_radix(digits, 16) {
            Ok(byte) if is_hex => {
                self.at += 2;
                Ok(byte)
            }
            _ => Err(self.fault("no two hexadecimal digits after `\\`")),
        }
    }

    fn expect(&mut self, wanted: u8, fault: &'static str) -> Result<(), FilterFault> {
        match self.peek() == Some(wanted) {
            true => {
                self.at += 1;
                Ok(())
            }
            false => Err(self.fault(fault)),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    const fn fault(&self, what: &'static str) -> FilterFault {
        FilterFault::Malformed { what, at: self.at }
    }
}
