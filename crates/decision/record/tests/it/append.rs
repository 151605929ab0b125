//! Appending, syncing, rotating, and who may.

use std::{os::unix::fs::PermissionsExt, time::Duration};

use gw_ledger::{
    ChangeRecord, ChangedFact, EndManner, EndRecord, Note, Personal, PersonalState, Position,
    Record,
};
use gw_model::{Actor, DecisionId, Epoch, Outcome, Timestamp, UserId};
use gw_record::{Ledger, LedgerError, RecordedChanges, Unwritable};

use crate::support::*;

#[test]
fn what_is_recorded_is_read_back_joined_and_proven() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    let mut recorder = ledger.recorder("core-0").unwrap();
    for decision in 1..=3 {
        record(&mut recorder, decision).unwrap();
    }
    let end = EndRecord {
        time: Timestamp::from_millis(1_800_000_000_100),
        decision: DecisionId::from_bits(2),
        manner: EndManner::Cut,
        status: 200,
        bytes_up: 1,
        bytes_down: 2,
        duration: Duration::from_millis(5),
        reason: Some("user disabled".into()),
    };
    recorder.end(&end).unwrap();
    drop(recorder);
    block_on(ledger.close());

    let found = exchanges(folder.path());
    assert_eq!(found.len(), 3);
    for (entry, exchange) in &found {
        assert_eq!(exchange.outcome, Outcome::Allow);
        assert_eq!(user_of(entry), Some("ana"));
        let joined = entry.judgement.as_deref().unwrap();
        assert_eq!(joined, &judgement(5), "with its personal attribute");
    }
    let judgements = entries(folder.path())
        .into_iter()
        .filter(|entry| matches!(entry.record, Record::Judgement(_)))
        .count();
    assert_eq!(judgements, 1, "once per segment");
    assert!(
        entries(folder.path())
            .iter()
            .any(|entry| entry.record == Record::End(end.clone()))
    );
    assert_sound(folder.path(), &[]);
    let reports = verify(folder.path(), &[]);
    assert_eq!(report(&reports, "core-0").records, 5);
    assert_eq!(report(&reports, "core-0").unsealed, 0);
    assert_eq!(
        notes(folder.path()).last(),
        Some(&Note::Stop),
        "an orderly stop is recorded"
    );
}

#[test]
fn a_synced_record_is_on_disk_and_soon_under_a_signed_head() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    let mut recorder = ledger.recorder("core-0").unwrap();
    let first = record(&mut recorder, 1).unwrap();
    let second = record(&mut recorder, 2).unwrap();
    assert!(second > first);
    block_on(recorder.synced(second)).unwrap();
    block_on(recorder.synced(first)).unwrap();
    let head = eventually("a head over three records", || {
        ledger
            .heads()
            .into_iter()
            .find(|head| &*head.log == "core-0" && head.size == 3)
    });
    assert_sound(folder.path(), &[head]);
    let status = ledger.status();
    let core = status
        .iter()
        .find(|status| &*status.log == "core-0")
        .unwrap();
    assert_eq!(core.failure, None);
    assert!(core.longest_sync > Duration::ZERO);
}

fn sign_in() -> ChangeRecord {
    ChangeRecord {
        time: Timestamp::from_secs(1_800_000_000),
        epoch: Epoch {
            incarnation: 1,
            number: 43,
        },
        actor: Actor::User(UserId::from_bits(7)),
        session: None,
        decision: None,
        what: "signed in by passkey".into(),
        changes: vec![ChangedFact {
            kind: "session-started".into(),
            subject: "s-1".into(),
        }],
    }
}

#[test]
fn a_change_of_very_many_facts_takes_several_records_and_half_of_them_is_not_the_change() {
    const FACTS: usize = 12_000;
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    let before = sign_in();
    let mut large = sign_in();
    large.epoch.number += 1;
    large.changes = (0..FACTS)
        .map(|n| ChangedFact {
            kind: "session-ended".into(),
            subject: format!("s-{n}").into(),
        })
        .collect();
    let half = ChangeRecord {
        changes: large.changes[..FACTS / 20].to_vec(),
        ..large.clone()
    };
    ledger.control().change_blocking(before.clone()).unwrap();
    ledger.control().change_blocking(half).unwrap();
    let recorded = RecordedChanges::read(folder.path()).unwrap();
    assert!(!recorded.lacks(before.epoch, 1));
    assert!(recorded.lacks(large.epoch, FACTS));

    ledger.control().change_blocking(large.clone()).unwrap();
    let told: Vec<ChangeRecord> = entries(folder.path())
        .into_iter()
        .filter_map(|entry| match entry.record {
            Record::Change(change) if change.epoch == large.epoch => Some(change),
            _ => None,
        })
        .skip(1)
        .collect();
    assert!(told.len() > 1);
    let facts: Vec<ChangedFact> = told.into_iter().flat_map(|change| change.changes).collect();
    assert_eq!(facts, large.changes);
    let recorded = RecordedChanges::read(folder.path()).unwrap();
    assert!(!recorded.lacks(large.epoch, FACTS));
    block_on(ledger.close());
}

