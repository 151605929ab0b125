//! Personal fields as they lie beside their record.

use gw_ledger::{Frame, Personal, PersonalFields, PersonalFrame, commit};

use crate::input;

/// Bytes as encoded fields; and lines of text as fields that are encoded and read back.
pub(crate) fn personal(data: &[u8]) {
    let fields = PersonalFields::decode(data);
    let json = serde_json::to_string(&fields).unwrap();
    assert!(json.starts_with('{'));
    frame(data);
    round_trip(&String::from_utf8_lossy(data));
}

fn frame(data: &[u8]) {
    let Some(frame) = Frame::from_content(data, data.len()) else {
        return;
    };
    if let Some(read) = PersonalFrame::read(&frame) {
        let commitment = commit(read.salt, read.fields);
        assert!(read.matches(&commitment) && !read.matches(&[0; 32]));
    }
}

fn round_trip(text: &str) {
    let (host, rest) = input::first_text(text.as_bytes());
    let (path, rest) = input::first_text(rest);
    let (user, rest) = input::first_text(rest);
    let detail = String::from_utf8_lossy(rest);
    let given = Personal {
        address: host.parse().ok(),
        host,
        path,
        parameters: &[(host, path)],
        user,
        user_agent: user,
        details: &[&detail],
        ..Personal::default()
    };
    let mut bytes = Vec::new();
    given.encode(&mut bytes);
    let read = PersonalFields::decode(&bytes);
    assert_eq!(read.address, given.address);
    for (read, given) in [
        (read.host.as_str(), host),
        (&read.path, path),
        (&read.user, user),
        (&read.user_agent, user),
        (read.details.first().map_or("", String::as_str), &detail),
    ] {
        assert!(given.starts_with(read), "{given:?} is read as {read:?}");
        assert!(
            read.len() == given.len() || read.len() > 120,
            "cut at its limit only"
        );
    }
    assert_eq!(read.parameters.len(), 1);
}
