use proptest::prelude::*;

use super::*;

const END_STREAM: u8 = 0x1;

fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags, 0, 0, 0, 1]);
    bytes.extend_from_slice(payload);
    bytes
}

fn block(block: &[u8]) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | END_STREAM, block)
}

/// A string as it is, or in the Huffman code.
fn text(text: &str, coded: bool) -> Vec<u8> {
    let (bytes, mark) = match coded {
        true => (huffman::encode(text.as_bytes()), 0x80),
        false => (text.as_bytes().to_vec(), 0),
    };
    let mut out = vec![mark | u8::try_from(bytes.len()).unwrap()];
    assert!(out[0] & 0x7f < 0x7f, "a short text");
    out.extend(bytes);
    out
}

/// A literal under a name of the table, or under one of its own (0).
fn literal(kind: u8, index: u8, name: &str, value: &str, coded: bool) -> Vec<u8> {
    let mut out = vec![kind | index];
    if index == 0 {
        out.extend(text(name, coded));
    }
    out.extend(text(value, coded));
    out
}

fn read(frames: &[u8]) -> Option<Ambiguous> {
    let mut blocks = HeaderBlocks::default();
    blocks.read(&[b'P'; PREFACE_BYTES]);
    blocks.read(frames);
    blocks.fault()
}

/// Method, scheme and a path of the static table, then an authority that is remembered.
const ORDINARY: [u8; 17] = *b"\x82\x87\x84\x41\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff";

#[test]
fn what_the_parser_would_change_is_found_in_every_form_of_a_literal() {
    for kind in [0x40, 0x10, 0x00] {
        for coded in [false, true] {
            for index in [0, 4, 5] {
                let path = |value| block(&literal(kind, index, ":path", value, coded));
                assert_eq!(read(&path("/x?y=z")), None);
                assert_eq!(read(&path("/x#y")), Some(Ambiguous::Fragment));
                assert_eq!(read(&path("#")), Some(Ambiguous::Fragment));
                assert_eq!(read(&path("?x")), Some(Ambiguous::NotAPath));
            }
            let other = literal(kind, 0, "referer", "https://wiki.test/#x", coded);
            assert_eq!(read(&block(&other)), None, "elsewhere a # means nothing");
            let longer = literal(kind, 0, ":pathx", "/#x", coded);
            assert_eq!(read(&block(&longer)), None);
        }
    }
}

#[test]
fn a_name_is_known_by_where_it_was_remembered() {
    let remembered = block(&literal(0x40, 0, ":path", "/x", true));
    // 62 does not fit into four bits; it is written in two bytes.
    let then = |value: &str| {
        let bytes = [&[0x0f, 62 - 15][..], &text(value, false)].concat();
        [remembered.clone(), block(&bytes)].concat()
    };
    assert_eq!(read(&then("/y")), None);
    assert_eq!(read(&then("/y#z")), Some(Ambiguous::Fragment));
    let behind_others = [
        remembered.clone(),
        block(&literal(0x40, 0, "x-other", "1", false)),
        block(&[&[0x0f, 63 - 15][..], &text("/y#z", true)].concat()),
    ];
    assert_eq!(read(&behind_others.concat()), Some(Ambiguous::Fragment));
}

#[test]
fn what_was_forgotten_is_not_read() {
    let remembered = block(&literal(0x40, 0, "x-some", "thing", true));
    let again = block(&[0x80 | 62]);
    assert_eq!(read(&[remembered.clone(), again.clone()].concat()), None);
    let emptied = block(&[0x20]);
    let all = [remembered.clone(), emptied, again.clone()].concat();
    assert_eq!(read(&all), Some(Ambiguous::Framing));
    // Each entry has 32 bytes beside its text: 4096 hold 26 of these.
    let many: Vec<u8> = (0..26)
        .flat_map(|_| block(&literal(0x40, 0, "x", &"y".repeat(124), false)))
        .collect();
    assert_eq!(
        read(&[many.clone(), block(&[0x80 | (62 + 25)])].concat()),
        None
    );
    let one_more = [remembered, many, block(&[0x80 | (62 + 26)])].concat();
    assert_eq!(read(&one_more), Some(Ambiguous::Framing));
    assert_eq!(
        read(&block(&[0x3f, 0xe2, 0x1f])),
        Some(Ambiguous::Framing),
        "4097 bytes"
    );
}

