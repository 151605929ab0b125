//! The part of BER that LDAP uses (X.690; RFC 4511, section 5.1): definite lengths, tags of one
//! byte. Reading goes one level down at a time and only where the protocol says what is there, so
//! that no depth from outside is ever followed.

/// What is not the BER of LDAP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BerFault {
    #[error("a value ends before its length says")]
    Short,
    #[error("a length that LDAP does not have")]
    Length,
    #[error("a message of {0} bytes: too large")]
    TooLarge(usize),
    #[error("a tag {found:#04x} where {wanted:#04x} belongs")]
    Tag { wanted: u8, found: u8 },
    #[error("more than belongs there")]
    Rest,
    #[error("a number that is too large, or none")]
    Number,
    #[error("a text that is not UTF-8")]
    Utf8,
}

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTETS: u8 = 0x04;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// Lengths have at most so many bytes after the first.
const LENGTH_BYTES_MAX: usize = 4;

/// Elements one after another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    pub(crate) const fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    /// The tag of the next element, if there is one.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The next element, whatever it is.
    pub(crate) fn any(&mut self) -> Result<(u8, &'b [u8]), BerFault> {
        let (tag, start, length) = header(self.0)?.ok_or(BerFault::Short)?;
        let rest = self.0.get(start..).ok_or(BerFault::Short)?;
        let (content, rest) = rest.split_at_checked(length).ok_or(BerFault::Short)?;
        self.0 = rest;
        Ok((tag, content))
    }

    /// The content of the next element, which has this tag.
    pub(crate) fn element(&mut self, wanted: u8) -> Result<&'b [u8], BerFault> {
        match self.peek() {
            Some(found) if found != wanted => Err(BerFault::Tag { wanted, found }),
            _ => self.any().map(|(_, content)| content),
        }
    }

    /// The content of the next element, if it has this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<&'b [u8]>, BerFault> {
        match self.peek() {
            Some(found) if found == tag => self.any().map(|(_, content)| Some(content)),
            _ => Ok(None),
        }
    }

    /// What is in the next element, which has this tag.
    pub(crate) fn inside(&mut self, tag: u8) -> Result<Self, BerFault> {
        self.element(tag).map(Self)
    }

    pub(crate) fn integer(&mut self, tag: u8) -> Result<i64, BerFault> {
        integer(self.element(tag)?)
    }

    pub(crate) fn text(&mut self, tag: u8) -> Result<&'b str, BerFault> {
        std::str::from_utf8(self.element(tag)?).map_err(|_| BerFault::Utf8)
    }

    /// That nothing follows.
    pub(crate) const fn end(self) -> Result<(), BerFault> {
        match self.0.is_empty() {
            true => Ok(()),
            false => Err(BerFault::Rest),
        }
    }
}

fn integer(bytes: &[u8]) -> Result<i64, BerFault> {
    let first = *bytes.first().ok_or(BerFault::Number)?;
    if bytes.len() > 8 {
        return Err(BerFault::Number);
    }
    let sign = if first & 0x80 == 0 { 0 } else { -1 };
    let next = |number: i64, byte: &u8| (number << 8) | i64::from(*byte);
    Ok(bytes.iter().fold(sign, next))
}

