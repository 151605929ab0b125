//! Disk space that is set aside for an emergency, and given way bit by bit when there is one.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{FallocateFlags, fallocate, statvfs},
    io::{Errno, retry_on_intr},
};

/// The file that holds the space.
pub(crate) const NAME: &str = "set-aside";
/// How much is set aside.
const BYTES: u64 = 8 << 20;
/// What one transaction is sure to find, and what is given way at a time: little enough that
/// nobody else can make much of it.
const STEP: u64 = 2 << 20;
/// It is set aside only where that leaves so much.
const LEFT: u64 = 4 * BYTES;

/// Space on the disk of a data folder.
#[derive(Debug)]
pub(crate) struct SetAside(PathBuf);

impl SetAside {
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self(folder.join(NAME))
    }

    /// Sets the space aside where it is not yet, and where there is enough of it. Without it an
    /// emergency still works as long as the disk has room.
    pub(crate) fn fill(&self) {
        let held = self.held();
        let enough = self.free().is_ok_and(|free| free >= LEFT + BYTES - held);
        if held < BYTES
            && enough
            && let Err(fault) = self.reserve()
        {
            tracing::warn!(%fault, file = %self.0.display(), "no disk space can be set aside for an emergency; it is tried again");
        }
    }

    /// Gives some of it way where the disk is full.
    pub(crate) fn give_way(&self) {
        let (held, free) = (self.held(), self.free().unwrap_or(0));
        if held == 0 || free >= STEP {
            return;
        }
        let left = held.saturating_sub(STEP);
        tracing::warn!(
            left,
            "the disk is full: space that was set aside for an emergency is used"
        );
        let shrunk = OpenOptions::new()
            .write(true)
            .open(&self.0)
            .and_then(|file| file.set_len(left));
        if let Err(fault) = shrunk {
            tracing::error!(%fault, file = %self.0.display(), "the space that was set aside cannot be used");
        }
    }

    fn held(&self) -> u64 {
        std::fs::metadata(&self.0).map_or(0, |found| found.len())
    }

    fn free(&self) -> io::Result<u64> {
        let folder = self.0.parent().unwrap_or(&self.0);
        let disk = statvfs(folder)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    fn reserve(&self) -> io::Result<()> {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&self.0)?;
        match retry_on_intr(|| fallocate(&file, FallocateFlags::empty(), 0, BYTES)) {
            Ok(()) => Ok(()),
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => write_zeros(&file),
            Err(fault) => Err(fault.into()),
        }
    }
}

fn write_zeros(mut file: &File) -> io::Result<()> {
    io::copy(&mut io::Read::take(io::repeat(0), BYTES), &mut file).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_is_set_aside_once_and_kept_while_the_disk_has_room() {
        let folder = tempfile::tempdir().unwrap();
        let aside = SetAside::in_folder(folder.path());
        assert_eq!(aside.held(), 0);
        aside.give_way();
        aside.fill();
        aside.fill();
        assert_eq!(aside.held(), BYTES);
        aside.give_way();
        assert_eq!(aside.held(), BYTES, "this disk is not full");
    }
}
