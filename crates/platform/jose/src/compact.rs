//! A JWS in its compact form (RFC 7515, 7.1), split and decoded, nothing of it believed yet.

use crate::{
    HEADER_BYTES_MAX, JwsFault, Part, TOKEN_BYTES_MAX, base64url,
    json::{self, Object},
};

/// The three parts, still encoded.
#[derive(Clone, Copy)]
pub(crate) struct Compact<'a> {
    header: &'a str,
    claims: &'a str,
    signature: &'a str,
    /// What is signed: the first two parts with the dot between them.
    pub(crate) signed: &'a str,
}

impl<'a> Compact<'a> {
    pub(crate) fn split(token: &'a str) -> Result<Self, JwsFault> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(JwsFault::TooLarge);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(JwsFault::Parts)?;
        let (header, claims) = signed.split_once('.').ok_or(JwsFault::Parts)?;
        let empty = [header, claims, signature].contains(&"");
        if empty || claims.contains('.') {
            return Err(JwsFault::Parts);
        }
        if header.len() > HEADER_BYTES_MAX {
            return Err(JwsFault::HeaderTooLarge);
        }
        Ok(Self {
            header,
            claims,
            signature,
            signed,
        })
    }

    pub(crate) fn header(&self) -> Result<Object, JwsFault> {
        object(self.header, Part::Header)
    }

    pub(crate) fn claims(&self) -> Result<Object, JwsFault> {
        object(self.claims, Part::Claims)
    }

    pub(crate) fn signature(&self) -> Result<Vec<u8>, JwsFault> {
        base64url::decode(self.signature).ok_or(JwsFault::Encoding(Part::Signature))
    }
}

fn object(encoded: &str, part: Part) -> Result<Object, JwsFault> {
    let bytes = base64url::decode(encoded).ok_or(JwsFault::Encoding(part))?;
    json::object(&bytes).map_err(|source| JwsFault::Json { part, source })
}
