//! Headers of segments and of the personal fields beside them.

use gw_model::Timestamp;

use crate::merkle::{Hash, sha256};

/// Length of a segment's header; the first frame follows.
pub const HEADER_BYTES: usize = 256;

/// Length of the header of a file of personal fields.
pub const PERSONAL_HEADER_BYTES: usize = 16;

const MAGIC: &[u8; 8] = b"GWLEDGER";
const PERSONAL_MAGIC: &[u8; 8] = b"GWPERSON";
const FORMAT: u16 = 1;
const SHA_256: u8 = 1;
const NAME_MAX: usize = 64;
const CRC_AT: usize = HEADER_BYTES - 4;

/// What a segment says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentHeader {
    /// The log's name.
    pub log: String,
    /// The segment's number, from 1.
    pub segment: u32,
    /// The node that writes it.
    pub node: u64,
    /// The incarnation of the store when it was started.
    pub incarnation: u32,
    /// When it was started.
    pub created: Timestamp,
    /// Hash of the last head of the previous segment; zeros for the first.
    pub previous: Hash,
}

/// A header that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderFault {
    /// All zeros: a segment reserved ahead, or in the middle of being started.
    #[error("the segment has no header yet")]
    Absent,
    /// Not a header, or a damaged one.
    #[error("the segment's header is damaged")]
    Damaged,
    /// A header of another format.
    #[error(
        "the segment has format version {version} with hash {hash}; this build reads version {FORMAT} with hash {SHA_256}"
    )]
    Version {
        /// Its format version.
        version: u16,
        /// Its hash algorithm.
        hash: u8,
    },
}

impl SegmentHeader {
    /// As bytes. A name that is too long is cut; callers check names before.
    pub fn to_bytes(&self) -> [u8; HEADER_BYTES] {
        let name = self.log.as_bytes();
        let name = name.get(..NAME_MAX).unwrap_or(name);
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        bytes.push(SHA_256);
        bytes.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        bytes.extend_from_slice(&self.segment.to_le_bytes());
        bytes.extend_from_slice(&self.node.to_le_bytes());
        bytes.extend_from_slice(&self.incarnation.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&self.created.as_millis().to_le_bytes());
        bytes.extend_from_slice(&self.previous);
        bytes.extend_from_slice(name);
        bytes.resize(CRC_AT, 0);
        let crc = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&crc.to_le_bytes());
        let mut header = [0; HEADER_BYTES];
        header.copy_from_slice(&bytes);
        header
    }

    /// Reads the header at the start of a segment.
    ///
    /// # Errors
    /// See [`HeaderFault`].
    pub fn read(segment: &[u8]) -> Result<Self, HeaderFault> {
        let start = segment.get(..HEADER_BYTES).unwrap_or(segment);
        if start.iter().all(|byte| *byte == 0) {
            return Err(HeaderFault::Absent);
        }
        let header: &[u8; HEADER_BYTES] = segment.first_chunk().ok_or(HeaderFault::Damaged)?;
        let read = Self::parse(header)?;
        if read.to_bytes() == *header {
            Ok(read)
        } else {
            Err(HeaderFault::Damaged)
        }
    }

    fn parse(header: &[u8; HEADER_BYTES]) -> Result<Self, HeaderFault> {
        let (body, crc) = header.split_last_chunk::<4>().ok_or(HeaderFault::Damaged)?;
        let sound = body.starts_with(MAGIC) && crc32fast::hash(body) == u32::from_le_bytes(*crc);
        if !sound {
            return Err(HeaderFault::Damaged);
        }
        let (version, hash) = (u16::from_le_bytes(field(body, 8)), field::<1>(body, 10)[0]);
        if (version, hash) != (FORMAT, SHA_256) {
            return Err(HeaderFault::Version { version, hash });
        }
        let name_length = usize::from(field::<1>(body, 11)[0]);
        let name = body.get(72..72 + name_length).ok_or(HeaderFault::Damaged)?;
        Ok(Self {
            log: String::from_utf8(name.to_vec()).map_err(|_| HeaderFault::Damaged)?,
            segment: u32::from_le_bytes(field(body, 12)),
            node: u64::from_le_bytes(field(body, 16)),
            incarnation: u32::from_le_bytes(field(body, 24)),
            created: Timestamp::from_millis(u64::from_le_bytes(field(body, 32))),
            previous: field(body, 40),
        })
    }

    /// The hash that heads carry, so that a signature covers the header too.
    pub fn hash(&self) -> Hash {
        sha256(&[&self.to_bytes()])
    }
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk())
        .copied()
        .unwrap_or([0; N])
}

/// The header of a segment's file of personal fields.
pub fn personal_header(segment: u32) -> [u8; PERSONAL_HEADER_BYTES] {
    let mut header = [0; PERSONAL_HEADER_BYTES];
    let parts = PERSONAL_MAGIC
        .iter()
        .copied()
        .chain(u32::from(FORMAT).to_le_bytes())
        .chain(segment.to_le_bytes());
    for (to, from) in header.iter_mut().zip(parts) {
        *to = from;
    }
    header
}