#[test]
fn the_control_log_takes_records_from_many_threads_and_answers_when_they_are_synced() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    let mut positions: Vec<Position> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let control = ledger.control().clone();
                scope.spawn(move || {
                    let append = |_| {
                        let personal = personal("ana");
                        match writer % 2 {
                            0 => control.append_blocking(&sign_in(), &personal).unwrap(),
                            _ => block_on(control.append(&sign_in(), &personal)).unwrap(),
                        }
                    };
                    (0..10).map(append).collect::<Vec<_>>()
                })
            })
            .collect();
        writers
            .into_iter()
            .flat_map(|w| w.join().unwrap())
            .collect()
    });
    positions.sort_unstable();
    positions.dedup();
    assert_eq!(positions.len(), 40);
    block_on(ledger.close());
    let changes = entries(folder.path())
        .into_iter()
        .filter(|entry| entry.record == Record::Change(sign_in()) && user_of(entry) == Some("ana"))
        .count();
    assert_eq!(changes, 40);
    assert_sound(folder.path(), &[]);
}

#[test]
fn rotation_under_load_loses_nothing_and_keeps_each_exchange_with_its_judgement() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    let count = 20_000;
    let logs = ["core-0", "core-1"];
    std::thread::scope(|scope| {
        for log in logs {
            let mut recorder = ledger.recorder(log).unwrap();
            scope.spawn(move || {
                for decision in 0..count {
                    let judgement = judgement(decision % 3);
                    unhurried(|| recorder.judgement(&judgement));
                    let exchange = exchange(decision, decision % 3);
                    recorder.exchange(&exchange, &personal("ana")).unwrap();
                }
            });
        }
    });
    let heads = ledger.heads();
    assert_sound(folder.path(), &heads);
    block_on(ledger.close());
    assert_sound(folder.path(), &heads);
    let reports = verify(folder.path(), &[]);
    for log in logs {
        assert!(report(&reports, log).segments > 10);
        let mut expected = 0;
        for (entry, exchange) in exchanges(folder.path()) {
            if &*entry.log != log {
                continue;
            }
            assert_eq!(exchange.decision.bits(), expected);
            assert_eq!(
                entry.judgement.unwrap().judgement,
                exchange.judgement,
                "the judgement is in the same segment"
            );
            expected += 1;
        }
        assert_eq!(expected, count);
    }
}

#[test]
fn a_ledger_has_one_process_and_a_log_one_recorder() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    let second = Ledger::open(folder.path(), options(), signer(), &[]);
    assert!(matches!(second, Err(LedgerError::Locked(_))));

    let mut recorder = ledger.recorder("core-0").unwrap();
    let first = record(&mut recorder, 1).unwrap();
    assert!(matches!(
        ledger.recorder("core-0"),
        Err(LedgerError::Taken(_))
    ));
    drop(recorder);
    let mut again = ledger.recorder("core-0").unwrap();
    let next = record(&mut again, 2).unwrap();
    assert_eq!(
        (next.segment, next.index),
        (first.segment, first.index + 1),
        "it goes on where the other stopped, judgement included"
    );
    for name in ["", "control", "strangers", "../x", "Core", "-x"] {
        assert!(
            matches!(ledger.recorder(name), Err(LedgerError::Name(_))),
            "{name}"
        );
    }
}

#[test]
fn nobody_else_can_read_a_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("ledger");
    let ledger = open(&folder);
    let mut recorder = ledger.recorder("core-0").unwrap();
    record(&mut recorder, 1).unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join("core-0")), 0o700);
    for entry in std::fs::read_dir(folder.join("core-0")).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

#[test]
fn a_record_larger_than_a_segment_is_refused_and_the_log_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    let mut recorder = ledger.recorder("core-0").unwrap();
    let mut huge = judgement(1);
    huge.device = Some("x".repeat(100_000).into());
    assert!(matches!(
        recorder.judgement(&huge),
        Err(Unwritable::TooLarge { .. })
    ));
    record(&mut recorder, 1).unwrap();
    drop(recorder);
    block_on(ledger.close());
    assert_eq!(exchanges(folder.path()).len(), 1);
    assert_sound(folder.path(), &[]);
}

#[test]
fn a_record_without_personal_fields_commits_to_none() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    let mut recorder = ledger.recorder("core-0").unwrap();
    recorder
        .exchange(&exchange(1, 5), &Personal::default())
        .unwrap();
    let found = exchanges(folder.path());
    assert_eq!(found[0].0.personal, PersonalState::None);
    assert_eq!(found[0].0.judgement, None);
}
