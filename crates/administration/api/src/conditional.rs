//! Conditional writes (RFC 9110, section 13): what was read is what is changed.

use http::{HeaderMap, HeaderValue, header};

use crate::types::Problem;

/// The version that a change is made to; any where absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Precondition(Option<u64>);

impl Precondition {
    /// Reads `If-Match`: one entity tag, or `*`.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut given = headers.get_all(header::IF_MATCH).iter();
        let Some(value) = given.next() else {
            return Ok(Self(None));
        };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" && given.next().is_none() {
            return Ok(Self(None));
        }
        let version = text
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'))
            .and_then(|text| text.parse().ok());
        match (version, given.next()) {
            (Some(version), None) => Ok(Self(Some(version))),
            _ => Err(
                Problem::invalid("`If-Match` is not one entity tag of an answer here")
                    .field("If-Match"),
            ),
        }
    }

    /// A change that is made to this version alone, where there is one.
    pub(crate) const fn at(version: Option<u64>) -> Self {
        Self(version)
    }

    /// The version that is named.
    pub(crate) const fn version(self) -> Option<u64> {
        self.0
    }

    /// Whether it holds for what has this version now.
    pub(crate) fn holds(self, version: u64) -> bool {
        self.0.is_none_or(|expected| expected == version)
    }
}

/// The entity tag of a version.
pub(crate) fn entity_tag(version: u64) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("\"{version}\"")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &str) -> Result<Precondition, Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, value.parse().unwrap());
        Precondition::of(&headers)
    }

    #[test]
    fn a_version_that_was_read_is_compared_and_anything_else_is_refused() {
        assert!(Precondition::of(&HeaderMap::new()).unwrap().holds(7));
        assert!(of("*").unwrap().holds(7));
        assert!(of("\"7\"").unwrap().holds(7));
        assert!(!of("\"6\"").unwrap().holds(7));
        for bad in ["7", "\"7\", \"8\"", "W/\"7\"", "\"\"", "\"x\""] {
            assert_eq!(
                of(bad).unwrap_err().field.as_deref(),
                Some("If-Match"),
                "{bad}"
            );
        }
    }
}
