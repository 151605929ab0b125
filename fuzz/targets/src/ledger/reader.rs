//! A log's files as commands read them from their folder.

use std::{fs, path::Path};

use gw_ledger::{PersonalState, to_json_line};
use gw_model::{DecisionId, JudgementId};
use gw_record::{Tail, Wanted, find, read_heads, read_logs, verify_ledger};

use super::{
    log::{edited, verified},
    text::is_plain_line,
    writer::{LOG, NAME, Segment},
};

/// The same edits as of `ledger_log`. Whatever is in the files, reading them ends, says of each
/// file at most once that it is broken, and agrees with what is verified in memory.
pub(crate) fn reader(data: &[u8]) {
    let segments = edited(data);
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join(NAME);
    fs::create_dir(&log).unwrap();
    for segment in &segments {
        write(&log, segment);
    }
    let frames_max = segments.iter().map(|s| s.records.len() / 8).sum::<usize>();
    let (mut shown, mut broken) = (0, 0);
    for entry in read_logs(folder.path()).unwrap() {
        match entry {
            Ok(entry) => {
                let line = to_json_line(&entry.view()).unwrap();
                assert!(is_plain_line(&line));
                let altered = entry.personal == PersonalState::Altered;
                assert!(!altered || line.contains("\"altered\""));
                shown += 1;
            }
            Err(fault) => {
                assert!(!fault.to_string().is_empty());
                broken += 1;
            }
        }
        assert!(shown <= frames_max && broken <= segments.len());
    }
    let verified_here = verified(&segments, &LOG.stored);
    let reports = verify_ledger(folder.path(), &LOG.keys, &LOG.stored).unwrap();
    assert_eq!(reports, [verified_here]);
    looked_up(folder.path());
}

fn looked_up(folder: &Path) {
    for wanted in [
        Wanted::Decision(DecisionId::from_bits(3)),
        Wanted::Judgement(JudgementId::from_bits(5)),
    ] {
        assert!(find(folder, wanted).unwrap().len() <= 64);
    }
    let polled = Tail::new(folder, 3).poll();
    assert!(polled.is_ok_and(|entries| entries.len() <= 3));
    if let Ok(heads) = read_heads(folder) {
        assert!(heads.len() <= 1);
    }
}

fn write(log: &Path, segment: &Segment) {
    let file = |ending: &str| log.join(format!("{:08}.{ending}", segment.number));
    fs::write(file("seg"), &segment.records).unwrap();
    fs::write(file("heads"), &segment.heads).unwrap();
    fs::write(file("personal"), &segment.personal).unwrap();
}
