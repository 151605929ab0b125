//! A copy of a ledger, taken while it is written: each segment up to its last signed head.

use std::{io, path::Path};

use gw_ledger::{
    LogReport, LogVerifier, PublicKey, SegmentFiles, SignedHead, StoredHead, plan_repair,
};
use gw_model::Epoch;

use crate::{
    files::{SegmentPaths, if_there, log_names, read_if_there, read_written, segment_numbers},
    options::CONTROL,
    read::{ReadError, file_error, last_head},
};

/// A segment as it was copied. What is not sealed yet is not in it.
pub struct SegmentCopy {
    log: String,
    number: u32,
    /// Whether nothing more comes in it.
    closes: bool,
    records: Vec<u8>,
    heads: Vec<u8>,
    personal: Option<Vec<u8>>,
}

impl SegmentCopy {
    /// Its files: where each lies below the ledger's folder, and what is in it.
    pub fn files(&self) -> Vec<(String, &[u8])> {
        let name = |ending| format!("{}/{:08}.{ending}", self.log, self.number);
        let personal = self.personal.as_deref();
        // The records last, as they are removed: what they promise is there before them.
        let personal = personal.map(|bytes| (name("personal"), bytes));
        let both = [(name("heads"), &*self.heads), (name("seg"), &*self.records)];
        personal.into_iter().chain(both).collect()
    }

    fn as_files(&self) -> SegmentFiles<'_> {
        SegmentFiles {
            number: self.number,
            records: &self.records,
            heads: &self.heads,
            personal: self.personal.as_deref(),
        }
    }
}

/// Copies every log, hands out one segment after another, and verifies what was copied.
///
/// # Errors
/// When a file cannot be read, or a segment that was handed out not be kept.
pub fn copy_ledger(
    folder: &Path,
    keys: &[PublicKey],
    stored: &[StoredHead],
    keep: &mut dyn FnMut(&SegmentCopy) -> io::Result<()>,
) -> Result<Vec<LogReport>, ReadError> {
    let mut reports = Vec::new();
    for name in log_names(folder).map_err(file_error(folder))? {
        let log = folder.join(&name);
        let failed = file_error(&log);
        let mut verifier = LogVerifier::new(&name, keys, stored);
        let mut hand_out = |segment: &SegmentCopy| {
            verifier.segment(&segment.as_files());
            keep(segment)
        };
        let mut open: Option<SegmentCopy> = None;
        for number in segment_numbers(&log).map_err(&failed)? {
            let Some(segment) = copy(&log, &name, number, keys).map_err(&failed)? else {
                continue;
            };
            if let Some(before) = open.take() {
                // It was closed before the next one had a head: what it ends with is there by now.
                let again = copy(&log, &name, before.number, keys).map_err(&failed)?;
                hand_out(&again.unwrap_or(before)).map_err(&failed)?;
            }
            match segment.closes {
                true => hand_out(&segment).map_err(&failed)?,
                false => open = Some(segment),
            }
        }
        if let Some(last) = open {
            hand_out(&last).map_err(&failed)?;
        }
        reports.push(verifier.finish());
    }
    Ok(reports)
}

/// The epoch up to which changes are recorded under a signed head; `None` where there is none.
///
/// # Errors
/// When a file cannot be read.
pub fn sealed_until(folder: &Path) -> Result<Option<Epoch>, ReadError> {
    let log = folder.join(CONTROL);
    let failed = file_error(&log);
    for number in segment_numbers(&log).map_err(&failed)?.into_iter().rev() {
        let heads = read_if_there(&SegmentPaths::new(&log, number).heads).map_err(&failed)?;
        if let Some(SignedHead { head, .. }) = last_head(&heads.unwrap_or_default()) {
            return Ok(Some(head.epoch));
        }
    }
    Ok(None)
}

/// One segment; `None` where nothing in it is sealed, or it was removed meanwhile.
fn copy(
    log: &Path,
    name: &str,
    number: u32,
    keys: &[PublicKey],
) -> io::Result<Option<SegmentCopy>> {
    let paths = SegmentPaths::new(log, number);
    // In this order: what a head covers was there before it.
    let mut heads = read_if_there(&paths.heads)?.unwrap_or_default();
    let Some(mut records) = if_there(read_written(&paths.records))? else {
        return Ok(None);
    };
    let mut personal = if_there(read_written(&paths.personal))?;
    let plan = plan_repair(&records, &heads, personal.as_deref(), keys);
    let Some(head) = plan.head else {
        return Ok(None);
    };
    heads.truncate(plan.heads_end);
    records.truncate(usize::try_from(head.head.end).unwrap_or(usize::MAX));
    let sealed = plan_repair(&records, &heads, personal.as_deref(), keys);
    if let Some(personal) = &mut personal {
        personal.truncate(sealed.personal_end);
    }
    Ok(Some(SegmentCopy {
        log: name.to_owned(),
        number,
        closes: head.head.closes,
        records,
        heads,
        personal,
    }))
}
