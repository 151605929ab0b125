//! Whether the data folder is still the one that was opened.

use std::{
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::ledger;

/// What was opened, and where: what is written elsewhere than where a restart looks is lost.
pub(super) struct Place(Vec<Identity>);

struct Identity {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Place {
    /// The data folder as it is now.
    pub(super) fn of(data: &Path) -> io::Result<Self> {
        let parts = [
            data.to_owned(),
            data.join(gw_store::DATABASE),
            ledger::folder(data),
        ];
        let identities = parts.into_iter().map(Identity::of);
        Ok(Self(identities.collect::<io::Result<_>>()?))
    }

    /// The first part that is gone or another one, if any.
    pub(super) fn lost(&self) -> Option<&Path> {
        let lost = self.0.iter().find(|part| part.is_lost());
        lost.map(|part| part.path.as_path())
    }
}

impl Identity {
    fn of(path: PathBuf) -> io::Result<Self> {
        let found = std::fs::metadata(&path)?;
        Ok(Self {
            path,
            device: found.dev(),
            inode: found.ino(),
        })
    }

    /// A fault that says nothing about it, such as a disk that does not answer, is none.
    fn is_lost(&self) -> bool {
        match std::fs::metadata(&self.path) {
            Ok(found) => (found.dev(), found.ino()) != (self.device, self.inode),
            Err(fault) => matches!(
                fault.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn data() -> (tempfile::TempDir, PathBuf) {
        let outer = tempfile::tempdir().unwrap();
        let data = outer.path().join("data");
        fs::create_dir_all(ledger::folder(&data)).unwrap();
        fs::write(data.join(gw_store::DATABASE), "facts").unwrap();
        (outer, data)
    }

    #[test]
    fn a_folder_that_stays_is_not_lost_and_one_that_comes_back_neither() {
        let (outer, data) = data();
        let place = Place::of(&data).unwrap();
        fs::write(data.join("more"), "files").unwrap();
        assert_eq!(place.lost(), None);
        let away = outer.path().join("away");
        fs::rename(&data, &away).unwrap();
        assert_eq!(place.lost(), Some(data.as_path()));
        fs::create_dir(&data).unwrap();
        assert_eq!(place.lost(), Some(data.as_path()));
        fs::remove_dir(&data).unwrap();
        fs::rename(&away, &data).unwrap();
        assert_eq!(place.lost(), None);
    }

    #[test]
    fn a_store_or_ledger_that_was_removed_or_replaced_is_lost() {
        let (_outer, data) = data();
        let place = Place::of(&data).unwrap();
        let store = data.join(gw_store::DATABASE);
        fs::copy(&store, data.join("copy")).unwrap();
        fs::rename(data.join("copy"), &store).unwrap();
        assert_eq!(place.lost(), Some(store.as_path()));
        let place = Place::of(&data).unwrap();
        fs::remove_dir(ledger::folder(&data)).unwrap();
        assert_eq!(place.lost(), Some(ledger::folder(&data).as_path()));
    }
}
