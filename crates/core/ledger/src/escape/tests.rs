use proptest::prelude::*;

use super::*;

#[test]
fn what_would_mislead_a_reader_is_written_out() {
    assert_eq!(escape("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
    assert_eq!(
        escape("/pay\u{202e}lagel/\u{7f}\n"),
        "/pay\\u{202e}lagel/\\u{7f}\\u{a}"
    );
    assert_eq!(escape("/ä/日本"), "/ä/日本");
}

proptest! {
    #[test]
    fn json_lines_read_back_as_they_were_and_hold_nothing_treacherous(text in any::<String>()) {
        let line = to_json_line(&text).unwrap();
        prop_assert!(!line.chars().any(is_treacherous));
        prop_assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
    }
}
