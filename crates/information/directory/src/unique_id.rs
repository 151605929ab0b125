//! What never changes of an entry, in one form whatever its server calls it.

use std::sync::Arc;

use crate::settings::UniqueIdForm;

/// The longest unique id, in bytes of its text.
pub const UNIQUE_ID_BYTES_MAX: usize = 128;

/// The id as people are linked by it: lower case for UUIDs, as it is otherwise.
pub(crate) fn read(value: &[u8], form: UniqueIdForm) -> Option<Arc<str>> {
    match form {
        UniqueIdForm::Guid => {
            let bytes: [u8; 16] = value.try_into().ok()?;
            Some(grouped(turned(bytes)).into())
        }
        UniqueIdForm::Uuid => {
            let bytes = uuid_bytes(std::str::from_utf8(value).ok()?)?;
            Some(grouped(bytes).into())
        }
        UniqueIdForm::Text => {
            let text = std::str::from_utf8(value).ok()?;
            let is_fine = (1..=UNIQUE_ID_BYTES_MAX).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_graphic());
            is_fine.then(|| text.into())
        }
    }
}

/// The value by which a directory finds an id; nothing where it cannot be one of its own.
pub(crate) fn sought(id: &str, form: UniqueIdForm) -> Option<Vec<u8>> {
    match form {
        UniqueIdForm::Guid => uuid_bytes(id).map(|bytes| turned(bytes).to_vec()),
        UniqueIdForm::Uuid => uuid_bytes(id).map(|bytes| grouped(bytes).into_bytes()),
        UniqueIdForm::Text => read(id.as_bytes(), form).map(|id| id.as_bytes().to_vec()),
    }
}

/// The first three groups of a GUID are little-endian; turning twice changes nothing.
fn turned(bytes: [u8; 16]) -> [u8; 16] {
    let [a, b, c, d, e, f, g, h, rest @ ..] = bytes;
    let [i, j, k, l, m, n, o, p] = rest;
    [d, c, b, a, f, e, h, g, i, j, k, l, m, n, o, p]
}

fn grouped(bytes: [u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (number, byte) in bytes.iter().enumerate() {
        if matches!(number, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// A UUID's text (RFC 9562, section 4).
fn uuid_bytes(text: &str) -> Option<[u8; 16]> {
    let is_dash = |place: usize| matches!(place, 8 | 13 | 18 | 23);
    let fits = |(place, byte): (usize, u8)| match is_dash(place) {
        true => byte == b'-',
        false => byte.is_ascii_hexdigit(),
    };
    if text.len() != 36 || !text.bytes().enumerate().all(fits) {
        return None;
    }
    let number = u128::from_str_radix(&text.replace('-', ""), 16).ok()?;
    Some(number.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_guid_is_shown_as_active_directory_s_tools_show_it() {
        // [MS-DTYP], 2.3.4: the first three groups are little-endian.
        let bytes: Vec<u8> = (0..16).collect();
        let id = read(&bytes, UniqueIdForm::Guid).unwrap();
        assert_eq!(&*id, "03020100-0504-0706-0809-0a0b0c0d0e0f");
        assert_eq!(sought(&id, UniqueIdForm::Guid), Some(bytes));
    }

    #[test]
    fn case_of_a_uuid_does_not_count_and_other_texts_are_none() {
        let id = read(b"8A3FCB12-0000-4000-8000-0123456789AB", UniqueIdForm::Uuid);
        assert_eq!(id.as_deref(), Some("8a3fcb12-0000-4000-8000-0123456789ab"));
        for bad in [
            &b""[..],
            b"ana",
            b"8a3fcb12-0000-4000-8000-0123456789a",
            b"+a3fcb12-0000-4000-8000-0123456789ab",
            b"\xff",
        ] {
            assert_eq!(read(bad, UniqueIdForm::Uuid), None);
        }
        assert_eq!(read(&[0; 15], UniqueIdForm::Guid), None);
        assert_eq!(read(&[0; 17], UniqueIdForm::Guid), None);
    }

    #[test]
    fn a_text_is_bounded_and_has_nothing_hidden() {
        let form = UniqueIdForm::Text;
        assert_eq!(
            read(b"66446001-1dd211b2", form).as_deref(),
            Some("66446001-1dd211b2")
        );
        for bad in [
            &b"a b"[..],
            b"a\0",
            "é".as_bytes(),
            &[b'a'; UNIQUE_ID_BYTES_MAX + 1],
        ] {
            assert_eq!(read(bad, form), None);
        }
    }

    proptest! {
        #[test]
        fn an_id_is_found_by_what_it_was_read_from(bytes: [u8; 16]) {
            let id = read(&bytes, UniqueIdForm::Guid).unwrap();
            prop_assert_eq!(sought(&id, UniqueIdForm::Guid).unwrap(), bytes.to_vec());
            prop_assert_eq!(read(id.as_bytes(), UniqueIdForm::Uuid).unwrap(), id);
        }
    }
}
