//! What a browser keeps for us during a hand-over, sealed so that only this process can read it.
//!
//! The secret of an attempt and the place to return to lie in a cookie of the app's host
//! instead of in our memory, so that strangers cannot fill it. A seal is bound to the host
//! and the cookie's name; it does not outlive the process.

use std::time::Duration;

use aws_lc_rs::{digest, rand};
use data_encoding::BASE64URL_NOPAD;
use gw_model::Timestamp;
pub use gw_pages::NoRandomness;

use crate::cookie;

/// How long an attempt may take: a person finds a link, or makes a passkey, in that time.
pub const ATTEMPT_LIFETIME: Duration = Duration::from_secs(15 * 60);

/// Longest place to return to; a longer one becomes the app's front page.
const TARGET_BYTES_MAX: usize = 2048;

const FORMAT: u8 = 1;
const PURPOSE: &str = "gatewright attempt";

/// One hand-over to an app, from the first refusal to the callback.
#[derive(Clone, PartialEq, Eq)]
pub struct Attempt {
    secret: [u8; 16],
    /// Path and query on the app's host.
    pub target: String,
    /// When it began.
    pub made_at: Timestamp,
}

impl std::fmt::Debug for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attempt")
            .field("made_at", &self.made_at)
            .finish_non_exhaustive()
    }
}

impl Attempt {
    /// A new one. `None` when the system has no randomness to give.
    pub fn new(target: &str, now: Timestamp) -> Option<Self> {
        let mut secret = [0; 16];
        rand::fill(&mut secret).ok()?;
        let target = if target.len() <= TARGET_BYTES_MAX {
            target
        } else {
            "/"
        };
        Some(Self {
            secret,
            target: target.to_owned(),
            made_at: now,
        })
    }

    /// What the authentication origin hears of it: the hash of its secret.
    pub fn id(&self) -> String {
        BASE64URL_NOPAD.encode(digest::digest(&digest::SHA256, &self.secret).as_ref())
    }

    /// The name of its cookie.
    pub fn cookie_name(&self) -> String {
        cookie_name(&self.id())
    }

    /// Whether it has taken too long.
    pub fn is_over(&self, now: Timestamp) -> bool {
        now.since(self.made_at) >= ATTEMPT_LIFETIME
    }
}

/// The name of the cookie of an attempt, by what the authentication origin calls it.
pub fn cookie_name(attempt: &str) -> String {
    let start: String = attempt.chars().take(8).collect();
    format!("{}{start}", cookie::ATTEMPT)
}

/// Seals and opens attempts.
pub struct Sealer(gw_pages::Sealer);

impl Sealer {
    /// A sealer with a new key.
    ///
    /// # Errors
    /// Where the system has no randomness to give.
    pub fn generate() -> Result<Self, NoRandomness> {
        gw_pages::Sealer::generate().map(Self)
    }

    /// The value of an attempt's cookie on a host.
    pub fn seal(&self, attempt: &Attempt, host: &str) -> Option<String> {
        let mut bytes = vec![FORMAT];
        bytes.extend_from_slice(&attempt.made_at.as_millis().to_be_bytes());
        bytes.extend_from_slice(&attempt.secret);
        bytes.extend_from_slice(attempt.target.as_bytes());
        self.0.seal(&[PURPOSE, host, &attempt.cookie_name()], bytes)
    }

    /// The attempt in a cookie of this name on this host, if this process sealed it there.
    pub fn open(&self, value: &str, name: &str, host: &str) -> Option<Attempt> {
        let bytes = self.0.open(&[PURPOSE, host, name], value)?;
        let (format, rest) = bytes.split_first()?;
        let (made_at, rest) = rest.split_first_chunk::<8>()?;
        let (secret, target) = rest.split_first_chunk::<16>()?;
        let attempt = Attempt {
            secret: *secret,
            target: String::from_utf8(target.to_vec()).ok()?,
            made_at: Timestamp::from_millis(u64::from_be_bytes(*made_at)),
        };
        (*format == FORMAT && attempt.cookie_name() == name).then_some(attempt)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000);

    fn sealed() -> (Sealer, Attempt, String) {
        let sealer = Sealer::generate().unwrap();
        let attempt = Attempt::new("/page?x=1", NOW).unwrap();
        let value = sealer.seal(&attempt, "wiki").unwrap();
        (sealer, attempt, value)
    }

    #[test]
    fn an_attempt_opens_where_it_was_sealed_and_nowhere_else() {
        let (sealer, attempt, value) = sealed();
        let name = attempt.cookie_name();
        assert_eq!(sealer.open(&value, &name, "wiki").as_ref(), Some(&attempt));
        assert_eq!(sealer.open(&value, &name, "payroll"), None);
        assert_eq!(
            sealer.open(&value, "__Host-gw-attempt-xxxxxxxx", "wiki"),
            None
        );
        assert_eq!(
            Sealer::generate().unwrap().open(&value, &name, "wiki"),
            None
        );
    }

    #[test]
    fn every_changed_character_is_found() {
        let (sealer, attempt, value) = sealed();
        for at in 0..value.len() {
            let mut changed = value.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(
                sealer.open(&changed, &attempt.cookie_name(), "wiki"),
                None,
                "{at}"
            );
        }
    }

    #[test]
    fn an_attempt_ends_and_long_targets_become_the_front_page() {
        let attempt = Attempt::new(&"/x".repeat(2000), NOW).unwrap();
        assert_eq!(attempt.target, "/");
        assert!(!attempt.is_over(NOW));
        assert!(attempt.is_over(NOW.after(ATTEMPT_LIFETIME)));
        assert_eq!(attempt.id().len(), 43);
        assert!(attempt.cookie_name().ends_with(&attempt.id()[..8]));
        assert!(!format!("{attempt:?}").contains("secret"));
    }

    proptest! {
        #[test]
        fn no_cookie_makes_it_panic(value in "[A-Za-z0-9_=-]{0,120}", name in "\\PC{0,40}") {
            let sealer = Sealer::generate().unwrap();
            prop_assert_eq!(sealer.open(&value, &name, "wiki"), None);
        }
    }
}
