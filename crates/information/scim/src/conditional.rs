//! Versions as entity tags, and requests that hold for some of them only: RFC 7644, section 3.14.

use http::{HeaderMap, HeaderName, header};

/// The entity tag of a version. It is weak: what is projected or indented otherwise is the same.
pub(crate) fn entity_tag(version: u64) -> String {
    format!("W/\"{version}\"")
}

/// The versions that a request is for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Conditions {
    /// `If-Match`: one of these, where it is given.
    matching: Option<Tags>,
    /// `If-None-Match`: none of these.
    not_matching: Option<Tags>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Tags {
    Any,
    /// Those that are versions; a tag that was never given out is of none.
    Of(Vec<u64>),
}

impl Conditions {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self {
            matching: tags(headers, header::IF_MATCH),
            not_matching: tags(headers, header::IF_NONE_MATCH),
        }
    }

    /// The condition of an operation of a bulk: RFC 7644, section 3.7, `version`.
    pub(crate) fn version(tag: &str) -> Self {
        let mut tags = Vec::new();
        add(&mut tags, tag);
        Self {
            matching: Some(Tags::Of(tags)),
            not_matching: None,
        }
    }

    /// Whether a change may be made to what has this version.
    pub(crate) fn allow_change(&self, version: u64) -> bool {
        let is_meant = self.matching.as_ref().is_none_or(|tags| tags.have(version));
        is_meant && !self.is_known(version)
    }

    /// Whether the client has this version already.
    pub(crate) fn is_known(&self, version: u64) -> bool {
        self.not_matching
            .as_ref()
            .is_some_and(|tags| tags.have(version))
    }

    /// Whether the client named what it wants to change.
    pub(crate) const fn is_pinned(&self) -> bool {
        matches!(self.matching, Some(Tags::Of(_)))
    }
}

impl Tags {
    fn have(&self, version: u64) -> bool {
        match self {
            Self::Any => true,
            Self::Of(versions) => versions.contains(&version),
        }
    }
}

fn tags(headers: &HeaderMap, name: HeaderName) -> Option<Tags> {
    let mut given = headers.get_all(name).iter().peekable();
    given.peek()?;
    let mut versions = Vec::new();
    for tag in given.flat_map(|value| value.to_str().unwrap_or_default().split(',')) {
        if tag.trim() == "*" {
            return Some(Tags::Any);
        }
        add(&mut versions, tag);
    }
    Some(Tags::Of(versions))
}

fn add(versions: &mut Vec<u64>, tag: &str) {
    let tag = tag.trim();
    let strong = tag.strip_prefix("W/").unwrap_or(tag);
    let text = strong
        .strip_prefix('"')
        .and_then(|tag| tag.strip_suffix('"'));
    let is_ours = |text: &&str| !text.starts_with('+');
    versions.extend(
        text.filter(is_ours)
            .and_then(|text| text.parse::<u64>().ok()),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: HeaderName, value: &str) -> Conditions {
        Conditions::of(&HeaderMap::from_iter([(name, value.parse().unwrap())]))
    }

    #[test]
    fn a_change_is_made_to_the_version_that_was_read() {
        assert!(Conditions::default().allow_change(7));
        for value in ["W/\"7\"", "\"7\"", "W/\"6\", W/\"7\"", "*"] {
            assert!(of(header::IF_MATCH, value).allow_change(7), "{value}");
        }
        for value in ["W/\"8\"", "7", "", "\"x\"", "W/\"+7\""] {
            assert!(!of(header::IF_MATCH, value).allow_change(7), "{value}");
        }
    }

    #[test]
    fn what_is_known_is_not_sent_again_nor_changed() {
        assert!(of(header::IF_NONE_MATCH, "W/\"7\"").is_known(7));
        assert!(!of(header::IF_NONE_MATCH, "W/\"7\"").is_known(8));
        assert!(!of(header::IF_NONE_MATCH, "*").allow_change(8));
    }

    #[test]
    fn a_tag_is_read_as_it_is_given_out() {
        assert!(Conditions::version(&entity_tag(u64::MAX)).allow_change(u64::MAX));
        assert!(!Conditions::version("").allow_change(0));
    }
}
