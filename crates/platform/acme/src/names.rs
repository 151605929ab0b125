//! For which hosts a certificate can be obtained.

use std::net::IpAddr;

/// Why none can be obtained for a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotObtainable {
    /// It stands for many.
    #[error(
        "a wildcard cannot be proven by http-01: name each host, or give a [[certificate]] file for it"
    )]
    Wildcard,
    /// It is no name.
    #[error("certificates are obtained for host names, not for addresses: give it a name")]
    Address,
    /// It is no host name in the one form.
    #[error("it is not a host name in lower case, without scheme, port or trailing dot")]
    Malformed,
}

/// Whether a certificate can be obtained for a host.
///
/// # Errors
/// Where it is no single host name.
pub fn obtainable(host: &str) -> Result<(), NotObtainable> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if bare.parse::<IpAddr>().is_ok() {
        return Err(NotObtainable::Address);
    }
    if host.contains('*') {
        return Err(NotObtainable::Wildcard);
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    };
    match host.len() <= 253 && host.split('.').all(label) {
        true => Ok(()),
        false => Err(NotObtainable::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_names_only() {
        assert_eq!(obtainable("wiki.example.com"), Ok(()));
        assert_eq!(obtainable("xn--bcher-kva.example"), Ok(()));
        assert_eq!(obtainable("*.example.com"), Err(NotObtainable::Wildcard));
        for address in ["192.0.2.7", "2001:db8::7", "[2001:db8::7]"] {
            assert_eq!(obtainable(address), Err(NotObtainable::Address));
        }
        for malformed in ["", "Wiki.example.com", "a..b", "a.example.", "a/b", "../a"] {
            assert_eq!(
                obtainable(malformed),
                Err(NotObtainable::Malformed),
                "{malformed}"
            );
        }
    }
}
