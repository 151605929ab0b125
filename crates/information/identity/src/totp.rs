//! Codes of authenticator apps: TOTP (RFC 6238) with SHA-1, six digits and steps of 30 seconds,
//! which is what every such app has.

use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;
use form_urlencoded::byte_serialize;
use gw_engine::random;
use gw_model::Timestamp;
use gw_store::Secret;
use subtle::ConstantTimeEq as _;

/// How long a code is shown.
const STEP_SECS: u64 = 30;
const DIGITS: usize = 6;
/// Steps before and after the present one that count: clocks differ, and people type slowly.
const TOLERANCE: u64 = 1;
/// As long as the hash, as RFC 4226 recommends.
const SECRET_BYTES: usize = 20;

/// A new secret.
pub(crate) fn draw() -> Secret<Vec<u8>> {
    let bytes = [random::secret(), random::secret()].concat();
    Secret::new(bytes.into_iter().take(SECRET_BYTES).collect())
}

/// The step of an instant.
const fn step(now: Timestamp) -> u64 {
    now.as_secs() / STEP_SECS
}

/// The step whose code this is, if it is one of those that count now. Which of them is not told by
/// the time that it takes.
pub(crate) fn step_of(secret: &[u8], typed: &str, now: Timestamp) -> Option<u64> {
    let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    let present = step(now);
    let mut found = None;
    for step in present.saturating_sub(TOLERANCE)..=present.saturating_add(TOLERANCE) {
        if bool::from(code(secret, step).as_bytes().ct_eq(typed.as_bytes())) {
            found = Some(step);
        }
    }
    found
}

/// The code of a step (RFC 4226, 5.3).
pub(crate) fn code(secret: &[u8], step: u64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag.last().copied().unwrap_or_default() & 0xf);
    let chosen = tag.iter().skip(offset).take(4);
    let number = chosen.fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
    format!("{:0DIGITS$}", (number & 0x7fff_ffff) % 1_000_000)
}

/// The secret as people type it.
pub(crate) fn typed_key(secret: &[u8]) -> String {
    BASE32_NOPAD.encode(secret)
}

/// The address that an app reads from a picture.
pub(crate) fn address(secret: &[u8], issuer: &str, name: &str) -> String {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let (issuer, name) = (encoded(issuer), encoded(name));
    let key = typed_key(secret);
    format!(
        "otpauth://totp/{issuer}:{name}?secret={key}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP_SECS}"
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // Appendix B, of whose eight digits these are the last six.
        let known = [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ];
        for (secs, expected) in known {
            let step = step(Timestamp::from_secs(secs));
            assert_eq!(code(SECRET, step), expected, "{secs}");
        }
    }

    #[test]
    fn a_code_counts_half_a_minute_early_and_late_and_no_more() {
        let now = Timestamp::from_secs(1_000_020);
        let present = step(now);
        let counts = |step: u64| step_of(SECRET, &code(SECRET, step), now);
        assert_eq!(counts(present - 1), Some(present - 1));
        assert_eq!(counts(present), Some(present));
        assert_eq!(counts(present + 1), Some(present + 1));
        assert_eq!(counts(present - 2), None);
        assert_eq!(counts(present + 2), None);
    }

    #[test]
    fn what_an_app_reads_names_whose_it_is() {
        assert_eq!(
            address(SECRET, "sign-in.example.com", "ana+x@corp"),
            "otpauth://totp/sign-in.example.com:ana%2Bx%40corp?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=sign-in.example.com&algorithm=SHA1&digits=6&period=30"
        );
        assert_eq!(draw().expose().len(), SECRET_BYTES);
    }

    proptest! {
        #[test]
        fn nothing_that_is_typed_fails_and_only_codes_count(typed in "\\PC{0,12}", secs in 0_u64..1 << 40) {
            let now = Timestamp::from_secs(secs);
            let bare: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
            let counts = step_of(SECRET, &typed, now);
            prop_assert_eq!(counts.map(|step| code(SECRET, step)), counts.map(|_| bare));
        }
    }
}
