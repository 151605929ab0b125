//! Certificates from an authority: for which hosts, and the task that keeps them.

use std::{path::Path, sync::Arc, time::Duration};

use gw_acme::{Due, Keeper, Pending, Settings, Shown};
use gw_engine::Engine;
use gw_model::Epoch;
use gw_tls::CertificateStore;
use gw_web::Challenges;
use tokio::{sync::Mutex, time::MissedTickBehavior};

use super::{StartFault, reload::Live};
use crate::{
    config::Config,
    supervise::{Early, Stopping, Supervisor},
};

/// How often it is looked at what is due, and whether hosts have come or gone. No two orders begin
/// closer together.
const LOOK: Duration = Duration::from_secs(1);

/// What obtains certificates, where that is configured.
pub(super) struct Obtaining {
    keeper: Arc<Mutex<Keeper>>,
    pending: Pending,
    shown: Shown,
}

/// Takes up what an earlier run has kept. Nobody is asked yet.
pub(super) fn open(
    config: &Config,
    data: &Path,
    engine: &Engine,
    certificates: Option<&CertificateStore>,
) -> Result<Option<Obtaining>, StartFault> {
    let (Some(acme), Some(certificates)) = (&config.acme, certificates) else {
        return Ok(None);
    };
    let clock = engine.clock().clone();
    let mut keeper = Keeper::open(
        acme.settings.clone(),
        data,
        certificates.clone(),
        Arc::new(move || clock.now()),
        chance,
    )?;
    let facts = &engine.view().facts;
    let served = facts.apps().filter_map(|app| app.served_host());
    keeper.want(config.obtained(served));
    Ok(Some(Obtaining {
        pending: keeper.pending(),
        shown: keeper.shown(),
        keeper: Arc::new(Mutex::new(keeper)),
    }))
}

/// The authority that a configuration names: read at the start. For which hosts it is asked follows
/// the file.
pub(super) fn authority(config: &Config) -> Option<&Settings> {
    config.acme.as_ref().map(|acme| &acme.settings)
}

/// Whether a running process can go by a configuration: a host's file is not let go of for a
/// certificate that nobody is going to ask for.
pub(super) fn can_obtain(obtains: bool, new: &Config) -> Result<(), Vec<String>> {
    let hosts = new.wanted.apps.iter().filter_map(|app| app.served_host());
    let waiting: Vec<_> = new.obtained(hosts).into_iter().collect();
    if obtains || waiting.is_empty() {
        return Ok(());
    }
    Err(vec![format!(
        "acme: is read at the start, and no certificate file is for {}: restart gatewright, or keep the files until then",
        waiting.join(", ")
    )])
}

/// From 0 to 1.
fn chance() -> f64 {
    let bits = u32::try_from(gw_engine::random::bits() >> 32).unwrap_or_default();
    f64::from(bits) / f64::from(u32::MAX)
}

impl Obtaining {
    /// What the plain HTTP listener answers.
    pub(super) fn challenges(&self) -> Challenges {
        let pending = self.pending.clone();
        Arc::new(move |host, token| pending.answer(host, token))
    }

    /// How things stand.
    pub(super) fn shown(&self) -> Shown {
        Arc::clone(&self.shown)
    }

    /// Obtains and renews from now on.
    pub(super) fn follow(self, engine: &Engine, live: &Live, supervisor: &Supervisor) {
        let (engine, live) = (engine.clone(), live.clone());
        supervisor.spawn(
            "certificates from the authority",
            Early::Restart,
            move |stopping| {
                let (keeper, engine, live) =
                    (Arc::clone(&self.keeper), engine.clone(), live.clone());
                async move { keep(&mut *keeper.lock().await, &engine, &live, stopping).await }
            },
        );
    }
}

async fn keep(
    keeper: &mut Keeper,
    engine: &Engine,
    live: &Live,
    mut stopping: Stopping,
) -> Result<(), String> {
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen: Option<Epoch> = None;
    loop {
        tokio::select! {
            () = stopping.told() => return Ok(()),
            () = live.reloaded.notified() => {
                seen = None;
                keeper.hurry();
            }
            _ = looks.tick() => {}
        }
        let facts = &engine.view().facts;
        if seen != Some(facts.epoch) {
            seen = Some(facts.epoch);
            keeper.want(live.obtained(facts));
        }
        if let Due::Now(host) = keeper.due() {
            tokio::select! {
                () = stopping.told() => return Ok(()),
                () = keeper.obtain(&host) => {}
            }
        }
    }
}
