//! Refusals of strangers: summarised, bounded, within a quota.

use std::{collections::BTreeSet, net::IpAddr};

use gw_ledger::{Entry, Note, PersonalState, Record, StoredHead};
use gw_model::Timestamp;
use gw_record::LedgerOptions;

use crate::support::*;

fn summaries(folder: &std::path::Path) -> Vec<(Entry, gw_ledger::RefusedRecord)> {
    entries(folder)
        .into_iter()
        .filter_map(|entry| match entry.record.clone() {
            Record::Refused(refused) => Some((entry, refused)),
            _ => None,
        })
        .collect()
}

fn address(number: u32) -> IpAddr {
    IpAddr::from((0x0a00_0000 + number).to_be_bytes())
}

#[test]
fn refusals_are_counted_per_reason_host_and_prefix() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    let recorder = ledger.recorder("core-0").unwrap();
    for second in 1..=3 {
        let now = Timestamp::from_secs(second);
        recorder.refused("no-such-host", "x.example", "", address(1), now);
        recorder.refused("no-such-host", "x.example", "", address(200), now);
        recorder.refused("bad-request", "x.example", "", address(1), now);
        recorder.refused(
            "no-such-host",
            "x.example",
            "",
            "2001:db8:1:2::3".parse().unwrap(),
            now,
        );
    }
    drop(recorder);
    block_on(ledger.close());
    let found = summaries(folder.path());
    let counted = |reason: &str, network: &str| -> u64 {
        found
            .iter()
            .filter(|(entry, refused)| match &entry.personal {
                PersonalState::Present(fields) => {
                    &*refused.reason == reason
                        && fields.network == network
                        && fields.host == "x.example"
                }
                _ => false,
            })
            .map(|(_, refused)| refused.count)
            .sum()
    };
    assert_eq!(counted("no-such-host", "10.0.0.0/24"), 6);
    assert_eq!(counted("bad-request", "10.0.0.0/24"), 3);
    assert_eq!(counted("no-such-host", "2001:db8:1::/48"), 3);
    assert_sound(folder.path(), &[]);
}

#[test]
fn refusals_of_people_are_counted_with_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    let recorder = ledger.recorder("core-0").unwrap();
    let now = Timestamp::from_secs(1);
    for name in ["ana", "bo", "bo"] {
        recorder.refused("person-too-fast", "x.example", name, address(1), now);
    }
    drop(recorder);
    block_on(ledger.close());
    let found = summaries(folder.path());
    let counted = |name: &str| -> u64 {
        let of = |entry: &Entry| matches!(&entry.personal, PersonalState::Present(fields) if fields.user == name);
        let rows = found.iter().filter(|(entry, _)| of(entry));
        rows.map(|(_, refused)| refused.count).sum()
    };
    assert_eq!((counted("ana"), counted("bo")), (1, 2));
    assert_sound(folder.path(), &[]);
}

#[test]
fn a_flood_from_everywhere_keeps_its_number_and_not_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    let recorder = ledger.recorder("core-0").unwrap();
    let flood = 20_000;
    for number in 0..flood {
        let host = format!("{number}.example");
        let now = Timestamp::from_secs(1);
        recorder.refused("no-such-host", &host, "", address(number * 256), now);
    }
    drop(recorder);
    block_on(ledger.close());
    let found = summaries(folder.path());
    let total: u64 = found.iter().map(|(_, refused)| refused.count).sum();
    assert_eq!(total, u64::from(flood), "every refusal is counted");
    assert!(found.iter().any(|(_, refused)| refused.others));
    let rows = entries(folder.path()).len();
    assert!(rows < 5000, "{rows} rows for {flood} refusals");
    assert_sound(folder.path(), &[]);
}

#[test]
fn the_log_of_strangers_keeps_its_quota_says_what_it_dropped_and_stays_proven() {
    let folder = tempfile::tempdir().unwrap();
    let quota = 1024 * 1024;
    let options = LedgerOptions {
        strangers_bytes: quota,
        now: {
            // Each look at the clock is a second: summaries are written at every turn.
            let clock = std::sync::atomic::AtomicU64::new(1_800_000_000);
            std::sync::Arc::new(move || {
                Timestamp::from_secs(clock.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
            })
        },
        ..options()
    };
    let ledger = try_open(folder.path(), options, None).unwrap();
    let recorder = ledger.recorder("core-0").unwrap();
    let log = folder.path().join("strangers");
    let segments = || -> BTreeSet<String> {
        std::fs::read_dir(&log)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".seg"))
            .collect()
    };
    let mut number = 0;
    eventually("the first segments are dropped", || {
        for _ in 0..64 {
            number += 1;
            let host = format!("{}-{number}.example", "h".repeat(200));
            recorder.refused(
                "no-such-host",
                &host,
                "",
                address(number * 256),
                Timestamp::from_secs(1),
            );
        }
        (!segments().contains("00000001.seg")).then_some(())
    });
    let heads = ledger.heads();
    drop(recorder);
    block_on(ledger.close());
    let bytes: u64 = std::fs::read_dir(&log)
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    assert!(bytes <= quota, "{bytes}");
    assert!(
        notes(folder.path())
            .iter()
            .any(|note| matches!(note, Note::Pruned { .. }))
    );
    assert_sound(folder.path(), &heads);
    let reports = verify(folder.path(), &heads);
    assert!(report(&reports, "strangers").pruned_through.is_some());
    assert_eq!(report(&reports, "control").pruned_through, None);

    // The store's head may be of a segment that was dropped before it kept a newer one.
    let old = StoredHead {
        segment: 1,
        ..report(&reports, "strangers").head.clone().unwrap()
    };
    block_on(
        try_open(folder.path(), options_again(), Some(&old))
            .unwrap()
            .close(),
    );
}

fn options_again() -> LedgerOptions {
    LedgerOptions {
        strangers_bytes: 1024 * 1024,
        ..options()
    }
}
