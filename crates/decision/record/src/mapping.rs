//! A file mapped for one writer and one reader of frames.
//!
//! The writer copies a frame's content first and stores its length last, with release
//! ordering; the reader loads the length with acquire ordering and sees the frame whole
//! or not at all. So does, after a kill, whoever reads the file.

mod guard;

use std::{
    fs::File,
    io, ptr, slice,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use gw_ledger::{FRAME_HEAD_BYTES, Frame, framed_bytes, seal_frame};
use memmap2::{Advice, MmapOptions, MmapRaw};

use self::guard::Guarded;

/// Bytes of a length: the one field that both halves touch at the same time.
const LENGTH_BYTES: usize = size_of::<u32>();

/// Pages are brought in from multiples of this; larger ones are multiples of it.
const PAGE_BYTES: usize = 4096;

/// The mapping that both halves hold.
struct Region {
    /// Dropped before the mapping.
    guarded: Guarded,
    map: MmapRaw,
}

impl Region {
    /// The length field of the frame at `at`, if the mapping holds one there.
    fn length(&self, at: usize) -> Option<&AtomicU32> {
        let inside = at
            .checked_add(FRAME_HEAD_BYTES)
            .is_some_and(|end| end <= self.map.len());
        if !inside || !at.is_multiple_of(LENGTH_BYTES) {
            return None;
        }
        #[expect(
            unsafe_code,
            reason = "a length in a mapping is shared with another thread"
        )]
        // SAFETY: `at` lies within the mapping, which is page-aligned and lives as long as
        // `self`; `at` is a multiple of four. Both halves touch this place only through
        // this function, so every access to it is atomic.
        let length = unsafe { AtomicU32::from_ptr(self.map.as_mut_ptr().add(at).cast()) };
        Some(length)
    }
}

/// The writing half. There is one per mapping.
pub(crate) struct FrameWriter {
    region: Arc<Region>,
    at: usize,
}

/// The reading half. There is one per mapping.
pub(crate) struct FrameReader {
    region: Arc<Region>,
    at: usize,
}

/// Maps the whole of a file in which frames start at `start`; nothing has been written there.
pub(crate) fn map_frames(file: &File, start: usize) -> io::Result<(FrameWriter, FrameReader)> {
    let map = MmapOptions::new().map_raw(file)?;
    let guarded = Guarded::new(map.as_ptr(), map.len())?;
    let region = Arc::new(Region { guarded, map });
    let writer = FrameWriter {
        region: region.clone(),
        at: start,
    };
    Ok((writer, FrameReader { region, at: start }))
}

impl FrameWriter {
    /// Where the next frame goes.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// How many bytes are left.
    pub(crate) fn room(&self) -> usize {
        self.region.map.len().saturating_sub(self.at)
    }

    /// Whether a page could not be had from the disk: what was pushed may be lost.
    pub(crate) fn is_broken(&self) -> bool {
        self.region.guarded.is_broken()
    }

    /// Appends a frame whose content is the concatenation of `parts`; `None` where it does not fit.
    pub(crate) fn push(&mut self, parts: &[&[u8]]) -> Option<()> {
        let (len, crc) = seal_frame(parts)?;
        let whole = framed_bytes(len as usize);
        if len == 0 || whole > self.room() {
            return None;
        }
        let length = self.region.length(self.at)?;
        let mut at = self.at + LENGTH_BYTES;
        at = self.copy(at, &crc.to_le_bytes());
        for part in parts {
            at = self.copy(at, part);
        }
        length.store(len.to_le(), Ordering::Release);
        self.at += whole;
        Some(())
    }

    /// Copies bytes to `at`, behind all published frames, and returns where they end.
    fn copy(&self, at: usize, bytes: &[u8]) -> usize {
        debug_assert!(at + bytes.len() <= self.region.map.len());
        #[expect(
            unsafe_code,
            reason = "a copy into the mapping is what makes a record written"
        )]
        // SAFETY: `push` has checked that the whole frame lies within the mapping. Nobody
        // else writes: there is one `FrameWriter` per mapping and it is borrowed mutably.
        // Nobody reads: the reader looks no further than a length that is still zero.
        unsafe {
            let target = self.region.map.as_mut_ptr().add(at);
            ptr::copy_nonoverlapping(bytes.as_ptr(), target, bytes.len());
        }
        at + bytes.len()
    }
}

impl FrameReader {
    /// Where the next frame will be.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// Whether a page could not be had from the disk: what was read may be wrong.
    pub(crate) fn is_broken(&self) -> bool {
        self.region.guarded.is_broken()
    }

    /// The next frame, if it has been published.
    pub(crate) fn next_frame(&mut self) -> Option<Frame<'_>> {
        let len = u32::from_le(self.region.length(self.at)?.load(Ordering::Acquire)) as usize;
        let end = self.at.checked_add(framed_bytes(len))?;
        if len == 0 || end > self.region.map.len() {
            return None;
        }
        #[expect(unsafe_code, reason = "the published frame is read where it lies")]
        // SAFETY: the bytes lie within the mapping. The length was stored with release
        // ordering after them and they are never written again, so they are initialised
        // and unchanging for as long as the mapping, which `self` keeps alive.
        let content = unsafe {
            let start = self.region.map.as_ptr().add(self.at + FRAME_HEAD_BYTES);
            slice::from_raw_parts(start, len)
        };
        self.at = end;
        Frame::from_content(content, end)
    }
}

impl FrameReader {
    /// Has the kernel bring in the next pages for writing, so that the writer need not wait for them.
    pub(crate) fn prepare(&self, bytes: usize) {
        let start = self.at - self.at % PAGE_BYTES;
        let length = bytes.min(self.region.map.len().saturating_sub(start));
        // It only saves time: where the kernel cannot, the writer's first touch brings a page in.
        let _ = self
            .region
            .map
            .advise_range(Advice::PopulateWrite, start, length);
    }
}

#[cfg(test)]
mod tests;
