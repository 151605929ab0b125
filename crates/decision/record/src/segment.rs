//! One segment on disk: reserved in full, mapped, written by one thread and sealed by another.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use gw_ledger::{HEADER_BYTES, PERSONAL_HEADER_BYTES, personal_header};
use rustix::{
    fs::{FallocateFlags, fallocate},
    io::{Errno, retry_on_intr},
};

use crate::{
    files::{SegmentPaths, create_new},
    mapping::{FrameReader, FrameWriter, map_frames},
};

/// Reserves disk for a file: after it returned, writing into a mapping of that many bytes cannot fail for space.
pub type Reserve = dyn Fn(&File, u64) -> io::Result<()> + Send + Sync;

/// Reserves by `fallocate`, or by writing zeros where the file system has no such call.
///
/// # Errors
/// When there is no space.
pub fn reserve_on_disk(file: &File, bytes: u64) -> io::Result<()> {
    let reserved = retry_on_intr(|| fallocate(file, FallocateFlags::empty(), 0, bytes));
    match reserved {
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => write_zeros(file, bytes),
        other => other.map_err(io::Error::from),
    }
}

fn write_zeros(file: &File, bytes: u64) -> io::Result<()> {
    let zeros = [0; 64 * 1024];
    let mut at = 0;
    while at < bytes {
        let left = usize::try_from(bytes - at).unwrap_or(usize::MAX);
        let chunk = zeros.get(..left.min(zeros.len())).unwrap_or(&zeros);
        file.write_all_at(chunk, at)?;
        at += chunk.len() as u64;
    }
    Ok(())
}

/// Has what was written to a file on disk when it returns.
pub type SyncFile = dyn Fn(&File) -> io::Result<()> + Send + Sync;

/// Syncs by `fdatasync`.
///
/// # Errors
/// When the disk fails.
pub fn sync_to_disk(file: &File) -> io::Result<()> {
    file.sync_data()
}

/// What both halves of a segment share.
pub(crate) struct Segment {
    pub(crate) number: u32,
    pub(crate) paths: SegmentPaths,
    pub(crate) records: File,
    pub(crate) personal: File,
    /// Set by the writer when it has moved on, after `personal_end`.
    finished: AtomicBool,
    personal_end: AtomicU64,
}

impl Segment {
    /// Where the personal fields end, once the writer has moved on.
    pub(crate) fn finished(&self) -> Option<u64> {
        let finished = self.finished.load(Ordering::Acquire);
        finished.then(|| self.personal_end.load(Ordering::Relaxed))
    }
}

/// The writer's half.
pub(crate) struct WriteHalf {
    pub(crate) segment: Arc<Segment>,
    pub(crate) records: FrameWriter,
    pub(crate) personal: FrameWriter,
    pub(crate) next_index: u32,
}

impl WriteHalf {
    /// Whether a record and its personal fields fit.
    pub(crate) fn fits(&self, record: usize, personal: usize) -> bool {
        record <= self.records.room() && personal <= self.personal.room()
    }

    /// Whether the disk failed beneath it: what was written last may be lost.
    pub(crate) fn is_broken(&self) -> bool {
        self.records.is_broken() || self.personal.is_broken()
    }

    /// Leaves the segment: nothing more will be written to it.
    pub(crate) fn finish(self) {
        let end = self.personal.at() as u64;
        self.segment.personal_end.store(end, Ordering::Relaxed);
        self.segment.finished.store(true, Ordering::Release);
    }
}

/// The sealer's half.
pub(crate) struct SealHalf {
    pub(crate) segment: Arc<Segment>,
    pub(crate) records: FrameReader,
    pub(crate) personal: FrameReader,
    /// For its heads, opened with the rest: when they begin, no descriptor may be left.
    pub(crate) heads: Option<File>,
}

impl SealHalf {
    /// Whether the disk failed beneath it: what was read may be wrong.
    pub(crate) fn is_broken(&self) -> bool {
        self.records.is_broken() || self.personal.is_broken()
    }

    /// Has pages ready for so many bytes of records and of personal fields.
    pub(crate) fn prepare(&self, records: usize, personal: usize) {
        self.records.prepare(records);
        self.personal.prepare(personal);
    }
}

/// What is made ready of a new segment.
const FIRST_BYTES: usize = 64 * 1024;

/// Makes a segment's files, reserves their space and maps them. Its header is written later, by the sealer.
pub(crate) fn create_segment(
    folder: &Path,
    number: u32,
    bytes: u64,
    reserve: &Reserve,
) -> io::Result<(WriteHalf, SealHalf)> {
    let paths = SegmentPaths::new(folder, number);
    let records = create_new(&paths.records)?;
    let made = reserve_and_map(&paths, number, records, bytes, reserve);
    if made.is_err() {
        // What was reserved of it is given back at once: space is short.
        let _ = paths.remove();
    }
    made
}

fn reserve_and_map(
    paths: &SegmentPaths,
    number: u32,
    records: File,
    bytes: u64,
    reserve: &Reserve,
) -> io::Result<(WriteHalf, SealHalf)> {
    reserve(&records, bytes)?;
    let personal = create_new(&paths.personal)?;
    reserve(&personal, bytes)?;
    personal.write_all_at(&personal_header(number), 0)?;
    let heads = create_new(&paths.heads)?;
    let (record_writer, record_reader) = map_frames(&records, HEADER_BYTES)?;
    let (personal_writer, personal_reader) = map_frames(&personal, PERSONAL_HEADER_BYTES)?;
    let segment = Arc::new(Segment {
        number,
        paths: paths.clone(),
        records,
        personal,
        finished: AtomicBool::new(false),
        personal_end: AtomicU64::new(0),
    });
    let write = WriteHalf {
        segment: segment.clone(),
        records: record_writer,
        personal: personal_writer,
        next_index: 0,
    };
    let seal = SealHalf {
        segment,
        records: record_reader,
        personal: personal_reader,
        heads: Some(heads),
    };
    seal.prepare(FIRST_BYTES, FIRST_BYTES);
    Ok((write, seal))
}
