//! Resource indicators: where a token is to be used (RFC 8707).

use serde::{Deserialize, Serialize};

use crate::{Parameters, uri::Uri};

/// The most resources of one request.
pub const RESOURCES_MAX: usize = 8;

/// Why resources are refused; all of it is `invalid_target`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResourceFault {
    /// One is no absolute URI without a fragment (2).
    #[error("a resource is not an absolute URI without a fragment")]
    Malformed,
    /// There are more than [`RESOURCES_MAX`].
    #[error("there are more than {RESOURCES_MAX} resources")]
    TooMany,
    /// One is beyond what may be asked for.
    #[error("a resource is asked for that is not granted")]
    Beyond,
}

/// Resources, each once, in the order in which they came, compared byte by byte.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Resources(Vec<String>);

impl Resources {
    /// Reads them; one that comes twice counts once.
    ///
    /// # Errors
    /// Where one is no resource, or there are too many.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, ResourceFault> {
        let mut read = Self::default();
        for text in texts {
            let uri = Uri::parse(text).ok_or(ResourceFault::Malformed)?;
            if uri.has_fragment || (uri.authority.is_none() && uri.rest.is_empty()) {
                return Err(ResourceFault::Malformed);
            }
            if read.contains(text) {
                continue;
            }
            if read.0.len() == RESOURCES_MAX {
                return Err(ResourceFault::TooMany);
            }
            read.0.push(text.to_owned());
        }
        Ok(read)
    }

    pub(crate) fn of(parameters: &Parameters) -> Result<Self, ResourceFault> {
        Self::parse(parameters.values("resource"))
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether this is one of them.
    pub fn contains(&self, resource: &str) -> bool {
        self.0.iter().any(|one| one == resource)
    }

    /// Whether each of them is one of those.
    pub fn is_within(&self, those: &Self) -> bool {
        self.iter().all(|one| those.contains(one))
    }

    /// What a client asks for, within what it is registered for; where it asks for nothing and
    /// there is only one thing, that.
    ///
    /// # Errors
    /// Where more is asked for than it is registered for.
    pub(crate) fn of_registered(asked: &Self, registered: &Self) -> Result<Self, ResourceFault> {
        match (asked.is_empty(), registered.0.as_slice()) {
            (true, [_]) => Ok(registered.clone()),
            (true, _) => Ok(Self::default()),
            (false, _) => Self::narrow(asked, registered),
        }
    }

    /// What is asked for within what is granted (2.2); all of it where nothing is asked for.
    ///
    /// # Errors
    /// Where more is asked for than is granted.
    pub fn narrow(asked: &Self, granted: &Self) -> Result<Self, ResourceFault> {
        match asked {
            asked if asked.is_empty() => Ok(granted.clone()),
            asked if asked.is_within(granted) => Ok(asked.clone()),
            _ => Err(ResourceFault::Beyond),
        }
    }
}

impl TryFrom<Vec<String>> for Resources {
    type Error = ResourceFault;

    fn try_from(texts: Vec<String>) -> Result<Self, ResourceFault> {
        Self::parse(texts.iter().map(String::as_str))
    }
}

impl From<Resources> for Vec<String> {
    fn from(resources: Resources) -> Self {
        resources.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_an_absolute_uri_without_a_fragment() {
        let read = Resources::parse(["https://api.example/a", "urn:example:b", "urn:example:b"]);
        assert_eq!(read.unwrap().iter().count(), 2);
        for text in [
            "api",
            "/a",
            "https://api.example/#f",
            "x:",
            "https://u@api.example/",
        ] {
            assert_eq!(
                Resources::parse([text]),
                Err(ResourceFault::Malformed),
                "{text}"
            );
        }
        let many: Vec<String> = (0..9).map(|one| format!("urn:example:{one}")).collect();
        let many = Resources::parse(many.iter().map(String::as_str));
        assert_eq!(many, Err(ResourceFault::TooMany));
    }

    #[test]
    fn who_asks_for_nothing_gets_the_only_thing_and_never_one_of_several() {
        let of = |texts: &[&str]| Resources::parse(texts.iter().copied()).unwrap();
        let (one, two) = (of(&["urn:a"]), of(&["urn:a", "urn:b"]));
        assert_eq!(Resources::of_registered(&of(&[]), &one), Ok(one.clone()));
        assert_eq!(Resources::of_registered(&of(&[]), &two), Ok(of(&[])));
        assert_eq!(Resources::of_registered(&one, &two), Ok(one.clone()));
        assert_eq!(
            Resources::of_registered(&two, &one),
            Err(ResourceFault::Beyond)
        );
    }

    #[test]
    fn narrowing_asks_for_nothing_that_was_not_granted() {
        let of = |texts: &[&str]| Resources::parse(texts.iter().copied()).unwrap();
        let granted = of(&["urn:a", "urn:b"]);
        assert_eq!(Resources::narrow(&of(&[]), &granted), Ok(granted.clone()));
        assert_eq!(
            Resources::narrow(&of(&["urn:b"]), &granted),
            Ok(of(&["urn:b"]))
        );
        let beyond = Resources::narrow(&of(&["urn:b", "urn:c"]), &granted);
        assert_eq!(beyond, Err(ResourceFault::Beyond));
        assert_eq!(
            Resources::narrow(&of(&["urn:c"]), &of(&[])),
            Err(ResourceFault::Beyond)
        );
    }
}
