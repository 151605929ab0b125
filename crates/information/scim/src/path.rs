//! Paths of attributes (RFC 7644, sections 3.5.2 and 3.10): `name.givenName`, `$ref`, and with the
//! schema before, `urn:…:enterprise:2.0:User:manager.value`.

use std::fmt;

use crate::{
    id::ResourceKind,
    schema::{Attribute, Schema},
};

/// The path of an attribute as it is written, of names that may be known or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AttributePath {
    /// The schema, where it is named.
    pub(crate) urn: Option<Box<str>>,
    /// The attribute.
    pub(crate) name: Box<str>,
    /// A part of it.
    pub(crate) part: Option<Box<str>>,
}

/// A text that is no path of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the path of an attribute, as in `name.givenName`")]
pub(crate) struct PathFault;

impl AttributePath {
    /// The longest path, in bytes.
    pub(crate) const MAX: usize = 256;

    /// Reads a path that stands alone.
    ///
    /// # Errors
    /// What the grammar of RFC 7644, figure 1, does not have as `attrPath`.
    pub(crate) fn read(text: &str) -> Result<Self, PathFault> {
        if text.len() > Self::MAX {
            return Err(PathFault);
        }
        let is_urn = text
            .get(..4)
            .is_some_and(|start| start.eq_ignore_ascii_case("urn:"));
        let (urn, rest) = match text.rsplit_once(':') {
            Some((urn, rest)) if is_urn => (Some(urn), rest),
            Some(_) => return Err(PathFault),
            None => (None, text),
        };
        let (name, part) = match rest.split_once('.') {
            Some((name, part)) => (name, Some(part)),
            None => (rest, None),
        };
        let is_fit = is_name(name) && part.is_none_or(is_name) && urn.is_none_or(is_urn_text);
        if !is_fit {
            return Err(PathFault);
        }
        Ok(Self {
            urn: urn.map(Into::into),
            name: name.into(),
            part: part.map(Into::into),
        })
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(urn) = &self.urn {
            write!(f, "{urn}:")?;
        }
        f.write_str(&self.name)?;
        match &self.part {
            Some(part) => write!(f, ".{part}"),
            None => Ok(()),
        }
    }
}

fn is_name(text: &str) -> bool {
    let rest = text.strip_prefix('$').unwrap_or(text);
    rest.starts_with(|c: char| c.is_ascii_alphabetic())
        && rest
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

fn is_urn_text(text: &str) -> bool {
    text.bytes().all(is_urn_byte)
}

pub(crate) const fn is_urn_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b':' | b'.' | b'-' | b'_')
}

/// Where the attribute of a path is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) extension: Option<&'static Schema>,
    pub(crate) attribute: &'static Attribute,
    pub(crate) part: Option<&'static Attribute>,
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.urn == other.urn
    }
}

impl Eq for Schema {}

impl Place {
    /// The place of a path in resources of a kind; none where they have no such attribute.
    pub(crate) fn of(path: &AttributePath, kind: ResourceKind) -> Option<Self> {
        let (extension, attribute) = match path.urn.as_deref() {
            None => (None, kind.attribute(&path.name)?),
            Some(urn) if urn.eq_ignore_ascii_case(kind.schema().urn) => {
                (None, kind.attribute(&path.name)?)
            }
            Some(urn) => {
                let extension = kind.extension()?;
                if !urn.eq_ignore_ascii_case(extension.urn) {
                    return None;
                }
                (Some(extension), extension.attribute(&path.name)?)
            }
        };
        let part = match path.part.as_deref() {
            Some(part) => Some(attribute.part(part)?),
            None => None,
        };
        Some(Self {
            extension,
            attribute,
            part,
        })
    }

    /// What is compared there: the part, or the attribute itself, or what stands in for it.
    pub(crate) fn leaf(&self) -> Option<&'static Attribute> {
        match self.part {
            Some(part) => Some(part),
            None if self.attribute.is_complex() => self.attribute.stand_in(),
            None => Some(self.attribute),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Option<Place> {
        Place::of(&AttributePath::read(text).unwrap(), ResourceKind::User)
    }

    #[test]
    fn a_path_names_an_attribute_with_or_without_its_schema() {
        assert_eq!(
            place("NAME.givenname").unwrap().part.unwrap().name,
            "givenName"
        );
        let urn = "URN:ietf:params:scim:schemas:core:2.0:user:userName";
        assert_eq!(place(urn).unwrap().attribute.name, "userName");
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value";
        let found = place(urn).unwrap();
        assert_eq!(
            (found.attribute.name, found.part.unwrap().name),
            ("manager", "value")
        );
        assert!(found.extension.is_some());
    }

    #[test]
    fn attributes_of_other_schemas_are_not_found() {
        for text in [
            "department",
            "urn:x:y:userName",
            "name.nick",
            "userName.value",
            "members",
        ] {
            assert_eq!(place(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        let long = "a".repeat(257);
        for text in [
            "", ".", "a.", ".a", "a.b.c", "a b", "x:a", "1a", "a[b]", "urn:", "ü", &long,
        ] {
            assert_eq!(AttributePath::read(text), Err(PathFault), "{text}");
        }
    }

    #[test]
    fn a_path_is_printed_as_it_is_read() {
        for text in ["a", "$ref", "a.b", "urn:a:2.0:B:c.d", "emails.$ref"] {
            assert_eq!(AttributePath::read(text).unwrap().to_string(), text);
        }
    }
}
