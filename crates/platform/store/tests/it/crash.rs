//! Killed at any moment: what was acknowledged is there, and nothing is there by halves.

use std::{
    env,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use gw_store::{Effect, Store};

use crate::support::*;

const FOLDER: &str = "GATEWRIGHT_TEST_CRASH_FOLDER";
const ROUNDS: usize = 25;
const GROUP: u64 = 3;

/// Transaction `n`: a fact, a link and a setting, all or nothing.
fn transaction_of(n: u64) -> gw_store::Transaction {
    let effects = vec![
        Effect::LinkPut(link(n, n)),
        Effect::MetaPut {
            key: format!("user {n}"),
            value: "here".into(),
        },
    ];
    transaction(vec![put(user(n, &format!("user-{n}")))], effects)
}

/// Not a test by itself: the process that is killed.
#[test]
#[ignore = "run by `what_was_acknowledged_survives_a_kill`"]
fn victim() {
    let Ok(folder) = env::var(FOLDER) else {
        return;
    };
    let mut store = open(Path::new(&folder));
    let mut next = store.load().unwrap().facts.epoch.number + 1;
    loop {
        let group = (next..next + GROUP).map(|n| transaction_of(n).propose());
        for outcome in store.commit(group.collect()).unwrap() {
            println!("acknowledged {}", outcome.unwrap().epoch.number);
        }
        next += GROUP;
    }
}

fn start_victim(folder: &Path) -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "crash::victim", "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    (child, output)
}

/// The last number that a victim acknowledged before it was killed.
fn acknowledged_until_killed(folder: &Path, patience: usize) -> u64 {
    let (mut child, output) = start_victim(folder);
    let mut last = 0;
    let mut heard = 0;
    for line in output.lines() {
        let line = line.unwrap();
        let Some((_, number)) = line.split_once("acknowledged ") else {
            continue;
        };
        last = number.parse().unwrap();
        heard += 1;
        if heard == patience {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    last
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let folder = private_folder();
    let mut total = 0;
    for round in 0..ROUNDS {
        let last = acknowledged_until_killed(folder.path(), 1 + round * 2);
        let mut store = open(folder.path());
        let facts = store.load().unwrap().facts;
        let reader = store.reader();
        let stored = facts.epoch.number;
        assert!(stored >= last, "acknowledged {last}, stored {stored}");
        assert_eq!(stored % GROUP, 0, "a group is durable as a whole");
        assert_eq!(facts.users().count(), usize::try_from(stored).unwrap());
        for n in total + 1..=stored {
            assert!(facts.user(uid(n)).is_some(), "user {n} of {stored}");
            assert!(reader.link(&hash(n)).unwrap().is_some());
            assert!(reader.meta(&format!("user {n}")).unwrap().is_some());
        }
        let beyond = stored + 1;
        assert!(reader.link(&hash(beyond)).unwrap().is_none());
        assert!(reader.meta(&format!("user {beyond}")).unwrap().is_none());
        total = stored;
    }
    assert!(total >= u64::try_from(ROUNDS).unwrap() * GROUP);
}
