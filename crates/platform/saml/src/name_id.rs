//! Who an assertion or a logout is about (Core 2.2.3).

use crate::{
    limits::{ENTITY_ID_MAX_BYTES, NAME_ID_MAX_BYTES},
    xml::{Build, Node, ShapeFault},
};

/// The formats of [`NameId`]s that are commonly used (Core 8.3).
pub mod formats {
    /// Nothing is said.
    pub const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
    /// An address; says nothing about whether it was verified.
    pub const EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
    /// Opaque, the same each time, for one service provider.
    pub const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
    /// Opaque, another each time.
    pub const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
}

/// An identifier of a person.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NameId {
    /// The identifier. Not empty.
    pub value: String,
    /// How it is to be understood, one of [`formats`] mostly.
    pub format: Option<String>,
    /// The domain that it is unique in; where absent, the issuer.
    pub name_qualifier: Option<String>,
    /// The service provider or group of them that it is for.
    pub sp_name_qualifier: Option<String>,
}

impl NameId {
    /// An identifier without qualifiers.
    pub fn new(value: impl Into<String>, format: &str) -> Self {
        Self {
            value: value.into(),
            format: Some(format.to_owned()),
            name_qualifier: None,
            sp_name_qualifier: None,
        }
    }

    /// Whether both name the same person, as far as one can say: an absent format is
    /// *unspecified*, and a qualifier counts where both have it.
    pub fn is_same_as(&self, other: &Self) -> bool {
        let format = |id: &Self| {
            let format = id.format.as_deref();
            format.unwrap_or(formats::UNSPECIFIED).to_owned()
        };
        let agree = |one: &Option<String>, other: &Option<String>| {
            one.is_none() || other.is_none() || one == other
        };
        self.value == other.value
            && format(self) == format(other)
            && agree(&self.name_qualifier, &other.name_qualifier)
            && agree(&self.sp_name_qualifier, &other.sp_name_qualifier)
    }

    pub(crate) fn read(node: Node<'_>) -> Result<Self, ShapeFault> {
        let value = node
            .text()
            .filter(|value| !value.trim().is_empty() && value.len() <= NAME_ID_MAX_BYTES)
            .ok_or_else(|| ShapeFault::value(node, "value"))?;
        let bounded = |name| match node.attribute(name) {
            Some(text) if text.len() > ENTITY_ID_MAX_BYTES => {
                Err(ShapeFault::value(node, "qualifier"))
            }
            text => Ok(text.map(str::to_owned)),
        };
        Ok(Self {
            value,
            format: bounded("Format")?,
            name_qualifier: bounded("NameQualifier")?,
            sp_name_qualifier: bounded("SPNameQualifier")?,
        })
    }

    pub(crate) fn build(&self) -> Build {
        Build::new("saml:NameID")
            .maybe("Format", self.format.as_deref())
            .maybe("NameQualifier", self.name_qualifier.as_deref())
            .maybe("SPNameQualifier", self.sp_name_qualifier.as_deref())
            .text(&*self.value)
    }
}
