//! The data folder: ours alone, and one process's at a time.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use rustix::{fs::FlockOperation, io::Errno};

use crate::{StoreError, set_aside::SetAside};

/// The file that the lock is held on.
const LOCK: &str = "lock";

/// The mark of a restore that is under way: nothing starts on a folder that has it.
const RESTORING: &str = "restoring";

/// A folder that only we may enter, locked for as long as this value lives.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    lock: File,
}

impl Drop for DataFolder {
    /// Unlocks by word, not only by closing: a child that was forked a moment ago and has not
    /// yet become another program holds a copy of the handle.
    fn drop(&mut self) {
        if let Err(errno) = rustix::fs::flock(&self.lock, FlockOperation::Unlock) {
            tracing::warn!(folder = %self.path.display(), %errno, "the data folder stays locked");
        }
    }
}

impl DataFolder {
    /// Opens the folder, makes it if it is not there, and locks it.
    ///
    /// # Errors
    /// When it cannot be made, is somebody else's, is open to others, or is in use.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let folder = Self::enter(path)?;
        if folder.path.join(RESTORING).exists() {
            return Err(StoreError::HalfRestored(folder.path.clone()));
        }
        Ok(folder)
    }

    /// Opens an empty folder as [`DataFolder::open`] does, to restore a backup into it. Until
    /// [`Mark::remove`], however this process ends, nothing starts on it.
    ///
    /// # Errors
    /// As for [`DataFolder::open`], and when there is something in it.
    pub fn restore(path: &Path) -> Result<Restoring, StoreError> {
        let folder = Self::enter(path)?;
        let path = &folder.path;
        let fault = || io_fault("look into the data folder", path);
        for entry in fs::read_dir(path).map_err(fault())? {
            let found = entry.map_err(fault())?.file_name();
            if found != LOCK {
                let found = found.to_string_lossy().into_owned();
                let path = path.clone();
                return Err(StoreError::NotEmpty { path, found });
            }
        }
        let mark = path.join(RESTORING);
        let marked = File::create_new(&mark).and_then(|mark| mark.sync_all());
        marked
            .and_then(|()| File::open(path)?.sync_all())
            .map_err(io_fault("write", &mark))?;
        Ok(Restoring(folder))
    }

    fn enter(path: &Path) -> Result<Self, StoreError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(io_fault("make the data folder", path))?;
        let path = fs::canonicalize(path).map_err(io_fault("find the data folder", path))?;
        ours_alone(&path)?;
        let lock = lock(&path)?;
        Ok(Self { path, lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Sets disk space aside for an emergency, as far as there is enough.
    pub(crate) fn set_aside(&self) {
        SetAside::in_folder(&self.path).fill();
    }

    /// Gives way some of that space, where the disk is full.
    pub(crate) fn give_way(&self) {
        SetAside::in_folder(&self.path).give_way();
    }
}

/// A data folder that a backup is restored into.
#[derive(Debug)]
pub struct Restoring(DataFolder);

impl Restoring {
    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Everything is there: the store can be opened. The mark stays until [`Mark::remove`].
    pub fn into_parts(self) -> (DataFolder, Mark) {
        let mark = Mark(self.0.path.join(RESTORING));
        (self.0, mark)
    }
}

/// The mark of a restore that is under way.
#[derive(Debug)]
pub struct Mark(PathBuf);

impl Mark {
    /// The restore is whole: from now on a process may start on the folder.
    ///
    /// # Errors
    /// When the mark cannot be removed.
    pub fn remove(self) -> Result<(), StoreError> {
        let folder = self.0.parent().unwrap_or(&self.0);
        fs::remove_file(&self.0)
            .and_then(|()| File::open(folder)?.sync_all())
            .map_err(io_fault("remove", &self.0))
    }
}

fn ours_alone(path: &Path) -> Result<(), StoreError> {
    let found = fs::metadata(path).map_err(io_fault("look at the data folder", path))?;
    let ours = rustix::process::geteuid().as_raw();
    if !found.is_dir() {
        return Err(StoreError::NotAFolder(path.into()));
    }
    if found.uid() != ours {
        return Err(StoreError::FolderOwner {
            path: path.into(),
            owner: found.uid(),
            ours,
        });
    }
    let mode = found.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(StoreError::FolderOpen {
            path: path.into(),
            mode,
        });
    }
    Ok(())
}

fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join(LOCK);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(io_fault("open the lock", &path))?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => {
            let mut text = String::new();
            let pid = match file.read_to_string(&mut text) {
                Ok(_) => text.trim().parse().ok(),
                Err(_) => None,
            };
            return Err(StoreError::Locked {
                path: folder.into(),
                pid,
            });
        }
        Err(errno) => return Err(io_fault("lock", &path)(errno.into())),
    }
    let say_who = |file: &mut File| {
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{}", std::process::id())
    };
    say_who(&mut file).map_err(io_fault("write", &path))?;
    Ok(file)
}

pub(crate) fn io_fault(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Io {
        action,
        path,
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_folder_is_made_for_its_owner_alone() {
        let outer = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(&outer.path().join("a/b")).unwrap();
        let mode = fs::metadata(folder.path()).unwrap().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn a_folder_that_others_may_read_is_refused_with_what_to_do() {
        for mode in [0o750, 0o705, 0o755, 0o701] {
            let folder = tempfile::tempdir().unwrap();
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
            let fault = DataFolder::open(folder.path()).unwrap_err();
            assert!(fault.to_string().contains("chmod 0700"), "{fault}");
        }
    }

    #[test]
    fn nothing_starts_on_a_folder_until_its_restore_is_whole() {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("data");
        drop(DataFolder::restore(&path).unwrap());
        let half = DataFolder::open(&path).unwrap_err();
        assert!(matches!(half, StoreError::HalfRestored(_)), "{half}");
        let again = DataFolder::restore(&path).unwrap_err();
        assert!(
            matches!(&again, StoreError::NotEmpty { found, .. } if found == RESTORING),
            "{again}"
        );
        fs::remove_file(path.join(RESTORING)).unwrap();
        let (folder, mark) = DataFolder::restore(&path).unwrap().into_parts();
        mark.remove().unwrap();
        drop(folder);
        DataFolder::open(&path).unwrap();
    }

    #[test]
    fn a_backup_is_restored_into_an_empty_folder_only() {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("data");
        drop(DataFolder::open(&path).unwrap());
        fs::write(path.join("facts.sqlite"), "").unwrap();
        let fault = DataFolder::restore(&path).unwrap_err();
        assert!(fault.to_string().contains("facts.sqlite"), "{fault}");
        assert!(!path.join(RESTORING).exists());
    }

    #[test]
    fn a_file_is_no_folder() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(DataFolder::open(file.path()).is_err());
    }

    #[test]
    fn a_folder_is_one_holders_at_a_time_and_the_next_ones_after() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("data");
        let first = DataFolder::open(&folder).unwrap();
        let fault = DataFolder::open(&folder).unwrap_err();
        let us = std::process::id();
        assert!(
            matches!(&fault, StoreError::Locked { pid: Some(pid), .. } if *pid == us),
            "{fault}"
        );
        assert!(fault.to_string().contains(&*first.path().to_string_lossy()));
        drop(first);
        DataFolder::open(&folder).unwrap();
    }
}
