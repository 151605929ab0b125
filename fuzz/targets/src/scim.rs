//! What sources push in: filters, patches, bodies.

use gw_scim::fuzzing::{filter_twice, patch, read_body};

use crate::input::{first_line, first_text};

/// A filter that is taken is printed, and read again as what it was.
pub(crate) fn filter(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Some((printed, again)) = filter_twice(text) {
        // The last bit of a number with an exponent is not kept.
        let is_rounded = printed.contains("e+") || printed.contains("e-");
        assert!(
            is_rounded || Some(&printed) == again.as_ref(),
            "{printed:?} {again:?}"
        );
    }
}

/// A resource, a line's end, and the operations of a patch: what comes of them is read again as it
/// is.
pub(crate) fn operations(data: &[u8]) {
    let (resource, operations) = first_line(data);
    assert_ne!(patch(resource, operations), Some(false));
}

/// A query, a line's end, and a body: whether they are taken does not change.
pub(crate) fn body(data: &[u8]) {
    let (query, body) = first_text(data);
    assert_eq!(read_body(body, query), read_body(body, query));
}
