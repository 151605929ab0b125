//! A process that serves, and how it ends.

use std::{sync::Arc, time::Duration};

use gw_engine::Engine;
use gw_identity::Identity;
use gw_record::Ledger;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Joined, keep, reload::Live};
use crate::{
    supervise::Supervisor,
    systemd::{self, Word},
};

/// How often it is asked whether every traffic thread still serves.
const THREADS: Duration = Duration::from_secs(1);
/// How long tasks may take to end once nothing is served any more.
const TASKS_END: Duration = Duration::from_secs(5);

/// Why a process that served does so no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// It was told to.
    Asked,
    /// A part without which it cannot work has ended.
    Failed,
}

/// A Gatewright that serves.
pub(crate) struct Process {
    pub(crate) engine: Engine,
    pub(crate) identity: Identity,
    supervisor: Supervisor,
    ledger: Arc<Ledger>,
    web: gw_web::Running,
    live: Live,
    signals: Signals,
    drain: Duration,
}

impl Process {
    pub(super) fn new(
        joined: Joined,
        web: gw_web::Running,
        live: Live,
        signals: Signals,
        drain: Duration,
    ) -> Self {
        Self {
            engine: joined.engine,
            identity: joined.identity,
            supervisor: joined.supervisor,
            ledger: joined.ledger,
            web,
            live,
            signals,
            drain,
        }
    }

    /// Serves until told to stop, then ends in order: what is open may end by itself for a
    /// while, and changes are followed to the end, so that who is switched off meanwhile is cut.
    pub(crate) async fn serve(mut self) -> Stopped {
        systemd::tell(Word::Ready);
        let stopped = self.until_stopped().await;
        systemd::tell(Word::Stopping);
        let Self {
            engine,
            identity,
            supervisor,
            ledger,
            web,
            live,
            signals: _,
            drain,
        } = self;
        let grace = match stopped {
            Stopped::Asked => drain,
            Stopped::Failed => Duration::ZERO,
        };
        blocking(move || web.stop(grace)).await;
        for name in supervisor.stop(TASKS_END).await {
            tracing::warn!(task = name, "a task did not end in time and was dropped");
        }
        drop((identity, live));
        end(engine, ledger).await;
        stopped
    }

    async fn until_stopped(&mut self) -> Stopped {
        let mut looks = tokio::time::interval(THREADS);
        loop {
            tokio::select! {
                _ = self.signals.terminate.recv() => return Stopped::Asked,
                _ = self.signals.interrupt.recv() => return Stopped::Asked,
                _ = self.signals.hang_up.recv() => self.live.asked.notify_one(),
                name = self.supervisor.failed() => {
                    tracing::error!(task = name, "gatewright stops: it cannot work without this");
                    return Stopped::Failed;
                }
                _ = looks.tick() => {
                    if !self.web.is_whole() {
                        tracing::error!("gatewright stops: a traffic thread has failed");
                        return Stopped::Failed;
                    }
                }
            }
        }
    }
}

/// What the system says to the process. Listened to from before anything is opened, so that a
/// word that comes early still ends it in order.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }
}

/// The last notes, then the facts, then the ledger: each can still record what ends before it.
async fn end(engine: Engine, ledger: Arc<Ledger>) {
    if let Err(fault) = keep::save(&engine, &ledger).await {
        tracing::warn!(%fault, "the last notes were not saved");
    }
    blocking(move || engine.stop()).await;
    match Arc::into_inner(ledger) {
        Some(ledger) => ledger.close().await,
        None => tracing::warn!("the ledger is still held; it is sealed at the next start"),
    }
}

async fn blocking(work: impl FnOnce() + Send + 'static) {
    if tokio::task::spawn_blocking(work).await.is_err() {
        tracing::error!("a part of stopping failed");
    }
}
