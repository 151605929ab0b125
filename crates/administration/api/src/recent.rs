//! The newest records of the ledger, in a window of bounded size that is made anew from its
//! segments whenever somebody looks after a while.
//!
//! The ledger is followed only while somebody looks: what nobody reads costs nothing.

mod counts;
pub(crate) mod lately;
mod line;

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use gw_engine::Engine;
use gw_ledger::Entry;
use gw_model::{DecisionId, Timestamp};
use gw_record::Tail;
use tokio::sync::watch;

pub(crate) use counts::Counted;
pub(crate) use line::{actor, outcome_of_end, sentence_of};

/// A record's line by itself.
pub(crate) fn line_of(facts: &gw_model::Snapshot, entry: &Entry) -> Option<RecordLine> {
    line::shown(facts, entry)
}

use crate::types::RecordLine;

/// Records that the window holds.
const WINDOW: usize = 20_000;
/// How often the ledger is looked at.
const LOOK: Duration = Duration::from_millis(250);
/// After so long without anybody asking, it is not followed any more.
const UNASKED: Duration = Duration::from_secs(60);

/// The window.
#[derive(Clone)]
pub(crate) struct Recent(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    engine: Engine,
    state: Mutex<State>,
    moved: watch::Sender<u64>,
}

struct State {
    /// What comes next has this place.
    next: u64,
    kept: VecDeque<(RecordLine, Arc<Entry>)>,
    counted: Counted,
    asked: Instant,
    is_followed: bool,
}

impl Recent {
    /// A window on the logs of a folder.
    pub(crate) fn new(folder: &Path, engine: Engine) -> Self {
        Self(Arc::new(Inner {
            folder: folder.to_owned(),
            engine,
            state: Mutex::new(State {
                next: 1,
                kept: VecDeque::new(),
                counted: Counted::default(),
                asked: Instant::now(),
                is_followed: false,
            }),
            moved: watch::Sender::new(0),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the window, which is up to date within a look of the ledger.
    pub(crate) async fn look<T>(&self, then: impl FnOnce(&Window<'_>) -> T) -> T {
        self.be_followed().await;
        let state = self.state();
        then(&Window(&state))
    }

    /// Waits until there is something behind a place, for as long as `at_most`.
    pub(crate) async fn wait(&self, behind: u64, at_most: Duration) {
        self.be_followed().await;
        let mut moved = self.0.moved.subscribe();
        let arrived = moved.wait_for(|newest| *newest > behind);
        // That nothing came is an answer too.
        let _ = tokio::time::timeout(at_most, arrived).await;
        self.state().asked = Instant::now();
    }

    /// Has the ledger followed; returns once the window is filled.
    async fn be_followed(&self) {
        let begins = {
            let mut state = self.state();
            state.asked = Instant::now();
            let begins = !state.is_followed;
            state.is_followed = true;
            if begins {
                state.kept.clear();
                state.counted = Counted::default();
            }
            begins
        };
        if !begins {
            return;
        }
        let this = self.clone();
        let mut tail = Tail::new(&self.0.folder, WINDOW);
        let first = tokio::task::spawn_blocking(move || {
            this.take(&mut tail);
            tail
        });
        let Ok(tail) = first.await else {
            self.state().is_followed = false;
            return;
        };
        tokio::spawn(self.clone().follow(tail));
    }

    async fn follow(self, mut tail: Tail) {
        loop {
            tokio::time::sleep(LOOK).await;
            if self.is_forgotten() {
                return;
            }
            let this = self.clone();
            let looked = tokio::task::spawn_blocking(move || {
                this.take(&mut tail);
                tail
            });
            match looked.await {
                Ok(looked) => tail = looked,
                Err(_) => {
                    self.state().is_followed = false;
                    return;
                }
            }
        }
    }

    /// Whether nobody has looked for a while; then it is not followed from now on.
    fn is_forgotten(&self) -> bool {
        let mut state = self.state();
        state.is_followed = state.asked.elapsed() <= UNASKED;
        !state.is_followed
    }

    fn take(&self, tail: &mut Tail) {
        let entries = match tail.poll() {
            Ok(entries) => entries,
            Err(fault) => {
                tracing::warn!(%fault, "recent records cannot be read");
                return;
            }
        };
        if entries.is_empty() {
            return;
        }
        let facts = self.0.engine.view().facts.clone();
        let mut state = self.state();
        for entry in entries {
            state.add(&facts, entry);
        }
        let newest = state.next - 1;
        drop(state);
        self.0.moved.send_replace(newest);
    }
}

impl State {
    fn add(&mut self, facts: &gw_model::Snapshot, entry: Entry) {
        let about = |decision: DecisionId| {
            let mut kept = self.kept.iter().rev().take(line::LOOK_BACK);
            kept.find(|(line, _)| line.decision == Some(decision))
                .map(|(line, _)| line.clone())
        };
        let Some(line) = line::of(facts, &entry, self.next, about) else {
            return;
        };
        self.counted.add(&line);
        self.next += 1;
        self.kept.push_back((line, Arc::new(entry)));
        if self.kept.len() > WINDOW {
            self.kept.pop_front();
        }
    }
}

/// The window as it is.
pub(crate) struct Window<'a>(&'a State);

impl Window<'_> {
    /// The records behind a place, oldest first.
    pub(crate) fn behind(&self, place: u64) -> impl DoubleEndedIterator<Item = &RecordLine> {
        let lines = self.0.kept.iter().map(|(line, _)| line);
        let first = lines.clone().next().map_or(0, |line| line.seq);
        let skipped = place.saturating_add(1).saturating_sub(first);
        lines.skip(usize::try_from(skipped).unwrap_or(usize::MAX))
    }

    /// The place of the newest.
    pub(crate) const fn newest(&self) -> u64 {
        self.0.next - 1
    }

    /// The place of the oldest.
    pub(crate) fn oldest(&self) -> u64 {
        self.0
            .kept
            .front()
            .map_or(self.0.next, |(line, _)| line.seq)
    }

    /// How far it reaches back.
    pub(crate) fn since(&self, now: Timestamp) -> Timestamp {
        self.0.kept.front().map_or(now, |(line, _)| line.time)
    }

    /// What was counted.
    pub(crate) const fn counted(&self) -> &Counted {
        &self.0.counted
    }

    /// The entries of a decision.
    pub(crate) fn of_decision(&self, decision: DecisionId) -> Vec<Arc<Entry>> {
        let entries = self.0.kept.iter().map(|(_, entry)| entry);
        entries
            .filter(|entry| entry.is_of_decision(decision))
            .cloned()
            .collect()
    }
}
