//! Does what the schedule says is due, and keeps what comes of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::Path,
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use gw_model::Timestamp;
use gw_tls::{CertificateStore, Obtained};
use tokio::time::timeout;

use crate::{
    AcmeFault, Due, Kept, KeptFault, Pending, Schedule, Settings, account, client::Client,
    kept::FROM, order,
};

/// The longest that one order may take, whatever the authority says.
const ORDER: Duration = Duration::from_secs(240);

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How things stand, for whoever asks; clones are the same.
pub type Shown = Arc<ArcSwap<Schedule>>;

/// Keeps a certificate for each host that it is told of.
pub struct Keeper {
    settings: Settings,
    kept: Kept,
    certificates: CertificateStore,
    pending: Pending,
    schedule: Schedule,
    shown: Shown,
    wanted: BTreeSet<String>,
    held: BTreeMap<String, Arc<Obtained>>,
    now: Clock,
    chance: fn() -> f64,
}

impl Keeper {
    /// Goes on where an earlier run ended. `chance` gives numbers from 0 to 1.
    ///
    /// # Errors
    /// Where the data folder has no room for it.
    pub fn open(
        settings: Settings,
        data: &Path,
        certificates: CertificateStore,
        now: Clock,
        chance: fn() -> f64,
    ) -> Result<Self, KeptFault> {
        let kept = Kept::within(data);
        kept.prepare()?;
        Ok(Self {
            schedule: kept.schedule().resumed(now()),
            settings,
            kept,
            certificates,
            pending: Pending::default(),
            shown: Shown::default(),
            wanted: BTreeSet::new(),
            held: BTreeMap::new(),
            now,
            chance,
        })
    }

    /// What the plain HTTP listener is to answer.
    pub fn pending(&self) -> Pending {
        self.pending.clone()
    }

    /// How things stand, from now on.
    pub fn shown(&self) -> Shown {
        Arc::clone(&self.shown)
    }

    /// Keeps certificates for these hosts and no others. What was kept for them earlier is served
    /// from now on.
    pub fn want(&mut self, hosts: BTreeSet<String>) {
        if hosts == self.wanted && !hosts.is_empty() {
            return;
        }
        self.schedule.want(&hosts);
        self.held.retain(|host, _| hosts.contains(host));
        self.kept.tidy(&hosts, (self.now)());
        let before = std::mem::replace(&mut self.wanted, hosts.clone());
        for host in hosts.difference(&before) {
            self.find(host);
        }
        self.certificates
            .serve_obtained(self.held.values().cloned());
        self.tell();
    }

    /// Takes up what is kept for a host, if anything is.
    fn find(&mut self, host: &str) {
        match self.kept.certificate(host, (self.now)()) {
            Ok(Some(found)) => {
                self.hold(found);
                if self.kept.issued_by(host).as_deref() != Some(&*self.settings.directory) {
                    tracing::info!(
                        host,
                        "its certificate is from another authority; one from this one is asked for"
                    );
                    self.schedule.renew_now(host);
                }
            }
            Ok(None) => {}
            Err(fault) => {
                tracing::warn!(host, %fault, "a certificate that was kept is not served; another one is asked for");
            }
        }
    }

    fn hold(&mut self, found: Obtained) {
        let (begin, end) = (found.not_before(), found.not_after());
        let host = found.host().to_owned();
        self.schedule.held(&host, begin, end, (self.chance)());
        self.held.insert(host, Arc::new(found));
    }

    /// What is to be done.
    pub fn due(&self) -> Due {
        self.schedule.due((self.now)())
    }

    /// Somebody has corrected something: what failed is tried again at once.
    pub fn hurry(&mut self) {
        self.schedule.hurry((self.now)());
        self.tell();
    }

    /// Asks for a certificate for a host, and takes it up. How it went is in the schedule.
    pub async fn obtain(&mut self, host: &str) {
        let mut wait = None;
        match self.order(host, &mut wait).await {
            Ok(found) => {
                let until = found.not_after();
                self.hold(found);
                self.certificates
                    .serve_obtained(self.held.values().cloned());
                self.schedule.succeeded(host, (self.now)());
                let seconds = until.since((self.now)()).as_secs();
                tracing::info!(
                    host,
                    expires_in_s = seconds,
                    "a certificate was obtained and is served"
                );
            }
            Err(fault) => self.failed(host, fault, wait),
        }
        self.tell();
    }

    async fn order(&self, host: &str, wait: &mut Option<Duration>) -> Result<Obtained, AcmeFault> {
        let tls = gw_tls::believing(self.settings.ca.as_deref()).map_err(AcmeFault::Ca)?;
        let client = Client::new(&self.settings, tls, Arc::clone(&self.now));
        let ordering = async {
            let account = account::open(&self.settings, &self.kept, &client).await?;
            order::obtain(&account, host, &self.pending).await
        };
        let ordered = timeout(ORDER, ordering).await;
        *wait = client.asked_to_wait();
        let pem = ordered.map_err(|_| AcmeFault::Late(ORDER))??;
        let first = format!("{FROM}{}\n", self.settings.directory);
        let pem = [first.into_bytes(), pem].concat();
        let file = self.kept.certificate_file(host);
        let found = Obtained::check(host, &file, &pem, (self.now)());
        let found = found.map_err(AcmeFault::Certificate)?;
        self.kept.put_certificate(host, &pem)?;
        Ok(found)
    }

    fn failed(&mut self, host: &str, fault: AcmeFault, wait: Option<Duration>) {
        let now = (self.now)();
        if matches!(fault, AcmeFault::Forgotten(_))
            && let Err(fault) = self.kept.remove_account()
        {
            tracing::warn!(%fault, "an account that the authority has forgotten is still there");
        }
        let failure = fault.into_failure(wait);
        let (what, help) = (failure.what.clone(), failure.help.clone());
        self.schedule.failed(host, failure, now, (self.chance)());
        let next = self.schedule.next_try(host).unwrap_or(now);
        let seconds = next.since(now).as_secs();
        match self.held.get(host).filter(|held| held.not_after() > now) {
            Some(held) => {
                let left = held.not_after().since(now).as_secs();
                tracing::warn!(
                    host,
                    fault = what,
                    help,
                    next_try_in_s = seconds,
                    expires_in_s = left,
                    "a certificate was not renewed; the one that there is is still served"
                );
            }
            None => {
                tracing::warn!(
                    host,
                    fault = what,
                    help,
                    next_try_in_s = seconds,
                    "no certificate was obtained; HTTPS to this host fails until there is one"
                );
            }
        }
    }

    /// What cannot be kept is said, and costs no more than that a restart knows less.
    fn tell(&self) {
        if **self.shown.load() == self.schedule {
            return;
        }
        self.shown.store(Arc::new(self.schedule.clone()));
        if let Err(fault) = self.kept.put_schedule(&self.schedule) {
            tracing::warn!(%fault, "how certificates stand is not kept");
        }
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper")
            .field("schedule", &self.schedule)
            .finish_non_exhaustive()
    }
}
