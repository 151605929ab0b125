//! The query of a request: only what its endpoint knows, each at most once, and pages of lists.

use std::str::FromStr;

use crate::{
    endpoint::Endpoint,
    types::{Listing, Problem},
};

/// Items of a page where the request does not say.
const LIMIT_USUAL: usize = 100;
/// Most items of a page.
pub(crate) const LIMIT_MAX: usize = 1000;
/// Longest value.
const VALUE_BYTES_MAX: usize = 512;
/// Longest reason: as many characters as one may have, of four bytes each.
const REASON_BYTES_MAX: usize = 2000;

/// The word for a key that signs from now on.
const AT_ONCE: &str = "at-once";

/// A parameter that a request may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// `string` or `integer`, as OpenAPI says it.
    pub(crate) kind: &'static str,
    /// The words that it may be; empty for any.
    pub(crate) words: &'static [&'static str],
    /// How long a value may be.
    pub(crate) bytes: usize,
    /// Bounds of an integer.
    pub(crate) least: u64,
    pub(crate) most: u64,
}

const fn text(name: &'static str, what: &'static str) -> Parameter {
    Parameter {
        name,
        what,
        kind: "string",
        words: &[],
        bytes: VALUE_BYTES_MAX,
        least: 0,
        most: 0,
    }
}

pub(crate) const LIMIT: Parameter = Parameter {
    kind: "integer",
    least: 1,
    most: LIMIT_MAX as u64,
    ..text(
        "limit",
        "Most items of the page: 1 to 1000, 100 where absent.",
    )
};
pub(crate) const AFTER: Parameter =
    text("after", "Where the page begins: `next` of the page before.");
pub(crate) const SEARCH: Parameter = text("q", "Only what has this in its name or title.");
pub(crate) const GROUP: Parameter = text(
    "group",
    "Only who is in this group, directly or through others.",
);
pub(crate) const PROVIDER: Parameter = text("provider", "Only who is known at this provider.");
pub(crate) const USER: Parameter = text("user", "Only of this person, by name or id.");

pub(crate) const APP: Parameter = text("app", "Only at this app.");
pub(crate) const OUTCOME: Parameter = Parameter {
    words: &["allow", "deny", "cut", "change", "note"],
    ..text("outcome", "Only with this outcome.")
};
pub(crate) const AFTER_SEQ: Parameter = Parameter {
    kind: "integer",
    most: i64::MAX as u64,
    ..text(
        "after",
        "Only what came after this one: `next` of the answer before.",
    )
};
pub(crate) const WAIT: Parameter = Parameter {
    kind: "integer",
    most: 25,
    ..text("wait", "Seconds to wait for something new: 0 to 25.")
};
pub(crate) const STATE: Parameter = Parameter {
    words: &["active", "disabled", "without-passkey"],
    ..text("state", "Only who is in this state.")
};

pub(crate) const PROPOSE: Parameter = Parameter {
    bytes: REASON_BYTES_MAX,
    ..text(
        "propose",
        "Why: then nothing is changed, but proposed, for somebody else to approve. The answer is 202.",
    )
};
pub(crate) const BEGINS: Parameter = Parameter {
    words: &[AT_ONCE],
    ..text(
        "begins",
        "When a key for SAML begins to sign, where not after its lead time: at once, and those before it are gone. On the machine itself alone.",
    )
};
pub(crate) const PROPOSAL_STATE: Parameter = Parameter {
    words: &["waiting", "approved", "declined", "withdrawn", "lapsed"],
    ..text("state", "Only what is in this state.")
};

/// What a request asks for beside its path.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(&'static str, String)>);

