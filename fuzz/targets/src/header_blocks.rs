//! HTTP/2 header blocks: a second reader beside the parser, which looks for paths that the
//! parser would change.

use std::collections::VecDeque;

use gw_web::{canonical::Ambiguous, header_blocks::HeaderBlocks};

use crate::input;

const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const TABLE_BYTES_MAX: usize = 4096;
const STATIC_ENTRIES: usize = 61;

/// Raw bytes after the preface, in pieces as large as the first byte says; and the same as lines
/// that say what a client's encoder does.
pub(crate) fn header_blocks(data: &[u8]) {
    if let Some((piece, bytes)) = data.split_first() {
        let whole = faults(bytes, bytes.len());
        let pieces = faults(bytes, usize::from(*piece).max(1));
        assert_eq!(whole, pieces, "however the bytes arrive");
        let known = [Ambiguous::Fragment, Ambiguous::NotAPath, Ambiguous::Framing];
        assert!(
            whole.is_none_or(|fault| known.contains(&fault)),
            "{whole:?}"
        );
        let hash = bytes.contains(&b'#');
        let coded = bytes.iter().any(|byte| byte & 0x80 != 0);
        assert!(whole != Some(Ambiguous::Fragment) || hash || coded);
    }
    encoded(data);
}

fn faults(bytes: &[u8], piece: usize) -> Option<Ambiguous> {
    let mut blocks = HeaderBlocks::default();
    blocks.read(PREFACE);
    for piece in bytes.chunks(piece.max(1)) {
        blocks.read(piece);
    }
    blocks.fault()
}

/// Each line is a field: `i`, `w` or `n` (remembered, not, or never), an index or a name, and a
/// value; `x INDEX` for one of the table; `r SIZE` for the table's size; or `e` for a block's end.
fn encoded(data: &[u8]) {
    let mut encoder = Encoder::default();
    let (mut frames, mut block) = (PREFACE.to_vec(), Vec::new());
    for line in input::lines(data).take(200) {
        let Ok(line) = std::str::from_utf8(line) else {
            continue;
        };
        if line == "e" {
            push_block(&mut frames, &std::mem::take(&mut block));
        } else {
            encoder.field(line, &mut block);
        }
    }
    push_block(&mut frames, &block);
    let mut blocks = HeaderBlocks::default();
    blocks.read(&frames);
    assert_eq!(blocks.fault().is_some(), encoder.wrong, "{data:?}");
}

fn push_block(frames: &mut Vec<u8>, block: &[u8]) {
    let length = u32::try_from(block.len()).unwrap().to_be_bytes();
    frames.extend_from_slice(&length[1..]);
    frames.extend_from_slice(&[1, 4, 0, 0, 0, 1]);
    frames.extend_from_slice(block);
}

/// The dynamic table with what it says, the newest entry first.
#[derive(Default)]
struct Encoder {
    entries: VecDeque<(String, String)>,
    bytes_max: Option<usize>,
    /// A path was sent that the parser would change, or what cannot be followed.
    wrong: bool,
}

impl Encoder {
    fn field(&mut self, line: &str, block: &mut Vec<u8>) -> Option<()> {
        let mut words = line.splitn(3, ' ');
        let (kind, name) = (words.next()?, words.next()?);
        match kind {
            "x" => {
                let index: usize = name.parse().ok().filter(|index| *index < 5000)?;
                push_integer(block, 0x80, 7, index);
                match self.entry(index) {
                    Some((name, value)) => self.sent(&name, &value),
                    None => self.wrong |= index == 0 || index > STATIC_ENTRIES,
                }
            }
            "r" => {
                let bytes_max: usize = name.parse().ok().filter(|size| *size < 10_000)?;
                push_integer(block, 0x20, 5, bytes_max);
                self.wrong |= bytes_max > TABLE_BYTES_MAX;
                self.bytes_max = Some(bytes_max);
                self.evict();
            }
            "i" => self.literal(0x40, 6, name, words.next()?, block),
            "w" => self.literal(0x00, 4, name, words.next()?, block),
            "n" => self.literal(0x10, 4, name, words.next()?, block),
            _ => return None,
        }
        Some(())
    }

