//! Text from requests as it is shown on terminals and in JSON.

use gw_ledger::{escape, to_json_line};

/// Nothing that is shown acts on what shows it, and nothing is lost.
pub(crate) fn shown(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let escaped = escape(&text);
    assert!(is_plain_line(&escaped), "{escaped:?}");
    assert_eq!(escape(&escaped), escaped);
    let line = to_json_line(&text).unwrap();
    assert!(is_plain_line(&line), "{line:?}");
    assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
}

/// Whether a text is one line without characters that act or hide.
pub(crate) fn is_plain_line(text: &str) -> bool {
    !text.chars().any(|c| {
        c.is_control()
            || matches!(u32::from(c), 0x061c | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x2069 | 0xfeff)
    })
}
