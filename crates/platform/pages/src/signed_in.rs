//! How somebody signed in, in words.

use std::borrow::Cow;

use gw_model::{AuthnEvent, AuthnMethod, Timestamp};

use crate::ago;

/// "with a passkey 12 minutes ago", "by a link just now": the strongest proof, at its latest.
///
/// Nothing for a stranger.
pub fn signed_in_words(proofs: &[AuthnEvent], now: Timestamp) -> Option<String> {
    let strongest = proofs
        .iter()
        .max_by_key(|proof| (proof.is_phishing_resistant(), proof.at))?;
    Some(format!("{} {}", how(strongest), ago(strongest.at, now)))
}

fn how(proof: &AuthnEvent) -> Cow<'static, str> {
    let known = match proof.method {
        AuthnMethod::Passkey => "with a passkey",
        AuthnMethod::SignInLink | AuthnMethod::EnrolmentLink => "by a link",
        AuthnMethod::RecoveryCode => "with a recovery code",
        AuthnMethod::BreakGlass => "by breaking the glass",
        AuthnMethod::Password | AuthnMethod::Totp => "with a password and a code",
        AuthnMethod::Provider => {
            return match &proof.provider {
                Some(said) => format!("with the account at {}", said.provider).into(),
                None => "with another account".into(),
            };
        }
    };
    known.into()
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
            provider: None,
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
