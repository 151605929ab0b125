//! What lies in the store, as an older or newer program, or a hand, may have left it.

use gw_store::fuzzing;

use crate::input;

/// Each line is a row: kind, key, version and body, with tabs between. The snapshot that rows
/// make is made again by the rows that it writes.
pub(crate) fn rows(data: &[u8]) {
    let rows: Vec<fuzzing::Row> = input::lines(data)
        .filter_map(|line| std::str::from_utf8(line).ok())
        .filter_map(row)
        .collect();
    match fuzzing::rebuild(&rows) {
        Ok(facts) => {
            let written = fuzzing::rows_of(&facts);
            let again = fuzzing::rebuild(&written).expect("what was written is read");
            assert_eq!(fuzzing::rows_of(&again), written);
        }
        Err(fault) => assert!(!fault.is_empty()),
    }
}

fn row(line: &str) -> Option<fuzzing::Row> {
    let mut fields = line.splitn(4, '\t');
    Some(fuzzing::Row {
        kind: fields.next()?.to_owned(),
        key: fields.next()?.to_owned(),
        version: fields.next()?.parse().ok()?,
        body: fields.next()?.to_owned(),
    })
}

/// A transaction's changes as JSON: read and written the same, or refused as a newer kind or
/// as damage.
pub(crate) fn changes(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match fuzzing::read_changes(text) {
        Ok(changes) => {
            let written = serde_json::to_string(&changes).unwrap();
            let again = fuzzing::read_changes(&written).expect("what was written is read");
            assert_eq!(serde_json::to_string(&again).unwrap(), written);
            for change in &changes {
                assert!(!change.kind().is_empty());
            }
        }
        Err(fault) => assert!(!fault.is_empty()),
    }
}
