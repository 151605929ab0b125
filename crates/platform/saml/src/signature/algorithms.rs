//! The algorithms that are taken. Everything else is refused by name.

use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};

use crate::text::plain;

use super::SignatureFault;

/// How a signature is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureMethod {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RsaSha256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RsaSha384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RsaSha512,
    /// ECDSA on P-256 with SHA-256.
    EcdsaSha256,
    /// ECDSA on P-384 with SHA-384.
    EcdsaSha384,
}

const METHODS: [(SignatureMethod, &str); 5] = [
    (
        SignatureMethod::RsaSha256,
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    ),
    (
        SignatureMethod::RsaSha384,
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
    ),
    (
        SignatureMethod::RsaSha512,
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
    ),
    (
        SignatureMethod::EcdsaSha256,
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    ),
    (
        SignatureMethod::EcdsaSha384,
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
    ),
];

impl SignatureMethod {
    pub(crate) fn from_uri(uri: &str) -> Result<Self, SignatureFault> {
        let known = METHODS.iter().find(|(_, known)| *known == uri);
        known
            .map(|(method, _)| *method)
            .ok_or_else(|| SignatureFault::Algorithm {
                what: "method",
                uri: plain(uri),
            })
    }

    /// The identifier in XML security.
    pub fn uri(self) -> &'static str {
        let own = METHODS.iter().find(|(method, _)| *method == self);
        own.map_or("", |(_, uri)| *uri)
    }
}

/// How what is signed is digested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Digest {
    Sha256,
    Sha384,
    Sha512,
}

impl Digest {
    pub(crate) const SHA256_URI: &'static str = "http://www.w3.org/2001/04/xmlenc#sha256";

    pub(crate) fn from_uri(uri: &str) -> Result<Self, SignatureFault> {
        match uri {
            Self::SHA256_URI => Ok(Self::Sha256),
            "http://www.w3.org/2001/04/xmldsig-more#sha384" => Ok(Self::Sha384),
            "http://www.w3.org/2001/04/xmlenc#sha512" => Ok(Self::Sha512),
            _ => Err(SignatureFault::Algorithm {
                what: "digest",
                uri: plain(uri),
            }),
        }
    }

    pub(crate) fn of(self, data: &[u8]) -> digest::Digest {
        let algorithm = match self {
            Self::Sha256 => &SHA256,
            Self::Sha384 => &SHA384,
            Self::Sha512 => &SHA512,
        };
        digest::digest(algorithm, data)
    }
}

pub(crate) fn sha256(data: &[u8]) -> digest::Digest {
    Digest::Sha256.of(data)
}
