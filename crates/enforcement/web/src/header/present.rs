//! Which headers a request has, of those that are looked for: seen in one pass over all of
//! them instead of with a look-up each, most of which would find nothing.

use http::{HeaderMap, HeaderName};

/// Some of the headers that are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Present(u16);

impl Present {
    const NONE: Self = Self(0);
    pub(crate) const EXPECT: Self = Self(1);
    /// `Connection` or `Upgrade`.
    pub(crate) const SWITCH: Self = Self(1 << 1);
    /// `Origin` or `Sec-Fetch-Site`.
    pub(crate) const SENDER: Self = Self(1 << 2);
    /// `Accept` or `Sec-Fetch-Mode`.
    pub(crate) const NAVIGATION: Self = Self(1 << 3);
    pub(crate) const COOKIE: Self = Self(1 << 4);
    pub(crate) const USER_AGENT: Self = Self(1 << 5);
    pub(crate) const CONTENT_TYPE: Self = Self(1 << 6);
    pub(crate) const TE: Self = Self(1 << 7);

    /// Those that a request has.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let each = headers.keys().map(Self::named);
        each.fold(Self::NONE, |all, one| Self(all.0 | one.0))
    }

    /// Whether this one is among them.
    pub(crate) const fn has(self, one: Self) -> bool {
        self.0 & one.0 != 0
    }

    fn named(name: &HeaderName) -> Self {
        match name.as_str() {
            "expect" => Self::EXPECT,
            "connection" | "upgrade" => Self::SWITCH,
            "origin" | "sec-fetch-site" => Self::SENDER,
            "accept" | "sec-fetch-mode" => Self::NAVIGATION,
            "cookie" => Self::COOKIE,
            "user-agent" => Self::USER_AGENT,
            "content-type" => Self::CONTENT_TYPE,
            "te" => Self::TE,
            _ => Self::NONE,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn what_a_request_has_is_seen_and_nothing_else() {
        for (name, present) in [
            ("Expect", Present::EXPECT),
            ("Connection", Present::SWITCH),
            ("Upgrade", Present::SWITCH),
            ("Origin", Present::SENDER),
            ("Sec-Fetch-Site", Present::SENDER),
            ("Accept", Present::NAVIGATION),
            ("Sec-Fetch-Mode", Present::NAVIGATION),
            ("Cookie", Present::COOKIE),
            ("User-Agent", Present::USER_AGENT),
            ("Content-Type", Present::CONTENT_TYPE),
            ("TE", Present::TE),
            ("Accept-Language", Present::NONE),
        ] {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            let mut headers = HeaderMap::new();
            headers.append(name.clone(), HeaderValue::from_static("a"));
            assert_eq!(Present::of(&headers), present, "{name}");
            headers.append(name, HeaderValue::from_static("b"));
            headers.append("x-other", HeaderValue::from_static("c"));
            headers.append("host", HeaderValue::from_static("d"));
            assert_eq!(Present::of(&headers), present);
        }
        assert!(!Present::of(&HeaderMap::new()).has(Present::COOKIE));
    }
}
