//! The quota of the strangers' log: the oldest closed segments go, and the log itself says so.

use std::{fs, io, path::Path};

use gw_ledger::{Note, NoteRecord, Personal, Position};
use gw_model::Timestamp;

use crate::{
    files::{SegmentPaths, segment_numbers},
    log::Log,
    recorder::Recorder,
};

/// Keeps a log within so many bytes.
pub(crate) struct Quota {
    bytes: u64,
    /// Segments to remove once the note that says so is on disk.
    announced: Option<(u32, Position)>,
}

impl Quota {
    pub(crate) fn new(bytes: u64) -> Self {
        Self {
            bytes,
            announced: None,
        }
    }

    /// Announces a removal, or carries out one whose announcement is on disk.
    ///
    /// `open` is the oldest segment that is not closed yet: it and later ones stay.
    pub(crate) fn enforce(
        &mut self,
        log: &Log,
        open: u32,
        recorder: &mut Recorder,
        now: Timestamp,
    ) -> io::Result<()> {
        if let Some((through, position)) = self.announced {
            if log.durable.borrow().until <= position {
                return Ok(());
            }
            self.announced = None;
            return remove_through(log.folder(), through);
        }
        let Some(through) = self.surplus(log.folder(), open)? else {
            return Ok(());
        };
        let record = NoteRecord {
            time: now,
            note: Note::Pruned { through },
        };
        match recorder.append(&record, &Personal::default()) {
            Ok(position) => self.announced = Some((through, position)),
            Err(fault) => tracing::warn!(%fault, "the removal of old refusals was put off"),
        }
        Ok(())
    }

    /// The last of the oldest closed segments that have to go.
    fn surplus(&self, folder: &Path, open: u32) -> io::Result<Option<u32>> {
        let numbers = segment_numbers(folder)?;
        let sizes: Vec<(u32, u64)> = numbers
            .into_iter()
            .map(|number| Ok((number, size(&SegmentPaths::new(folder, number))?)))
            .collect::<io::Result<_>>()?;
        let mut total: u64 = sizes.iter().map(|(_, bytes)| bytes).sum();
        let mut through = None;
        for (number, bytes) in sizes {
            if total <= self.bytes || number >= open {
                break;
            }
            total -= bytes;
            through = Some(number);
        }
        Ok(through)
    }
}

fn size(paths: &SegmentPaths) -> io::Result<u64> {
    let mut total = 0;
    for path in [&paths.records, &paths.heads, &paths.personal] {
        match fs::metadata(path) {
            Ok(metadata) => total += metadata.len(),
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(total)
}

fn remove_through(folder: &Path, through: u32) -> io::Result<()> {
    for number in segment_numbers(folder)? {
        if number <= through {
            SegmentPaths::new(folder, number).remove()?;
        }
    }
    Ok(())
}
