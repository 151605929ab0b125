//! The files that a configuration names, and whose content is a part of it.

use std::{path::Path, time::UNIX_EPOCH};

use gw_model::Timestamp;
use gw_store::Secret;

use super::files;

/// Where what those files hold is had from.
pub(crate) trait NamedFiles {
    /// A file as a whole, if it is one and no longer than `most` bytes.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn whole(&self, file: &Path, most: usize) -> Result<Vec<u8>, String>;

    /// The one secret of a file that others cannot read, and since when it holds that.
    ///
    /// # Errors
    /// Why it does not count, with the file.
    fn secret(&self, file: &Path) -> Result<(Secret<String>, Timestamp), String>;
}

/// Those on this machine.
pub(super) struct OnDisk;

impl NamedFiles for OnDisk {
    fn whole(&self, file: &Path, most: usize) -> Result<Vec<u8>, String> {
        let about = std::fs::metadata(file).map_err(|fault| fault.to_string())?;
        if !about.is_file() {
            return Err("it is no file".to_owned());
        }
        if about.len() > most as u64 {
            return Err(format!("it is longer than {most} bytes"));
        }
        std::fs::read(file).map_err(|fault| fault.to_string())
    }

    fn secret(&self, file: &Path) -> Result<(Secret<String>, Timestamp), String> {
        let secret = files::secret(file)?;
        let written = std::fs::metadata(file).and_then(|about| about.modified());
        let since = written
            .ok()
            .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let since = Timestamp::default().after(since.unwrap_or_default());
        Ok((secret, since))
    }
}

/// None at all.
pub(crate) struct NoFiles;

impl NamedFiles for NoFiles {
    fn whole(&self, _: &Path, _: usize) -> Result<Vec<u8>, String> {
        Err("there are no files here".to_owned())
    }

    fn secret(&self, file: &Path) -> Result<(Secret<String>, Timestamp), String> {
        Err(format!("there is no file `{}` here", file.display()))
    }
}
