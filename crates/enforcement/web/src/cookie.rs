//! Cookies: finding ours, hiding ours from upstreams, and keeping an upstream's to its host.

use http::{
    HeaderMap, HeaderValue,
    header::{COOKIE, SET_COOKIE},
};

use crate::canonical::Ambiguous;

/// An app's own session.
pub const SESSION: &str = "__Host-gw-session";
/// The session at the authentication origin.
pub const SIGN_ON: &str = "__Host-gw-sso";
/// One hand-over attempt; eight characters of the attempt follow.
pub const ATTEMPT: &str = "__Host-gw-attempt-";

/// What all our names begin with, compared without regard to case.
const OURS: &[u8] = b"__host-gw-";

/// Most attempts that are looked at; a browser holds a handful.
const ATTEMPTS_MAX: usize = 64;

/// Our cookies in a request.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Ours<'a> {
    /// The value of [`SESSION`].
    pub session: Option<&'a str>,
    /// The value of [`SIGN_ON`].
    pub sign_on: Option<&'a str>,
    /// Names (whole) and values of attempts.
    pub attempts: Vec<(&'a str, &'a str)>,
}

impl<'a> Ours<'a> {
    /// Finds ours. Values that are not plain text are as good as absent.
    ///
    /// # Errors
    /// Where one of our sessions is there twice, under whatever spelling of its name.
    pub fn read(headers: &'a HeaderMap) -> Result<Self, Ambiguous> {
        let mut found = Self::default();
        let (mut sessions, mut sign_ons) = (0_u32, 0_u32);
        for pair in pairs(headers).filter(|p| is_ours(p)) {
            let (name, value) = halves(pair);
            if name.eq_ignore_ascii_case(SESSION.as_bytes()) {
                sessions += 1;
                found.session = value.filter(|_| name == SESSION.as_bytes());
            } else if name.eq_ignore_ascii_case(SIGN_ON.as_bytes()) {
                sign_ons += 1;
                found.sign_on = value.filter(|_| name == SIGN_ON.as_bytes());
            } else if let (Ok(name), Some(value)) = (std::str::from_utf8(name), value)
                && name.starts_with(ATTEMPT)
                && found.attempts.len() < ATTEMPTS_MAX
            {
                found.attempts.push((name, value));
            }
        }
        if sessions > 1 || sign_ons > 1 {
            return Err(Ambiguous::Credentials);
        }
        Ok(found)
    }
}

/// Leaves the app's own cookies in place, in one header.
pub fn hide_ours(headers: &mut HeaderMap) {
    let mut lines = headers.get_all(COOKIE).iter();
    let Some(first) = lines.next() else { return };
    if lines.next().is_none() && !pairs_of(first.as_bytes()).any(is_ours) {
        return;
    }
    let mut kept = Vec::new();
    for pair in pairs(headers).filter(|p| !is_ours(p) && !p.is_empty()) {
        if !kept.is_empty() {
            kept.extend_from_slice(b"; ");
        }
        kept.extend_from_slice(pair);
    }
    match HeaderValue::from_bytes(&kept) {
        Ok(value) if !kept.is_empty() => drop(headers.insert(COOKIE, value)),
        _ => drop(headers.remove(COOKIE)),
    }
}

/// The most cookies that one answer of an app sets: a browser keeps some 180 for all hosts of one
/// registrable domain together.
const SET_AT_ONCE_MAX: usize = 50;

/// From an upstream: drops cookies with our names and cookies wider than the host; a `Domain`
/// that names the host itself is cut off, which makes the cookie the host's alone, and so is a
/// `Priority`, by which it would outlive ours.
pub fn narrow_set_cookies(headers: &mut HeaderMap, host: &str) {
    let fine = |value: &HeaderValue| matches!(narrowed(value.as_bytes(), host), Narrowed::AsIs);
    let set = headers.get_all(SET_COOKIE);
    if set.iter().all(fine) && set.iter().count() <= SET_AT_ONCE_MAX {
        return;
    }
    let given: Vec<HeaderValue> = headers.get_all(SET_COOKIE).iter().cloned().collect();
    headers.remove(SET_COOKIE);
    for value in given.into_iter().take(SET_AT_ONCE_MAX) {
        let kept = match narrowed(value.as_bytes(), host) {
            Narrowed::AsIs => value,
            Narrowed::To(bytes) => match HeaderValue::from_bytes(&bytes) {
                Ok(value) => value,
                Err(_) => continue,
            },
            Narrowed::Dropped => continue,
        };
        headers.append(SET_COOKIE, kept);
    }
}

