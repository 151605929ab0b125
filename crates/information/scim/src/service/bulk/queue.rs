//! In which order the operations of a bulk are done: a value without a directory.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::operation::BulkOperation;
use crate::{answer::Answer, id::ResourceId, refusal::Refusal, text::shown};

/// Operations, each of which waits until what it refers to is there.
pub(super) struct Queue {
    /// What came of each `bulkId`.
    known: HashMap<String, Outcome>,
    /// Who waits for a `bulkId`.
    waiting: HashMap<String, Vec<usize>>,
    /// How many `bulkId`s each waits for.
    missing: Vec<usize>,
    ready: BTreeSet<usize>,
    /// Those that wait still.
    behind: BTreeSet<usize>,
}

enum Outcome {
    Awaited,
    Created(ResourceId),
    Failed,
}

/// Why there is no id for a `bulkId`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unresolved {
    #[error("which no operation has")]
    Unknown,
    #[error("of which nothing was created")]
    Failed,
    #[error("which is one of several that wait for one another")]
    Circle,
}

impl Queue {
    pub(super) fn of(operations: &[BulkOperation]) -> Result<Self, Refusal> {
        let mut queue = Self {
            known: HashMap::new(),
            waiting: HashMap::new(),
            missing: vec![0; operations.len()],
            ready: BTreeSet::new(),
            behind: BTreeSet::new(),
        };
        for id in operations.iter().filter_map(|one| one.bulk_id.as_ref()) {
            if queue.known.insert(id.clone(), Outcome::Awaited).is_some() {
                let detail = format!("two operations have the bulkId `{}`", shown(id));
                return Err(Refusal::value(detail));
            }
        }
        for (at, operation) in operations.iter().enumerate() {
            queue.enqueue(at, operation);
        }
        Ok(queue)
    }

    fn enqueue(&mut self, at: usize, operation: &BulkOperation) {
        let is_known = |id: &&String| self.known.contains_key(*id);
        let awaited: Vec<_> = operation.references.iter().filter(is_known).collect();
        if awaited.is_empty() {
            self.ready.insert(at);
            return;
        }
        self.behind.insert(at);
        if let Some(missing) = self.missing.get_mut(at) {
            *missing = awaited.len();
        }
        for id in awaited {
            self.waiting.entry(id.clone()).or_default().push(at);
        }
    }

    /// The first that waits for nothing; when there is none, one of a circle, which fails.
    pub(super) fn next(&mut self) -> Option<usize> {
        self.ready.pop_first().or_else(|| self.behind.pop_first())
    }

    /// What came of an operation.
    pub(super) fn done(&mut self, at: usize, operation: &BulkOperation, answer: Option<&Answer>) {
        self.behind.remove(&at);
        let Some(bulk_id) = &operation.bulk_id else {
            return;
        };
        let id = answer.and_then(created);
        let outcome = id.map_or(Outcome::Failed, Outcome::Created);
        self.known.insert(bulk_id.clone(), outcome);
        for waiting in self.waiting.remove(bulk_id).unwrap_or_default() {
            let Some(missing) = self.missing.get_mut(waiting) else {
                continue;
            };
            *missing = missing.saturating_sub(1);
            if *missing == 0 && self.behind.remove(&waiting) {
                self.ready.insert(waiting);
            }
        }
    }

    /// The id of what the operation with this `bulkId` created or changed.
    pub(super) fn id(&self, bulk_id: &str) -> Result<&ResourceId, Unresolved> {
        match self.known.get(bulk_id) {
            Some(Outcome::Created(id)) => Ok(id),
            Some(Outcome::Failed) => Err(Unresolved::Failed),
            Some(Outcome::Awaited) => Err(Unresolved::Circle),
            None => Err(Unresolved::Unknown),
        }
    }
}

fn created(answer: &Answer) -> Option<ResourceId> {
    let shown = answer.body.as_ref().and_then(|body| body.get("id"));
    let shown = shown.and_then(Value::as_str);
    let location = || answer.location.as_deref()?.rsplit('/').next();
    shown.or_else(location)?.parse().ok()
}
