//! A writer is killed with SIGKILL in a loop. What it acknowledged is there.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
};

use gw_ledger::{FaultKind, Position};
use gw_model::Timestamp;

use crate::support::*;

const FOLDER: &str = "GW_RECORD_KILLED_WRITER_FOLDER";
const ROUNDS: u64 = 25;

/// The writer: appends as fast as it can, and prints what was accepted.
#[test]
#[ignore = "runs as the child of the test that kills it"]
fn writer_that_is_killed() {
    let folder = std::env::var_os(FOLDER).expect("the killing test names the folder");
    let ledger = open(Path::new(&folder));
    let mut recorder = ledger.recorder("core-0").unwrap();
    let mut stdout = std::io::stdout().lock();
    for decision in 0_u64.. {
        let position = unhurried(|| record(&mut recorder, decision));
        recorder.refused(
            "flood",
            "x",
            "",
            [192, 0, 2, 1].into(),
            Timestamp::from_secs(1),
        );
        let line = format!("ack {} {} {decision}\n", position.segment, position.index);
        if stdout.write_all(line.as_bytes()).is_err() {
            return;
        }
    }
}

fn start_writer(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "kill::writer_that_is_killed",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn acknowledged(line: &str) -> Option<(Position, u64)> {
    let mut words = line.strip_prefix("ack ")?.split(' ');
    let segment = words.next()?.parse().ok()?;
    let index = words.next()?.parse().ok()?;
    let decision = words.next()?.parse().ok()?;
    Some((Position { segment, index }, decision))
}

/// Lets a writer run until it has acknowledged so many records, kills it, and gives all that it acknowledged.
fn run_and_kill(folder: &Path, records: usize) -> HashMap<Position, u64> {
    let mut child = start_writer(folder);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut seen = HashMap::new();
    while seen.len() < records {
        let line = lines.next().expect("the writer lives").unwrap();
        seen.extend(acknowledged(&line));
    }
    child.kill().unwrap();
    // A last line may be cut in its middle: then its last number may be, too.
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    let whole = rest.len().saturating_sub(1);
    seen.extend(
        rest.iter()
            .take(whole)
            .filter_map(|line| acknowledged(line)),
    );
    child.wait().unwrap();
    seen
}

#[test]
fn every_acknowledged_record_survives_kill_9_and_the_log_stays_proven() {
    let folder = tempfile::tempdir().unwrap();
    let mut expected: HashMap<Position, u64> = HashMap::new();
    for round in 0..ROUNDS {
        let records = 1 + (round * 389 % 1700) as usize;
        expected.extend(run_and_kill(folder.path(), records));
        let found: HashMap<Position, u64> = exchanges(folder.path())
            .into_iter()
            .map(|(entry, exchange)| {
                assert_eq!(user_of(&entry), Some("ana"));
                assert!(entry.judgement.is_some());
                (entry.position, exchange.decision.bits())
            })
            .collect();
        for (position, decision) in &expected {
            assert_eq!(
                found.get(position),
                Some(decision),
                "round {round}: {position}"
            );
        }
        for report in verify(folder.path(), &[]) {
            // Before the restart, only a head that was being written may be torn.
            let torn = |kind: &FaultKind| *kind == FaultKind::Heads;
            assert!(
                report.faults.iter().all(|fault| torn(&fault.kind)),
                "{report:?}"
            );
        }
    }
    block_on(open(folder.path()).close());
    assert_sound(folder.path(), &[]);
    let reports = verify(folder.path(), &[]);
    let sealed = report(&reports, "core-0");
    assert_eq!(sealed.unsealed, 0);
    assert!(sealed.records >= expected.len() as u64);
    assert!(sealed.segments as u64 > ROUNDS);
}
