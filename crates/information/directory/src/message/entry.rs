//! What a directory holds of somebody or something.

use std::fmt;

/// An entry as it was answered; its name is not read yet.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Entry {
    pub(crate) dn: String,
    pub(crate) attributes: Vec<Attribute>,
}

/// An attribute with its values.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Attribute {
    /// As the server spells it, with options.
    pub(crate) name: String,
    pub(crate) values: Vec<Vec<u8>>,
}

impl Entry {
    /// The values of an attribute, whose name's case does not count.
    pub(crate) fn values(&self, name: &str) -> &[Vec<u8>] {
        let is_it = |attribute: &&Attribute| attribute.name.eq_ignore_ascii_case(name);
        let found = self.attributes.iter().find(is_it);
        found.map_or(&[], |attribute| &attribute.values)
    }

    /// The first value of an attribute.
    pub(crate) fn first(&self, name: &str) -> Option<&[u8]> {
        self.values(name).first().map(Vec::as_slice)
    }

    /// The first value of an attribute, where it is a text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.first(name)
            .and_then(|value| std::str::from_utf8(value).ok())
    }

    /// What it holds, in bytes.
    pub(crate) fn size(&self) -> usize {
        let of = |attribute: &Attribute| {
            let values: usize = attribute.values.iter().map(|value| value.len() + 32).sum();
            attribute.name.len() + values
        };
        self.dn.len() + self.attributes.iter().map(of).sum::<usize>()
    }
}

/// Names of attributes only: values are people's.
impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.attributes.iter().map(|a| &a.name).collect();
        f.debug_struct("Entry").field("attributes", &names).finish()
    }
}

impl fmt::Debug for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} values)", self.name, self.values.len())
    }
}
