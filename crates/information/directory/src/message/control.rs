//! What is asked for beside a search, and what comes back with it.

use super::{COOKIE_BYTES_MAX, MessageFault};
use crate::ber::{BOOLEAN, BerFault, ENUMERATED, INTEGER, OCTETS, Reader, SEQUENCE, Writer};

/// Simple paged results (RFC 2696).
pub(crate) const CONTROL_PAGED: &str = "1.2.840.113556.1.4.319";
/// Content synchronisation, asked for (RFC 4533, 2.2).
pub(crate) const CONTROL_SYNC: &str = "1.3.6.1.4.1.4203.1.9.1.1";
/// What there is to say of a synchronised content as a whole (RFC 4533, 2.5).
const SYNC_INFO: &str = "1.3.6.1.4.1.4203.1.9.1.4";
/// What was deleted is found too ([MS-ADTS], 3.1.1.3.4.1.14).
const CONTROL_DELETED: &str = "1.2.840.113556.1.4.417";

const REFRESH_AND_PERSIST: i64 = 3;
const NEW_COOKIE: u8 = 0x80;
const REFRESH_DELETE: u8 = 0xa1;
const REFRESH_PRESENT: u8 = 0xa2;
const ID_SET: u8 = 0xa3;

/// A control (RFC 4511, 4.1.11).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Control {
    pub(crate) name: String,
    pub(crate) is_critical: bool,
    pub(crate) value: Vec<u8>,
}

impl Control {
    pub(super) fn read(mut content: Reader<'_>) -> Result<Self, MessageFault> {
        let name = content.text(OCTETS)?.to_owned();
        let critical = content.optional(BOOLEAN)?;
        let value = content.optional(OCTETS)?.unwrap_or_default().to_vec();
        content.end()?;
        Ok(Self {
            name,
            is_critical: critical.is_some_and(|byte| byte != [0]),
            value,
        })
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.nested(SEQUENCE, |control| {
            control.text(OCTETS, &self.name);
            if self.is_critical {
                control.boolean(BOOLEAN, true);
            }
            if !self.value.is_empty() {
                control.element(OCTETS, &self.value);
            }
        });
    }
}

/// The next page of so many entries; the first one where the cookie is empty.
pub(crate) fn paged(size: u32, cookie: &[u8]) -> Control {
    let mut value = Writer::default();
    value.nested(SEQUENCE, |inner| {
        inner
            .integer(INTEGER, i64::from(size))
            .element(OCTETS, cookie);
    });
    Control {
        name: CONTROL_PAGED.to_owned(),
        is_critical: false,
        value: value.into_bytes(),
    }
}

/// What to ask the next page with; empty after the last one, and where the server knows no pages.
///
/// # Errors
/// Where the control is none, or its cookie too long to be handed back.
pub(crate) fn paging_cookie(controls: &[Control]) -> Result<Vec<u8>, MessageFault> {
    let Some(control) = controls.iter().find(|one| one.name == CONTROL_PAGED) else {
        return Ok(Vec::new());
    };
    let mut value = Reader::new(&control.value).inside(SEQUENCE)?;
    value.integer(INTEGER)?;
    let cookie = value.element(OCTETS)?;
    match cookie.len() > COOKIE_BYTES_MAX {
        true => Err(MessageFault::TooMany("bytes of a paging cookie")),
        false => Ok(cookie.to_vec()),
    }
}

/// What changes from now on, after what did since the cookie.
pub(crate) fn synced(cookie: Option<&str>) -> Control {
    let mut value = Writer::default();
    value.nested(SEQUENCE, |inner| {
        inner.integer(ENUMERATED, REFRESH_AND_PERSIST);
        if let Some(cookie) = cookie {
            inner.text(OCTETS, cookie);
        }
    });
    Control {
        name: CONTROL_SYNC.to_owned(),
        is_critical: true,
        value: value.into_bytes(),
    }
}

/// What was deleted, too.
pub(crate) fn show_deleted() -> Control {
    Control {
        name: CONTROL_DELETED.to_owned(),
        is_critical: true,
        value: Vec::new(),
    }
}

/// Whether an intermediate answer ends what was there before: changes follow (RFC 4533, 3.3.1 and
/// 3.4).
///
/// # Errors
/// Where it is no such answer.
pub(crate) fn is_refreshed(name: Option<&str>, value: &[u8]) -> Result<bool, MessageFault> {
    if name != Some(SYNC_INFO) {
        return Ok(false);
    }
    let mut choice = Reader::new(value);
    if !matches!(choice.peek(), Some(REFRESH_DELETE | REFRESH_PRESENT)) {
        return Ok(false);
    }
    let (_, content) = choice.any()?;
    choice.end()?;
    let mut content = Reader::new(content);
    content.optional(OCTETS)?;
    let done = content.optional(BOOLEAN)?;
    content.end()?;
    Ok(done.is_none_or(|done| done != [0]))
}

/// Whether an intermediate answer, after that, says that something changed: a cookie alone does
/// not.
///
/// # Errors
/// Where it is no such answer.
pub(crate) fn sync_info_is_news(name: Option<&str>, value: &[u8]) -> Result<bool, MessageFault> {
    if name != Some(SYNC_INFO) {
        return Ok(false);
    }
    match Reader::new(value).peek() {
        Some(NEW_COOKIE) => Ok(false),
        Some(REFRESH_DELETE | REFRESH_PRESENT | ID_SET) => Ok(true),
        _ => Err(BerFault::Short.into()),
    }
}