    fn literal(&mut self, kind: u8, prefix: u32, name: &str, value: &str, block: &mut Vec<u8>) {
        let index = name.parse::<usize>().ok();
        let index = index.filter(|index| (1..5000).contains(index));
        let name = match index {
            Some(index) => {
                push_integer(block, kind, prefix, index);
                match (self.entry(index), index) {
                    (Some((name, _)), _) => name,
                    (None, 4 | 5) => ":path".to_owned(),
                    // No path, whatever its value.
                    (None, 1..=STATIC_ENTRIES) => {
                        return self.other_static(index, kind, value, block);
                    }
                    (None, _) => {
                        self.wrong = true;
                        return;
                    }
                }
            }
            None => {
                push_integer(block, kind, prefix, 0);
                push_text(block, name);
                name.to_owned()
            }
        };
        push_text(block, value);
        self.sent(&name, value);
        if kind == 0x40 {
            self.remember(name, value);
        }
    }

    /// A name of the static table that is no path; the table's sizes are those of the RFC.
    fn other_static(&mut self, index: usize, kind: u8, value: &str, block: &mut Vec<u8>) {
        push_text(block, value);
        if kind == 0x40 {
            let name = STATIC_NAMES[index - 1];
            self.remember(name.to_owned(), value);
        }
    }

    fn entry(&self, index: usize) -> Option<(String, String)> {
        self.entries
            .get(index.checked_sub(STATIC_ENTRIES + 1)?)
            .cloned()
    }

    fn sent(&mut self, name: &str, value: &str) {
        self.wrong |= name == ":path" && (value.contains('#') || value.starts_with('?'));
    }

    fn remember(&mut self, name: String, value: &str) {
        self.entries.push_front((name, value.to_owned()));
        self.evict();
    }

    fn evict(&mut self) {
        let bytes_max = self.bytes_max.unwrap_or(TABLE_BYTES_MAX);
        let size = |entries: &VecDeque<(String, String)>| {
            let each = entries
                .iter()
                .map(|(name, value)| name.len() + value.len() + 32);
            each.sum::<usize>()
        };
        while size(&self.entries) > bytes_max {
            self.entries.pop_back();
        }
    }
}

fn push_text(block: &mut Vec<u8>, text: &str) {
    push_integer(block, 0, 7, text.len());
    block.extend_from_slice(text.as_bytes());
}

fn push_integer(block: &mut Vec<u8>, mark: u8, prefix: u32, value: usize) {
    let mask = (1 << prefix) - 1;
    if value < mask {
        block.push(mark | u8::try_from(value).unwrap());
        return;
    }
    block.push(mark | u8::try_from(mask).unwrap());
    let mut rest = value - mask;
    while rest >= 0x80 {
        block.push(0x80 | u8::try_from(rest & 0x7f).unwrap());
        rest >>= 7;
    }
    block.push(u8::try_from(rest).unwrap());
}

/// RFC 7541, appendix A.
const STATIC_NAMES: [&str; STATIC_ENTRIES] = [
    ":authority",
    ":method",
    ":method",
    ":path",
    ":path",
    ":scheme",
    ":scheme",
    ":status",
    ":status",
    ":status",
    ":status",
    ":status",
    ":status",
    ":status",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "accept-ranges",
    "accept",
    "access-control-allow-origin",
    "age",
    "allow",
    "authorization",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "etag",
    "expect",
    "expires",
    "from",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "last-modified",
    "link",
    "location",
    "max-forwards",
    "proxy-authenticate",
    "proxy-authorization",
    "range",
    "referer",
    "refresh",
    "retry-after",
    "server",
    "set-cookie",
    "strict-transport-security",
    "transfer-encoding",
    "user-agent",
    "vary",
    "via",
    "www-authenticate",
];
