//! Our own keys. One key per purpose: what signs does not decrypt.

use std::fmt;

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::{
        KeySize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey,
        PrivateDecryptingKey,
    },
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
};
use gw_model::Timestamp;
use rcgen::{CertificateParams, DistinguishedName, DnType, PKCS_RSA_SHA256};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::{Certificate, KeyFault, encryption::KeyTransport};

/// An RSA key that we sign with, and the certificate that others know it by.
pub struct Credential {
    key: RsaKeyPair,
    certificate: Certificate,
}

/// A key that was just made.
pub struct Generated {
    /// The private key in PKCS #8 DER; keep it sealed.
    pub private_key: Zeroizing<Vec<u8>>,
    /// The self-signed certificate in DER, for metadata.
    pub certificate: Vec<u8>,
}

impl Credential {
    /// Takes up a key in PKCS #8 DER, and its certificate in DER.
    ///
    /// # Errors
    ///
    /// Not an RSA key of 2048 bits or more, not a certificate, or not the certificate of this
    /// key.
    pub fn new(private_key: &[u8], certificate: &[u8]) -> Result<Self, KeyFault> {
        let key = RsaKeyPair::from_pkcs8(private_key).map_err(|_| KeyFault::Private)?;
        let certificate = Certificate::from_der(certificate)?;
        let public = key.public_key().as_der().map_err(|_| KeyFault::Private)?;
        if public.as_ref() == certificate.public_key_info() {
            Ok(Self { key, certificate })
        } else {
            Err(KeyFault::Pair)
        }
    }

    /// Makes an RSA key of 3072 bits and a self-signed certificate for it. Peers look at the
    /// certificate's key only, some also at its dates; it may be as long as the key is to be
    /// used.
    ///
    /// # Errors
    ///
    /// The system has no randomness, or the dates are none.
    pub fn generate(
        common_name: &str,
        not_before: Timestamp,
        not_after: Timestamp,
    ) -> Result<Generated, KeyFault> {
        let key = RsaKeyPair::generate(KeySize::Rsa3072).map_err(|_| KeyFault::Making)?;
        let private: Pkcs8V1Der<'_> = key.as_der().map_err(|_| KeyFault::Making)?;
        let private_key = Zeroizing::new(private.as_ref().to_vec());
        let certificate = self_signed(&private_key, common_name, not_before, not_after)?;
        Ok(Generated {
            private_key,
            certificate,
        })
    }

    /// The certificate, for metadata.
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256.
    pub(crate) fn sign(&self, data: &[u8]) -> Result<Vec<u8>, KeyFault> {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                data,
                &mut signature,
            )
            .map_err(|_| KeyFault::Making)?;
        Ok(signature)
    }
}

fn self_signed(
    private_key: &[u8],
    common_name: &str,
    not_before: Timestamp,
    not_after: Timestamp,
) -> Result<Vec<u8>, KeyFault> {
    let making = |_| KeyFault::Making;
    let key = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&private_key.into(), &PKCS_RSA_SHA256)
        .map_err(making)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params.not_before = date(not_before)?;
    params.not_after = date(not_after)?;
    let certificate = params.self_signed(&key).map_err(making)?;
    Ok(certificate.der().to_vec())
}

fn date(at: Timestamp) -> Result<OffsetDateTime, KeyFault> {
    let secs = i64::try_from(at.as_secs()).map_err(|_| KeyFault::Making)?;
    OffsetDateTime::from_unix_timestamp(secs).map_err(|_| KeyFault::Making)
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential({:?})", self.certificate)
    }
}

impl fmt::Debug for Generated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Generated(private)")
    }
}

/// An RSA key that assertions are encrypted to.
pub struct Decryptor {
    key: OaepPrivateDecryptingKey,
}

impl Decryptor {
    /// Takes up a key in PKCS #8 DER.
    ///
    /// # Errors
    ///
    /// Not an RSA key of 2048 bits or more.
    pub fn new(private_key: &[u8]) -> Result<Self, KeyFault> {
        let key = PrivateDecryptingKey::from_pkcs8(private_key).map_err(|_| KeyFault::Private)?;
        let key = OaepPrivateDecryptingKey::new(key).map_err(|_| KeyFault::Private)?;
        Ok(Self { key })
    }

    /// The content key, or nothing: why not is nobody's business.
    pub(crate) fn unwrap(
        &self,
        transport: KeyTransport,
        wrapped: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let algorithm = match transport {
            KeyTransport::OaepSha1 => &OAEP_SHA1_MGF1SHA1,
            KeyTransport::OaepSha256 => &OAEP_SHA256_MGF1SHA256,
        };
        let mut room = Zeroizing::new(vec![0; self.key.min_output_size()]);
        let key = self.key.decrypt(algorithm, wrapped, &mut room, None).ok()?;
        Some(Zeroizing::new(key.to_vec()))
    }
}

impl fmt::Debug for Decryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decryptor(private)")
    }
}
