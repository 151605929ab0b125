//! Reading logs, also while they are being written: entries joined with their judgements
//! and personal fields, merged by time, found by id, followed.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use gw_ledger::{
    Entry, Frame, HEADER_BYTES, PERSONAL_HEADER_BYTES, PersonalFields, PersonalFrame,
    PersonalState, Position, Record, SignedHead, StoredHead,
};
use gw_model::{DecisionId, JudgementId, Timestamp};

use crate::{
    cursor::{FrameCursor, Next, frame_of},
    files::{SegmentPaths, log_names, segment_numbers},
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

fn file_error(path: &Path) -> impl Fn(io::Error) -> ReadError + use<> {
    let path = path.to_owned();
    move |source| ReadError::File {
        path: path.clone(),
        source,
    }
}

/// The personal fields beside the records that are being read.
struct PersonalCursor {
    frames: FrameCursor,
    next: Option<Vec<u8>>,
}

impl PersonalCursor {
    /// What became of the personal fields of a record that commits to some.
    fn state(&mut self, index: u32, commitment: &[u8; 32]) -> io::Result<PersonalState> {
        loop {
            if self.next.is_none() {
                match self.frames.next()? {
                    Next::Content(content) => self.next = Some(content),
                    Next::End | Next::Broken => return Ok(PersonalState::Removed),
                }
            }
            let frame = self.next.as_deref().and_then(frame_of);
            let read = frame.as_ref().and_then(PersonalFrame::read);
            match read {
                Some(read) if read.index > index => return Ok(PersonalState::Removed),
                Some(read) if read.index == index => {
                    let state = if read.matches(commitment) {
                        PersonalState::Present(Box::new(PersonalFields::decode(read.fields)))
                    } else {
                        PersonalState::Altered
                    };
                    self.next = None;
                    return Ok(state);
                }
                _ => self.next = None,
            }
        }
    }
}

/// The segment that is being read.
struct OpenSegment {
    number: u32,
    paths: SegmentPaths,
    records: FrameCursor,
    personal: Option<PersonalCursor>,
    index: u32,
    judgements: HashMap<JudgementId, Arc<gw_ledger::JudgementRecord>>,
}

impl OpenSegment {
    fn open(folder: &Path, number: u32) -> io::Result<Self> {
        let paths = SegmentPaths::new(folder, number);
        let personal = match FrameCursor::open(&paths.personal, PERSONAL_HEADER_BYTES) {
            Ok(frames) => Some(PersonalCursor { frames, next: None }),
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => None,
            Err(fault) => return Err(fault),
        };
        Ok(Self {
            number,
            records: FrameCursor::open(&paths.records, HEADER_BYTES)?,
            paths,
            personal,
            index: 0,
            judgements: HashMap::new(),
        })
    }

    fn entry(&mut self, log: &Arc<str>, frame: &Frame<'_>) -> io::Result<Entry> {
        let personal = match (frame.commitment(), &mut self.personal) {
            (None, _) => PersonalState::None,
            (Some(_), None) => PersonalState::Removed,
            (Some(commitment), Some(fields)) => fields.state(self.index, commitment)?,
        };
        let mut record = Record::decode(frame);
        if let PersonalState::Present(fields) = &personal {
            match &mut record {
                Record::Judgement(judgement) => judgement.restore(fields),
                Record::Question(question) => question.judgement.restore(fields),
                _ => {}
            }
        }
        let judgement = match &record {
            Record::Judgement(judgement) => {
                let kept = Arc::new(judgement.clone());
                self.judgements.insert(judgement.judgement, kept);
                None
            }
            Record::Exchange(exchange) => self.judgements.get(&exchange.judgement).cloned(),
            _ => None,
        };
        let position = Position {
            segment: self.number,
            index: self.index,
        };
        self.index += 1;
        Ok(Entry {
            log: log.clone(),
            position,
            record,
            personal,
            judgement,
        })
    }
}

/// Reads one log from a segment on.
struct LogReader {
    log: Arc<str>,
    folder: PathBuf,
    segment: Option<OpenSegment>,
    /// The first segment that may be opened next.
    from: u32,
}

impl LogReader {
    fn new(folder: &Path, log: &str, from: u32) -> Self {
        Self {
            log: Arc::from(log),
            folder: folder.join(log),
            segment: None,
            from,
        }
    }

    /// The next entry; `None` where there is none, at least for now.
    fn next(&mut self) -> Result<Option<Entry>, ReadError> {
        loop {
            if self.segment.is_none() && !self.open_next()? {
                return Ok(None);
            }
            let Some(segment) = &mut self.segment else {
                return Ok(None);
            };
            let failed = file_error(&segment.paths.records);
            let mut next = segment.records.next().map_err(&failed)?;
            if next == Next::End {
                if !has_started_after(&self.folder, segment.number).map_err(&failed)? {
                    return Ok(None);
                }
                // The writer has moved on and will not come back: what is there now is all.
                next = segment.records.next().map_err(&failed)?;
            }
            match next {
                Next::Content(content) => {
                    let Some(frame) = frame_of(&content) else {
                        continue;
                    };
                    return segment.entry(&self.log, &frame).map(Some).map_err(&failed);
                }
                Next::End => self.leave(),
                Next::Broken => {
                    let fault = ReadError::Broken {
                        log: self.log.to_string(),
                        segment: segment.number,
                        offset: segment.records.at(),
                    };
                    self.leave();
                    return Err(fault);
                }
            }
        }
    }

    fn leave(&mut self) {
        if let Some(segment) = self.segment.take() {
            self.from = segment.number.saturating_add(1);
        }
    }

    fn open_next(&mut self) -> Result<bool, ReadError> {
        let failed = file_error(&self.folder);
        let numbers = segment_numbers(&self.folder).map_err(&failed)?;
        let Some(number) = numbers.into_iter().find(|number| *number >= self.from) else {
            return Ok(false);
        };
        match OpenSegment::open(&self.folder, number) {
            Ok(segment) => self.segment = Some(segment),
            // Removed between listing and opening: the quota of strangers.
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(fault) => return Err(failed(fault)),
        }
        Ok(true)
    }
}

/// Whether a later segment holds anything.
fn has_started_after(folder: &Path, number: u32) -> io::Result<bool> {
    for later in segment_numbers(folder)?.into_iter().rev() {
        if later <= number {
            break;
        }
        if has_started(folder, later)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn has_started(folder: &Path, number: u32) -> io::Result<bool> {
    let paths = SegmentPaths::new(folder, number);
    match FrameCursor::open(&paths.records, HEADER_BYTES) {
        Ok(mut frames) => Ok(frames.next()? != Next::End || paths.heads.exists()),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(fault) => Err(fault),
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

/// The newest segment that holds anything; each holds the judgements that its exchanges name.
fn newest_started(folder: &Path) -> io::Result<u32> {
    for number in segment_numbers(folder)?.into_iter().rev() {
        if has_started(folder, number)? {
            return Ok(number);
        }
    }
    Ok(1)
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
    std::iter::from_fn(move || match gw_ledger::frame_at(bytes, at) {
        gw_ledger::Step::Frame(frame) => {
            at = frame.end();
            Some(frame)
        }
        gw_ledger::Step::End | gw_ledger::Step::Broken(_) => None,
    })
}
