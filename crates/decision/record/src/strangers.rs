//! Refusals of strangers, and of people who ask too much: counted where they happen, summarised
//! once a second, under a quota.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Arc, Mutex},
};

use gw_ledger::{Personal, RecordRef, RefusedRecord};
use gw_model::Timestamp;

use crate::{
    log::{Log, locked},
    quota::Quota,
    recorder::Recorder,
};

/// Rows of one thread and second; what finds no row is counted with the others of its reason.
const ROWS_MAX: usize = 64;
const HOST_MAX: usize = 253;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    reason: &'static str,
    /// Empty for the row of the others.
    host: Box<str>,
    /// The person's name; empty for strangers.
    name: Box<str>,
    prefix: Option<IpAddr>,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    refusals: u64,
    from: Timestamp,
    to: Timestamp,
}

impl Count {
    fn add(&mut self, more: &Self) {
        self.refusals = self.refusals.saturating_add(more.refusals);
        self.from = self.from.min(more.from);
        self.to = self.to.max(more.to);
    }
}

/// One thread's refusals since they were last taken.
#[derive(Default)]
pub(crate) struct Tally {
    rows: Mutex<HashMap<Key, Count>>,
}

impl Tally {
    pub(crate) fn count(
        &self,
        reason: &'static str,
        host: &str,
        name: &str,
        address: IpAddr,
        now: Timestamp,
    ) {
        let key = Key {
            reason,
            host: Box::from(host.get(..host.floor_char_boundary(HOST_MAX)).unwrap_or("")),
            name: Box::from(name),
            prefix: Some(prefix(address)),
        };
        let mut rows = locked(&self.rows);
        let full = rows.len() >= ROWS_MAX && !rows.contains_key(&key);
        let key = if full { others(reason) } else { key };
        let one = Count {
            refusals: 1,
            from: now,
            to: now,
        };
        rows.entry(key)
            .and_modify(|sum| sum.add(&one))
            .or_insert(one);
    }

    fn take(&self) -> HashMap<Key, Count> {
        std::mem::take(&mut *locked(&self.rows))
    }
}

fn others(reason: &'static str) -> Key {
    Key {
        reason,
        host: Box::from(""),
        name: Box::from(""),
        prefix: None,
    }
}

/// The network that an address is counted with: /24, or /48.
fn prefix(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, 0))
        }
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => prefix(IpAddr::V4(v4)),
            None => {
                let [a, b, c, ..] = v6.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
            }
        },
    }
}

fn prefix_text(prefix: IpAddr) -> String {
    let bits = if prefix.is_ipv4() { 24 } else { 48 };
    format!("{prefix}/{bits}")
}

/// All threads' tallies, and the recorder of the strangers' log.
pub(crate) struct Summaries {
    tallies: Arc<Mutex<Vec<Arc<Tally>>>>,
    recorder: Recorder,
    quota: Quota,
}

impl Summaries {
    pub(crate) fn new(
        tallies: Arc<Mutex<Vec<Arc<Tally>>>>,
        recorder: Recorder,
        quota: Quota,
    ) -> Self {
        Self {
            tallies,
            recorder,
            quota,
        }
    }

    /// Keeps the log within its quota; `open` is its oldest segment that is not closed.
    pub(crate) fn enforce_quota(
        &mut self,
        log: &Log,
        open: u32,
        now: Timestamp,
    ) -> std::io::Result<()> {
        self.quota.enforce(log, open, &mut self.recorder, now)
    }

    /// Writes what was counted since the last time.
    pub(crate) fn write(&mut self) {
        let rows = self.take();
        for (key, count) in bounded(rows) {
            let record = RefusedRecord {
                reason: Arc::from(key.reason),
                count: count.refusals,
                from: count.from,
                to: count.to,
                others: key.prefix.is_none(),
            };
            let network = key.prefix.map(prefix_text).unwrap_or_default();
            let personal = Personal {
                host: &key.host,
                user: &key.name,
                network: &network,
                ..Personal::default()
            };
            let written = self.recorder.append(RecordRef::Refused(&record), &personal);
            if let Err(fault) = written {
                tracing::warn!(%fault, refusals = count.refusals, "refusals of strangers were not summarised");
            }
        }
    }
}

impl Summaries {
    /// All threads' rows, added up. Tallies whose recorders are gone are let go.
    fn take(&self) -> Vec<(Key, Count)> {
        let mut tallies = locked(&self.tallies);
        let rows = merged(&tallies);
        tallies.retain(|tally| Arc::strong_count(tally) > 1);
        rows
    }
}

/// The rows with the most refusals; the rest of each reason is added up.
fn bounded(mut rows: Vec<(Key, Count)>) -> Vec<(Key, Count)> {
    let rest = rows.split_off(rows.len().min(ROWS_MAX));
    for (key, count) in rest {
        let key = others(key.reason);
        match rows.iter_mut().find(|(known, _)| *known == key) {
            Some((_, sum)) => sum.add(&count),
            None => rows.push((key, count)),
        }
    }
    rows
}

fn merged(tallies: &[Arc<Tally>]) -> Vec<(Key, Count)> {
    let mut merged: HashMap<Key, Count> = HashMap::new();
    for (key, count) in tallies.iter().flat_map(|tally| tally.take()) {
        merged
            .entry(key)
            .and_modify(|sum| sum.add(&count))
            .or_insert(count);
    }
    let mut rows: Vec<_> = merged.into_iter().collect();
    rows.sort_by_key(|(key, count)| (std::cmp::Reverse(count.refusals), key.prefix));
    rows
}
