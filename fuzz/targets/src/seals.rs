//! What is sealed: attempts in cookies, secrets in the store.

use std::sync::LazyLock;

use gw_model::Timestamp;
use gw_web::seal::{Attempt, Sealer};

use crate::input;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

static SEALER: LazyLock<Sealer> = LazyLock::new(|| Sealer::generate().unwrap());

/// The first line is a cookie's value, the second its name, the third the host, the rest a
/// place to return to. What was not sealed here opens nowhere; what was opens in one place only.
pub(crate) fn attempt(data: &[u8]) {
    let (value, rest) = input::first_text(data);
    let (name, rest) = input::first_text(rest);
    let (host, target) = input::first_text(rest);
    assert_eq!(SEALER.open(value, name, host), None);
    let Ok(target) = std::str::from_utf8(target) else {
        return;
    };
    let attempt = Attempt::new(target, NOW).unwrap();
    assert!(attempt.target == target || attempt.target == "/");
    let own = attempt.cookie_name();
    let sealed = SEALER.seal(&attempt, host).unwrap();
    assert_eq!(SEALER.open(&sealed, &own, host).as_ref(), Some(&attempt));
    assert_eq!(SEALER.open(&sealed, name, host), None);
    let elsewhere = format!("{host}.");
    assert_eq!(SEALER.open(&sealed, &own, &elsewhere), None);
    altered(&sealed, value, |sealed| {
        SEALER.open(sealed, &own, host).is_some()
    });
}

/// A sealed text with one character of an input in it opens only if it is the same text.
fn altered(sealed: &str, with: &str, opens: impl Fn(&str) -> bool) {
    for (place, letter) in with.char_indices().take(8) {
        let place = place * 7 % sealed.len();
        let mut changed = sealed.to_owned();
        changed.replace_range(place..=place, letter.encode_utf8(&mut [0; 4]));
        assert_eq!(opens(&changed), changed == sealed);
    }
}

/// Sealed bytes as the store has them; what was not sealed under the key does not open.
pub(crate) fn secret(data: &[u8]) {
    let (name, sealed) = input::first_text(data);
    gw_store::fuzzing::with_sealer(|sealer| {
        assert_eq!(sealer.open(name, sealed), None);
        let own = sealer.seal(name, sealed);
        assert_eq!(sealer.open(name, &own).as_deref(), Some(sealed));
        assert_eq!(sealer.open(&format!("{name}x"), &own), None);
        for end in [0, 1, 13, own.len() - 1] {
            assert_eq!(sealer.open(name, &own[..end]), None);
        }
    });
}
