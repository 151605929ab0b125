//! The signature algorithms that there are here: asymmetric ones only.

use std::fmt;

/// A JWS signature algorithm (RFC 7518, 3.1; RFC 8037, 3.1).
///
/// `HS*` and `none` are no values of it: a verifier cannot be told to accept them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256, the salt as long as the hash.
    Ps256,
    /// RSASSA-PSS with SHA-384, the salt as long as the hash.
    Ps384,
    /// RSASSA-PSS with SHA-512, the salt as long as the hash.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// Ed25519; also read under its name of RFC 9864, `Ed25519`.
    EdDsa,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
    ];

    /// Its name in a header and in metadata.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm of this name, case and all; none for any other.
    pub fn of_name(name: &str) -> Option<Self> {
        match name {
            "Ed25519" => Some(Self::EdDsa),
            _ => Self::ALL.into_iter().find(|one| one.name() == name),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written_and_no_others() {
        for one in Algorithm::ALL {
            assert_eq!(Algorithm::of_name(one.name()), Some(one));
            assert_eq!(Algorithm::of_name(&one.name().to_lowercase()), None);
        }
        for other in [
            "none", "None", "NONE", "nOnE", "", "HS256", "HS384", "HS512", "ES256K", "ES512",
        ] {
            assert_eq!(Algorithm::of_name(other), None, "{other}");
        }
    }
}
