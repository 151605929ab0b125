//! Reading frames from a file that may still be growing, through ordinary reads.
//!
//! A reader never maps a log: its writer truncates what a closed segment did not use,
//! and whoever touches a mapping beyond a file's end is killed for it.

use std::{fs::File, io, os::unix::fs::FileExt, path::Path};

use gw_ledger::{FRAME_HEAD_BYTES, Frame, Step, frame_at, framed_bytes};

const CHUNK: usize = 64 * 1024;

/// A read that meets a frame just as it is stored may see its length and not yet its content:
/// what is broken is looked at again before it is called so.
const LOOKS: usize = 3;

/// What a cursor stands at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    /// A frame's content.
    Content(Vec<u8>),
    /// Nothing, at least for now.
    End,
    /// Bytes that are no frame.
    Broken,
}

/// A place in a file of frames.
pub(crate) struct FrameCursor {
    file: File,
    /// Where the next frame starts.
    at: u64,
    /// Bytes of the file from `at` on, as far as they were read.
    ahead: Vec<u8>,
    /// How many of them are used up.
    used: usize,
}

impl FrameCursor {
    pub(crate) fn open(path: &Path, start: usize) -> io::Result<Self> {
        Ok(Self {
            file: File::open(path)?,
            at: start as u64,
            ahead: Vec::new(),
            used: 0,
        })
    }

    /// Where the next frame starts.
    pub(crate) const fn at(&self) -> u64 {
        self.at
    }

    /// The next frame's content; the cursor moves on behind it.
    pub(crate) fn next(&mut self) -> io::Result<Next> {
        let mut next = self.step();
        for _ in 0..LOOKS {
            if matches!(next, Next::Content(_)) {
                break;
            }
            // What was read ahead may be from before the writer went on.
            next = self.read_and_step()?;
            if next == Next::End {
                break;
            }
        }
        Ok(next)
    }

    fn read_and_step(&mut self) -> io::Result<Next> {
        self.read(CHUNK)?;
        let wanted = self.frame_length();
        if wanted > self.ahead.len() {
            self.read(wanted.next_multiple_of(CHUNK))?;
        }
        Ok(self.step())
    }

    fn step(&mut self) -> Next {
        match frame_at(&self.ahead, self.used) {
            Step::Frame(frame) => {
                let content = frame.content().to_vec();
                self.at += (frame.end() - self.used) as u64;
                self.used = frame.end();
                Next::Content(content)
            }
            Step::End => Next::End,
            Step::Broken(_) => Next::Broken,
        }
    }

    /// How long the frame at the front claims to be.
    fn frame_length(&self) -> usize {
        let length = self.ahead.first_chunk().map(|len| u32::from_le_bytes(*len));
        length.map_or(FRAME_HEAD_BYTES, |len| framed_bytes(len as usize))
    }

    fn read(&mut self, wanted: usize) -> io::Result<()> {
        let left = self.file.metadata()?.len().saturating_sub(self.at);
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(wanted);
        self.ahead.clear();
        self.ahead.resize(length, 0);
        self.used = 0;
        let mut filled = 0;
        while let Some(rest) = self.ahead.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, self.at + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
                Err(fault) => return Err(fault),
            }
        }
        self.ahead.truncate(filled);
        Ok(())
    }
}

/// A frame from content that a cursor gave.
pub(crate) fn frame_of(content: &[u8]) -> Option<Frame<'_>> {
    Frame::from_content(content, content.len())
}