/// The tag, where the content starts, and its length; nothing where the header is not whole.
fn header(bytes: &[u8]) -> Result<Option<(u8, usize, usize)>, BerFault> {
    let (Some(tag), Some(first)) = (bytes.first(), bytes.get(1)) else {
        return Ok(None);
    };
    if *first < 0x80 {
        return Ok(Some((*tag, 2, usize::from(*first))));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 || count > LENGTH_BYTES_MAX {
        return Err(BerFault::Length);
    }
    let Some(length) = bytes.get(2..2 + count) else {
        return Ok(None);
    };
    let next = |length: usize, byte: &u8| (length << 8) | usize::from(*byte);
    Ok(Some((*tag, 2 + count, length.iter().fold(0, next))))
}

/// How long the message is that begins here, once its header is there: it is refused before the
/// rest of it is waited for.
pub(crate) fn message_length(bytes: &[u8], most: usize) -> Result<Option<usize>, BerFault> {
    if let Some(found) = bytes.first().filter(|tag| **tag != SEQUENCE) {
        let wanted = SEQUENCE;
        return Err(BerFault::Tag {
            wanted,
            found: *found,
        });
    }
    let Some((_, start, length)) = header(bytes)? else {
        return Ok(None);
    };
    match start.saturating_add(length) {
        whole if whole > most => Err(BerFault::TooLarge(whole)),
        whole => Ok(Some(whole)),
    }
}

/// Elements as they are written.
#[derive(Debug, Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub(crate) fn element(&mut self, tag: u8, content: &[u8]) -> &mut Self {
        self.0.push(tag);
        let length = content.len();
        match u8::try_from(length) {
            Ok(short) if short < 0x80 => self.0.push(short),
            _ => {
                let bytes = (length as u64).to_be_bytes();
                let zeroes = bytes.iter().take_while(|byte| **byte == 0).count();
                let bytes = bytes.get(zeroes..).unwrap_or_default();
                self.0.push(0x80 | bytes.len() as u8);
                self.0.extend_from_slice(bytes);
            }
        }
        self.0.extend_from_slice(content);
        self
    }

    pub(crate) fn text(&mut self, tag: u8, text: &str) -> &mut Self {
        self.element(tag, text.as_bytes())
    }

    pub(crate) fn boolean(&mut self, tag: u8, is: bool) -> &mut Self {
        self.element(tag, &[if is { 0xff } else { 0 }])
    }

    /// In as few bytes as there can be.
    pub(crate) fn integer(&mut self, tag: u8, number: i64) -> &mut Self {
        let bytes = number.to_be_bytes();
        let needless = |pair: &&[u8]| {
            matches!(pair, [0x00, next] if next & 0x80 == 0)
                || matches!(pair, [0xff, next] if next & 0x80 != 0)
        };
        let needless = bytes.windows(2).take_while(needless).count();
        self.element(tag, bytes.get(needless..).unwrap_or(&bytes))
    }

    /// An element with others in it.
    pub(crate) fn nested(&mut self, tag: u8, write: impl FnOnce(&mut Self)) -> &mut Self {
        let mut inner = Self::default();
        write(&mut inner);
        self.element(tag, &inner.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_that_ldap_does_not_have_are_refused() {
        for bytes in [
            &[0x04, 0x80, 0, 0][..],
            &[0x04, 0x85, 0, 0, 0, 0, 1, 0],
            &[0x04, 0xff],
        ] {
            assert_eq!(Reader::new(bytes).any(), Err(BerFault::Length));
        }
        assert_eq!(Reader::new(&[0x04, 3, 1]).any(), Err(BerFault::Short));
        assert_eq!(Reader::new(&[0x04]).any(), Err(BerFault::Short));
    }

    #[test]
    fn a_message_is_refused_by_its_header_alone() {
        assert_eq!(message_length(&[0x30, 0x84], 100), Ok(None));
        assert_eq!(message_length(&[0x30, 5], 100), Ok(Some(7)));
        assert_eq!(
            message_length(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], 100),
            Err(BerFault::TooLarge(0xffff_ffff + 6))
        );
        assert!(message_length(b"HTTP/1.1 400", 100).is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(number: i64, text in "\\PC{0,300}") {
            let mut writer = Writer::default();
            writer.nested(SEQUENCE, |inner| {
                inner.integer(INTEGER, number).text(OCTETS, &text);
            });
            let bytes = writer.into_bytes();
            prop_assert_eq!(message_length(&bytes, usize::MAX), Ok(Some(bytes.len())));
            let mut inner = Reader::new(&bytes).inside(SEQUENCE).unwrap();
            prop_assert_eq!(inner.integer(INTEGER), Ok(number));
            prop_assert_eq!(inner.text(OCTETS), Ok(&*text));
            prop_assert!(inner.end().is_ok());
        }
    }
}
