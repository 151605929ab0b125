//! A public key that is believed.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey,
    VerificationAlgorithm,
};
use data_encoding::{BASE64, HEXLOWER};
use gw_model::Timestamp;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::{keys::KeyFault, signature::SignatureMethod};

const RSA: &str = "1.2.840.113549.1.1.1";
const EC: &str = "1.2.840.10045.2.1";
const P256: &str = "1.2.840.10045.3.1.7";
const P384: &str = "1.3.132.0.34";

/// RSA moduli in bits that signatures are checked with.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// The longest certificate in bytes of DER.
const DER_MAX_BYTES: usize = 16 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    P384,
}

/// A certificate that was configured or came in trusted metadata.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    /// As an X.509 `SubjectPublicKeyInfo`.
    spki: Vec<u8>,
    /// The key alone: `RSAPublicKey`, or a point.
    key: Vec<u8>,
    kind: Kind,
    not_after: Timestamp,
}

impl Certificate {
    /// Reads an X.509 certificate in DER.
    ///
    /// # Errors
    ///
    /// Not a certificate, or one whose key is neither RSA of 2048 to 8192 bits nor ECDSA on
    /// P-256 or P-384.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyFault> {
        if der.len() > DER_MAX_BYTES {
            return Err(KeyFault::Certificate);
        }
        let (rest, parsed) = X509Certificate::from_der(der).map_err(|_| KeyFault::Certificate)?;
        if !rest.is_empty() {
            return Err(KeyFault::Certificate);
        }
        let not_after = u64::try_from(parsed.validity().not_after.timestamp()).unwrap_or_default();
        let public = parsed.public_key();
        Ok(Self {
            der: der.to_vec(),
            spki: public.raw.to_vec(),
            key: public.subject_public_key.data.to_vec(),
            kind: kind(public)?,
            not_after: Timestamp::from_secs(not_after),
        })
    }

    /// Reads a certificate in PEM, or in base64 without its first and last line, as it stands in
    /// metadata.
    ///
    /// # Errors
    ///
    /// Those of [`Certificate::from_der`].
    pub fn from_text(text: &str) -> Result<Self, KeyFault> {
        if text.len() > DER_MAX_BYTES * 2 {
            return Err(KeyFault::Certificate);
        }
        let inner = match text.split_once("-----BEGIN CERTIFICATE-----") {
            Some((_, after)) => after
                .split_once("-----END CERTIFICATE-----")
                .map(|(inner, _)| inner)
                .ok_or(KeyFault::Certificate)?,
            None => text,
        };
        let packed: String = inner.split_ascii_whitespace().collect();
        let der = BASE64
            .decode(packed.as_bytes())
            .map_err(|_| KeyFault::Certificate)?;
        Self::from_der(&der)
    }

    /// The certificate in DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// When the certificate says that it ends. Nothing here decides by it: an administrator may
    /// want to be warned.
    pub const fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// SHA-256 of the certificate in lower-case hexadecimal, to be shown and compared.
    pub fn fingerprint(&self) -> String {
        HEXLOWER.encode(crate::signature::sha256(&self.der).as_ref())
    }

    pub(crate) fn public_key_info(&self) -> &[u8] {
        &self.spki
    }

    /// Whether it can be encrypted to.
    pub fn is_rsa(&self) -> bool {
        self.kind == Kind::Rsa
    }

    /// Whether this key made this signature. A method for another kind of key is a no.
    pub(crate) fn verifies(&self, method: SignatureMethod, data: &[u8], signature: &[u8]) -> bool {
        let algorithm: &'static dyn VerificationAlgorithm = match (method, self.kind) {
            (SignatureMethod::RsaSha256, Kind::Rsa) => &RSA_PKCS1_2048_8192_SHA256,
            (SignatureMethod::RsaSha384, Kind::Rsa) => &RSA_PKCS1_2048_8192_SHA384,
            (SignatureMethod::RsaSha512, Kind::Rsa) => &RSA_PKCS1_2048_8192_SHA512,
            (SignatureMethod::EcdsaSha256, Kind::P256) => &ECDSA_P256_SHA256_FIXED,
            (SignatureMethod::EcdsaSha384, Kind::P384) => &ECDSA_P384_SHA384_FIXED,
            _ => return false,
        };
        let key = UnparsedPublicKey::new(algorithm, &self.key);
        key.verify(data, signature).is_ok()
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.fingerprint())
    }
}

