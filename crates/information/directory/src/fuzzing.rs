//! What fuzzing looks at: each parser of bytes and texts from outside as one call.

use crate::{
    DN_BYTES_MAX, Dn, FILTER_BYTES_MAX, Filter,
    ber::message_length,
    connection::MESSAGE_BYTES_MAX,
    message::{Answer, decode, is_refreshed, paging_cookie, sync_info_is_news},
    reader::Kept,
    reading::{group, person},
    settings::{Groups, People},
};

/// One message of a server, read as far as anything looks at it. Whether it was one.
pub fn message(bytes: &[u8], people: &People, groups: &Groups) -> bool {
    let _ = message_length(bytes, MESSAGE_BYTES_MAX);
    let Ok(message) = decode(bytes) else {
        return false;
    };
    let _ = paging_cookie(&message.controls);
    match &message.answer {
        Answer::Entry(entry) => {
            let _ = person(entry, people);
            let _ = group(entry, groups, &mut Kept::default());
        }
        Answer::Intermediate { name, value } => {
            let _ = is_refreshed(name.as_deref(), value);
            let _ = sync_info_is_news(name.as_deref(), value);
        }
        _ => {}
    }
    true
}

/// A distinguished name: what is shown of one reads back as the same. Whether that holds.
pub fn dn(text: &str) -> bool {
    let Ok(one) = text.parse::<Dn>() else {
        return true;
    };
    // What is escaped takes more room, and there is only so much for one.
    let shown = one.to_string();
    shown.len() > DN_BYTES_MAX || shown.parse::<Dn>().is_ok_and(|again| again == one)
}

/// A filter: what is shown of one reads back as the same. Whether that holds.
pub fn filter(text: &str) -> bool {
    let Ok(one) = text.parse::<Filter>() else {
        return true;
    };
    let shown = one.to_string();
    shown.len() > FILTER_BYTES_MAX || shown.parse::<Filter>().is_ok_and(|again| again == one)
}
