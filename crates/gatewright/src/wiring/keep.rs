//! What is done again and again: sweeping, saving, renewing.

use std::{sync::Arc, time::Duration};

use gw_authorization::AuthorizationServer;
use gw_engine::Engine;
use gw_identity::Identity;
use gw_issue::SigningKeys;
use gw_record::Ledger;
use gw_store::Notes;
use gw_telemetry::Seldom;
use tokio::time::MissedTickBehavior;

use super::{Joined, ledger};
use crate::{
    operations::Vitals,
    supervise::{Early, Stopping, Supervisor},
};

/// How often what expired is ended and forgotten.
const SWEEP: Duration = Duration::from_secs(20);
/// How often the clock's mark and the ledger's heads are saved.
const SAVE: Duration = Duration::from_secs(1);
/// How often it is said that something goes on failing.
const FAILURES: Duration = Duration::from_secs(60);

/// Ends what expired, forgets what is long over, retires keys.
pub(super) fn sweeper(joined: &Joined) {
    let swept = Swept {
        engine: joined.engine.clone(),
        identity: joined.identity.clone(),
        authorization: joined.authorization.clone(),
        keys: Arc::clone(&joined.keys),
    };
    joined
        .supervisor
        .spawn("sweeper", Early::Restart, move |stopping| {
            let swept = swept.clone();
            every("sweeper", SWEEP, stopping, move || swept.clone().sweep())
        });
}

#[derive(Clone)]
struct Swept {
    engine: Engine,
    identity: Identity,
    authorization: AuthorizationServer,
    keys: Arc<SigningKeys>,
}

impl Swept {
    async fn sweep(self) -> Result<(), String> {
        let text = |fault: &dyn std::fmt::Display| fault.to_string();
        self.identity.sweep().await.map_err(|fault| text(&fault))?;
        let keys = self.keys.sweep(&self.engine).await;
        keys.map_err(|fault| text(&fault))?;
        let tokens = self.authorization.sweep().await;
        tokens.map_err(|fault| text(&fault))?;
        self.engine.sweep().map_err(|fault| text(&fault))
    }
}

/// Tells clients of sessions that ended.
pub(super) fn teller(supervisor: &Supervisor, authorization: &AuthorizationServer) {
    let authorization = authorization.clone();
    supervisor.spawn("logout", Early::Restart, move |mut stopping| {
        let authorization = authorization.clone();
        async move {
            tokio::select! {
                () = stopping.told() => Ok(()),
                () = authorization.tell_of_ended_sessions() => Ok(()),
            }
        }
    });
}

/// Saves the clock's high-water mark and the newest heads of the logs.
pub(super) fn saver(
    supervisor: &Supervisor,
    engine: &Engine,
    ledger: &Arc<Ledger>,
    vitals: &Vitals,
) {
    let kept = (engine.clone(), Arc::clone(ledger), vitals.clone());
    supervisor.spawn("saver", Early::Restart, move |stopping| {
        let kept = kept.clone();
        every("saver", SAVE, stopping, move || {
            let (engine, ledger, vitals) = kept.clone();
            async move {
                let saved = save(&engine, &ledger).await;
                vitals.saved(&saved);
                saved
            }
        })
    });
}

/// Saves once.
pub(super) async fn save(engine: &Engine, ledger: &Ledger) -> Result<(), String> {
    let notes = Notes {
        seen: Vec::new(),
        high_water: Some(engine.clock().high_water()),
        heads: ledger.heads().iter().map(ledger::kept).collect(),
    };
    engine.save(notes).await.map_err(|fault| fault.to_string())
}

/// Does something now and then until told to end. A failure is logged, and tried again next time.
pub(super) async fn every<F>(
    task: &'static str,
    period: Duration,
    mut stopping: Stopping,
    mut work: impl FnMut() -> F,
) -> Result<(), String>
where
    F: Future<Output = Result<(), String>>,
{
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (failures, mut failing) = (Seldom::every(FAILURES), false);
    loop {
        tokio::select! {
            () = stopping.told() => return Ok(()),
            _ = ticks.tick() => {}
        }
        match work().await {
            Ok(()) if failing => {
                failing = false;
                tracing::info!(task, "what is done now and then is done again");
            }
            Ok(()) => {}
            Err(fault) => {
                if let Some(kept_back) = failures.due() {
                    tracing::error!(task, %fault, kept_back, "what is done now and then failed; it is tried again");
                }
                failing = true;
            }
        }
    }
}
