//! How somebody signed in, in words.

use gw_model::{AuthnEvent, AuthnMethod, Timestamp};

use crate::ago;

/// "with a passkey 12 minutes ago", "by a link just now": the strongest proof, at its latest.
///
/// Nothing for a stranger.
pub fn signed_in_words(proofs: &[AuthnEvent], now: Timestamp) -> Option<String> {
    let strongest = proofs
        .iter()
        .max_by_key(|proof| (proof.method.is_phishing_resistant(), proof.at))?;
    Some(format!(
        "{} {}",
        how(strongest.method),
        ago(strongest.at, now)
    ))
}

const fn how(method: AuthnMethod) -> &'static str {
    match method {
        AuthnMethod::Passkey => "with a passkey",
        AuthnMethod::SignInLink | AuthnMethod::EnrolmentLink => "by a link",
        AuthnMethod::RecoveryCode => "with a recovery code",
        AuthnMethod::BreakGlass => "by breaking the glass",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_proof_is_named_at_its_latest() {
        let proof = |method, at| AuthnEvent {
            method,
            at: Timestamp::from_secs(at),
            factor: None,
        };
        let proofs = [
            proof(AuthnMethod::Passkey, 10),
            proof(AuthnMethod::Passkey, 100),
            proof(AuthnMethod::SignInLink, 200),
        ];
        let now = Timestamp::from_secs(220);
        assert_eq!(
            signed_in_words(&proofs, now).as_deref(),
            Some("with a passkey 2 minutes ago")
        );
        assert_eq!(signed_in_words(&[], now), None);
    }
}
