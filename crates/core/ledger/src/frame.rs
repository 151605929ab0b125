//! Frames: how records, personal fields and heads lie in their files.
//!
//! A frame is `[len u32][crc u32][kind u8][version u8][flags u8][0][payload…]`, padded
//! with zeros to eight bytes. `len` counts from the kind to the end of the payload; the
//! CRC-32 covers `len` and those bytes. A writer stores `len` last, so that a frame is
//! either there in full or not at all; a `len` of 0 is the end.

/// Frames start at multiples of this.
pub const FRAME_ALIGNMENT: usize = 8;

/// Bytes before the kind: length and CRC.
pub const FRAME_HEAD_BYTES: usize = 8;

/// Flag: the payload begins with a 32-byte commitment to personal fields.
pub const COMMITTED: u8 = 1;

const COMMITMENT_BYTES: usize = 32;
const KIND_BYTES: usize = 4;

/// The first bytes of a frame's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHead {
    /// The kind of record.
    pub kind: u8,
    /// The version of the kind's layout.
    pub version: u8,
    /// Flags, see [`COMMITTED`].
    pub flags: u8,
}

impl FrameHead {
    /// As bytes.
    pub const fn to_bytes(self) -> [u8; KIND_BYTES] {
        [self.kind, self.version, self.flags, 0]
    }
}

/// How many bytes a frame of `content` bytes (kind to payload) takes in its file.
pub const fn framed_bytes(content: usize) -> usize {
    (FRAME_HEAD_BYTES + content).next_multiple_of(FRAME_ALIGNMENT)
}

/// The CRC of a frame whose content is the concatenation of `parts`.
pub(crate) fn crc_of(len: u32, parts: &[&[u8]]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&len.to_le_bytes());
    for part in parts {
        crc.update(part);
    }
    crc.finalize()
}

/// Length and CRC for a frame whose content is the concatenation of `parts`; `None` if it is too long to frame.
pub fn seal_frame(parts: &[&[u8]]) -> Option<(u32, u32)> {
    let content: usize = parts.iter().map(|part| part.len()).sum();
    let len = u32::try_from(content).ok()?;
    Some((len, crc_of(len, parts)))
}

/// Appends a whole frame to a buffer.
pub(crate) fn push_frame(out: &mut Vec<u8>, parts: &[&[u8]]) {
    let Some((len, crc)) = seal_frame(parts) else {
        return;
    };
    let start = out.len();
    out.extend_from_slice(&len.to_le_bytes());
    out.extend_from_slice(&crc.to_le_bytes());
    for part in parts {
        out.extend_from_slice(part);
    }
    out.resize(start + framed_bytes(len as usize), 0);
}

/// A frame that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    content: &'a [u8],
    end: usize,
}

impl<'a> Frame<'a> {
    /// A frame from its content, for callers that framed it themselves.
    pub fn from_content(content: &'a [u8], end: usize) -> Option<Self> {
        let frame = Self { content, end };
        let committed = content.get(2)? & COMMITTED != 0;
        let least = KIND_BYTES + if committed { COMMITMENT_BYTES } else { 0 };
        (content.len() >= least).then_some(frame)
    }

    /// Everything that is hashed: from the kind to the end of the payload.
    pub const fn content(&self) -> &'a [u8] {
        self.content
    }

    /// Where the next frame starts.
    pub const fn end(&self) -> usize {
        self.end
    }

    /// Kind, version and flags.
    pub fn head(&self) -> FrameHead {
        match self.content {
            [kind, version, flags, ..] => FrameHead {
                kind: *kind,
                version: *version,
                flags: *flags,
            },
            _ => FrameHead {
                kind: 0,
                version: 0,
                flags: 0,
            },
        }
    }

    /// The commitment to personal fields, if the record has any.
    pub fn commitment(&self) -> Option<&'a [u8; 32]> {
        if self.head().flags & COMMITTED == 0 {
            return None;
        }
        self.content.get(KIND_BYTES..)?.first_chunk()
    }

    /// What follows the kind and the commitment.
    pub fn payload(&self) -> &'a [u8] {
        let skip = match self.commitment() {
            Some(_) => KIND_BYTES + COMMITMENT_BYTES,
            None => KIND_BYTES,
        };
        self.content.get(skip..).unwrap_or_default()
    }
}

/// Why bytes are no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The file ends within it.
    #[error("the file ends within a frame")]
    Cut,
    /// The checksum differs.
    #[error("the checksum of a frame differs")]
    Checksum,
    /// A frame without room for its kind or commitment, or with padding that is not zero.
    #[error("a frame is malformed")]
    Malformed,
}

/// What lies at an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// A whole, valid frame.
    Frame(Frame<'a>),
    /// A length of zero, or the end of the file.
    End,
    /// Bytes that are no frame.
    Broken(Broken),
}

/// Reads what lies at `offset`.
pub fn frame_at(bytes: &[u8], offset: usize) -> Step<'_> {
    match bytes.get(offset..) {
        None | Some([]) => Step::End,
        Some(rest) => read_frame(rest, offset),
    }
}

fn read_frame(rest: &[u8], offset: usize) -> Step<'_> {
    let Some((len, crc)) = length_and_crc(rest) else {
        let zero = rest.iter().all(|byte| *byte == 0);
        return if zero {
            Step::End
        } else {
            Step::Broken(Broken::Cut)
        };
    };
    if len == 0 {
        return Step::End;
    }
    let whole = framed_bytes(len as usize);
    let content_end = FRAME_HEAD_BYTES + len as usize;
    let (Some(content), Some(padding)) = (
        rest.get(FRAME_HEAD_BYTES..content_end),
        rest.get(content_end..whole),
    ) else {
        return Step::Broken(Broken::Cut);
    };
    if crc_of(len, &[content]) != crc {
        return Step::Broken(Broken::Checksum);
    }
    if padding.iter().any(|byte| *byte != 0) {
        return Step::Broken(Broken::Malformed);
    }
    match Frame::from_content(content, offset + whole) {
        Some(frame) => Step::Frame(frame),
        None => Step::Broken(Broken::Malformed),
    }
}

fn length_and_crc(rest: &[u8]) -> Option<(u32, u32)> {
    let (len, rest) = rest.split_first_chunk()?;
    let (crc, _) = rest.split_first_chunk()?;
    Some((u32::from_le_bytes(*len), u32::from_le_bytes(*crc)))
}