enum Narrowed {
    AsIs,
    To(Vec<u8>),
    Dropped,
}

fn narrowed(cookie: &[u8], host: &str) -> Narrowed {
    let mut parts = cookie.split(|b| *b == b';');
    let pair = parts.next().unwrap_or_default();
    if is_ours(pair.trim_ascii()) {
        return Narrowed::Dropped;
    }
    let mut kept = pair.to_vec();
    let mut cut = false;
    for part in parts {
        match domain_of(part) {
            None if is_priority(part) => cut = true,
            None => {
                kept.push(b';');
                kept.extend_from_slice(part);
            }
            Some(domain) if domain.eq_ignore_ascii_case(host.as_bytes()) => cut = true,
            Some(_) => return Narrowed::Dropped,
        }
    }
    if cut {
        Narrowed::To(kept)
    } else {
        Narrowed::AsIs
    }
}

fn is_priority(attribute: &[u8]) -> bool {
    let name = attribute.split(|byte| *byte == b'=').next();
    name.is_some_and(|name| name.trim_ascii().eq_ignore_ascii_case(b"priority"))
}

/// The domain that an attribute names, without its leading dot.
fn domain_of(attribute: &[u8]) -> Option<&[u8]> {
    let mut halves = attribute.splitn(2, |b| *b == b'=');
    let name = halves.next().unwrap_or_default().trim_ascii();
    let value = halves.next().unwrap_or_default().trim_ascii();
    name.eq_ignore_ascii_case(b"domain")
        .then(|| value.strip_prefix(b".").unwrap_or(value))
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    headers
        .get_all(COOKIE)
        .iter()
        .flat_map(|line| pairs_of(line.as_bytes()))
}

fn pairs_of(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let here = rest?;
        let (pair, behind) = match memchr::memchr(b';', here) {
            Some(end) => (here.get(..end)?, here.get(end + 1..)),
            None => (here, None),
        };
        rest = behind;
        Some(pair.trim_ascii())
    })
}

/// A pair's name, and its value where it has one that is text.
fn halves(pair: &[u8]) -> (&[u8], Option<&str>) {
    match memchr::memchr(b'=', pair) {
        Some(at) => {
            let (name, value) = pair.split_at(at);
            let value = value.get(1..).unwrap_or_default().trim_ascii();
            (name.trim_ascii(), std::str::from_utf8(value).ok())
        }
        None => (pair.trim_ascii(), None),
    }
}

/// Whether a pair's name is one of ours; a cookie without a name is sent as its value alone,
/// so that its value can look like a name.
fn is_ours(pair: &[u8]) -> bool {
    pair.strip_prefix(b"=")
        .unwrap_or(pair)
        .trim_ascii_start()
        .get(..OURS.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(OURS))
}

/// A `Set-Cookie` value for one of ours.
pub fn set(name: &str, value: &str, lifetime_secs: Option<u64>) -> Option<HeaderValue> {
    let mut text = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax");
    match lifetime_secs {
        Some(secs) => text.push_str(&format!("; Max-Age={secs}")),
        // A browser that has too many throws others away first.
        None => text.push_str("; Priority=High"),
    }
    HeaderValue::try_from(text).ok()
}

