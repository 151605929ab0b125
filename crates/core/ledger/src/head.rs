//! Signed heads: each ends a group of records and names the head before it.

use std::{fmt, str::FromStr, sync::Arc};

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use gw_model::{Epoch, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    frame::{Frame, FrameHead, push_frame},
    merkle::{Hash, sha256},
};

const KIND: u8 = 0x48;
const VERSION: u8 = 1;
const CLOSES: u8 = 1;
const DOMAIN: &[u8] = b"gatewright ledger head v1\n";
const KEY_ID_BYTES: usize = 8;
const SIGNATURE_BYTES: usize = 64;

/// What is signed: the records since the last head, and where they stand in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The log.
    pub log: String,
    /// The segment.
    pub segment: u32,
    /// The node that wrote it.
    pub node: u64,
    /// The incarnation of the store.
    pub incarnation: u32,
    /// Whether nothing follows in this segment.
    pub closes: bool,
    /// The group's first record, counted within the segment.
    pub first: u32,
    /// How many records the group has.
    pub count: u32,
    /// Where in the segment's file the group ends.
    pub end: u64,
    /// How many records the whole log has up to and with this group.
    pub size: u64,
    /// RFC 6962 root over the group's leaves.
    pub root: Hash,
    /// Hash of the head before; zeros for the first of a log.
    pub previous: Hash,
    /// Hash of the segment's header.
    pub header: Hash,
    /// When it was sealed.
    pub time: Timestamp,
    /// The latest epoch that its records name.
    pub epoch: Epoch,
}

/// A head with its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHead {
    /// What is signed.
    pub head: Head,
    /// Names the key.
    pub key_id: [u8; KEY_ID_BYTES],
    /// Ed25519.
    pub signature: [u8; SIGNATURE_BYTES],
}

/// A head that cannot be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeadFault {
    /// Not a head.
    #[error("a signed head is malformed")]
    Malformed,
    /// None of the given keys made it.
    #[error("a head is signed with a key that was not given; give all keys, old ones too")]
    UnknownKey,
    /// The signature does not fit.
    #[error("the signature of a head is wrong")]
    Signature,
}

impl Head {
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(192 + self.log.len());
        bytes.extend_from_slice(&[if self.closes { CLOSES } else { 0 }, 0, 0, 0]);
        bytes.extend_from_slice(&self.segment.to_le_bytes());
        bytes.extend_from_slice(&self.node.to_le_bytes());
        bytes.extend_from_slice(&self.incarnation.to_le_bytes());
        bytes.extend_from_slice(&self.first.to_le_bytes());
        bytes.extend_from_slice(&self.count.to_le_bytes());
        bytes.extend_from_slice(&self.epoch.incarnation.to_le_bytes());
        bytes.extend_from_slice(&self.epoch.number.to_le_bytes());
        bytes.extend_from_slice(&self.end.to_le_bytes());
        bytes.extend_from_slice(&self.size.to_le_bytes());
        bytes.extend_from_slice(&self.time.as_millis().to_le_bytes());
        bytes.extend_from_slice(&self.root);
        bytes.extend_from_slice(&self.previous);
        bytes.extend_from_slice(&self.header);
        bytes.extend_from_slice(self.log.as_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let [flags, 0, 0, 0] = take(&mut rest)? else {
            return None;
        };
        let segment = u32::from_le_bytes(take(&mut rest)?);
        let node = u64::from_le_bytes(take(&mut rest)?);
        let incarnation = u32::from_le_bytes(take(&mut rest)?);
        let first = u32::from_le_bytes(take(&mut rest)?);
        let count = u32::from_le_bytes(take(&mut rest)?);
        let epoch_incarnation = u32::from_le_bytes(take(&mut rest)?);
        let epoch_number = u64::from_le_bytes(take(&mut rest)?);
        let head = Self {
            segment,
            node,
            incarnation,
            closes: flags == CLOSES,
            first,
            count,
            end: u64::from_le_bytes(take(&mut rest)?),
            size: u64::from_le_bytes(take(&mut rest)?),
            time: Timestamp::from_millis(u64::from_le_bytes(take(&mut rest)?)),
            root: take(&mut rest)?,
            previous: take(&mut rest)?,
            header: take(&mut rest)?,
            epoch: Epoch {
                incarnation: epoch_incarnation,
                number: epoch_number,
            },
            log: String::from_utf8(rest.to_vec()).ok()?,
        };
        (flags <= CLOSES).then_some(head)
    }

    /// The hash by which the next head, a segment's header and the store name this one.
    pub fn hash(&self) -> Hash {
        sha256(&[DOMAIN, &self.to_bytes()])
    }

    /// What the store keeps of it.
    pub fn stored(&self) -> StoredHead {
        StoredHead {
            log: Arc::from(self.log.as_str()),
            segment: self.segment,
            size: self.size,
            hash: self.hash(),
            time: self.time,
        }
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (chunk, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*chunk)
}

impl SignedHead {
    /// Appends it as a frame.
    pub fn push_to(&self, out: &mut Vec<u8>) {
        let kind = FrameHead {
            kind: KIND,
            version: VERSION,
            flags: 0,
        };
        let parts: [&[u8]; 4] = [
            &kind.to_bytes(),
            &self.key_id,
            &self.signature,
            &self.head.to_bytes(),
        ];
        push_frame(out, &parts);
    }

