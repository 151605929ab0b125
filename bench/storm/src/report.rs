//! What is told of an attack, and what must hold.

use std::time::Duration;

use serde::Serialize;

use crate::{
    attack::Raged,
    fault::Fault,
    gateway::{Gateway, Size},
    person::Felt,
};

/// A stranger's share of the log and all that the person did fit well into this.
const DISK_MAX_MIB: u64 = 256;
/// Full tables of connections fit into this.
const RESIDENT_MAX_MIB: u64 = 768;

/// One attack.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    attack: &'static str,
    attacker_rate: u64,
    person_requests: usize,
    person_failed: usize,
    p50_quiet: u64,
    p99_quiet: u64,
    p50: u64,
    p99: u64,
    fresh_p99_quiet: u64,
    fresh_p99: u64,
    rss_before: u64,
    rss_peak: u64,
    rss_after: u64,
    disk_before: u64,
    disk_after: u64,
    fds_peak: usize,
    log_lines: usize,
    #[serde(skip)]
    why: Vec<String>,
}

impl Row {
    pub(crate) fn new(
        attack: &'static str,
        raged: &Raged,
        quiet: &Felt,
        felt: &Felt,
        before: Size,
        after: Size,
        gateway: &Gateway,
    ) -> Self {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        Self {
            attack,
            attacker_rate: raged.per_second(),
            person_requests: felt.requests,
            person_failed: felt.failed,
            p50_quiet: micros(quiet.within(0.5)),
            p99_quiet: micros(quiet.within(0.99)),
            p50: micros(felt.within(0.5)),
            p99: micros(felt.within(0.99)),
            fresh_p99_quiet: micros(quiet.fresh_within(0.99)),
            fresh_p99: micros(felt.fresh_within(0.99)),
            rss_before: before.resident,
            rss_peak: raged.resident,
            rss_after: after.resident,
            disk_before: before.disk,
            disk_after: after.disk,
            fds_peak: raged.descriptors,
            log_lines: gateway.said().len(),
            why: felt.why.clone(),
        }
    }

    /// As JSON, or as a line for people; times in microseconds.
    pub(crate) fn print(&self, json: bool) {
        if json {
            match serde_json::to_string(self) {
                Ok(line) => println!("{line}"),
                Err(fault) => eprintln!("storm: {fault}"),
            }
        } else {
            println!(
                "{:20} {:>8}/s  person {:>5} failed {}  p50 {:>5} -> {:>6}  p99 {:>6} -> {:>7}  fresh p99 {:>7} -> {:>7} µs  \
                 rss {} -> {} -> {} MiB  disk {} -> {} MiB  fds {}  lines {}",
                self.attack,
                self.attacker_rate,
                self.person_requests,
                self.person_failed,
                self.p50_quiet,
                self.p50,
                self.p99_quiet,
                self.p99,
                self.fresh_p99_quiet,
                self.fresh_p99,
                self.rss_before >> 20,
                self.rss_peak >> 20,
                self.rss_after >> 20,
                self.disk_before >> 20,
                self.disk_after >> 20,
                self.fds_peak,
                self.log_lines,
            );
        }
        for why in self.why.iter().take(5) {
            eprintln!("storm: {}: {why}", self.attack);
        }
    }

    /// Whether what must hold did.
    pub(crate) fn judge(&self) -> Result<(), Fault> {
        let written = self.disk_after.saturating_sub(self.disk_before) >> 20;
        match self.rss_peak >> 20 {
            _ if self.person_failed > 0 => Err(Fault::Failed(self.person_failed)),
            peak if peak > RESIDENT_MAX_MIB => Err(Fault::Memory(peak)),
            _ if written > DISK_MAX_MIB => Err(Fault::Disk(written)),
            _ => Ok(()),
        }
    }
}