fn kind(public: &x509_parser::x509::SubjectPublicKeyInfo<'_>) -> Result<Kind, KeyFault> {
    let curve = || {
        let parameters = public.algorithm.parameters.as_ref()?;
        parameters.as_oid().ok().map(|oid| oid.to_id_string())
    };
    match public.algorithm.algorithm.to_id_string().as_str() {
        RSA => match public.parsed() {
            Ok(x509_parser::public_key::PublicKey::RSA(key))
                if RSA_BITS.contains(&key.key_size()) =>
            {
                Ok(Kind::Rsa)
            }
            _ => Err(KeyFault::Kind),
        },
        EC => match curve().as_deref() {
            Some(P256) => Ok(Kind::P256),
            Some(P384) => Ok(Kind::P384),
            _ => Err(KeyFault::Kind),
        },
        _ => Err(KeyFault::Kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RSA of 1024 bits.
    const SHORT: &str = "MIIB/jCCAWegAwIBAgIULfJOPFyFZ8tl3UsyBfWKt1kZ2CcwDQYJKoZIhvcNAQELBQAwEDEOMAwGA1UEAwwFc2hvcnQwIBcNMjYxMTI3MDgxNzUzWhgPMjEyNjExMDMwODE3NTNaMBAxDjAMBgNVBAMMBXNob3J0MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQD6qTzx9Mf71yMbDTaOwjAqZMVuJ7mr8iKcmQ/I8toWyekexY1reRM30zG93fxOoeGwsC9OskuEcxvkB9FCZg6tVnO/CzWq8FrOOiywq3yR3Fq5c3bu52cmwZ8b9gpyWIvkPg+IxGS9x3kDIMwRXJB22uOvzSoDHCFXuE/r0KQe7QIDAQABo1MwUTAdBgNVHQ4EFgQU1iBBTgYqCiIxjlV3Pxugzmw+ffQwHwYDVR0jBBgwFoAU1iBBTgYqCiIxjlV3Pxugzmw+ffQwDwYDVR0TAQH/BAUwAwEB/zANBgkqhkiG9w0BAQsFAAOBgQC30cnnxfU6WSiVRuFscY0enFLU4XrwapaH+44gxiKXT5BHqLZO+SfXKlqWxrj0/1pPMa2+pF5RibOlBLJZUB8AM9NIGHE8OdJ1PDclJlOaRb0awMMCgfTbZVcp7HqU7ez9+A4Mh45XTMzPKvSHl2x0ot+4WaPjwUn4alqKVTuLMQ==";

    #[test]
    fn a_short_rsa_key_and_other_kinds_of_keys_are_refused() {
        assert_eq!(Certificate::from_text(SHORT), Err(KeyFault::Kind));
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let ed25519 = rcgen::CertificateParams::default()
            .self_signed(&pair)
            .unwrap();
        assert_eq!(Certificate::from_der(ed25519.der()), Err(KeyFault::Kind));
    }

    #[test]
    fn a_certificate_is_read_as_pem_and_as_base64_and_not_with_more_behind_it() {
        let own = crate::testing::KEY.certificate();
        let body = BASE64.encode(own.der());
        let pem = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
        for text in [&body, &pem] {
            assert_eq!(Certificate::from_text(text).as_ref(), Ok(own));
        }
        let longer = [own.der(), &[0]].concat();
        assert_eq!(Certificate::from_der(&longer), Err(KeyFault::Certificate));
        assert_eq!(Certificate::from_text("?"), Err(KeyFault::Certificate));
    }
}