    /// Reads a frame of a file of heads.
    ///
    /// # Errors
    /// [`HeadFault::Malformed`] where it is no head.
    pub fn read(frame: &Frame<'_>) -> Result<Self, HeadFault> {
        let kind = frame.head();
        if (kind.kind, kind.version, kind.flags) != (KIND, VERSION, 0) {
            return Err(HeadFault::Malformed);
        }
        let mut rest = frame.payload();
        let read = (|| {
            Some(Self {
                key_id: take(&mut rest)?,
                signature: take(&mut rest)?,
                head: Head::from_bytes(rest)?,
            })
        })();
        read.ok_or(HeadFault::Malformed)
    }

    /// Checks the signature.
    ///
    /// # Errors
    /// When none of the keys is the one that it names, or the signature is wrong.
    pub fn check(&self, keys: &[PublicKey]) -> Result<(), HeadFault> {
        let key = keys
            .iter()
            .find(|key| key.id() == self.key_id)
            .ok_or(HeadFault::UnknownKey)?;
        UnparsedPublicKey::new(&ED25519, key.0)
            .verify(&signed_bytes(&self.head), &self.signature)
            .map_err(|_| HeadFault::Signature)
    }
}

fn signed_bytes(head: &Head) -> Vec<u8> {
    let mut bytes = DOMAIN.to_vec();
    bytes.extend_from_slice(&head.to_bytes());
    bytes
}

/// The public half of a ledger key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// From its 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn id(&self) -> [u8; KEY_ID_BYTES] {
        let [a, b, c, d, e, f, g, h, ..] = sha256(&[&self.0]);
        [a, b, c, d, e, f, g, h]
    }

    /// The key id, as heads name it.
    pub fn kid(&self) -> String {
        HEXLOWER.encode(&self.id())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.kid())
    }
}

/// A key that cannot sign heads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the ledger key is not an Ed25519 key; restore the store from a backup with its keys")]
pub struct SignerFault;

/// The private ledger key. It signs heads and nothing else.
pub struct Signer {
    key: Ed25519KeyPair,
    public: PublicKey,
}

impl Signer {
    /// From PKCS #8, version 1 or 2.
    ///
    /// # Errors
    /// When it is not an Ed25519 key.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, SignerFault> {
        Self::new(Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(|_| SignerFault)?)
    }

    /// From the 32 secret bytes.
    ///
    /// # Errors
    /// When they are no key.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, SignerFault> {
        Self::new(Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| SignerFault)?)
    }

    fn new(key: Ed25519KeyPair) -> Result<Self, SignerFault> {
        let public = key
            .public_key()
            .as_ref()
            .try_into()
            .map_err(|_| SignerFault)?;
        Ok(Self {
            key,
            public: PublicKey(public),
        })
    }

    /// The public half, to be published before the first use.
    pub const fn public_key(&self) -> PublicKey {
        self.public
    }

    /// Signs a head.
    pub fn sign(&self, head: Head) -> SignedHead {
        let made = self.key.sign(&signed_bytes(&head));
        let mut signature = [0; SIGNATURE_BYTES];
        for (to, from) in signature.iter_mut().zip(made.as_ref()) {
            *to = *from;
        }
        SignedHead {
            head,
            key_id: self.public.id(),
            signature,
        }
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.public.kid())
    }
}

/// A head as it is kept outside the ledger: in the store, or elsewhere by an auditor.
///
/// As text it is `LOG/SEGMENT SIZE MILLIS HASH`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredHead {
    /// The log.
    pub log: Arc<str>,
    /// The segment that holds it.
    pub segment: u32,
    /// How many records the log had.
    pub size: u64,
    /// Its hash.
    #[serde(with = "hash_text")]
    pub hash: Hash,
    /// When it was sealed.
    pub time: Timestamp,
}

/// Text that is no stored head.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a head: give a line that `gatewright log head` printed")]
pub struct StoredHeadFault(String);

impl fmt::Display for StoredHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hash = BASE64URL_NOPAD.encode(&self.hash);
        let millis = self.time.as_millis();
        write!(
            f,
            "{}/{} {} {millis} {hash}",
            self.log, self.segment, self.size
        )
    }
}

impl FromStr for StoredHead {
    type Err = StoredHeadFault;
    fn from_str(text: &str) -> Result<Self, StoredHeadFault> {
        let read = || {
            let mut words = text.split_ascii_whitespace();
            let (log, segment) = words.next()?.rsplit_once('/')?;
            let head = Self {
                log: Arc::from(log),
                segment: segment.parse().ok()?,
                size: words.next()?.parse().ok()?,
                time: Timestamp::from_millis(words.next()?.parse().ok()?),
                hash: read_hash(words.next()?)?,
            };
            words.next().is_none().then_some(head)
        };
        read().ok_or_else(|| StoredHeadFault(text.chars().take(120).collect()))
    }
}

fn read_hash(text: &str) -> Option<Hash> {
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
    bytes.try_into().ok()
}

mod hash_text {
    use super::{BASE64URL_NOPAD, Hash, read_hash};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(hash: &Hash, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&BASE64URL_NOPAD.encode(hash))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Hash, D::Error> {
        let text = String::deserialize(d)?;
        read_hash(&text).ok_or_else(|| D::Error::custom("not a hash"))
    }
}

#[cfg(test)]
mod tests;
