//! The address that a DPoP proof is for (RFC 9449, 4.2: `htu`), in one form, so that two
//! spellings of one address are equal (RFC 3986, 6.2.2 and 6.2.3).

/// The longest address, in bytes.
const BYTES_MAX: usize = 8192;

/// Scheme, host, port and path; no query, no fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HttpUri {
    is_tls: bool,
    host: String,
    port: u16,
    path: String,
}

impl HttpUri {
    /// Reads an absolute `http` or `https` address and leaves its query and fragment away; none
    /// where it is not one, or names a user.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
        if text.len() > BYTES_MAX || !text.bytes().all(is_plain) {
            return None;
        }
        let (scheme, rest) = text.split_once("://")?;
        let is_tls = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let at = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(at)?;
        let (host, port) = host_and_port(authority, if is_tls { 443 } else { 80 })?;
        Some(Self {
            is_tls,
            host,
            port,
            path: normal_path(path)?,
        })
    }
}

fn host_and_port(authority: &str, usual: u16) -> Option<(String, u16)> {
    let after_host = authority.rfind(']').unwrap_or_default();
    let colon = authority.rfind(':').filter(|colon| *colon >= after_host);
    let (host, port) = match colon {
        Some(colon) => (authority.get(..colon)?, authority.get(colon + 1..)?),
        None => (authority, ""),
    };
    let port = match port {
        "" => usual,
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok()?,
        _ => return None,
    };
    is_host(host).then(|| (host.to_ascii_lowercase(), port))
}

/// A name, an IPv4 address, or an IPv6 address in brackets; nothing that is encoded.
fn is_host(host: &str) -> bool {
    let inner = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    match inner {
        Some(address) => {
            let is_part = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
            !address.is_empty() && address.bytes().all(is_part)
        }
        None => {
            let is_part =
                |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
            !host.is_empty() && host.bytes().all(is_part)
        }
    }
}

fn normal_path(path: &str) -> Option<String> {
    let decoded = decode_unreserved(path)?;
    Some(without_dot_segments(&decoded))
}

/// Unreserved characters are themselves, others stay encoded, in upper case.
fn decode_unreserved(path: &str) -> Option<String> {
    let mut normal = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        let (digits, following) = after.split_at_checked(2)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let byte = u8::from_str_radix(digits, 16).ok()?;
        normal.push_str(before);
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            normal.push(char::from(byte));
        } else {
            normal.push('%');
            normal.push_str(&digits.to_ascii_uppercase());
        }
        rest = following;
    }
    normal.push_str(rest);
    Some(normal)
}

/// RFC 3986, 5.2.4, for a path that is empty or begins with a slash.
fn without_dot_segments(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            other => {
                kept.push(other);
                continue;
            }
        }
        if is_last {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings_of_one_address_are_equal() {
        let one = HttpUri::parse("https://api.example/a/b~c").unwrap();
        for other in [
            "HTTPS://API.Example/a/b~c",
            "https://api.example:443/a/b~c",
            "https://api.example:/a/b~c",
            "https://api.example/a/b%7Ec",
            "https://api.example/a/b%7ec?query=1#fragment",
            "https://api.example/x/../a/./b~c",
            "https://api.example/%2e%2E/a/b~c",
        ] {
            assert_eq!(HttpUri::parse(other).as_ref(), Some(&one), "{other}");
        }
        let root = HttpUri::parse("https://api.example/");
        assert!(root.is_some());
        assert_eq!(HttpUri::parse("https://api.example"), root);
        assert_eq!(HttpUri::parse("https://api.example?q"), root);
        assert_eq!(HttpUri::parse("https://api.example/a/.."), root);
    }

    #[test]
    fn other_addresses_are_not() {
        let one = HttpUri::parse("https://api.example/a/b");
        for other in [
            "http://api.example/a/b",
            "https://api.example:444/a/b",
            "https://api.example./a/b",
            "https://other.example/a/b",
            "https://api.example/a/b/",
            "https://api.example/a//b",
            "https://api.example/A/b",
            "https://api.example/a%2Fb",
        ] {
            let other = HttpUri::parse(other);
            assert!(other.is_some() && other != one);
        }
    }

    #[test]
    fn what_is_no_plain_address_is_none() {
        for other in [
            "",
            "/a/b",
            "https:/api.example/a",
            "ftp://api.example/",
            "https://",
            "https:///a",
            "https://user@api.example/",
            "https://api.example:443@other.example/",
            "https://api.example:99999/",
            "https://api.example:+443/",
            "https://api.example/%",
            "https://api.example/%4",
            "https://api.example/%+1",
            "https://api.example\\@other.example/",
            "https://api.exam ple/",
            "https://api.example/\n",
            "https://äpi.example/",
            "https://api%2eexample/",
            "https://[::1/",
            "https://[]/",
        ] {
            assert_eq!(HttpUri::parse(other), None, "{other:?}");
        }
        assert_eq!(
            HttpUri::parse(&format!("https://a/{}", "x".repeat(BYTES_MAX))),
            None
        );
        let v6 = HttpUri::parse("https://[::1]:8443/a").unwrap();
        assert_eq!((v6.host.as_str(), v6.port), ("[::1]", 8443));
    }

    proptest! {
        #[test]
        fn the_normal_form_is_its_own(path in "(/([a.~]|%2e|%7E|%2f|%41){0,4}){0,4}") {
            let one = HttpUri::parse(&format!("https://a.example{path}")).unwrap();
            let again = HttpUri::parse(&format!("https://a.example{}", one.path)).unwrap();
            prop_assert_eq!(again, one);
        }
    }
}
