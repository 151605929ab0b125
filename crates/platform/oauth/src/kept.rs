//! How values of `gw-jose` are kept: as the texts that they are written as.

use gw_jose::{Algorithm, Thumbprint, pkce::Challenge};

/// A value that is written as a text and read again from it.
pub(crate) trait Text: Sized {
    fn of_text(text: &str) -> Option<Self>;
}

impl Text for Thumbprint {
    fn of_text(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Text for Challenge {
    fn of_text(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Text for Algorithm {
    fn of_text(text: &str) -> Option<Self> {
        Self::of_name(text)
    }
}

/// For a field that is always there.
pub(crate) mod text {
    use std::fmt::Display;

    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use super::Text;

    pub(crate) fn serialize<T: Display, S: Serializer>(
        value: &T,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub(crate) fn deserialize<'de, T: Text, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
        let text = String::deserialize(from)?;
        T::of_text(&text).ok_or_else(|| D::Error::custom("it is not of its form"))
    }
}

/// For a field that may be absent.
pub(crate) mod optional {
    use std::fmt::Display;

    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use super::Text;

    pub(crate) fn serialize<T: Display, S: Serializer>(
        value: &Option<T>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => to.collect_str(value),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, T: Text, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<T>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| T::of_text(&text).ok_or_else(|| D::Error::custom("it is not of its form")))
            .transpose()
    }
}
