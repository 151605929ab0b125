//! Removing personal fields. What they were committed to stays, so the log stays sound.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use gw_ledger::{FRAME_HEAD_BYTES, PERSONAL_HEADER_BYTES, PersonalFields, PersonalFrame, Position};
use serde::Serialize;

use crate::{
    files::{SegmentPaths, create_new, log_names, read_if_there, segment_numbers, sync_folder},
    read::{ReadError, frames, last_head},
};

/// What an erasure did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// Records whose personal fields were removed.
    pub records: u64,
    /// Records that matched in segments that are still open; repeat it when those are closed.
    pub still_open: u64,
}

/// Removes the personal fields of all records that `wanted` picks, from every closed segment.
///
/// `wanted` is given the log, the position and the fields. An interrupted erasure leaves
/// each segment as it was or as it should be.
///
/// # Errors
/// When a file cannot be read or replaced.
pub fn erase_personal(
    folder: &Path,
    wanted: &mut dyn FnMut(&str, Position, &PersonalFields) -> bool,
) -> Result<Erased, ReadError> {
    let mut erased = Erased::default();
    let failed = |path: &Path, source| ReadError::File {
        path: path.to_owned(),
        source,
    };
    for name in log_names(folder).map_err(|fault| failed(folder, fault))? {
        let log = folder.join(&name);
        for number in segment_numbers(&log).map_err(|fault| failed(&log, fault))? {
            let paths = SegmentPaths::new(&log, number);
            let mut picks = |index, fields: &PersonalFields| {
                let position = Position {
                    segment: number,
                    index,
                };
                wanted(&name, position, fields)
            };
            erase_in(&log, &paths, &mut picks, &mut erased)
                .map_err(|fault| failed(&paths.personal, fault))?;
        }
    }
    Ok(erased)
}

fn erase_in(
    log: &Path,
    paths: &SegmentPaths,
    picks: &mut dyn FnMut(u32, &PersonalFields) -> bool,
    erased: &mut Erased,
) -> io::Result<()> {
    let Some(bytes) = read_if_there(&paths.personal)? else {
        return Ok(());
    };
    let (kept, removed) = without(&bytes, picks);
    if removed == 0 {
        return Ok(());
    }
    let heads = read_if_there(&paths.heads)?.unwrap_or_default();
    if last_head(&heads).is_some_and(|signed| signed.head.closes) {
        replace(log, &paths.personal, &kept)?;
        erased.records += removed;
    } else {
        erased.still_open += removed;
    }
    Ok(())
}

/// The file without the frames that were picked, and how many those are.
fn without(bytes: &[u8], picks: &mut dyn FnMut(u32, &PersonalFields) -> bool) -> (Vec<u8>, u64) {
    let (header, mut rest) = bytes
        .split_at_checked(PERSONAL_HEADER_BYTES)
        .unwrap_or((bytes, &[]));
    let mut kept = header.to_vec();
    let mut removed = 0;
    for frame in frames(rest) {
        let picked = PersonalFrame::read(&frame)
            .is_some_and(|read| picks(read.index, &PersonalFields::decode(read.fields)));
        let length = gw_ledger::framed_bytes(frame.content().len());
        let (whole, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        rest = after;
        if picked {
            removed += 1;
        } else {
            kept.extend_from_slice(whole);
        }
    }
    (kept, removed)
}

fn replace(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = with_suffix(path);
    match fs::remove_file(&new) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => return Err(fault),
        _ => {}
    }
    let mut file: File = create_new(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    sync_folder(folder)
}

fn with_suffix(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

const _: () = assert!(PERSONAL_HEADER_BYTES.is_multiple_of(FRAME_HEAD_BYTES));
