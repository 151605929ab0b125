use std::{fs, path::PathBuf};

use gw_model::{Epoch, Timestamp};

use super::*;
use crate::backup::Archive;

fn described(format: u32) -> Opening {
    Opening {
        format,
        gatewright: "9.9.9".into(),
        made_at: Timestamp::from_secs(1_800_000_000),
        epoch: Epoch {
            incarnation: 1,
            number: 7,
        },
        keys: false,
    }
}

fn archive(opening: &Opening, files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = Archive::begin(Vec::new(), opening).unwrap();
    for (path, bytes) in files {
        archive.bytes(path, bytes).unwrap();
    }
    archive.end().unwrap()
}

const FILES: &[(&str, &[u8])] = &[
    ("facts.sqlite", b"the facts"),
    ("ledger/control/00000001.heads", b"the heads"),
    ("ledger/control/00000001.seg", b"the records"),
];

fn try_unpack(bytes: &[u8]) -> Result<(Unpacked, tempfile::TempDir), ArchiveFault> {
    let to = tempfile::tempdir().unwrap();
    unpack(bytes, to.path()).map(|unpacked| (unpacked, to))
}

#[test]
fn what_was_put_in_comes_out_and_only_its_owner_may_read_it() {
    use std::os::unix::fs::MetadataExt as _;
    let (unpacked, to) = try_unpack(&archive(&described(FORMAT), FILES)).unwrap();
    assert_eq!(unpacked.opening, described(FORMAT));
    for (path, bytes) in FILES {
        let path: PathBuf = to.path().join(path);
        assert_eq!(fs::read(&path).unwrap(), *bytes);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    }
}

#[test]
fn an_archive_that_is_cut_anywhere_is_refused() {
    let whole = archive(&described(FORMAT), FILES);
    // The last two blocks only say that nothing follows.
    let until = whole.len() - 1024;
    for end in (0..until).step_by(97) {
        let fault = try_unpack(&whole[..end]).err();
        assert!(fault.is_some(), "cut at {end} of {}", whole.len());
    }
    let fault = try_unpack(&whole[..until / 2]).unwrap_err();
    assert!(matches!(fault, ArchiveFault::Torn(_)), "{fault}");
}

#[test]
fn no_byte_of_a_file_can_be_changed() {
    let whole = archive(&described(FORMAT), FILES);
    for (_, bytes) in FILES {
        let at = whole
            .windows(bytes.len())
            .position(|found| found == *bytes)
            .unwrap();
        let mut changed = whole.clone();
        changed[at] ^= 1;
        let fault = try_unpack(&changed).unwrap_err();
        assert!(matches!(fault, ArchiveFault::Changed(_)), "{fault}");
    }
}

#[test]
fn a_newer_form_is_refused_by_name_whatever_else_is_in_it() {
    let newer = archive(&described(FORMAT + 1), &[("unheard-of", b"")]);
    let fault = try_unpack(&newer).unwrap_err().to_string();
    assert!(
        fault.contains("format 2") && fault.contains("9.9.9"),
        "{fault}"
    );
}

#[test]
fn nothing_is_written_that_does_not_belong_in_a_data_folder() {
    for path in [
        "secret.key",
        "run/admin.sock",
        "ledger/control/1.seg",
        "ledger/control/00000001.exe",
        "ledger/00000001.seg",
        "ledger/Control/00000001.seg",
        "ledger/control/x/00000001.seg",
        "other",
    ] {
        assert!(!belongs(path), "{path}");
        let mut files = FILES.to_vec();
        files.push((path, b"x"));
        let fault = try_unpack(&archive(&described(FORMAT), &files)).unwrap_err();
        assert!(matches!(fault, ArchiveFault::Unexpected(_)), "{fault}");
    }
    for path in ["../facts.sqlite", "/etc/passwd", "ledger/../x/00000001.seg"] {
        assert!(!belongs(path), "{path}");
    }
}

#[test]
fn what_is_no_backup_is_said_to_be_none() {
    let empty = tar::Builder::new(Vec::new()).into_inner().unwrap();
    for bytes in [&b""[..], b"not a tar file at all", &[7; 2048], &empty] {
        let fault = try_unpack(bytes).unwrap_err();
        assert!(matches!(fault, ArchiveFault::Foreign(_)), "{fault}");
    }
}
