//! Reading logs, also while they are being written: entries joined with their judgements
//! and personal fields, merged by time, found by id, followed.

use std::{
    collections::{BTreeMap, VecDeque},
    fs, io,
    path::{Path, PathBuf},
};

use gw_ledger::{Entry, Frame, SignedHead, Step, StoredHead, frame_at};
use gw_model::{DecisionId, JudgementId, Timestamp};

use crate::{
    files::{SegmentPaths, log_names, segment_numbers},
    reader::{LogReader, newest_started},
};

/// A ledger that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A file or folder cannot be read.
    #[error("{path} cannot be read")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Bytes that are no record; what follows them in the segment is not shown.
    #[error(
        "segment {segment} of the log `{log}` has bytes that are no record at {offset}; `gatewright log verify` says more"
    )]
    Broken {
        /// The log.
        log: String,
        /// The segment.
        segment: u32,
        /// Where.
        offset: u64,
    },
}

pub(crate) fn file_error(path: &Path) -> impl Fn(io::Error) -> ReadError + use<> {
    let path = path.to_owned();
    move |source| ReadError::File {
        path: path.clone(),
        source,
    }
}

/// Entries of all logs of a ledger, merged by time.
pub struct Entries {
    logs: Vec<Merging>,
}

struct Merging {
    reader: LogReader,
    next: Option<Entry>,
    /// The latest time seen: where a record says none, this stands for it.
    time: Timestamp,
    ended: bool,
}

/// Reads all entries that are there, oldest first, without changing anything.
///
/// # Errors
/// When the folder cannot be read. Errors of single files come as items.
pub fn read_logs(folder: &Path) -> Result<Entries, ReadError> {
    let names = log_names(folder).map_err(file_error(folder))?;
    let logs = names.iter().map(|name| Merging {
        reader: LogReader::new(folder, name, 1),
        next: None,
        time: Timestamp::default(),
        ended: false,
    });
    Ok(Entries {
        logs: logs.collect(),
    })
}

impl Iterator for Entries {
    type Item = Result<Entry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        for log in &mut self.logs {
            if let Err(fault) = log.fill() {
                return Some(Err(fault));
            }
        }
        let oldest = self
            .logs
            .iter_mut()
            .filter(|log| log.next.is_some())
            .min_by_key(|log| log.time)?;
        oldest.next.take().map(Ok)
    }
}

impl Merging {
    fn fill(&mut self) -> Result<(), ReadError> {
        if self.next.is_some() || self.ended {
            return Ok(());
        }
        let next = self.reader.next().inspect_err(|fault| {
            // A file that cannot be read will not get better by asking again.
            self.ended = matches!(fault, ReadError::File { .. });
        })?;
        self.ended = next.is_none();
        if let Some(time) = next.as_ref().and_then(|entry| entry.record.time()) {
            self.time = self.time.max(time);
        }
        self.next = next;
        Ok(())
    }
}

/// What [`find`] looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// A decision, its end, and what it let happen.
    Decision(DecisionId),
    /// A judgement and all that rests on it.
    Judgement(JudgementId),
}

/// All entries of a decision or judgement, oldest first. It reads every log.
///
/// # Errors
/// When the ledger cannot be read at all; damaged segments are passed over.
pub fn find(folder: &Path, wanted: Wanted) -> Result<Vec<Entry>, ReadError> {
    let matches = |entry: &Entry| match wanted {
        Wanted::Decision(id) => entry.is_of_decision(id),
        Wanted::Judgement(id) => entry.is_of_judgement(id),
    };
    Ok(read_logs(folder)?
        .filter_map(Result::ok)
        .filter(matches)
        .collect())
}

/// Follows a ledger while it is being written.
pub struct Tail {
    folder: PathBuf,
    readers: BTreeMap<String, LogReader>,
    /// Entries of the first look that are not wanted are dropped.
    keep: Option<usize>,
}

impl Tail {
    /// Starts with the `last` newest entries.
    pub fn new(folder: &Path, last: usize) -> Self {
        Self {
            folder: folder.to_owned(),
            readers: BTreeMap::new(),
            keep: Some(last),
        }
    }

    /// Entries that came since the last look, oldest first.
    ///
    /// # Errors
    /// When the folder cannot be read. Damaged segments are passed over.
    pub fn poll(&mut self) -> Result<Vec<Entry>, ReadError> {
        self.find_logs()?;
        let mut entries = Vec::new();
        for reader in self.readers.values_mut() {
            drain(reader, self.keep, &mut entries)?;
        }
        // Stable: entries of one log stay in their order.
        entries.sort_by_key(|(time, _)| *time);
        if let Some(last) = self.keep.take() {
            let surplus = entries.len().saturating_sub(last);
            entries.drain(..surplus);
        }
        Ok(entries.into_iter().map(|(_, entry)| entry).collect())
    }

    fn find_logs(&mut self) -> Result<(), ReadError> {
        let failed = file_error(&self.folder);
        for name in log_names(&self.folder).map_err(&failed)? {
            if self.readers.contains_key(&name) {
                continue;
            }
            let from = match self.keep {
                Some(_) => newest_started(&self.folder.join(&name)).map_err(&failed)?,
                None => 1,
            };
            let reader = LogReader::new(&self.folder, &name, from);
            self.readers.insert(name, reader);
        }
        Ok(())
    }
}

/// What a log has, each with the latest time up to it.
fn drain(
    reader: &mut LogReader,
    keep: Option<usize>,
    entries: &mut Vec<(Timestamp, Entry)>,
) -> Result<(), ReadError> {
    let mut found = VecDeque::new();
    let mut latest = Timestamp::default();
    loop {
        match reader.next() {
            Ok(Some(entry)) => {
                latest = latest.max(entry.record.time().unwrap_or_default());
                found.push_back((latest, entry));
            }
            Ok(None) => break,
            Err(ReadError::Broken { .. }) => {}
            Err(fault) => return Err(fault),
        }
        if keep.is_some_and(|keep| found.len() > keep) {
            found.pop_front();
        }
    }
    entries.extend(found);
    Ok(())
}

/// The last head of each log, as it lies in the files.
///
/// # Errors
/// When a folder or file cannot be read.
pub fn read_heads(folder: &Path) -> Result<Vec<StoredHead>, ReadError> {
    let mut heads = Vec::new();
    for name in log_names(folder).map_err(file_error(folder))? {
        let log = folder.join(name);
        let numbers = segment_numbers(&log).map_err(file_error(&log))?;
        let newest = numbers.into_iter().rev().find_map(|number| {
            let bytes = fs::read(SegmentPaths::new(&log, number).heads).ok()?;
            last_head(&bytes)
        });
        heads.extend(newest.map(|signed| signed.head.stored()));
    }
    Ok(heads)
}

/// The last valid head in a file of heads.
pub(crate) fn last_head(heads: &[u8]) -> Option<SignedHead> {
    frames(heads)
        .filter_map(|frame| SignedHead::read(&frame).ok())
        .last()
}

/// The valid frames from the start of a file without a header.
pub(crate) fn frames(bytes: &[u8]) -> impl Iterator<Item = Frame<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || match frame_at(bytes, at) {
        Step::Frame(frame) => {
            at = frame.end();
            Some(frame)
        }
        Step::End | Step::Broken(_) => None,
    })
}
