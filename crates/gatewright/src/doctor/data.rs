//! The data folder: whose it is, who else may look into it, and what room there is.

use std::{
    fs::{self, Metadata},
    io,
    os::unix::fs::MetadataExt as _,
    path::Path,
};

use rustix::fs::statvfs;

use super::{finding::Finding, shown};
use crate::{backup::KEY, config::Config};

const ABOUT: &str = "data folder";
/// Less than this, and it is worth a look.
const ROOM: u64 = 5 << 30;

pub(super) fn look(config: &Config) -> Vec<Finding> {
    let data = &config.data;
    let mut found = match fs::metadata(data) {
        Ok(metadata) => vec![folder(data, &metadata)],
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => vec![to_come(data)],
        Err(fault) => vec![Finding::wrong(ABOUT, shown(data), fault)],
    };
    found.extend(key(&data.join(KEY)));
    found.extend(room(config));
    found
}

fn to_come(data: &Path) -> Finding {
    let what = "is not there yet; it is made at the first start";
    Finding::look(ABOUT, shown(data), what)
}

fn folder(path: &Path, metadata: &Metadata) -> Finding {
    let mode = metadata.mode() & 0o7777;
    let which = shown(path);
    if !metadata.is_dir() {
        return Finding::wrong(ABOUT, which, "is not a folder");
    }
    if mode & 0o077 != 0 {
        let what = format!("is open to others (mode {mode:04o})");
        return Finding::wrong(ABOUT, &which, what).try_this(format!("chmod 0700 {which}"));
    }
    let half = path.join("restoring");
    if half.exists() {
        return Finding::wrong(ABOUT, which, "a restore into it did not end")
            .try_this("empty it and restore again");
    }
    Finding::fine(
        ABOUT,
        which,
        format!("is closed to others; it belongs to uid {}", metadata.uid()),
    )
}

/// The key file, where there is one: it may lie elsewhere as a credential.
fn key(path: &Path) -> Option<Finding> {
    let metadata = fs::metadata(path).ok()?;
    let mode = metadata.mode() & 0o7777;
    let which = shown(path);
    Some(match mode & 0o077 {
        0 => Finding::fine("key file", which, "is closed to others"),
        _ => Finding::wrong(
            "key file",
            &which,
            format!("is open to others (mode {mode:04o})"),
        )
        .try_this(format!(
            "take its content for known; else chmod 0600 {which}"
        )),
    })
}

fn room(config: &Config) -> Option<Finding> {
    let nearest = config.data.ancestors().map(|path| match path {
        // What a plain name lies in.
        path if path.as_os_str().is_empty() => Path::new("."),
        path => path,
    });
    let there = nearest.into_iter().find(|path| path.is_dir())?;
    let disk = statvfs(there).ok()?;
    let left = disk.f_bavail * disk.f_frsize;
    Some(enough(there, left, least(config)))
}

/// What is reserved: two segments of each log, of which one is of control and one of strangers.
fn least(config: &Config) -> u64 {
    let logs = u64::try_from(config.threads).unwrap_or(u64::MAX);
    config
        .ledger
        .segment_bytes
        .saturating_mul(2)
        .saturating_mul(logs.saturating_add(1))
}

fn enough(there: &Path, left: u64, least: u64) -> Finding {
    let which = shown(there);
    let what = format!("{} MiB are left", left >> 20);
    if left < least {
        let needed = format!("{what}, and the ledger reserves {} MiB", least >> 20);
        Finding::wrong("disk", which, needed)
            .try_this("make room: without it, requests are refused")
    } else if left < ROOM {
        Finding::look("disk", which, what)
            .try_this("see to it that there is room for the ledger to grow")
    } else {
        Finding::fine("disk", which, what)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::doctor::State;

    #[test]
    fn a_folder_that_others_may_enter_or_that_is_half_restored_is_wrong() {
        let data = tempfile::tempdir().unwrap();
        let found = |mode| {
            fs::set_permissions(data.path(), fs::Permissions::from_mode(mode)).unwrap();
            folder(data.path(), &fs::metadata(data.path()).unwrap())
        };
        assert_eq!(found(0o700).state, State::Fine);
        let open = found(0o750);
        assert_eq!(open.state, State::Wrong);
        assert!(open.help.unwrap().starts_with("chmod 0700 "));
        fs::write(data.path().join("restoring"), "").unwrap();
        assert_eq!(found(0o700).state, State::Wrong);
    }

    #[test]
    fn a_key_that_others_may_read_is_wrong_and_none_is_nothing() {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join(KEY);
        assert_eq!(key(&path), None);
        fs::write(&path, [7; 32]).unwrap();
        for (mode, state) in [(0o600, State::Fine), (0o640, State::Wrong)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(key(&path).unwrap().state, state);
        }
    }

    #[test]
    fn a_disk_without_room_for_the_next_segments_is_wrong() {
        let state = |left| enough(Path::new("/"), left, 1 << 30).state;
        assert_eq!(state((1 << 30) - 1), State::Wrong);
        assert_eq!(state(2 << 30), State::Look);
        assert_eq!(state(6 << 30), State::Fine);
    }
}
