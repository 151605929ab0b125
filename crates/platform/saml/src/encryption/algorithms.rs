//! The algorithms that are taken.

use crate::{
    names::{DSIG, XENC, XENC11},
    text::plain,
    xml::Node,
};

use super::EncryptionFault;

pub(super) const OAEP_MGF1P: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
pub(super) const OAEP: &str = "http://www.w3.org/2009/xmlenc11#rsa-oaep";
pub(super) const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";
pub(super) const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
const MGF1_SHA1: &str = "http://www.w3.org/2009/xmlenc11#mgf1sha1";
pub(super) const MGF1_SHA256: &str = "http://www.w3.org/2009/xmlenc11#mgf1sha256";

/// How the content's key reaches the recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyTransport {
    /// RSA-OAEP with SHA-1, which is sound for this use: what everybody can read.
    /// (lasso, and with it `mod_auth_mellon`, cannot read the other.)
    OaepSha1,
    /// RSA-OAEP with SHA-256 for both digest and mask.
    OaepSha256,
}

impl KeyTransport {
    /// What an `EncryptionMethod` says, in a message or in metadata.
    pub(crate) fn of(method: Node<'_>) -> Result<Self, EncryptionFault> {
        let algorithm = method.attribute("Algorithm").unwrap_or_default();
        let parameter = |namespace, local, otherwise| {
            let found = method.named(namespace, local).next();
            found.map_or(Some(otherwise), |node| node.attribute("Algorithm"))
        };
        let digest = parameter(DSIG, "DigestMethod", SHA1).unwrap_or_default();
        let mask = match algorithm {
            OAEP_MGF1P => MGF1_SHA1,
            OAEP => parameter(XENC11, "MGF", MGF1_SHA1).unwrap_or_default(),
            _ => return Err(refused("key transport", algorithm)),
        };
        if method.named(XENC, "OAEPparams").next().is_some() {
            return Err(EncryptionFault::Shape("OAEP with a label"));
        }
        match (digest, mask) {
            (SHA1, MGF1_SHA1) => Ok(Self::OaepSha1),
            (SHA256, MGF1_SHA256) => Ok(Self::OaepSha256),
            (SHA1 | SHA256, _) => Err(refused("mask generation beside its digest", mask)),
            _ => Err(refused("digest", digest)),
        }
    }
}

/// How the content is encrypted by us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentCipher {
    /// AES-GCM with 128 bits.
    Aes128Gcm,
    /// AES-GCM with 256 bits.
    Aes256Gcm,
}

impl ContentCipher {
    pub(crate) const fn uri(self) -> &'static str {
        match self {
            Self::Aes128Gcm => "http://www.w3.org/2009/xmlenc11#aes128-gcm",
            Self::Aes256Gcm => "http://www.w3.org/2009/xmlenc11#aes256-gcm",
        }
    }
}

/// How content that is read may be encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Gcm128,
    Gcm256,
    Cbc128,
    Cbc256,
}

impl Content {
    pub(super) fn of(method: Node<'_>) -> Result<Self, EncryptionFault> {
        match method.attribute("Algorithm").unwrap_or_default() {
            "http://www.w3.org/2009/xmlenc11#aes128-gcm" => Ok(Self::Gcm128),
            "http://www.w3.org/2009/xmlenc11#aes256-gcm" => Ok(Self::Gcm256),
            "http://www.w3.org/2001/04/xmlenc#aes128-cbc" => Ok(Self::Cbc128),
            "http://www.w3.org/2001/04/xmlenc#aes256-cbc" => Ok(Self::Cbc256),
            other => Err(refused("content cipher", other)),
        }
    }

    pub(super) const fn is_cbc(self) -> bool {
        matches!(self, Self::Cbc128 | Self::Cbc256)
    }
}

fn refused(what: &'static str, uri: &str) -> EncryptionFault {
    EncryptionFault::Algorithm {
        what,
        uri: plain(uri),
    }
}
