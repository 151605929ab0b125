//! Where a log's files lie: `FOLDER/LOG/00000001.seg`, `.heads` and `.personal`.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Seek},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{SeekFrom, seek},
    io::Errno,
};

/// What the system counts blocks in, whatever the file system's own are.
const BLOCK_BYTES: u64 = 512;

/// The files of one segment.
#[derive(Debug, Clone)]
pub(crate) struct SegmentPaths {
    pub(crate) records: PathBuf,
    pub(crate) heads: PathBuf,
    pub(crate) personal: PathBuf,
}

impl SegmentPaths {
    pub(crate) fn new(folder: &Path, number: u32) -> Self {
        let file = |ending: &str| folder.join(format!("{number:08}.{ending}"));
        Self {
            records: file("seg"),
            heads: file("heads"),
            personal: file("personal"),
        }
    }

    /// Removes all files of the segment, its records last, so that an interrupted removal is seen.
    pub(crate) fn remove(&self) -> io::Result<()> {
        for path in [&self.personal, &self.heads, &self.records] {
            match fs::remove_file(path) {
                Err(fault) if fault.kind() != io::ErrorKind::NotFound => return Err(fault),
                _ => {}
            }
        }
        Ok(())
    }
}

/// The numbers of a log's segments, in order.
pub(crate) fn segment_numbers(folder: &Path) -> io::Result<Vec<u32>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_suffix(".seg"))
            .filter(|stem| stem.len() == 8 && stem.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|stem| stem.parse::<u32>().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// The names of the logs in a ledger's folder, in order.
pub(crate) fn log_names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            names.extend(entry.file_name().into_string());
        }
    }
    names.retain(|name| is_log_name(name));
    names.sort_unstable();
    Ok(names)
}

/// The bytes on disk of each log in a ledger's folder, what is reserved ahead included.
///
/// # Errors
/// When the folder cannot be read. A file that goes meanwhile counts nothing.
pub fn bytes_on_disk(folder: &Path) -> io::Result<Vec<(String, u64)>> {
    let names = log_names(folder)?.into_iter();
    names
        .map(|name| {
            let files = fs::read_dir(folder.join(&name))?;
            let bytes = files.map(|file| match if_there(file?.metadata())? {
                Some(found) => Ok(found.blocks() * BLOCK_BYTES),
                None => Ok(0),
            });
            Ok((name, bytes.sum::<io::Result<u64>>()?))
        })
        .collect()
}

/// Whether a text may name a log: it becomes a folder's name.
pub(crate) fn is_log_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(plain) && !name.starts_with('-')
}

/// Makes a folder that only its owner may enter, if it is not there.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Makes a file that only its owner may read.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    private().create_new(true).open(path)
}

/// Opens a file to change it, making it if it is not there.
pub(crate) fn open_or_create(path: &Path) -> io::Result<File> {
    private().create(true).truncate(false).open(path)
}

/// Opens a file to change it in place.
pub(crate) fn open_existing(path: &Path) -> io::Result<File> {
    private().open(path)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    // The parent of a plain name is the empty path.
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    File::open(folder)?.sync_all()
}

/// A file's bytes without the hole at its end: of a segment, only what was ever written.
pub(crate) fn read_written(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let end = written_end(&file)?;
    file.rewind()?;
    let mut bytes = Vec::with_capacity(usize::try_from(end).unwrap_or_default());
    // Not exactly so much: its writer may give back what it did not use.
    file.take(end).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Where the last data of a file ends; the file's length where the file system does not tell.
fn written_end(file: &File) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let mut end = 0;
    loop {
        let data = match seek(file, SeekFrom::Data(end)) {
            Ok(data) => data,
            Err(Errno::NXIO) => return Ok(end.min(length)),
            Err(_) => return Ok(length),
        };
        match seek(file, SeekFrom::Hole(data)) {
            Ok(hole) => end = hole,
            Err(_) => return Ok(length),
        }
    }
}

/// A file's bytes; `None` where it is not there.
pub(crate) fn read_if_there(path: &Path) -> io::Result<Option<Vec<u8>>> {
    if_there(fs::read(path))
}

/// What was read; `None` where there was no file.
pub(crate) fn if_there<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    match read {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use super::*;

    #[test]
    fn each_log_is_counted_with_what_it_takes_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        for (log, bytes) in [("control", 10_000), ("web-0", 0)] {
            make_folder(&folder.path().join(log)).unwrap();
            let file = create_new(&SegmentPaths::new(&folder.path().join(log), 1).records).unwrap();
            file.write_all_at(&vec![7; bytes], 0).unwrap();
            file.sync_all().unwrap();
        }
        fs::write(folder.path().join("lock"), "no log").unwrap();
        let counted = bytes_on_disk(folder.path()).unwrap();
        let names: Vec<_> = counted.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["control", "web-0"]);
        assert!(counted[0].1 >= 10_000, "{counted:?}");
        assert_eq!(counted[1].1, 0);
    }

    #[test]
    fn what_was_reserved_and_never_written_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reserved");
        let file = create_new(&path).unwrap();
        assert!(read_written(&path).unwrap().is_empty());
        file.set_len(1 << 20).unwrap();
        assert!(read_written(&path).unwrap().iter().all(|byte| *byte == 0));
        for at in [0, 500_000, 500_001] {
            file.write_all_at(&[7; 3], at).unwrap();
            let read = read_written(&path).unwrap();
            let at = usize::try_from(at).unwrap();
            assert_eq!(read[at..at + 3], [7; 3]);
            assert!(read[at + 3..].iter().all(|byte| *byte == 0));
            assert!(read.len() < (1 << 20));
        }
        file.write_all_at(&[7], (1 << 20) - 1).unwrap();
        assert_eq!(read_written(&path).unwrap(), fs::read(&path).unwrap());
    }
}
