//! Reading an archive into a folder: nothing but what belongs in it, each file as it was summed up.

use std::{
    collections::BTreeSet,
    fs::{DirBuilder, File, OpenOptions},
    io::{self, Read},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use tar::{Entry, EntryType};

use super::{
    SEALED_KEY,
    archive::Summed,
    fault::ArchiveFault,
    manifest::{AnyOpening, FORMAT, MANIFEST, Manifest, OPENING, Opening, Sum},
    sealed_key::SealedKey,
};

/// Longest description of an archive's own.
const OWN_BYTES_MAX: u64 = 64 << 20;

/// What was in an archive, beside the files that lie in the folder now.
#[derive(Debug)]
pub(crate) struct Unpacked {
    pub(crate) opening: Opening,
    /// The key that private keys are sealed under, itself sealed.
    pub(crate) key: Option<SealedKey>,
}

/// Unpacks an archive into a folder, and checks that it is whole.
///
/// # Errors
/// When it is no archive, newer, torn, changed, or cannot be written.
pub(crate) fn unpack(archive: impl Read, to: &Path) -> Result<Unpacked, ArchiveFault> {
    let mut tar = tar::Archive::new(archive);
    let mut reading = Reading::default();
    let foreign = |fault: io::Error| ArchiveFault::Foreign(fault.to_string());
    for entry in tar.entries().map_err(foreign)? {
        let before = reading.opening.is_none();
        let entry = entry.map_err(|fault| match before {
            true => foreign(fault),
            false => torn(fault),
        })?;
        reading.take(entry, to)?;
    }
    reading.end()
}

fn torn(fault: io::Error) -> ArchiveFault {
    ArchiveFault::Torn(fault.to_string())
}

#[derive(Default)]
struct Reading {
    opening: Option<Opening>,
    key: Option<SealedKey>,
    seen: Vec<Sum>,
    manifest: Option<Manifest>,
}

impl Reading {
    fn take(&mut self, mut entry: Entry<'_, impl Read>, to: &Path) -> Result<(), ArchiveFault> {
        let path = entry.path_bytes();
        let path = String::from_utf8_lossy(&path).into_owned();
        let is_file = entry.header().entry_type() == EntryType::Regular;
        match (&self.opening, path.as_str()) {
            (None, OPENING) if is_file => {
                let text = self.own(&path, &mut entry)?;
                self.opening = Some(opening(&text)?);
            }
            (None, _) => return Err(ArchiveFault::Foreign(format!("it begins with `{path}`"))),
            _ if self.manifest.is_some() || !is_file => return Err(ArchiveFault::Unexpected(path)),
            (Some(_), MANIFEST) => {
                let text = read(&mut entry)?;
                let manifest = serde_json::from_slice(&text);
                self.manifest = Some(manifest.map_err(|_| ArchiveFault::Changed(path))?);
            }
            (Some(_), SEALED_KEY) => {
                let text = self.own(&path, &mut entry)?;
                let key = serde_json::from_slice(&text);
                self.key = Some(key.map_err(|_| ArchiveFault::Changed(path))?);
            }
            (Some(_), _) if belongs(&path) => self.keep(path, entry, to)?,
            (Some(_), _) => return Err(ArchiveFault::Unexpected(path)),
        }
        Ok(())
    }

    /// Something that is read here and lies nowhere.
    fn own(&mut self, path: &str, entry: &mut impl Read) -> Result<Vec<u8>, ArchiveFault> {
        let mut summed = Summed::of(entry);
        let text = read(&mut summed)?;
        self.note(path.to_owned(), summed);
        Ok(text)
    }

    fn keep(&mut self, path: String, entry: impl Read, to: &Path) -> Result<(), ArchiveFault> {
        let target = to.join(&path);
        let failed = || ArchiveFault::io(format!("write `{}`", target.display()));
        if let Some(folder) = target.parent() {
            let mut make = DirBuilder::new();
            let made = make.recursive(true).mode(0o700).create(folder);
            made.map_err(failed())?;
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&target)
            .map_err(|fault| match fault.kind() {
                io::ErrorKind::AlreadyExists => ArchiveFault::Unexpected(path.clone()),
                _ => failed()(fault),
            })?;
        let mut summed = Summed::of(entry);
        copy(&mut summed, &mut file).map_err(|fault| match fault {
            Copying::Reading(fault) => torn(fault),
            Copying::Writing(fault) => failed()(fault),
        })?;
        file.sync_all().map_err(failed())?;
        self.note(path, summed);
        Ok(())
    }

    fn note(&mut self, path: String, summed: Summed<impl Read>) {
        let (bytes, sha256) = summed.end();
        self.seen.push(Sum {
            path,
            bytes,
            sha256,
        });
    }

    /// Everything is there as the manifest says, and nothing else.
    fn end(self) -> Result<Unpacked, ArchiveFault> {
        let Some(opening) = self.opening else {
            return Err(ArchiveFault::Foreign("it is empty".into()));
        };
        let Some(manifest) = self.manifest else {
            return Err(ArchiveFault::Torn("its manifest is missing".into()));
        };
        let (seen, named): (BTreeSet<_>, BTreeSet<_>) =
            (self.seen.iter().collect(), manifest.files.iter().collect());
        let there = |path: &str, sums: &BTreeSet<&Sum>| sums.iter().any(|sum| sum.path == path);
        if let Some(missing) = named.difference(&seen).next() {
            let path = missing.path.clone();
            return Err(match there(&path, &seen) {
                true => ArchiveFault::Changed(path),
                false => ArchiveFault::Missing(path),
            });
        }
        if let Some(extra) = seen.difference(&named).next() {
            return Err(ArchiveFault::Unexpected(extra.path.clone()));
        }
        match there(gw_store::DATABASE, &seen) && opening.keys == self.key.is_some() {
            true => Ok(Unpacked {
                opening,
                key: self.key,
            }),
            false => Err(ArchiveFault::Missing(gw_store::DATABASE.into())),
        }
    }
}

fn opening(text: &[u8]) -> Result<Opening, ArchiveFault> {
    let foreign = |fault: serde_json::Error| ArchiveFault::Foreign(fault.to_string());
    let AnyOpening { format, gatewright } = serde_json::from_slice(text).map_err(foreign)?;
    if format > FORMAT {
        return Err(ArchiveFault::Newer {
            format,
            gatewright,
            known: FORMAT,
        });
    }
    serde_json::from_slice(text).map_err(foreign)
}

fn read(from: &mut impl Read) -> Result<Vec<u8>, ArchiveFault> {
    let mut text = Vec::new();
    let mut bounded = from.take(OWN_BYTES_MAX);
    bounded.read_to_end(&mut text).map_err(torn)?;
    Ok(text)
}

/// The database, and the files of segments: `ledger/LOG/00000001.seg` and the two beside it.
fn belongs(path: &str) -> bool {
    if path == gw_store::DATABASE {
        return true;
    }
    let parts: Vec<_> = path.split('/').collect();
    let ["ledger", log, file] = parts.as_slice() else {
        return false;
    };
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let Some((number, ending)) = file.split_once('.') else {
        return false;
    };
    !log.is_empty()
        && log.bytes().all(plain)
        && number.len() == 8
        && number.bytes().all(|b| b.is_ascii_digit())
        && ["seg", "heads", "personal"].contains(&ending)
}

/// Which side of copying failed.
enum Copying {
    Reading(io::Error),
    Writing(io::Error),
}

fn copy(from: &mut impl Read, to: &mut File) -> Result<(), Copying> {
    let mut buffer = vec![0; 128 << 10];
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(fault) if fault.kind() == io::ErrorKind::Interrupted => continue,
            Err(fault) => return Err(Copying::Reading(fault)),
        };
        let bytes = buffer.get(..read).unwrap_or_default();
        io::Write::write_all(to, bytes).map_err(Copying::Writing)?;
    }
}

#[cfg(test)]
mod tests;
