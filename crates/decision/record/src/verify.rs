//! Verifying a ledger's folder, also while it is being written.

use std::{collections::BTreeSet, io, path::Path};

use gw_ledger::{LogReport, LogVerifier, PublicKey, SegmentFiles, StoredHead};

use crate::{
    files::{SegmentPaths, if_there, log_names, read_if_there, read_written, segment_numbers},
    read::ReadError,
};

/// A writer may rotate between two looks at its files: what is wrong then is right at the next look.
const LOOKS: usize = 3;

/// Checks every log of a folder, and that each stored head is in the log that it names.
///
/// # Errors
/// When the folder or a file cannot be read.
pub fn verify_ledger(
    folder: &Path,
    keys: &[PublicKey],
    stored: &[StoredHead],
) -> Result<Vec<LogReport>, ReadError> {
    let failed = |source| ReadError::File {
        path: folder.to_owned(),
        source,
    };
    let mut names: BTreeSet<String> = log_names(folder).map_err(failed)?.into_iter().collect();
    names.extend(stored.iter().map(|head| head.log.to_string()));
    names
        .iter()
        .map(|name| verify_live(&folder.join(name), name, keys, stored).map_err(failed))
        .collect()
}

fn verify_live(
    folder: &Path,
    name: &str,
    keys: &[PublicKey],
    stored: &[StoredHead],
) -> io::Result<LogReport> {
    let mut report = verify_once(folder, name, keys, stored)?;
    for _ in 1..LOOKS {
        if report.is_sound() {
            break;
        }
        report = verify_once(folder, name, keys, stored)?;
    }
    Ok(report)
}

fn verify_once(
    folder: &Path,
    name: &str,
    keys: &[PublicKey],
    stored: &[StoredHead],
) -> io::Result<LogReport> {
    let mut verifier = LogVerifier::new(name, keys, stored);
    let numbers = match segment_numbers(folder) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Vec::new(),
        other => other?,
    };
    for number in numbers {
        let paths = SegmentPaths::new(folder, number);
        // In this order: what a head covers was there before it.
        let heads = read_if_there(&paths.heads)?.unwrap_or_default();
        let Some(records) = if_there(read_written(&paths.records))? else {
            // Removed since it was listed; the next segment tells whether rightly so.
            continue;
        };
        let personal = if_there(read_written(&paths.personal))?;
        verifier.segment(&SegmentFiles {
            number,
            records: &records,
            heads: &heads,
            personal: personal.as_deref(),
        });
    }
    Ok(verifier.finish())
}
