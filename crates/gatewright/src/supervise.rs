//! Every task has a name, an owner and a rule for when it ends early; nothing is detached.
//!
//! Stopping has two stages: all tasks are told to end and given until a deadline; those that
//! still run then are named in the log and dropped.

use std::{
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::watch,
    task::{Id, JoinError, JoinSet},
    time::Instant,
};

/// Shortest and longest pause before a task is started again.
const PAUSE_MIN: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// What happens when a task ends without having been told to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Early {
    /// It is started again, after a pause that grows.
    Restart,
    /// Gatewright stops: it cannot do its work without it.
    Stop,
}

/// The tasks of a process.
#[derive(Clone)]
pub(crate) struct Supervisor {
    stopping: watch::Sender<bool>,
    failed: watch::Sender<Option<&'static str>>,
    tasks: Arc<Mutex<Tasks>>,
}

#[derive(Default)]
struct Tasks {
    running: JoinSet<()>,
    names: Vec<(Id, &'static str)>,
}

/// Tells a task when to end.
#[derive(Debug, Clone)]
pub(crate) struct Stopping(watch::Receiver<bool>);

impl Stopping {
    /// Waits until the task is to end.
    pub(crate) async fn told(&mut self) {
        // A supervisor that is gone has told everybody.
        let _ = self.0.wait_for(|stopping| *stopping).await;
    }

    fn is_told(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }
}

impl Supervisor {
    pub(crate) fn new() -> Self {
        Self {
            stopping: watch::Sender::new(false),
            failed: watch::Sender::new(None),
            tasks: Arc::default(),
        }
    }

    /// What tells tasks to end, for those that are run elsewhere.
    pub(crate) fn stopping(&self) -> Stopping {
        Stopping(self.stopping.subscribe())
    }

    /// Runs a task that goes on until it is told to end; `make` makes it anew for each start.
    pub(crate) fn spawn<F>(
        &self,
        name: &'static str,
        early: Early,
        mut make: impl FnMut(Stopping) -> F + Send + 'static,
    ) where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        let mut stopping = self.stopping();
        let failed = self.failed.clone();
        let watched = async move {
            let mut pause = PAUSE_MIN;
            loop {
                let started = Instant::now();
                let ended = run(name, make(stopping.clone())).await;
                if stopping.is_told() {
                    return;
                }
                match ended {
                    Ok(()) => tracing::error!(task = name, "a task ended by itself"),
                    Err(fault) => tracing::error!(task = name, %fault, "a task failed"),
                }
                if early == Early::Stop {
                    failed.send_replace(Some(name));
                    return;
                }
                if started.elapsed() > PAUSE_MAX {
                    pause = PAUSE_MIN;
                }
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = stopping.told() => return,
                }
                pause = (pause * 2).min(PAUSE_MAX);
            }
        };
        let mut tasks = self.tasks();
        let id = tasks.running.spawn(watched).id();
        tasks.names.push((id, name));
    }

    /// Waits until a task without which Gatewright cannot work has ended; gives its name.
    pub(crate) async fn failed(&self) -> &'static str {
        let mut failed = self.failed.subscribe();
        match failed.wait_for(Option::is_some).await {
            Ok(name) => name.unwrap_or("a task"),
            Err(_) => "a task",
        }
    }

    /// Tells all tasks to end, and waits for them until the deadline; gives the names of those
    /// that had to be dropped.
    pub(crate) async fn stop(&self, grace: Duration) -> Vec<&'static str> {
        self.stopping.send_replace(true);
        let Tasks {
            mut running,
            mut names,
        } = std::mem::take(&mut *self.tasks());
        let deadline = Instant::now() + grace;
        while let Ok(Some(ended)) =
            tokio::time::timeout_at(deadline, running.join_next_with_id()).await
        {
            let id = match &ended {
                Ok((id, ())) => *id,
                Err(fault) => fault.id(),
            };
            names.retain(|(known, _)| *known != id);
        }
        running.shutdown().await;
        names.into_iter().map(|(_, name)| name).collect()
    }

    fn tasks(&self) -> MutexGuard<'_, Tasks> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a task of its own, so that a panic is an error like others.
async fn run(
    name: &'static str,
    task: impl Future<Output = Result<(), String>> + Send + 'static,
) -> Result<(), String> {
    let mut alone = JoinSet::new();
    alone.spawn(task);
    match alone.join_next().await {
        Some(Ok(ended)) => ended,
        Some(Err(fault)) => Err(panicked(name, fault)),
        None => Ok(()),
    }
}

fn panicked(name: &str, fault: JoinError) -> String {
    if fault.is_panic() {
        format!("`{name}` panicked")
    } else {
        format!("`{name}` was dropped")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_that_fails_or_panics_is_started_again() {
        let supervisor = Supervisor::new();
        let (started, mut starts) = tokio::sync::mpsc::channel(8);
        let count = Arc::new(AtomicUsize::new(0));
        supervisor.spawn("flaky", Early::Restart, move |_| {
            let (started, count) = (started.clone(), count.clone());
            async move {
                let n = count.fetch_add(1, Ordering::Relaxed);
                started.send(n).await.unwrap();
                assert!(n != 1, "the second time it panics");
                Err("no luck".into())
            }
        });
        for expected in 0..4 {
            assert_eq!(starts.recv().await, Some(expected));
        }
        supervisor.stop(Duration::from_secs(1)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_is_needed_stops_everything_and_is_named() {
        let supervisor = Supervisor::new();
        supervisor.spawn("needed", Early::Stop, |_| async { Err("gone".into()) });
        assert_eq!(supervisor.failed().await, "needed");
    }

    #[tokio::test(start_paused = true)]
    async fn stopping_waits_for_who_ends_and_names_who_does_not() {
        let supervisor = Supervisor::new();
        supervisor.spawn("polite", Early::Restart, |mut stopping| async move {
            stopping.told().await;
            Ok(())
        });
        supervisor.spawn("stubborn", Early::Restart, |_| std::future::pending());
        assert_eq!(supervisor.stop(Duration::from_secs(1)).await, ["stubborn"]);
    }
}
