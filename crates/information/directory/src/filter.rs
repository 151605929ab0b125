//! Search filters (RFC 4515): read once, then a value that cannot be anything else.
//!
//! What comes from outside gets into a filter as a value of [`Filter::equal`], never as text: there
//! is nothing that it could be mistaken for.

mod read;

use std::{fmt, str::FromStr};

use crate::ber::{OCTETS, SEQUENCE, Writer};

/// The longest text of a filter, in bytes.
pub const FILTER_BYTES_MAX: usize = 4096;
/// How deep a filter's parts are within one another.
pub const FILTER_DEPTH_MAX: usize = 16;

/// A text that is no filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterFault {
    /// Longer than [`FILTER_BYTES_MAX`].
    #[error("a filter of {0} bytes: the longest has {FILTER_BYTES_MAX}")]
    TooLong(usize),
    /// Deeper than [`FILTER_DEPTH_MAX`].
    #[error("a filter more than {FILTER_DEPTH_MAX} deep")]
    TooDeep,
    /// It does not follow the grammar.
    #[error("no filter: {what} at byte {at}")]
    Malformed {
        /// What is wrong.
        what: &'static str,
        /// Where.
        at: usize,
    },
}

/// A search filter.
#[derive(Clone, PartialEq, Eq)]
pub struct Filter(Node);

#[derive(Clone, PartialEq, Eq)]
enum Node {
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Compared {
        how: Comparison,
        attribute: String,
        value: Vec<u8>,
    },
    /// Pieces that a value holds in this order; the first and the last may be empty.
    Pieces {
        attribute: String,
        pieces: Vec<Vec<u8>>,
    },
    Present(String),
    Matched {
        attribute: String,
        rule: String,
        of_names: bool,
        value: Vec<u8>,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    AtLeast,
    AtMost,
    About,
}

impl Filter {
    /// What has this very value, whatever bytes it is made of.
    pub fn equal(attribute: &str, value: &[u8]) -> Self {
        Self::compared(Comparison::Equal, attribute, value)
    }

    /// What has a value that is at least this one.
    pub(crate) fn at_least(attribute: &str, value: &str) -> Self {
        Self::compared(Comparison::AtLeast, attribute, value.as_bytes())
    }

    /// What there is.
    pub(crate) fn everything() -> Self {
        Self(Node::Present("objectClass".to_owned()))
    }

    /// What one of them finds.
    pub(crate) fn any(filters: impl IntoIterator<Item = Self>) -> Self {
        Self(Node::Or(filters.into_iter().map(|one| one.0).collect()))
    }

    /// What both of them find.
    pub(crate) fn and(self, other: Self) -> Self {
        Self(Node::And(vec![self.0, other.0]))
    }

    fn compared(how: Comparison, attribute: &str, value: &[u8]) -> Self {
        Self(Node::Compared {
            how,
            attribute: attribute.to_owned(),
            value: value.to_vec(),
        })
    }

    /// As it is sent (RFC 4511, 4.5.1.7).
    pub(crate) fn write(&self, writer: &mut Writer) {
        self.0.write(writer);
    }
}

impl Node {
    // No deeper than reading it went, and what is put together here adds two.
    fn write(&self, writer: &mut Writer) {
        match self {
            Self::And(all) => write_all(0xa0, all, writer),
            Self::Or(any) => write_all(0xa1, any, writer),
            Self::Not(not) => {
                writer.nested(0xa2, |inner| not.write(inner));
            }
            Self::Compared {
                how,
                attribute,
                value,
            } => {
                writer.nested(how.tag(), |inner| {
                    inner.text(OCTETS, attribute).element(OCTETS, value);
                });
            }
            Self::Pieces { attribute, pieces } => {
                writer.nested(0xa4, |inner| {
                    inner.text(OCTETS, attribute);
                    inner.nested(SEQUENCE, |inner| write_pieces(pieces, inner));
                });
            }
            Self::Present(attribute) => {
                writer.text(0x87, attribute);
            }
            Self::Matched {
                attribute,
                rule,
                of_names,
                value,
            } => {
                writer.nested(0xa9, |inner| {
                    if !rule.is_empty() {
                        inner.text(0x81, rule);
                    }
                    if !attribute.is_empty() {
                        inner.text(0x82, attribute);
                    }
                    inner.element(0x83, value);
                    if *of_names {
                        inner.boolean(0x84, true);
                    }
                });
            }
        }
    }
}

fn write_all(tag: u8, nodes: &[Node], writer: &mut Writer) {
    writer.nested(tag, |inner| nodes.iter().for_each(|node| node.write(inner)));
}

fn write_pieces(pieces: &[Vec<u8>], writer: &mut Writer) {
    let last = pieces.len().saturating_sub(1);
    for (number, piece) in pieces.iter().enumerate() {
        let tag = match number {
            0 => 0x80,
            number if number == last => 0x82,
            _ => 0x81,
        };
        if !piece.is_empty() {
            writer.element(tag, piece);
        }
    }
}

impl Comparison {
    const fn tag(self) -> u8 {
        match self {
            Self::Equal => 0xa3,
            Self::AtLeast => 0xa5,
            Self::AtMost => 0xa6,
            Self::About => 0xa8,
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::AtLeast => ">=",
            Self::AtMost => "<=",
            Self::About => "~=",
        }
    }
}

/// A value as a filter's text has it (RFC 4515, section 3): whatever could be taken for more than
/// itself becomes `\` and two hexadecimal digits.
pub fn escaped(value: &[u8]) -> String {
    let mut kept = String::with_capacity(value.len());
    for byte in value {
        match byte {
            b'*' | b'(' | b')' | b'\\' | 0..=0x1f | 0x7f..=0xff => {
                kept.push_str(&format!("\\{byte:02x}"));
            }
            _ => kept.push(char::from(*byte)),
        }
    }
    kept
}

impl FromStr for Filter {
    type Err = FilterFault;

    fn from_str(text: &str) -> Result<Self, FilterFault> {
        read::read(text).map(Self)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Filter({self})")
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let several = |sign: &str, nodes: &[Self], f: &mut fmt::Formatter<'_>| {
            write!(f, "({sign}")?;
            nodes.iter().try_for_each(|node| node.fmt(f))?;
            f.write_str(")")
        };
        match self {
            Self::And(all) => several("&", all, f),
            Self::Or(any) => several("|", any, f),
            Self::Not(not) => write!(f, "(!{not})"),
            Self::Compared {
                how,
                attribute,
                value,
            } => write!(f, "({attribute}{}{})", how.text(), escaped(value)),
            Self::Pieces { attribute, pieces } => {
                let pieces: Vec<_> = pieces.iter().map(|piece| escaped(piece)).collect();
                write!(f, "({attribute}={})", pieces.join("*"))
            }
            Self::Present(attribute) => write!(f, "({attribute}=*)"),
            Self::Matched {
                attribute,
                rule,
                of_names,
                value,
            } => {
                let names = if *of_names { ":dn" } else { "" };
                let colon = if rule.is_empty() { "" } else { ":" };
                let value = escaped(value);
                write!(f, "({attribute}{names}{colon}{rule}:={value})")
            }
        }
    }
}

#[cfg(test)]
mod tests;
