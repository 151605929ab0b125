//! One log, read from a segment on: records with their personal fields and judgements.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use gw_ledger::{
    Entry, Frame, HEADER_BYTES, JudgementRecord, PERSONAL_HEADER_BYTES, PersonalFields,
    PersonalFrame, PersonalState, Position, Record,
};
use gw_model::JudgementId;

use crate::{
    cursor::{FrameCursor, Next, frame_of},
    files::{SegmentPaths, segment_numbers},
    read::{ReadError, file_error},
};

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
    judgements: HashMap<JudgementId, Arc<JudgementRecord>>,
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
pub(crate) struct LogReader {
    log: Arc<str>,
    folder: PathBuf,
    segment: Option<OpenSegment>,
    /// The first segment that may be opened next.
    from: u32,
}

impl LogReader {
    pub(crate) fn new(folder: &Path, log: &str, from: u32) -> Self {
        Self {
            log: Arc::from(log),
            folder: folder.join(log),
            segment: None,
            from,
        }
    }

    /// The next entry; `None` where there is none, at least for now.
    pub(crate) fn next(&mut self) -> Result<Option<Entry>, ReadError> {
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
        Ok(mut frames) => Ok(frames.next()? != Next::End || has_heads(&paths)),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(fault) => Err(fault),
    }
}

/// Its file is made with the segment, but heads are only signed over records.
fn has_heads(paths: &SegmentPaths) -> bool {
    fs::metadata(&paths.heads).is_ok_and(|heads| heads.len() > 0)
}

/// The newest segment that holds anything; each holds the judgements that its exchanges name.
pub(crate) fn newest_started(folder: &Path) -> io::Result<u32> {
    for number in segment_numbers(folder)?.into_iter().rev() {
        if has_started(folder, number)? {
            return Ok(number);
        }
    }
    Ok(1)
}
