//! HPACK (RFC 7541), as far as it takes to find a `:path` that the parser would change.

use std::collections::VecDeque;

use super::huffman;
use crate::canonical::Ambiguous;

/// The compression table's size that we allow; HTTP/2's default, which is never changed.
const TABLE_BYTES_MAX: usize = 4096;

/// What RFC 7541 adds to an entry's size.
const ENTRY_BYTES: usize = 32;

/// How long the names of the static table are.
const STATIC_NAME_BYTES: [u8; 61] = [
    10, 7, 7, 5, 5, 7, 7, 7, 7, 7, 7, 7, 7, 7, 14, 15, 15, 13, 6, 27, 3, 5, 13, 13, 19, 16, 16, 14,
    16, 13, 12, 6, 4, 4, 6, 7, 4, 4, 8, 17, 13, 8, 19, 13, 4, 8, 12, 18, 19, 5, 7, 7, 11, 6, 10,
    25, 17, 10, 4, 3, 16,
];

/// Where the static table has `:path`.
const STATIC_PATHS: [usize; 2] = [4, 5];

/// The dynamic table of a connection, without what its entries say.
#[derive(Debug)]
pub(super) struct Fields {
    entries: VecDeque<Entry>,
    bytes: usize,
    bytes_max: usize,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    name: Name,
    bytes: usize,
    fault: Option<Ambiguous>,
}

#[derive(Debug, Clone, Copy)]
struct Name {
    bytes: usize,
    is_path: bool,
}

/// What matters of a string.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Text {
    bytes: usize,
    is_path: bool,
    has_hash: bool,
    begins_as_query: bool,
}

impl Default for Fields {
    fn default() -> Self {
        Self {
            entries: VecDeque::new(),
            bytes: 0,
            bytes_max: TABLE_BYTES_MAX,
        }
    }
}

impl Fields {
    /// Reads a whole header block.
    ///
    /// # Errors
    /// Where a `:path` in it has a fragment or no path, or it cannot be followed.
    pub(super) fn read(&mut self, block: &[u8]) -> Result<(), Ambiguous> {
        let mut rest = Cursor(block);
        while let Some(first) = rest.0.first() {
            let fault = match first {
                0x80.. => self.indexed(rest.integer(7)?)?,
                0x40.. => {
                    let entry = self.literal(&mut rest, 6)?;
                    self.insert(entry);
                    entry.fault
                }
                0x20.. => {
                    self.resize(rest.integer(5)?)?;
                    None
                }
                _ => self.literal(&mut rest, 4)?.fault,
            };
            fault.map_or(Ok(()), Err)?;
        }
        Ok(())
    }

    fn indexed(&self, index: usize) -> Result<Option<Ambiguous>, Ambiguous> {
        match index.checked_sub(STATIC_NAME_BYTES.len() + 1) {
            Some(at) => Ok(self.dynamic(at)?.fault),
            None if index == 0 => Err(Ambiguous::Framing),
            None => Ok(None),
        }
    }

    fn literal(&self, rest: &mut Cursor<'_>, prefix: u32) -> Result<Entry, Ambiguous> {
        let name = match rest.integer(prefix)? {
            0 => {
                let text = rest.text()?;
                Name {
                    bytes: text.bytes,
                    is_path: text.is_path,
                }
            }
            index => self.name(index)?,
        };
        let value = rest.text()?;
        Ok(Entry {
            name,
            bytes: name.bytes + value.bytes + ENTRY_BYTES,
            fault: value.fault().filter(|_| name.is_path),
        })
    }

    fn name(&self, index: usize) -> Result<Name, Ambiguous> {
        match STATIC_NAME_BYTES.get(index.wrapping_sub(1)) {
            Some(bytes) => Ok(Name {
                bytes: usize::from(*bytes),
                is_path: STATIC_PATHS.contains(&index),
            }),
            None => Ok(self.dynamic(index - STATIC_NAME_BYTES.len() - 1)?.name),
        }
    }

    fn dynamic(&self, at: usize) -> Result<Entry, Ambiguous> {
        self.entries.get(at).copied().ok_or(Ambiguous::Framing)
    }

    fn insert(&mut self, entry: Entry) {
        self.bytes += entry.bytes;
        self.entries.push_front(entry);
        self.evict();
    }

    fn resize(&mut self, bytes_max: usize) -> Result<(), Ambiguous> {
        if bytes_max > TABLE_BYTES_MAX {
            return Err(Ambiguous::Framing);
        }
        self.bytes_max = bytes_max;
        self.evict();
        Ok(())
    }

    fn evict(&mut self) {
        while self.bytes > self.bytes_max {
            let Some(oldest) = self.entries.pop_back() else {
                return;
            };
            self.bytes -= oldest.bytes;
        }
    }
}

/// What of a block is still to be read.
struct Cursor<'b>(&'b [u8]);

impl Cursor<'_> {
    fn byte(&mut self) -> Result<u8, Ambiguous> {
        let (byte, rest) = self.0.split_first().ok_or(Ambiguous::Framing)?;
        self.0 = rest;
        Ok(*byte)
    }

    /// An integer whose first byte holds `prefix` bits of it.
    fn integer(&mut self, prefix: u32) -> Result<usize, Ambiguous> {
        let mask = (1_usize << prefix) - 1;
        let mut value = usize::from(self.byte()?) & mask;
        if value < mask {
            return Ok(value);
        }
        for shift in [0, 7, 14, 21] {
            let byte = self.byte()?;
            value += usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Ambiguous::Framing)
    }

    fn text(&mut self) -> Result<Text, Ambiguous> {
        let is_huffman = self.0.first().is_some_and(|first| first & 0x80 != 0);
        let length = self.integer(7)?;
        let (text, rest) = self.0.split_at_checked(length).ok_or(Ambiguous::Framing)?;
        self.0 = rest;
        let mut read = Text {
            is_path: true,
            ..Text::default()
        };
        if is_huffman {
            huffman::decode(text, |byte| read.push(byte)).ok_or(Ambiguous::Framing)?;
        } else {
            text.iter().for_each(|byte| read.push(*byte));
        }
        read.is_path &= read.bytes == PATH.len();
        Ok(read)
    }
}

const PATH: &[u8] = b":path";

impl Text {
    fn push(&mut self, byte: u8) {
        self.is_path &= PATH.get(self.bytes) == Some(&byte);
        self.has_hash |= byte == b'#';
        self.begins_as_query |= byte == b'?' && self.bytes == 0;
        self.bytes += 1;
    }
    /// What is wrong with it as a `:path`, and would not be seen behind the parser.
    const fn fault(self) -> Option<Ambiguous> {
        if self.has_hash {
            Some(Ambiguous::Fragment)
        } else if self.begins_as_query {
            Some(Ambiguous::NotAPath)
        } else {
            None
        }
    }
}
