//! The configuration file as it changes: apps, groups and networks live, the rest at the next start.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::digest;
use gw_api::types::ConfigState;
use gw_engine::{Commit, Engine};
use gw_identity::{Identity, PasswordOptions};
use gw_model::{Actor, ClientName, FactorKind, GroupName, ProviderName, Settings, Snapshot};
use gw_provisioning::{Directories, Provisioning};
use gw_tls::{CertificateStore, Reload, TrustStore};
use tokio::sync::Notify;
use zeroize::Zeroizing;

use super::{acme, announce::Announcer, tls, watch::Watch};
use crate::{
    config::{self, Config, ConfigFaults, facts, files},
    supervise::{Early, Supervisor},
};

/// The configuration in force, and how its file stands.
#[derive(Clone)]
pub(super) struct Live {
    engine: Engine,
    announcer: Announcer,
    identity: Identity,
    provisioning: Provisioning,
    directories: Directories,
    certificates: Option<CertificateStore>,
    trust: TrustStore,
    state: Arc<Mutex<State>>,
    /// Whether an authority is asked: that is decided at the start.
    obtains: bool,
    /// Somebody asked for a reload (SIGHUP).
    pub(super) asked: Arc<Notify>,
    /// The file was read again, whatever came of it.
    pub(super) reloaded: Arc<Notify>,
}

struct State {
    config: Config,
    shown: ConfigState,
}

impl Live {
    pub(super) fn new(
        engine: &Engine,
        (identity, provisioning, directories): (&Identity, &Provisioning, &Directories),
        announcer: &Announcer,
        config: &Config,
        certificates: Option<CertificateStore>,
        trust: TrustStore,
    ) -> Self {
        let shown = ConfigState::InForce {
            file: config.file.display().to_string(),
            since: engine.clock().now(),
        };
        Self {
            engine: engine.clone(),
            identity: identity.clone(),
            provisioning: provisioning.clone(),
            directories: directories.clone(),
            announcer: announcer.clone(),
            certificates,
            trust,
            state: Arc::new(Mutex::new(State {
                config: config.clone(),
                shown,
            })),
            obtains: config.acme.is_some(),
            asked: Arc::default(),
            reloaded: Arc::default(),
        }
    }

    /// How the file stands, for listings.
    pub(super) fn shown(&self) -> ConfigState {
        self.with(|state| state.shown.clone())
    }

    /// The groups that the file names.
    pub(super) fn groups(&self) -> Vec<GroupName> {
        self.with(|state| {
            let groups = state.config.wanted.groups.iter();
            groups.map(|group| group.name.clone()).collect()
        })
    }

    /// The providers of identities that the file names.
    pub(super) fn providers(&self) -> Vec<ProviderName> {
        self.with(|state| {
            let providers = state.config.wanted.providers.iter();
            providers.map(|provider| provider.name.clone()).collect()
        })
    }

    /// The clients that the file names.
    pub(super) fn clients(&self) -> Vec<ClientName> {
        self.with(|state| {
            let clients = state.config.wanted.clients.iter();
            clients.map(|client| client.name.clone()).collect()
        })
    }

    /// The hosts that certificates are obtained for.
    pub(super) fn obtained(&self, facts: &Snapshot) -> BTreeSet<String> {
        let served = facts.apps().filter_map(|app| app.served_host());
        self.with(|state| state.config.obtained(served))
    }

