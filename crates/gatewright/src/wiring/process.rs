//! A process that serves, and how it ends.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use gw_clock::ClockFault;
use gw_engine::Engine;
use gw_identity::Identity;
use gw_record::Ledger;
use gw_telemetry::Seldom;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Joined, keep, place::Place, reload::Live};
use crate::{operations::Vitals, supervise::Supervisor, systemd};

/// How often it is asked whether every traffic thread still serves, and the disk is there.
const LOOKS: Duration = Duration::from_secs(1);
/// How often it is said that the clock is not believed.
const CLOCK_SAID: Duration = Duration::from_secs(60);
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
    place: Place,
    signals: Signals,
    drain: Duration,
    vitals: Vitals,
    /// Where health and numbers are told.
    pub(crate) told_at: Vec<SocketAddr>,
}

impl Process {
    pub(super) fn new(
        joined: Joined,
        web: gw_web::Running,
        live: Live,
        place: Place,
        signals: Signals,
        drain: Duration,
        told_at: Vec<SocketAddr>,
    ) -> Self {
        Self {
            engine: joined.engine,
            identity: joined.identity,
            supervisor: joined.supervisor,
            ledger: joined.ledger,
            web,
            live,
            place,
            signals,
            drain,
            vitals: joined.vitals,
            told_at,
        }
    }

    /// Serves until told to stop, then ends in order: what is open may end by itself for a
    /// while, and changes are followed to the end, so that who is switched off meanwhile is cut.
    pub(crate) async fn serve(mut self) -> Stopped {
        systemd::tell(systemd::Word::Ready);
        let stopped = self.until_stopped().await;
        systemd::tell(systemd::Word::Stopping);
        let Self {
            engine,
            identity,
            supervisor,
            ledger,
            web,
            live,
            place: _,
            mut signals,
            drain,
            vitals,
            told_at: _,
        } = self;
        vitals.drains();
        let grace = match stopped {
            Stopped::Asked => drain,
            Stopped::Failed => Duration::ZERO,
        };
        tokio::select! {
            () = blocking(move || web.stop(grace)) => {}
            () = signals.told_to_stop() => {
                tracing::warn!("told to stop a second time: what is open is not waited for");
            }
        }
        for name in supervisor.stop(TASKS_END).await {
            tracing::warn!(task = name, "a task did not end in time and was dropped");
        }
        drop((identity, live));
        end(engine, ledger).await;
        stopped
    }

    async fn until_stopped(&mut self) -> Stopped {
        let mut looks = tokio::time::interval(LOOKS);
        let mut clock = ClockSaid::default();
        loop {
            tokio::select! {
                word = self.signals.next() => match word {
                    Word::Stop => return Stopped::Asked,
                    Word::Reload => self.live.asked.notify_one(),
                },
                name = self.supervisor.failed() => {
                    tracing::error!(task = name, "gatewright stops: it cannot work without this");
                    return Stopped::Failed;
                }
                _ = looks.tick() => {
                    if !self.web.is_whole() {
                        tracing::error!("gatewright stops: a traffic thread has failed");
                        return Stopped::Failed;
                    }
                    if let Some(lost) = self.place.lost() {
                        tracing::error!(path = %lost.display(), "gatewright stops: this was moved or removed while it ran, and what is changed now would be lost; put it back and start again");
                        return Stopped::Failed;
                    }
                    self.ledger.watch();
                    clock.look(&self.engine, &self.ledger).await;
                }
            }
        }
    }
}

/// What was said of the clock: once in the ledger, now and then in the log.
struct ClockSaid {
    fault: bool,
    lines: Seldom,
}

impl Default for ClockSaid {
    fn default() -> Self {
        Self {
            fault: false,
            lines: Seldom::every(CLOCK_SAID),
        }
    }
}

impl ClockSaid {
    async fn look(&mut self, engine: &Engine, ledger: &Ledger) {
        let Some(fault) = engine.clock().fault() else {
            if std::mem::take(&mut self.fault) {
                tracing::info!("the clock is believed again");
            }
            return;
        };
        if self.lines.due().is_some() {
            tracing::error!(%fault, "the clock is not believed: `gatewright clock confirm` says that it is right");
        }
        if !std::mem::replace(&mut self.fault, true)
            && let Err(unwritable) = ledger.note_clock(jump_ms(fault)).await
        {
            tracing::warn!(%unwritable, "the clock's fault was not recorded");
        }
    }
}

fn jump_ms(fault: ClockFault) -> i64 {
    let millis = |by: Duration| i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    match fault {
        ClockFault::Ahead { by } => millis(by),
        ClockFault::Behind { by } => -millis(by),
    }
}

/// A word of the system's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Stop,
    Reload,
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

    async fn next(&mut self) -> Word {
        tokio::select! {
            _ = self.terminate.recv() => Word::Stop,
            _ = self.interrupt.recv() => Word::Stop,
            _ = self.hang_up.recv() => Word::Reload,
        }
    }

    async fn told_to_stop(&mut self) {
        while self.next().await != Word::Stop {}
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
