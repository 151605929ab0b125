//! Distinguished names (RFC 4514), and when two of them are one.
//!
//! A name is compared in a canonical form: attribute types in lower case and by their short names,
//! values as RFC 4518 prepares them, the parts of a multi-valued RDN in order. That is how servers
//! compare what is asked for here (`caseIgnoreMatch`); what is different to a server that minds case
//! is the same here, and two entries of one canonical name are never told apart by guessing.

mod read;
mod shown;

pub(crate) use read::is_attribute;

use std::{fmt, str::FromStr, sync::Arc};

use crate::text::folded;

/// The longest distinguished name, in bytes of its text.
pub const DN_BYTES_MAX: usize = 2048;
/// The most RDNs of a name, and the most parts of all of them together.
pub const DN_PARTS_MAX: usize = 64;

/// What keeping a key takes beside its text.
const KEY_OVERHEAD: usize = 32;

/// A text that is no distinguished name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DnFault {
    /// Longer than [`DN_BYTES_MAX`].
    #[error("a distinguished name of {0} bytes: the longest has {DN_BYTES_MAX}")]
    TooLong(usize),
    /// More parts than [`DN_PARTS_MAX`].
    #[error("a distinguished name of more than {DN_PARTS_MAX} parts")]
    TooManyParts,
    /// It does not follow the grammar.
    #[error("no distinguished name: {what} at byte {at}")]
    Malformed {
        /// What is wrong.
        what: &'static str,
        /// Where.
        at: usize,
    },
}

/// A distinguished name.
#[derive(Clone)]
pub struct Dn {
    rdns: Vec<Vec<Part>>,
    key: DnKey,
}

/// One attribute and its value in an RDN.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    /// In lower case, by its short name where RFC 4514 has one.
    attribute: String,
    value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Text(String),
    /// The BER of a value that has no text, in lower-case hexadecimal.
    Encoded(String),
}

/// A name's canonical form: equal exactly where two names are one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DnKey(Arc<str>);

impl DnKey {
    /// What it holds, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.0.len() + size_of::<Self>() + KEY_OVERHEAD
    }
}

impl Dn {
    /// What it is compared by.
    pub const fn key(&self) -> &DnKey {
        &self.key
    }

    /// Whether it is the name of the directory's root.
    pub const fn is_root(&self) -> bool {
        self.rdns.is_empty()
    }

    /// Whether it is a base's own name, or one below it.
    pub fn is_within(&self, base: &Self) -> bool {
        let above = self.rdns.len().checked_sub(base.rdns.len());
        let tail = above.and_then(|above| self.rdns.get(above..));
        tail.is_some_and(|tail| key(tail) == base.key)
    }

    fn of(rdns: Vec<Vec<Part>>) -> Self {
        let key = key(&rdns);
        Self { rdns, key }
    }
}

/// The name of the directory's root.
impl Default for Dn {
    fn default() -> Self {
        Self::of(Vec::new())
    }
}

fn key(rdns: &[Vec<Part>]) -> DnKey {
    let rdn = |parts: &Vec<Part>| {
        let mut parts: Vec<String> = parts.iter().map(Part::canonical).collect();
        parts.sort_unstable();
        parts.join("+")
    };
    let rdns: Vec<String> = rdns.iter().map(rdn).collect();
    DnKey(rdns.join(",").into())
}

impl Part {
    fn canonical(&self) -> String {
        match &self.value {
            Value::Text(text) => format!("{}={}", self.attribute, shown::escaped(&folded(text))),
            Value::Encoded(hex) => format!("{}=#{hex}", self.attribute),
        }
    }
}

impl FromStr for Dn {
    type Err = DnFault;

    fn from_str(text: &str) -> Result<Self, DnFault> {
        read::read(text).map(Self::of)
    }
}

impl fmt::Display for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        shown::show(&self.rdns, f)
    }
}

impl fmt::Debug for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dn({self})")
    }
}

impl PartialEq for Dn {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Dn {}

impl fmt::Debug for DnKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

#[cfg(test)]
mod tests;
