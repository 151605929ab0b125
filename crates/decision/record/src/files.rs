//! Where a log's files lie: `FOLDER/LOG/00000001.seg`, `.heads` and `.personal`.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

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

/// A file's bytes; `None` where it is not there.
pub(crate) fn read_if_there(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(fault) => Err(fault),
    }
}
