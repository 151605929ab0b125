//! A keeper with a data folder of its own, and the authority that it asks.

use std::{
    collections::BTreeSet,
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use gw_acme::{Due, Keeper, Kept, Pending, Schedule, Settings, Shown, Trouble};
use gw_model::Timestamp;
use gw_tls::CertificateStore;

use crate::authority::Authority;

pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
pub(crate) const HOST: &str = "wiki.test";

pub(crate) struct House {
    pub(crate) authority: Authority,
    pub(crate) keeper: Keeper,
    pub(crate) certificates: CertificateStore,
    pub(crate) pending: Pending,
    pub(crate) kept: Kept,
    shown: Shown,
    settings: Settings,
    time: Time,
    data: PathBuf,
    _folder: tempfile::TempDir,
}

impl House {
    /// With an authority that behaves.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::start(folder.path()).await;
        let directory = authority.directory();
        Self::asking(folder, authority, directory)
    }

    pub(crate) fn asking(
        folder: tempfile::TempDir,
        authority: Authority,
        directory: String,
    ) -> Self {
        let data = folder.path().join("data");
        let certificates = CertificateStore::load(Vec::new(), NOW).unwrap();
        let settings = Settings {
            directory,
            contact: vec!["ops@example.com".into()],
            ca: Some(authority.root.clone()),
            external_account: None,
        };
        fs::create_dir(&data).unwrap();
        let time: Time = Arc::new(AtomicU64::new(NOW.as_millis()));
        let keeper = open(settings.clone(), &data, &certificates, &time);
        let pending = keeper.pending();
        authority.looks_at(pending.clone());
        Self {
            shown: keeper.shown(),
            kept: Kept::within(&data),
            authority,
            keeper,
            certificates,
            pending,
            settings,
            time,
            data,
            _folder: folder,
        }
    }

    /// One attempt.
    pub(crate) async fn obtain(&mut self) {
        self.keeper.obtain(HOST).await;
    }

    pub(crate) fn due(&self) -> Due {
        self.keeper.due()
    }

    pub(crate) fn schedule(&self) -> Schedule {
        Schedule::clone(&self.shown.load())
    }

    /// Has time pass.
    pub(crate) fn later(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap();
        self.time.fetch_add(by, Ordering::Relaxed);
    }

    /// Another keeper on the same folder and store, as after a restart.
    pub(crate) fn reopened(&self, directory: String) -> Keeper {
        let settings = Settings {
            directory,
            ..self.settings.clone()
        };
        open(settings, &self.data, &self.certificates, &self.time)
    }

    /// What went wrong with the host, or with the authority.
    pub(crate) fn trouble(&self) -> Trouble {
        let schedule = self.schedule();
        let of_host = schedule.hosts[HOST].trouble.clone();
        of_host.or(schedule.authority).expect("it failed")
    }

    /// The file of the host's certificate.
    pub(crate) fn file(&self) -> Option<Vec<u8>> {
        fs::read(self.kept.certificate_file(HOST)).ok()
    }

    /// The hosts that are served.
    pub(crate) fn served(&self) -> Vec<String> {
        let each = self.certificates.certificates().into_iter();
        each.flat_map(|info| info.names).collect()
    }

    pub(crate) fn has_account(&self) -> bool {
        self.data.join("acme/account.json").exists()
    }
}

type Time = Arc<AtomicU64>;

fn open(
    settings: Settings,
    data: &std::path::Path,
    certificates: &CertificateStore,
    time: &Time,
) -> Keeper {
    let time = Arc::clone(time);
    let now = Arc::new(move || Timestamp::from_millis(time.load(Ordering::Relaxed)));
    let mut keeper = Keeper::open(settings, data, certificates.clone(), now, || 0.0).unwrap();
    keeper.want(BTreeSet::from([HOST.to_owned()]));
    keeper
}
