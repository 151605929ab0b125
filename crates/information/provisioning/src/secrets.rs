//! The secrets by which sources show who they are: kept as hashes, compared in constant time.

use aws_lc_rs::{constant_time, digest};
use gw_model::ProviderName;

/// How many secrets a source may have at a time: an old one and its successor.
pub const SECRETS_MAX: usize = 2;
/// The shortest secret, in bytes.
pub const SECRET_BYTES_MIN: usize = 32;

/// The secrets of a source. Nothing of them is kept but their SHA-256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceSecrets {
    source: ProviderName,
    hashes: Vec<[u8; 32]>,
}

impl SourceSecrets {
    /// A source with these secrets.
    pub fn of<'s>(source: ProviderName, secrets: impl IntoIterator<Item = &'s str>) -> Self {
        let hashes = secrets.into_iter().map(hash).collect();
        Self { source, hashes }
    }

    /// Whose they are.
    pub const fn source(&self) -> &ProviderName {
        &self.source
    }

    /// Whether it is one of them. It takes as long for any that is not.
    pub(crate) fn holds(&self, shown: &str) -> bool {
        let shown = hash(shown);
        let same = |known: &[u8; 32]| constant_time::verify_slices_are_equal(known, &shown).is_ok();
        self.hashes
            .iter()
            .fold(false, |found, known| same(known) | found)
    }
}

fn hash(secret: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, secret.as_bytes()).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_secret_and_its_successor_count_and_nothing_else() {
        let name: ProviderName = "okta".parse().unwrap();
        let secrets = SourceSecrets::of(name.clone(), ["one", "two"]);
        assert!(secrets.holds("one") && secrets.holds("two"));
        for other in ["", "On", "one ", "onetwo"] {
            assert!(!secrets.holds(other), "{other:?}");
        }
        assert!(!SourceSecrets::of(name, []).holds(""));
        assert!(!format!("{secrets:?}").contains("one"));
    }
}
