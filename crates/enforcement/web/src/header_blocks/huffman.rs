//! The Huffman code of HPACK (RFC 7541, appendix B).
//!
//! It is canonical: codes of one length count upwards in the order of their characters, and
//! longer ones go on where shorter ones end. So the lengths alone tell all.

/// How many bits the code of each character has.
const BITS: [u8; 256] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28,
    28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5,
    5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6,
    6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22,
    23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22,
    21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20,
    22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19,
    21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22,
    22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
];

const SHORTEST: usize = 5;
const LONGEST: usize = 30;

/// The characters, by the length of their codes.
const BY_LENGTH: [u8; 256] = by_length();

/// All codes of one length.
#[derive(Debug, Clone, Copy)]
struct Codes {
    bits: u32,
    first: u64,
    count: u64,
    /// Where the first of them stands in [`BY_LENGTH`].
    at: u64,
}

const CODES: [Codes; LONGEST - SHORTEST + 1] = codes();

#[expect(clippy::indexing_slicing, reason = "evaluated when compiled")]
const fn by_length() -> [u8; 256] {
    let mut sorted = [0; 256];
    let (mut at, mut bits) = (0, SHORTEST);
    while bits <= LONGEST {
        let mut character = 0;
        while character < 256 {
            if BITS[character] as usize == bits {
                sorted[at] = character as u8;
                at += 1;
            }
            character += 1;
        }
        bits += 1;
    }
    sorted
}

#[expect(clippy::indexing_slicing, reason = "evaluated when compiled")]
const fn codes() -> [Codes; LONGEST - SHORTEST + 1] {
    let mut all = [Codes {
        bits: 0,
        first: 0,
        count: 0,
        at: 0,
    }; LONGEST - SHORTEST + 1];
    let (mut first, mut at, mut bits) = (0, 0, SHORTEST);
    while bits <= LONGEST {
        let (mut count, mut character) = (0, 0);
        while character < 256 {
            if BITS[character] as usize == bits {
                count += 1;
            }
            character += 1;
        }
        all[bits - SHORTEST] = Codes {
            bits: bits as u32,
            first,
            count,
            at,
        };
        first = (first + count) << 1;
        at += count;
        bits += 1;
    }
    all
}

/// Hands on each character of a text; `None` where it is not one, or badly padded.
pub(super) fn decode(text: &[u8], mut character: impl FnMut(u8)) -> Option<()> {
    let (mut window, mut held) = (0_u64, 0);
    for byte in text {
        window = (window << 8) | u64::from(*byte);
        held += 8;
        while let Some((found, bits)) = next(window, held) {
            character(found);
            held -= bits;
        }
        if held >= LONGEST as u32 {
            return None;
        }
    }
    let padding = (1_u64 << held) - 1;
    (held < 8 && window & padding == padding).then_some(())
}

/// The character whose code the last `held` bits begin with.
fn next(window: u64, held: u32) -> Option<(u8, u32)> {
    for codes in &CODES {
        let behind = held.checked_sub(codes.bits)?;
        let code = (window >> behind) & ((1 << codes.bits) - 1);
        let nth = code.checked_sub(codes.first)?;
        if nth < codes.count {
            let at = usize::try_from(codes.at + nth).ok()?;
            return BY_LENGTH.get(at).map(|found| (*found, codes.bits));
        }
    }
    None
}

#[cfg(test)]
pub(super) fn encode(text: &[u8]) -> Vec<u8> {
    let mut bits: Vec<bool> = Vec::new();
    for character in text {
        let nth = BY_LENGTH.iter().position(|c| c == character).unwrap() as u64;
        let codes = CODES.iter().find(|c| nth < c.at + c.count).unwrap();
        let code = codes.first + nth - codes.at;
        bits.extend((0..codes.bits).rev().map(|bit| code >> bit & 1 == 1));
    }
    bits.resize(bits.len().next_multiple_of(8), true);
    let byte = |bits: &[bool]| bits.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
    bits.chunks(8).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded(text: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        decode(text, |character| out.push(character)).map(|()| out)
    }

    #[test]
    fn the_examples_of_the_standard_are_read() {
        for (code, text) in [
            ("f1e3c2e5f23a6ba0ab90f4ff", "www.example.com"),
            ("a8eb10649cbf", "no-cache"),
            ("25a849e95ba97d7f", "custom-key"),
            ("6402", "302"),
            (
                "9d29ad171863c78f0b97c8e9ae82ae43d3",
                "https://www.example.com",
            ),
        ] {
            let code = data_encoding::HEXLOWER.decode(code.as_bytes()).unwrap();
            assert_eq!(decoded(&code).unwrap(), text.as_bytes());
            assert_eq!(encode(text.as_bytes()), code);
        }
        assert_eq!(encode(b"#"), [0xff, 0xaf]);
    }

    #[test]
    fn what_is_badly_padded_or_ends_early_is_refused() {
        for code in [
            &[0xff, 0xff, 0xff, 0xff][..],
            &[0xff],
            &[0x00],
            &[0x07, 0xff],
        ] {
            assert_eq!(decoded(code), None, "{code:x?}");
        }
        assert_eq!(decoded(&[]), Some(Vec::new()));
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_read_again(text in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert_eq!(decoded(&encode(&text)), Some(text));
        }

        #[test]
        fn no_bytes_make_it_panic(code in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = decoded(&code);
        }
    }
}
