//! What is kept in the data folder: the account with its key, certificates with theirs, and how
//! things stand. Every file is for its owner alone and is replaced in one step.

use std::{
    collections::BTreeSet,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use gw_model::Timestamp;
use gw_tls::{Obtained, TlsFault};
use instant_acme::AccountCredentials;
use serde::{Deserialize, Serialize};

use crate::{Schedule, names::obtainable};

/// The folder in the data folder.
const FOLDER: &str = "acme";
const CERTIFICATES: &str = "certificates";
const ACCOUNT: &str = "account.json";
const SCHEDULE: &str = "schedule.json";

/// How a certificate's file begins, before the directory that it is from: words outside of its
/// parts are nobody's but ours (RFC 7468, 2).
pub(crate) const FROM: &str = "Obtained from ";

/// A file that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{}`: {source}", path.display())]
pub struct KeptFault {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

/// The folder in which it is kept.
#[derive(Debug, Clone)]
pub struct Kept(PathBuf);

/// Our account with the authority.
#[derive(Serialize, Deserialize)]
pub(crate) struct Account {
    /// The directory that it is with.
    pub(crate) directory: String,
    /// What the authority was told of whom to write to.
    pub(crate) contact: Vec<String>,
    /// Its name and its key.
    pub(crate) credentials: AccountCredentials,
}

impl Kept {
    /// In this data folder; nothing is made or read yet.
    pub fn within(data: &Path) -> Self {
        Self(data.join(FOLDER))
    }

    /// Makes the folders where they are not there.
    pub(crate) fn prepare(&self) -> Result<(), KeptFault> {
        for folder in [self.0.clone(), self.0.join(CERTIFICATES)] {
            let made = DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&folder);
            made.map_err(fault("make the folder", &folder))?;
            let mode = fs::metadata(&folder)
                .map_err(fault("look at", &folder))?
                .mode();
            if mode & 0o077 != 0 {
                let open = io::Error::other("it is open to others: run `chmod 0700` on it");
                return Err(fault("use the folder", &folder)(open));
            }
        }
        Ok(())
    }

    /// How things stood when that was last written; at the beginning where nothing was, or
    /// nothing that can be read.
    pub fn schedule(&self) -> Schedule {
        let text = fs::read(self.0.join(SCHEDULE)).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    pub(crate) fn put_schedule(&self, schedule: &Schedule) -> Result<(), KeptFault> {
        self.put_json(&self.0.join(SCHEDULE), schedule)
    }

    /// Our account with this directory, if there is one.
    pub(crate) fn account(&self, directory: &str) -> Option<Account> {
        let text = fs::read(self.0.join(ACCOUNT)).ok()?;
        let account: Account = serde_json::from_slice(&text).ok()?;
        (account.directory == directory).then_some(account)
    }

    pub(crate) fn put_account(&self, account: &Account) -> Result<(), KeptFault> {
        self.put_json(&self.0.join(ACCOUNT), account)
    }

    /// Forgets an account that the authority has forgotten.
    pub(crate) fn remove_account(&self) -> Result<(), KeptFault> {
        let path = self.0.join(ACCOUNT);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(fault("remove", &path)(source))
            }
            _ => Ok(()),
        }
    }

    /// The file of a host's certificate.
    pub fn certificate_file(&self, host: &str) -> PathBuf {
        self.0.join(CERTIFICATES).join(format!("{host}.pem"))
    }

    /// A host's certificate; none where it has none.
    ///
    /// # Errors
    /// Where there is one that cannot be served.
    pub fn certificate(&self, host: &str, now: Timestamp) -> Result<Option<Obtained>, TlsFault> {
        let file = self.certificate_file(host);
        if obtainable(host).is_err() || !file.exists() {
            return Ok(None);
        }
        Obtained::read(host, &file, now).map(Some)
    }

    pub(crate) fn put_certificate(&self, host: &str, pem: &[u8]) -> Result<(), KeptFault> {
        write(&self.certificate_file(host), pem)
    }

    /// The directory that a host's certificate is from, as its file says.
    pub(crate) fn issued_by(&self, host: &str) -> Option<String> {
        let text = fs::read_to_string(self.certificate_file(host)).ok()?;
        let first = text.lines().next()?;
        first.strip_prefix(FROM).map(str::to_owned)
    }

    /// Removes what has expired of hosts that nobody wants any more.
    pub(crate) fn tidy(&self, wanted: &BTreeSet<String>, now: Timestamp) {
        let files = fs::read_dir(self.0.join(CERTIFICATES))
            .into_iter()
            .flatten();
        for file in files.flatten().map(|entry| entry.path()) {
            let host = file.file_stem().and_then(|stem| stem.to_str());
            let host = host.unwrap_or_default();
            if wanted.contains(host) || file.extension().is_none_or(|kind| kind != "pem") {
                continue;
            }
            let over = Obtained::read(host, &file, now);
            if matches!(over, Err(TlsFault::Expired { .. }))
                && let Err(fault) = fs::remove_file(&file)
            {
                tracing::warn!(file = %file.display(), %fault, "a certificate that is over is still there");
            }
        }
    }

    fn put_json(&self, path: &Path, value: &impl Serialize) -> Result<(), KeptFault> {
        let text = serde_json::to_vec_pretty(value)
            .map_err(|why| fault("write", path)(io::Error::other(why)))?;
        write(path, &text)
    }
}

