//! From text to tokens: tags with their attributes, and text with references resolved.

use crate::limits::{NAME_MAX_BYTES, VALUE_MAX_BYTES, XML_ATTRIBUTES_MAX};

use super::{XmlFault, parse::Comments};

/// The next piece of a document.
pub(crate) enum Token<'t> {
    Open(Tag<'t>),
    Close(&'t str),
    Text(String),
    End,
}

/// A start tag or an empty-element tag.
pub(crate) struct Tag<'t> {
    pub(crate) name: &'t str,
    pub(crate) attributes: Vec<(&'t str, String)>,
    pub(crate) is_empty: bool,
    pub(crate) at: usize,
}

/// A place in a document.
pub(crate) struct Lexer<'t> {
    text: &'t str,
    rest: &'t str,
    comments: Comments,
}

impl<'t> Lexer<'t> {
    /// Starts after the XML declaration, if there is one.
    pub(crate) fn new(text: &'t str, comments: Comments) -> Result<Self, XmlFault> {
        let mut lexer = Self {
            text,
            rest: text.strip_prefix('\u{feff}').unwrap_or(text),
            comments,
        };
        if let Some(bad) = text.find(|c| !is_character(c)) {
            return Err(XmlFault::Malformed {
                what: "a character that XML does not have",
                at: bad,
            });
        }
        lexer.skip_declaration()?;
        Ok(lexer)
    }

    /// The byte where it stands.
    pub(crate) const fn at(&self) -> usize {
        self.text.len().saturating_sub(self.rest.len())
    }

