use std::sync::{Arc, Mutex};

use super::*;

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is written while something is done.
fn logged(format: Format, filter_text: &str, colour: bool, what: impl FnOnce()) -> String {
    let page = Page::default();
    let writer = page.clone();
    let filter = filter(Some(filter_text)).unwrap();
    let subscriber = subscriber(format, filter, colour, move || writer.clone());
    tracing::subscriber::with_default(subscriber, what);
    String::from_utf8(page.0.lock().unwrap().clone()).unwrap()
}

#[test]
fn a_text_line_names_level_place_message_and_fields() {
    let text = logged(Format::Text, "info", false, || {
        tracing::info!(app = %"wiki", tries = 3, "opened");
        tracing::debug!("unseen");
    });
    assert!(
        text.ends_with(" INFO gw_telemetry::tests: opened app=wiki tries=3\n"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 1);
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn nothing_from_outside_forges_a_line_or_reaches_the_terminal() {
    let evil = "x\n2026 ERROR forged \u{1b}[2J\u{202e}";
    let text = logged(Format::Text, "info", false, || {
        tracing::info!(host = %evil, path = ?evil, "refused {evil}");
        let _span = tracing::info_span!("connection", peer = %evil).entered();
        tracing::warn!("within");
    });
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
}

#[test]
fn json_is_one_object_a_line() {
    let text = logged(Format::Json, "gw_telemetry=debug", false, || {
        tracing::debug!(app = "wiki", "a\nb");
    });
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&line["level"], &line["message"]),
        (&"DEBUG".into(), &"a\nb".into())
    );
    assert_eq!(line["app"], "wiki");
    assert!(line["timestamp"].is_string());
}

#[test]
fn colour_is_only_there_when_asked_for() {
    let coloured = logged(Format::Text, "info", true, || tracing::info!("hello"));
    assert!(coloured.contains("\u{1b}["));
}

#[test]
fn a_filter_that_cannot_be_read_says_what_to_write() {
    let fault = filter(Some("gw_web=loud")).unwrap_err();
    assert!(fault.to_string().contains("`gw_web=loud`"), "{fault}");
    assert!(fault.to_string().contains("such as `info`"), "{fault}");
}

#[test]
fn nobody_fills_the_log() {
    let text = logged(Format::Text, "debug", false, || {
        for _ in 0..10 * bounded::LINES_MAX {
            tracing::warn!("again");
            tracing::debug!("as asked for");
        }
    });
    let of = |what| text.lines().filter(|line| line.contains(what)).count() as u64;
    // A second may begin meanwhile.
    assert!((bounded::LINES_MAX..=5 * bounded::LINES_MAX).contains(&of("again")));
    assert_eq!(of("as asked for"), 10 * bounded::LINES_MAX);
}