impl Query {
    /// Reads a query string by what the endpoint knows.
    pub(crate) fn of(endpoint: &Endpoint, text: &str) -> Result<Self, Problem> {
        let mut known: Vec<(&'static str, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            let parameter = endpoint
                .query
                .iter()
                .find(|parameter| parameter.name == name);
            let Some(parameter) = parameter else {
                let name: String = name.chars().take(40).collect();
                return Err(
                    Problem::invalid(format!("there is no parameter `{name}` here")).field(&name),
                );
            };
            let fault = |what: &str| {
                Err(Problem::invalid(format!("`{}` {what}", parameter.name)).field(parameter.name))
            };
            if known.iter().any(|(other, _)| *other == parameter.name) {
                return fault("is there twice");
            }
            if value.len() > parameter.bytes || value.chars().any(char::is_control) {
                let most = parameter.bytes;
                return fault(&format!("is longer than {most} bytes or not plain text"));
            }
            if !parameter.words.is_empty() && !parameter.words.contains(&&*value) {
                return fault(&format!("is one of {}", parameter.words.join(", ")));
            }
            known.push((parameter.name, value.into_owned()));
        }
        Ok(Self(known))
    }

    /// A parameter's value.
    pub(crate) fn text(&self, parameter: Parameter) -> Option<&str> {
        let found = self.0.iter().find(|(name, _)| *name == parameter.name);
        found.map(|(_, value)| &**value)
    }

    /// A parameter's value, read.
    pub(crate) fn read<T: FromStr>(&self, parameter: Parameter) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(parameter) else {
            return Ok(None);
        };
        let read = text.parse().map_err(|_| {
            let text: String = text.chars().take(40).collect();
            Problem::invalid(format!("`{}` cannot be `{text}`", parameter.name))
                .field(parameter.name)
        });
        read.map(Some)
    }

    /// Most items of the page.
    pub(crate) fn limit(&self) -> Result<usize, Problem> {
        match self.read(LIMIT)? {
            None => Ok(LIMIT_USUAL),
            Some(limit @ 1..=LIMIT_MAX) => Ok(limit),
            Some(_) => Err(Problem::invalid("`limit` is 1 to 1000").field("limit")),
        }
    }

    /// The page of a list that is in the order of a key.
    pub(crate) fn page<T, V>(
        &self,
        sorted: impl Iterator<Item = T>,
        key: impl Fn(&T) -> String,
        shown: impl Fn(&T) -> V,
    ) -> Result<Listing<V>, Problem> {
        let limit = self.limit()?;
        let after = self.text(AFTER);
        let (mut total, mut items, mut next, mut last) = (0, Vec::new(), None, None);
        for item in sorted {
            total += 1;
            let key = key(&item);
            if after.is_some_and(|after| *key <= *after) {
                continue;
            }
            if items.len() < limit {
                items.push(shown(&item));
                last = Some(key);
            } else if next.is_none() {
                next = last.take();
            }
        }
        Ok(Listing {
            items,
            next,
            total: Some(total),
        })
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::endpoint;

    fn of(text: &str) -> Result<Query, Problem> {
        let (endpoint, _) = endpoint::find(&Method::GET, "/v1/users").unwrap();
        Query::of(endpoint, text)
    }

    #[test]
    fn a_list_is_read_page_by_page_without_gap_or_repetition() {
        let names = ["ana", "bo", "cy", "dee", "eva"];
        let mut seen = Vec::new();
        let mut after = String::new();
        loop {
            let query = of(&format!("limit=2{after}")).unwrap();
            let listing = query
                .page(names.iter(), |name| (**name).to_owned(), |name| **name)
                .unwrap();
            assert_eq!(listing.total, Some(5));
            seen.extend(listing.items);
            match listing.next {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        assert_eq!(seen, names);
    }

    #[test]
    fn what_an_endpoint_does_not_know_is_refused_with_its_name() {
        for (text, field) in [
            ("x=1", "x"),
            ("q=a&q=b", "q"),
            ("state=asleep", "state"),
            ("q=%00", "q"),
            ("limit=0", "limit"),
            ("limit=ten", "limit"),
            ("limit=1001", "limit"),
        ] {
            let refused = of(text).and_then(|query| query.limit().map(|_| query));
            assert_eq!(refused.unwrap_err().field.as_deref(), Some(field), "{text}");
        }
    }
}
