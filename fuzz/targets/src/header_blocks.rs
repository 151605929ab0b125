//! The reader beside the parser of HTTP/2: however the frames arrive, it says the same of them.

use gw_web::{canonical::Ambiguous, header_blocks::HeaderBlocks};

/// What a client sends before its first frame; the reader passes over it.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The first byte says in how large pieces the frames behind it arrive.
pub(crate) fn header_blocks(data: &[u8]) {
    let Some((piece, frames)) = data.split_first() else {
        return;
    };
    let whole = fault([PREFACE, frames].into_iter());
    let bytes = [PREFACE, frames].concat();
    let piece = usize::from(*piece).max(1);
    assert_eq!(
        whole,
        fault(bytes.chunks(piece)),
        "however the bytes arrive"
    );
    let known = [
        None,
        Some(Ambiguous::Fragment),
        Some(Ambiguous::NotAPath),
        Some(Ambiguous::Framing),
    ];
    assert!(known.contains(&whole), "{whole:?}");
    let hash = frames.contains(&b'#');
    let coded = frames.iter().any(|byte| byte & 0x80 != 0);
    assert!(whole != Some(Ambiguous::Fragment) || hash || coded);
}

fn fault<'b>(pieces: impl Iterator<Item = &'b [u8]>) -> Option<Ambiguous> {
    let mut blocks = HeaderBlocks::default();
    for piece in pieces {
        blocks.read(piece);
    }
    blocks.fault()
}
