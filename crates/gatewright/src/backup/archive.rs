//! Writing an archive: each file with its sum, the sums at the end.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::Path,
};

use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::HEXLOWER;
use serde::Serialize;
use tar::{Builder, EntryType, Header};

use super::{
    fault::ArchiveFault,
    manifest::{MANIFEST, Manifest, OPENING, Opening, Sum},
};

/// An archive that is being written.
pub(crate) struct Archive<W: Write> {
    tar: Builder<W>,
    made_at_secs: u64,
    manifest: Manifest,
}

impl<W: Write> Archive<W> {
    /// Begins with what it is.
    pub(crate) fn begin(to: W, opening: &Opening) -> Result<Self, ArchiveFault> {
        let mut archive = Self {
            tar: Builder::new(to),
            made_at_secs: opening.made_at.as_millis() / 1000,
            manifest: Manifest::default(),
        };
        archive.json(OPENING, opening)?;
        Ok(archive)
    }

    /// A file of these bytes.
    pub(crate) fn bytes(&mut self, path: &str, bytes: &[u8]) -> Result<(), ArchiveFault> {
        self.append(path, bytes.len() as u64, bytes)
    }

    /// A file as it is on disk.
    pub(crate) fn file(&mut self, path: &str, from: &Path) -> Result<(), ArchiveFault> {
        let failed = || ArchiveFault::io(format!("read `{}`", from.display()));
        let file = File::open(from).map_err(failed())?;
        let length = file.metadata().map_err(failed())?.len();
        self.append(path, length, file)
    }

    /// Ends with the sums of everything; gives back what it was written to.
    pub(crate) fn end(mut self) -> Result<W, ArchiveFault> {
        let manifest = std::mem::take(&mut self.manifest);
        self.json(MANIFEST, &manifest)?;
        let written = self.tar.into_inner();
        written.map_err(ArchiveFault::io("write the backup"))
    }

    fn json(&mut self, path: &str, value: &impl Serialize) -> Result<(), ArchiveFault> {
        let text = serde_json::to_vec_pretty(value).map_err(io::Error::other);
        let mut text = text.map_err(ArchiveFault::io("write the backup"))?;
        text.push(b'\n');
        self.bytes(path, &text)
    }

    fn append(&mut self, path: &str, length: u64, from: impl Read) -> Result<(), ArchiveFault> {
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o600);
        header.set_mtime(self.made_at_secs);
        header.set_size(length);
        let mut summed = Summed::of(from.take(length));
        self.tar
            .append_data(&mut header, path, &mut summed)
            .map_err(ArchiveFault::io("write the backup"))?;
        let (bytes, sha256) = summed.end();
        if bytes != length {
            let shorter = io::Error::from(io::ErrorKind::UnexpectedEof);
            return Err(ArchiveFault::io(format!("read `{path}`"))(shorter));
        }
        self.manifest.files.push(Sum {
            path: path.to_owned(),
            bytes,
            sha256,
        });
        Ok(())
    }
}

/// Reads on, and sums up what was read.
pub(super) struct Summed<R> {
    from: R,
    sum: Context,
    bytes: u64,
}

impl<R: Read> Summed<R> {
    pub(super) fn of(from: R) -> Self {
        Self {
            from,
            sum: Context::new(&SHA256),
            bytes: 0,
        }
    }

    /// How many bytes were read, and their sum.
    pub(super) fn end(self) -> (u64, String) {
        (self.bytes, HEXLOWER.encode(self.sum.finish().as_ref()))
    }
}

impl<R: Read> Read for Summed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        if let Some(bytes) = buffer.get(..read) {
            self.sum.update(bytes);
        }
        self.bytes += read as u64;
        Ok(read)
    }
}
