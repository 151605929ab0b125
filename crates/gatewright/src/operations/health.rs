//! Whether the process turns, and whether it serves.

use std::time::Duration;

use gw_record::Ledger;
use gw_web::ThreadMetrics;
use serde::Serialize;

use super::Watched;

/// A traffic thread says about once a second that it is there; longer than this, and it is not.
const SILENCE: Duration = Duration::from_secs(10);

/// What is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Fault {
    /// Which part.
    part: String,
    /// What is wrong with it.
    what: String,
}

impl Fault {
    fn new(part: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            part: part.into(),
            what: what.into(),
        }
    }
}

/// Why the process should be started anew; nothing where it is well.
pub(super) fn unwell(watched: &Watched) -> Vec<Fault> {
    silent(watched.traffic.iter().map(|thread| thread.quiet_for()))
}

/// Why nothing should be sent to it; nothing where it serves.
pub(super) fn unready(watched: &Watched) -> Vec<Fault> {
    let mut faults = unwell(watched);
    if watched.vitals.is_draining() {
        faults.push(Fault::new("process", "it is stopping"));
    }
    let store = watched.vitals.store_fault();
    faults.extend(store.map(|what| Fault::new("store", what)));
    faults.extend(unwritable(&watched.ledger));
    faults
}

fn silent(quiet: impl Iterator<Item = Duration>) -> Vec<Fault> {
    let silent = quiet.enumerate().filter(|(_, quiet)| *quiet > SILENCE);
    silent
        .map(|(number, quiet)| {
            let what = format!("it has had no turn for {} s", quiet.as_secs());
            Fault::new(format!("traffic thread {number}"), what)
        })
        .collect()
}

/// Logs that take no more records.
fn unwritable(ledger: &Ledger) -> Vec<Fault> {
    let failed = ledger.status().into_iter();
    failed
        .filter_map(|log| Some(Fault::new("ledger", log.failure?.to_string())))
        .collect()
}

/// Whether a thread is there, as a number.
pub(super) fn turns(thread: &ThreadMetrics) -> bool {
    thread.quiet_for() <= SILENCE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_thread_that_is_silent_for_long_is_a_fault() {
        let seconds = [0, 3, 10, 11].map(Duration::from_secs);
        let faults = silent(seconds.into_iter());
        assert_eq!(
            faults,
            [Fault::new(
                "traffic thread 3",
                "it has had no turn for 11 s"
            )]
        );
    }
}