    pub(crate) fn next(&mut self) -> Result<Token<'t>, XmlFault> {
        while self.skip_comment()? {}
        if self.rest.is_empty() {
            return Ok(Token::End);
        }
        self.refuse_other_markup()?;
        if self.take("</") {
            return self.close();
        }
        if self.take("<") {
            return self.open();
        }
        self.text()
    }

    fn malformed<T>(&self, what: &'static str) -> Result<T, XmlFault> {
        Err(XmlFault::Malformed {
            what,
            at: self.at(),
        })
    }

    fn take(&mut self, start: &str) -> bool {
        match self.rest.strip_prefix(start) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn take_until(&mut self, end: &str) -> Option<&'t str> {
        let (before, after) = self.rest.split_once(end)?;
        self.rest = after;
        Some(before)
    }

    fn skip_space(&mut self) -> bool {
        let trimmed = self.rest.trim_start_matches(is_space);
        let skipped = trimmed.len() < self.rest.len();
        self.rest = trimmed;
        skipped
    }

    fn skip_declaration(&mut self) -> Result<(), XmlFault> {
        if !self.rest.starts_with("<?xml") || !self.rest.get(5..6).is_some_and(is_space_text) {
            return Ok(());
        }
        self.take("<?xml");
        let Some(declaration) = self.take_until("?>") else {
            return self.malformed("an XML declaration without end");
        };
        let mut inside = Lexer {
            text: self.text,
            rest: declaration,
            comments: self.comments,
        };
        while inside.skip_space() && !inside.rest.is_empty() {
            let (name, value) = inside.attribute()?;
            match name {
                "version" if value == "1.0" => {}
                "encoding" if value.eq_ignore_ascii_case("utf-8") => {}
                "encoding" => return Err(XmlFault::Encoding),
                "standalone" if value == "yes" || value == "no" => {}
                _ => return self.malformed("an XML declaration that is not known"),
            }
        }
        if inside.rest.is_empty() {
            Ok(())
        } else {
            self.malformed("an XML declaration that is not known")
        }
    }

    fn skip_comment(&mut self) -> Result<bool, XmlFault> {
        if !self.rest.starts_with("<!--") {
            return Ok(false);
        }
        if self.comments == Comments::Refused {
            return Err(self.forbidden("a comment"));
        }
        self.take("<!--");
        match self.take_until("--") {
            Some(_) if self.take(">") => Ok(true),
            _ => self.malformed("a comment without end"),
        }
    }

    fn forbidden(&self, what: &'static str) -> XmlFault {
        XmlFault::Forbidden {
            what,
            at: self.at(),
        }
    }

    fn refuse_other_markup(&self) -> Result<(), XmlFault> {
        if self.rest.starts_with("<?") {
            return Err(self.forbidden("a processing instruction"));
        }
        if self.rest.starts_with("<![") {
            return Err(self.forbidden("a CDATA section"));
        }
        if self.rest.starts_with("<!") {
            return Err(self.forbidden("a document type"));
        }
        Ok(())
    }

    fn name(&mut self) -> Result<&'t str, XmlFault> {
        let end = self
            .rest
            .find(|c: char| !is_name_character(c))
            .unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return self.malformed("a name is missing, or not in ASCII");
        }
        if name.len() > NAME_MAX_BYTES {
            return Err(self.too_much("a name"));
        }
        self.rest = rest;
        Ok(name)
    }

    fn too_much(&self, what: &'static str) -> XmlFault {
        XmlFault::TooMuch {
            what,
            at: self.at(),
        }
    }

    fn close(&mut self) -> Result<Token<'t>, XmlFault> {
        let name = self.name()?;
        self.skip_space();
        if self.take(">") {
            Ok(Token::Close(name))
        } else {
            self.malformed("an end tag without end")
        }
    }

    fn open(&mut self) -> Result<Token<'t>, XmlFault> {
        let at = self.at();
        let name = self.name()?;
        let mut attributes: Vec<(&'t str, String)> = Vec::new();
        loop {
            let spaced = self.skip_space();
            let is_empty = self.take("/>");
            if is_empty || self.take(">") {
                return Ok(Token::Open(Tag {
                    name,
                    attributes,
                    is_empty,
                    at,
                }));
            }
            if !spaced {
                return self.malformed("a tag without end");
            }
            if attributes.len() == XML_ATTRIBUTES_MAX {
                return Err(self.too_much("attributes"));
            }
            let attribute = self.attribute()?;
            if attributes.iter().any(|(name, _)| *name == attribute.0) {
                return self.malformed("an attribute twice");
            }
            attributes.push(attribute);
        }
    }

    fn attribute(&mut self) -> Result<(&'t str, String), XmlFault> {
        let name = self.name()?;
        self.skip_space();
        if !self.take("=") {
            return self.malformed("an attribute without value");
        }
        self.skip_space();
        let quote = if self.take("\"") {
            "\""
        } else if self.take("'") {
            "'"
        } else {
            return self.malformed("an attribute's value without quotes");
        };
        let Some(raw) = self.take_until(quote) else {
            return self.malformed("an attribute's value without end");
        };
        if raw.len() > VALUE_MAX_BYTES {
            return Err(self.too_much("an attribute's value"));
        }
        if raw.contains('<') {
            return self.malformed("`<` in an attribute's value");
        }
        // XML 1.0, 3.3.3: what is written as a reference stays what it is.
        let spaced = raw.replace(['\t', '\n', '\r'], " ");
        Ok((name, self.resolve(&spaced)?))
    }

    fn text(&mut self) -> Result<Token<'t>, XmlFault> {
        let end = self.rest.find('<').unwrap_or(self.rest.len());
        let (raw, rest) = self.rest.split_at(end);
        if raw.contains("]]>") {
            return self.malformed("`]]>` in text");
        }
        let text = self.resolve(raw)?;
        self.rest = rest;
        Ok(Token::Text(text))
    }

    fn resolve(&self, raw: &str) -> Result<String, XmlFault> {
        let mut resolved = String::with_capacity(raw.len());
        let mut pieces = raw.split('&');
        resolved.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let Some((reference, text)) = piece.split_once(';') else {
                return self.malformed("`&` that begins no reference");
            };
            let Some(character) = referred(reference) else {
                return Err(self.forbidden("an entity or character that is not predefined"));
            };
            resolved.push(character);
            resolved.push_str(text);
        }
        Ok(resolved)
    }
}

fn referred(reference: &str) -> Option<char> {
    match reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let digits = reference.strip_prefix('#')?;
            let number = match digits.strip_prefix('x') {
                Some(hex) if is_digits(hex, 16) => u32::from_str_radix(hex, 16).ok()?,
                None if is_digits(digits, 10) => digits.parse().ok()?,
                _ => return None,
            };
            char::from_u32(number).filter(|c| is_character(*c))
        }
    }
}

/// `from_str_radix` alone would take a sign.
fn is_digits(text: &str, radix: u32) -> bool {
    (1..=8).contains(&text.len()) && text.chars().all(|c| c.is_digit(radix))
}

/// XML 1.0, production 2.
pub(crate) const fn is_character(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

fn is_space_text(text: &str) -> bool {
    text.chars().all(is_space)
}

/// Names are ASCII in everything that SAML defines.
const fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':')
}