/// Writes beside its place, sees that it is on the disk, and moves it there whole.
fn write(path: &Path, bytes: &[u8]) -> Result<(), KeptFault> {
    let new = path.with_extension("new");
    let whole = || {
        match fs::remove_file(&new) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
            _ => {}
        }
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        path.parent()
            .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    whole().map_err(fault("write", path))
}

fn fault(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> KeptFault {
    let path = path.to_owned();
    move |source| KeptFault {
        action,
        path,
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn prepared() -> (tempfile::TempDir, Kept) {
        let data = tempfile::tempdir().unwrap();
        let kept = Kept::within(data.path());
        kept.prepare().unwrap();
        (data, kept)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn everything_is_for_its_owner_alone_and_nothing_is_left_beside_it() {
        let (data, kept) = prepared();
        kept.put_schedule(&Schedule::default()).unwrap();
        kept.put_certificate("a.test", b"first").unwrap();
        fs::write(
            kept.certificate_file("a.test").with_extension("new"),
            "torn",
        )
        .unwrap();
        kept.put_certificate("a.test", b"second").unwrap();
        assert_eq!(
            fs::read(kept.certificate_file("a.test")).unwrap(),
            b"second"
        );
        assert_eq!(mode(&data.path().join("acme")), 0o700);
        assert_eq!(mode(&data.path().join("acme/certificates")), 0o700);
        assert_eq!(mode(&data.path().join("acme/schedule.json")), 0o600);
        assert_eq!(mode(&kept.certificate_file("a.test")), 0o600);
        assert_eq!(
            fs::read_dir(data.path().join("acme/certificates"))
                .unwrap()
                .count(),
            1
        );
    }

    #[test]
    fn a_folder_that_others_may_enter_is_not_used() {
        let (data, kept) = prepared();
        let folder = data.path().join("acme");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(
            kept.prepare()
                .unwrap_err()
                .to_string()
                .contains("open to others")
        );
    }

    #[test]
    fn what_cannot_be_read_is_as_if_it_were_not_there() {
        let (data, kept) = prepared();
        assert_eq!(kept.schedule(), Schedule::default());
        fs::write(data.path().join("acme/schedule.json"), "{ torn").unwrap();
        fs::write(data.path().join("acme/account.json"), "{ torn").unwrap();
        assert_eq!(kept.schedule(), Schedule::default());
        assert!(kept.account("https://ca.test/").is_none());
        assert!(
            kept.certificate("../account", Timestamp::default())
                .unwrap()
                .is_none()
        );
        assert!(
            kept.certificate("a.test", Timestamp::default())
                .unwrap()
                .is_none()
        );
    }
}