    fn with<R>(&self, then: impl FnOnce(&mut State) -> R) -> R {
        then(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Follows the file.
    pub(super) fn follow(self, supervisor: &Supervisor) {
        supervisor.spawn("configuration", Early::Restart, move |mut stopping| {
            let live = self.clone();
            async move {
                let file = live.with(|state| state.config.file.clone());
                let folder = file
                    .parent()
                    .filter(|folder| !folder.as_os_str().is_empty());
                let folder = folder.unwrap_or_else(|| Path::new("."));
                let mut watch = Watch::folder(folder).map_err(|fault| fault.to_string())?;
                let mut seen = live.seen();
                loop {
                    live.watch_followed(&mut watch);
                    tokio::select! {
                        () = stopping.told() => return Ok(()),
                        () = live.asked.notified() => {}
                        () = watch.settled() => {
                            let now = live.seen();
                            if now == seen {
                                continue;
                            }
                            seen = now;
                        }
                    }
                    live.reload(&file).await;
                }
            }
        });
    }

    /// The file as it is, and those whose content counts as its own: hashes, since some of them
    /// hold secrets.
    fn seen(&self) -> Vec<Option<Vec<u8>>> {
        let (file, followed) =
            self.with(|state| (state.config.file.clone(), state.config.followed.clone()));
        let files = std::iter::once(file).chain(followed);
        let hash = |file| {
            let bytes = Zeroizing::new(std::fs::read(file).ok()?);
            Some(digest::digest(&digest::SHA256, &bytes).as_ref().to_vec())
        };
        files.map(hash).collect()
    }

    /// Watches the folders of those files, wherever they are.
    fn watch_followed(&self, watch: &mut Watch) {
        let followed = self.with(|state| state.config.followed.clone());
        let folders: BTreeSet<_> = followed.iter().filter_map(|file| file.parent()).collect();
        for folder in folders {
            if let Err(fault) = watch.also(folder) {
                self.announcer.warn(format!(
                    "{}: changes of its files are read at the next reload alone: {fault}",
                    folder.display()
                ));
            }
        }
    }

    /// Reads the file again. It is in force whole, or not at all.
    async fn reload(&self, file: &Path) {
        let taken = match config::load(file) {
            Ok(config) => self.take(config).await,
            Err(faults) => Err(lines(&faults)),
        };
        let (file, since) = (file.display().to_string(), self.engine.clock().now());
        let shown = match taken {
            Ok(summary) => {
                self.announcer.tell(format!("{file} loaded: {summary}"));
                ConfigState::InForce { file, since }
            }
            Err(faults) => {
                self.announcer.warn(format!(
                    "{file} has faults; what it said before stays in force"
                ));
                for fault in &faults {
                    self.announcer.warn(format!("  {fault}"));
                }
                let since = match self.shown() {
                    ConfigState::Refused { since, .. } => since,
                    ConfigState::InForce { .. } => since,
                };
                ConfigState::Refused {
                    file,
                    since,
                    faults,
                }
            }
        };
        self.with(|state| state.shown = shown);
        self.reloaded.notify_one();
    }

    async fn take(&self, mut new: Config) -> Result<String, Vec<String>> {
        let present = self.with(|state| state.config.clone());
        same_relying_party(&present, &new, &self.engine.view().facts)?;
        acme::can_obtain(self.obtains, &new)?;
        let now = self.engine.clock().now();
        let trust = TrustStore::load(files::trust(&new), now)
            .map_err(|faults| files::trust_faults(&new, &faults))?;
        let clients = files::provider_clients(&new)?;
        let secrets = files::scim_secrets(&new)?;
        let directories = files::directories(&new)?;
        if let Some(certificates) = &self.certificates {
            certificates
                .replace(tls::files(&new), now)
                .map_err(|faults| told(&faults))?;
        }
        self.trust.take(&trust);
        self.hold_passwords_back(&mut new);
        let summary = apply(&self.engine, &new, "configuration applied")
            .await
            .map_err(|fault| vec![fault])?;
        self.identity.replace_providers(clients);
        self.provisioning.replace_secrets(secrets);
        self.directories.replace(directories);
        let in_force = self.identity.password_options();
        let later = needs_restart(&present, &new, in_force);
        self.with(|state| state.config = new);
        Ok(match later.is_empty() {
            true => summary,
            false => format!("{summary}; at the next start: {}", later.join(", ")),
        })
    }

    /// What is asked of passwords is read at the start: nobody gets one by rules that are not in
    /// force yet. Off is off at once, and on stays on.
    fn hold_passwords_back(&self, new: &mut Config) {
        let in_force = *self.identity.password_options() == new.passwords.options;
        let on = self.engine.view().facts.settings().passwords;
        if new.passwords.enabled && !in_force && !on {
            let settings = Settings {
                passwords: false,
                ..Settings::clone(&new.wanted.settings)
            };
            new.wanted.settings = Arc::new(settings);
        }
    }
}

/// Makes facts of what the file says; tells what changed.
pub(super) async fn apply(
    engine: &Engine,
    config: &Config,
    what: &'static str,
) -> Result<String, String> {
    let wanted = config.wanted.clone();
    let changes = facts::difference(&wanted, &engine.view().facts);
    let summary = facts::summary(&changes);
    if changes.is_empty() {
        return Ok(summary);
    }
    let propose = move |present: &Snapshot| {
        let mut commit = Commit::new(Actor::Gatewright, what);
        commit.changes = facts::difference(&wanted, present);
        Ok(commit)
    };
    engine
        .propose(propose)
        .await
        .map_err(|fault| fault.to_string())?;
    Ok(summary)
}

fn lines(faults: &ConfigFaults) -> Vec<String> {
    faults.to_string().lines().map(str::to_owned).collect()
}

fn told(faults: &[gw_tls::TlsFault]) -> Vec<String> {
    faults.iter().map(ToString::to_string).collect()
}

/// Passkeys belong to the host that they were made at.
fn same_relying_party(present: &Config, new: &Config, facts: &Snapshot) -> Result<(), Vec<String>> {
    if present.authentication_host == new.authentication_host {
        return Ok(());
    }
    let factors = facts.users().flat_map(|user| &user.factors);
    let passkeys = factors
        .filter(|factor| factor.kind == FactorKind::Passkey)
        .count();
    Err(vec![format!(
        "authentication.host: would become `{}`, which strands {passkeys} passkeys that belong to `{}`: keep it",
        new.authentication_host, present.authentication_host
    )])
}

/// What a running process does not change.
fn needs_restart(present: &Config, new: &Config, passwords: &PasswordOptions) -> Vec<&'static str> {
    let kept = [
        ("data", present.data == new.data),
        ("listen", present.listen == new.listen),
        ("acme", acme::authority(present) == acme::authority(new)),
        ("threads", present.threads == new.threads),
        ("huge_pages", present.huge_pages == new.huge_pages),
        ("lifetimes", present.lifetimes == new.lifetimes),
        ("passkeys", present.attestation == new.attestation),
        ("passwords", *passwords == new.passwords.options),
        (
            "trusted_proxies",
            present.trusted_proxies == new.trusted_proxies,
        ),
        ("geo", present.geo_database == new.geo_database),
        ("ledger", present.ledger == new.ledger),
        ("policies", present.policies == new.policies),
        ("remedies", present.remedies == new.remedies),
        ("operations", present.operations == new.operations),
        ("limits", present.limits == new.limits),
        ("threads", present.threads == new.threads),
        ("drain", present.drain == new.drain),
        ("log", present.log == new.log),
    ];
    kept.into_iter()
        .filter(|(_, same)| !same)
        .map(|(name, _)| name)
        .collect()
}

/// Follows the files that apps' servers are believed by, as [`certificates`] does its own.
pub(super) fn trust(live: &Live) -> Result<(), String> {
    match live.trust.reload(live.engine.clock().now()) {
        Ok(Reload::Unchanged) => Ok(()),
        Ok(Reload::Changed) => {
            live.announcer.tell("certificates towards upstreams loaded");
            Ok(())
        }
        Err(faults) => {
            let told = live.with(|state| files::trust_faults(&state.config, &faults));
            Err(told.join("; "))
        }
    }
}

/// Follows the files with the secrets of who pushes people in: all of them count, or none.
pub(super) fn secrets(live: &Live) -> Result<(), String> {
    let secrets = live.with(|state| files::scim_secrets(&state.config));
    let secrets = secrets.map_err(|faults| faults.join("; "))?;
    if *live.provisioning.secrets() != secrets {
        live.provisioning.replace_secrets(secrets);
        live.announcer
            .tell("secrets of who pushes people in loaded");
    }
    Ok(())
}

/// Follows the files with the secrets by which directories are read: all of them count, or none.
pub(super) fn directories(live: &Live) -> Result<(), String> {
    let settings = live.with(|state| files::directory_settings(&state.config));
    let settings = settings.map_err(|faults| faults.join("; "))?;
    if !live.directories.are(&settings) {
        live.directories.replace(settings);
        live.announcer.tell("secrets of directories loaded");
    }
    Ok(())
}

/// Follows the certificates' files, which others renew: all of them count, or none.
pub(super) fn certificates(
    certificates: &CertificateStore,
    engine: &Engine,
    announcer: &Announcer,
) -> Result<(), String> {
    match certificates.reload(engine.clock().now()) {
        Ok(Reload::Unchanged) => Ok(()),
        Ok(Reload::Changed) => {
            announcer.tell("certificates loaded");
            Ok(())
        }
        Err(faults) => Err(told(&faults).join("; ")),
    }
}