/// A `Set-Cookie` value that removes one of ours.
pub fn removal(name: &str) -> Option<HeaderValue> {
    set(name, "", Some(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cookies(lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        headers
    }

    fn seen_by_upstream(lines: &[&str]) -> Vec<String> {
        let mut headers = cookies(lines);
        hide_ours(&mut headers);
        let shown = |v: &HeaderValue| String::from_utf8_lossy(v.as_bytes()).into_owned();
        headers.get_all(COOKIE).iter().map(shown).collect()
    }

    fn kept(cookie: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.append(SET_COOKIE, HeaderValue::from_str(cookie).unwrap());
        narrow_set_cookies(&mut headers, "wiki.example");
        headers
            .get(SET_COOKIE)
            .map(|v| v.to_str().unwrap().to_owned())
    }

    #[test]
    fn ours_are_found_by_their_exact_names() {
        let headers = cookies(&[
            "a=1; __Host-gw-session=tok",
            "__Host-gw-attempt-abcdefgh=v; b=2",
        ]);
        let ours = Ours::read(&headers).unwrap();
        assert_eq!(ours.session, Some("tok"));
        assert_eq!(ours.sign_on, None);
        assert_eq!(ours.attempts, [("__Host-gw-attempt-abcdefgh", "v")]);
        let headers = cookies(&["__host-gw-session=tok; x__Host-gw-session=tok"]);
        assert_eq!(Ours::read(&headers).unwrap(), Ours::default());
    }

    #[test]
    fn one_of_ours_twice_is_refused_in_any_spelling() {
        for lines in [
            &["__Host-gw-session=a; __Host-gw-session=a"][..],
            &["__Host-gw-session=a", "__Host-gw-session=b"],
            &["__Host-gw-session=a; __HOST-GW-SESSION=b"],
            &["__host-gw-session=a; __Host-gw-session=b"],
            &["__Host-gw-sso=a;__Host-gw-sso =b"],
        ] {
            assert_eq!(
                Ours::read(&cookies(lines)),
                Err(Ambiguous::Credentials),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn one_of_ours_twice_is_refused_though_one_has_no_text_for_a_value() {
        for line in [
            &b"__Host-gw-session=a; __Host-gw-session=\x80"[..],
            b"__Host-gw-sso; __Host-gw-sso=a",
        ] {
            let mut headers = HeaderMap::new();
            headers.append(COOKIE, HeaderValue::from_bytes(line).unwrap());
            assert_eq!(Ours::read(&headers), Err(Ambiguous::Credentials));
        }
    }

    #[test]
    fn upstreams_see_their_own_cookies_and_none_of_ours() {
        assert_eq!(seen_by_upstream(&["a=1; b=\"2\""]), ["a=1; b=\"2\""]);
        assert_eq!(seen_by_upstream(&["a=1", "b=2"]), ["a=1; b=2"]);
        for line in [
            "__Host-gw-session=x",
            "__HOST-gw-SESSION=x",
            " __host-gw-anything = x",
            "__Host-gw-session",
            "=__Host-gw-session=x",
            "= __Host-gw-session=x",
        ] {
            assert_eq!(seen_by_upstream(&[line]), [""; 0], "{line}");
            let beside = format!("a=1;{line}; b=2");
            assert_eq!(seen_by_upstream(&[&beside]), ["a=1; b=2"], "{line}");
        }
    }

    #[test]
    fn an_upstream_sets_cookies_for_its_own_host_only() {
        assert_eq!(
            kept("a=1; Path=/; Secure").as_deref(),
            Some("a=1; Path=/; Secure")
        );
        assert_eq!(
            kept("a=1; Domain=wiki.example; Path=/").as_deref(),
            Some("a=1; Path=/")
        );
        assert_eq!(kept("a=1; domain=.WIKI.example").as_deref(), Some("a=1"));
        for wide in [
            "a=1; Domain=example",
            "a=1; DOMAIN = .example ;Path=/",
            "a=1; Domain=wiki.example; Domain=example",
            "a=1; Domain=x.wiki.example",
            "a=1; Domain=",
            "__Host-gw-session=evil; Path=/; Secure",
            "__HOST-GW-sso=evil",
            "=__Host-gw-sso=evil",
            " __host-gw-attempt-x=evil",
        ] {
            assert_eq!(kept(wide), None, "{wide}");
        }
    }

    proptest! {
        #[test]
        fn nothing_of_ours_gets_through_whatever_stands_around_it(
            before in "[ -~]{0,20}", name in "(__Host|__host|__HOST)-(gw|GW|Gw)-[a-z-]{1,8}", value in "[a-z0-9]{0,8}", after in "[ -~]{0,20}",
        ) {
            let line = format!("{before}; {name}={value};{after}");
            let seen = seen_by_upstream(&[&line]);
            let pairs: Vec<_> = seen.iter().flat_map(|l| l.split(';')).map(str::trim).collect();
            prop_assert!(pairs.iter().all(|p| !p.to_ascii_lowercase().starts_with("__host-gw-")));
        }
    }
}
