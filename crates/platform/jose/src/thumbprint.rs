//! Thumbprints: of a key (RFC 7638), and of a certificate (RFC 8705, 3.1).

use std::fmt;

use subtle::ConstantTimeEq as _;

use crate::{base64url, hash::sha256};

/// A SHA-256 thumbprint, written as 43 characters of base64url.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Thumbprint([u8; 32]);

impl Thumbprint {
    /// That of an elliptic curve key: its required members in lexical order.
    pub(crate) fn of_ec(crv: &str, x: &[u8], y: &[u8]) -> Self {
        let (x, y) = (base64url::encode(x), base64url::encode(y));
        Self::of_members(&format!(
            r#"{{"crv":"{crv}","kty":"EC","x":"{x}","y":"{y}"}}"#
        ))
    }

    /// That of an RSA key.
    pub(crate) fn of_rsa(n: &[u8], e: &[u8]) -> Self {
        let (n, e) = (base64url::encode(n), base64url::encode(e));
        Self::of_members(&format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#))
    }

    /// That of an Ed25519 key (RFC 8037, 2).
    pub(crate) fn of_ed25519(x: &[u8]) -> Self {
        let x = base64url::encode(x);
        Self::of_members(&format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#))
    }

    /// The `x5t#S256` of a certificate, over its whole DER.
    pub fn of_certificate(der: &[u8]) -> Self {
        Self(sha256(der))
    }

    /// Reads 43 characters of base64url; none for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        base64url::decode_exact(text).map(Self)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether both are the same, in constant time.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    fn of_members(members: &str) -> Self {
        Self(sha256(members.as_bytes()))
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64url::encode(&self.0))
    }
}

impl fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Thumbprint({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PublicKey;

    fn of(jwk: &str) -> String {
        PublicKey::from_jwk(jwk.as_bytes())
            .unwrap()
            .thumbprint()
            .to_string()
    }

    #[test]
    fn the_keys_of_the_standards_have_their_thumbprints() {
        // RFC 7638, 3.1.
        let rsa = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
        assert_eq!(of(rsa), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        // RFC 8037, A.3.
        let okp =
            r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        assert_eq!(of(okp), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        // RFC 9449, 6.1.
        let ec = r#"{"kty":"EC","crv":"P-256","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"}"#;
        assert_eq!(of(ec), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    }

    #[test]
    fn a_thumbprint_is_43_characters() {
        let one = Thumbprint::of_certificate(b"a certificate");
        assert_eq!(Thumbprint::parse(&one.to_string()), Some(one));
        let shorter = base64url::encode(&[0; 31]);
        let longer = base64url::encode(&[0; 33]);
        for other in ["", "AA", &shorter, &longer, &format!("{one}=")] {
            assert_eq!(Thumbprint::parse(other), None);
        }
    }
}