#[test]
fn padding_priority_and_continuations_are_followed() {
    let path = literal(0x00, 4, "", "/x#y", true);
    let padded = [&[3][..], &path, &[0; 3]].concat();
    let both = [&[3, 0, 0, 0, 0, 9][..], &path, &[0; 3]].concat();
    let dependent = [&[0, 0, 0, 0, 9][..], &path].concat();
    for frames in [
        frame(HEADERS, END_HEADERS | PADDED, &padded),
        frame(HEADERS, END_HEADERS | PADDED | PRIORITY, &both),
        frame(HEADERS, END_HEADERS | PRIORITY, &dependent),
        [
            frame(HEADERS, 0, &path[..3]),
            frame(CONTINUATION, 0, &[]),
            frame(CONTINUATION, END_HEADERS, &path[3..]),
        ]
        .concat(),
        [
            frame(HEADERS, 0, &[]),
            frame(CONTINUATION, END_HEADERS, &path),
        ]
        .concat(),
        [
            frame(0, 0, &[0x80; 400]),
            frame(4, 0, &[]),
            frame(0, END_STREAM, &[]),
            block(&path),
        ]
        .concat(),
    ] {
        assert_eq!(read(&frames), Some(Ambiguous::Fragment), "{frames:x?}");
    }
    for malformed in [
        frame(HEADERS, END_HEADERS | PADDED, &[]),
        frame(HEADERS, END_HEADERS | PADDED, &[9, 0x82]),
        frame(HEADERS, END_HEADERS | PRIORITY, &[0; 4]),
        block(&[0x80]),
        block(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        block(&[0x44, 0x85, 1]),
    ] {
        assert_eq!(read(&malformed), Some(Ambiguous::Framing), "{malformed:x?}");
    }
}

#[test]
fn a_block_without_end_is_not_kept() {
    let mut blocks = HeaderBlocks::default();
    blocks.read(&[b'P'; PREFACE_BYTES]);
    blocks.read(&frame(HEADERS, 0, &[]));
    let more = frame(CONTINUATION, 0, &[0x82; 16_384]);
    for _ in 0..100 {
        blocks.read(&more);
    }
    assert_eq!(blocks.fault(), Some(Ambiguous::Framing));
    assert!(blocks.block.capacity() + blocks.payload.capacity() <= 2 * BLOCK_BYTES_MAX);
}

proptest! {
    #[test]
    fn it_makes_no_difference_how_the_bytes_come(cuts in proptest::collection::vec(1_usize..20, 0..40), bad in any::<bool>()) {
        let last = literal(0x40, 4, "", if bad { "/x#y" } else { "/x" }, true);
        let frames = [block(&ORDINARY), frame(0, 0, &[1; 30]), block(&last)].concat();
        let bytes = [vec![b'P'; PREFACE_BYTES], frames].concat();
        let mut blocks = HeaderBlocks::default();
        let mut rest = bytes.as_slice();
        for cut in cuts {
            let (here, behind) = rest.split_at(cut.min(rest.len()));
            blocks.read(here);
            rest = behind;
        }
        blocks.read(rest);
        prop_assert_eq!(blocks.fault(), bad.then_some(Ambiguous::Fragment));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), kinds in proptest::collection::vec(any::<u8>(), 0..10)) {
        let _ = read(&bytes);
        let frames: Vec<u8> = kinds.iter().flat_map(|flags| frame(HEADERS, *flags, &bytes)).collect();
        let _ = read(&frames);
    }
}
