//! The page of numbers. `docs/operations.md` says what to make of them.

use std::time::Duration;

use gw_directory::Status;
use gw_model::{Snapshot, Timestamp};
use gw_telemetry::{Exposition, Kind};
use gw_web::Counted;

use super::{Watched, disk::Seen, health, machine};

/// Everything that there is to tell, at this moment.
pub(super) fn page(watched: &Watched, disk: &Seen) -> String {
    let mut page = Exposition::default();
    process(&mut page, watched);
    machine::write(&mut page, disk.descriptors);
    facts(&mut page, watched);
    threads(&mut page, watched);
    traffic(&mut page, watched);
    logs(&mut page, watched, disk);
    store(&mut page, watched, disk);
    certificates(&mut page, watched);
    obtained(&mut page, watched);
    directories(&mut page, watched);
    page.into_text()
}

fn process(page: &mut Exposition, watched: &Watched) {
    page.family(
        "gatewright_build_info",
        Kind::Gauge,
        "Which Gatewright runs; the number is always 1.",
    )
    .sample(&[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    gauge(
        page,
        "gatewright_healthy",
        "Whether every traffic thread turns.",
        flag(health::unwell(watched).is_empty()),
    );
    gauge(
        page,
        "gatewright_ready",
        "Whether it serves: what /readyz says.",
        flag(health::unready(watched).is_empty()),
    );
    gauge(
        page,
        "gatewright_clock_believed",
        "Whether the system's clock agrees with the time that has passed.",
        flag(watched.engine.clock().fault().is_none()),
    );
}

fn facts(page: &mut Exposition, watched: &Watched) {
    let (view, now) = (watched.engine.view(), watched.engine.clock().now());
    let facts = &view.facts;
    gauge(
        page,
        "gatewright_epoch",
        "The number of the last change of facts.",
        facts.epoch.number as f64,
    );
    gauge(
        page,
        "gatewright_incarnation",
        "The incarnation of the facts: one more after each restore.",
        f64::from(facts.epoch.incarnation),
    );
    gauge(
        page,
        "gatewright_sessions",
        "Sessions of people that are open.",
        sessions(facts, now),
    );
    gauge(
        page,
        "gatewright_users",
        "People who are known.",
        facts.users().count() as f64,
    );
    gauge(
        page,
        "gatewright_apps",
        "Apps behind the gate, Gatewright's own included.",
        facts.apps().count() as f64,
    );
    let used = facts
        .break_glass()
        .filter(|entry| entry.waiting().is_some());
    gauge(
        page,
        "gatewright_break_glass_unacknowledged",
        "Sealed ways in that were used, and that nobody has acknowledged yet.",
        used.count() as f64,
    );
    let waiting = facts.proposals().filter(|proposed| proposed.waits(now));
    gauge(
        page,
        "gatewright_proposals_waiting",
        "Proposed changes that wait for somebody else to approve them.",
        waiting.count() as f64,
    );
    gauge(
        page,
        "gatewright_policy_faults",
        "Faults of the policies as stored: while there are any, older ones are in force, or none.",
        view.policy_faults.len() as f64,
    );
    let (allowed, denied) = watched.engine.asked();
    page.family(
        "gatewright_questions_total",
        Kind::Counter,
        "Questions of sign-in and administration, by outcome.",
    )
    .sample(&[("outcome", "allowed")], allowed as f64)
    .sample(&[("outcome", "denied")], denied as f64);
}

fn sessions(facts: &Snapshot, now: Timestamp) -> f64 {
    let open = facts.sessions();
    open.filter(|session| session.ended.is_none() && session.expires > now)
        .count() as f64
}

fn threads(page: &mut Exposition, watched: &Watched) {
    let mut up = page.family(
        "gatewright_thread_up",
        Kind::Gauge,
        "Whether a traffic thread turns.",
    );
    for (number, thread) in watched.traffic.iter().enumerate() {
        up.sample(
            &[("thread", &number.to_string())],
            flag(health::turns(thread)),
        );
    }
}

/// How many requests were decided how are numbers of one name.
const DECISIONS: &str = "decisions_";

fn traffic(page: &mut Exposition, watched: &Watched) {
    let each = watched.traffic.iter().map(|thread| thread.counted());
    let of_threads: Vec<Vec<Counted>> = each.collect();
    let Some(names) = of_threads.first() else {
        return;
    };
    for (index, counted) in names.iter().enumerate() {
        if counted.name.starts_with(DECISIONS) {
            continue;
        }
        let (name, scale) = told(counted);
        let mut family = page.family(&name, counted.kind, counted.help);
        for (thread, value) in of_thread(&of_threads, index) {
            family.sample(&[("thread", &thread)], value * scale);
        }
    }
    decisions(page, &of_threads, names);
}

fn decisions(page: &mut Exposition, of_threads: &[Vec<Counted>], names: &[Counted]) {
    let mut family = page.family(
        "gatewright_decisions_total",
        Kind::Counter,
        "Requests that were decided, by outcome; unrecorded ones were refused for that.",
    );
    for (index, counted) in names.iter().enumerate() {
        if let Some(outcome) = counted.name.strip_prefix(DECISIONS) {
            for (thread, value) in of_thread(of_threads, index) {
                family.sample(&[("outcome", outcome), ("thread", &thread)], value);
            }
        }
    }
}

fn of_thread(of_threads: &[Vec<Counted>], index: usize) -> impl Iterator<Item = (String, f64)> {
    of_threads
        .iter()
        .enumerate()
        .filter_map(move |(thread, all)| Some((thread.to_string(), all.get(index)?.value as f64)))
}

/// A counter's name in the field's manner, and what to multiply it with.
fn told(counted: &Counted) -> (String, f64) {
    match (counted.name.strip_suffix("_micros"), counted.kind) {
        (Some(name), _) => (format!("gatewright_{name}_seconds"), 1e-6),
        (None, Kind::Counter) => (format!("gatewright_{}_total", counted.name), 1.0),
        (None, Kind::Gauge) => (format!("gatewright_{}", counted.name), 1.0),
    }
}

fn logs(page: &mut Exposition, watched: &Watched, disk: &Seen) {
    let now = watched.engine.clock().now();
    let all = watched.ledger.status();
    let mut per_log =
        |name: &str, kind, help: &str, value: &dyn Fn(&gw_record::LogStatus) -> f64| {
            let mut family = page.family(name, kind, help);
            for log in &all {
                family.sample(&[("log", &log.log)], value(log));
            }
        };
    per_log(
        "gatewright_ledger_writable",
        Kind::Gauge,
        "Whether a log of the ledger takes records.",
        &|log| flag(log.failure.is_none()),
    );
    per_log(
        "gatewright_ledger_reserved",
        Kind::Gauge,
        "Whether disk could be reserved for a log's next segment.",
        &|log| flag(log.no_next_segment.is_none()),
    );
    per_log(
        "gatewright_ledger_longest_sync_seconds",
        Kind::Gauge,
        "The longest that a record may have waited to be synced.",
        &|log| log.longest_sync.as_secs_f64(),
    );
    per_log(
        "gatewright_ledger_late_syncs_total",
        Kind::Counter,
        "Syncs that records waited for longer than 50 ms.",
        &|log| log.late as f64,
    );
    let heads = watched.ledger.heads();
    let mut records = page.family(
        "gatewright_ledger_records_total",
        Kind::Counter,
        "Records of a log under its last signed head.",
    );
    for head in &heads {
        records.sample(&[("log", &head.log)], head.size as f64);
    }
    let mut age = page.family(
        "gatewright_ledger_head_age_seconds",
        Kind::Gauge,
        "Time since a log's last signed head; it grows while nothing is recorded.",
    );
    for head in &heads {
        age.sample(&[("log", &head.log)], now.since(head.time).as_secs_f64());
    }
    let mut bytes = page.family(
        "gatewright_ledger_bytes",
        Kind::Gauge,
        "Disk that a log takes, what is reserved ahead included.",
    );
    for (log, taken) in &disk.logs {
        bytes.sample(&[("log", log)], *taken as f64);
    }
}

fn store(page: &mut Exposition, watched: &Watched, disk: &Seen) {
    let vitals = &watched.vitals;
    gauge(
        page,
        "gatewright_store_writable",
        "Whether the store could be written, which is tried once a second.",
        flag(vitals.store_fault().is_none()),
    );
    gauge(
        page,
        "gatewright_store_unsaved_seconds",
        "Time since the store was last written.",
        vitals.unsaved_for().as_secs_f64(),
    );
    if let Some(bytes) = disk.store {
        let help = "Disk that the store of facts takes.";
        gauge(page, "gatewright_store_bytes", help, bytes as f64);
    }
    if let Some((left, all)) = disk.space {
        let help = "Disk that is left where the data folder is.";
        gauge(page, "gatewright_disk_available_bytes", help, left as f64);
        let help = "Disk that there is where the data folder is.";
        gauge(page, "gatewright_disk_bytes", help, all as f64);
    }
}

/// Below zero once it has expired.
fn certificates(page: &mut Exposition, watched: &Watched) {
    let Some(certificates) = &watched.certificates else {
        return;
    };
    let now = watched.engine.clock().now();
    let mut left = page.family(
        "gatewright_certificate_expires_in_seconds",
        Kind::Gauge,
        "Time until a certificate expires; below zero once it has.",
    );
    for certificate in certificates.certificates() {
        let name = certificate.names.first().map_or("", String::as_str);
        let file = certificate.chain.display().to_string();
        let seconds = signed(
            certificate.not_after.since(now),
            now.since(certificate.not_after),
        );
        left.sample(&[("name", name), ("file", &file)], seconds);
    }
}

/// Of hosts that certificates are obtained for; none where no authority is asked.
fn obtained(page: &mut Exposition, watched: &Watched) {
    let shown = watched.obtained.as_ref();
    let schedule = shown.map(|shown| shown.load_full()).unwrap_or_default();
    let hosts = || schedule.hosts.values();
    let without = hosts().filter(|state| state.held.is_none()).count();
    gauge(
        page,
        "gatewright_acme_hosts_without_certificate",
        "Hosts that a certificate is to be obtained for and that have none: HTTPS to them fails.",
        without as f64,
    );
    let failing = hosts().filter(|state| state.trouble.is_some()).count();
    gauge(
        page,
        "gatewright_acme_hosts_failing",
        "Hosts for which the last attempt to obtain a certificate failed.",
        failing as f64,
    );
    gauge(
        page,
        "gatewright_acme_authority_failing",
        "Whether the authority could not be asked at the last attempt.",
        flag(schedule.authority.is_some()),
    );
}

fn directories(page: &mut Exposition, watched: &Watched) {
    let (shown, now) = (watched.directories.shown(), watched.engine.clock().now());
    let mut each = |name: &str, help: &str, value: &dyn Fn(&Status) -> f64| {
        let mut family = page.family(name, Kind::Gauge, help);
        for one in &shown {
            family.sample(&[("directory", one.name.as_str())], value(&one.status));
        }
    };
    each(
        "gatewright_directory_failing",
        "Whether people and groups do not follow the directory now.",
        &|status| flag(status.trouble.is_some()),
    );
    each(
        "gatewright_directory_waiting",
        "Whether the directory would take away so much that it waits until somebody allows it.",
        &|status| flag(status.trouble.as_ref().is_some_and(|t| t.needs.is_some())),
    );
    each(
        "gatewright_directory_age_seconds",
        "So long ago the directory was last read and taken over; -1 where it was not since the start.",
        &|status| {
            status
                .last_success
                .map_or(-1.0, |at| now.since(at).as_secs_f64())
        },
    );
    each(
        "gatewright_directory_people",
        "People in the directory, as it was last taken over.",
        &|status| status.counts.people as f64,
    );
    each(
        "gatewright_directory_conflicts",
        "What could not be as the directory says.",
        &|status| status.conflicts_total as f64,
    );
    each(
        "gatewright_directory_partial",
        "Whether who is missing may be elsewhere, where nobody goes, so that nobody is taken for gone.",
        &|status| flag(status.is_partial),
    );
}

/// Of two spans one of which is nothing, the first as it is or the second below zero.
fn signed(ahead: Duration, behind: Duration) -> f64 {
    ahead.as_secs_f64() - behind.as_secs_f64()
}

fn gauge(page: &mut Exposition, name: &str, help: &str, value: f64) {
    page.single(name, Kind::Gauge, help, value);
}

fn flag(is: bool) -> f64 {
    f64::from(u8::from(is))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_end_in_total_and_times_are_in_seconds() {
        let counted = |name, kind| Counted {
            name,
            help: "",
            kind,
            value: 1,
        };
        let name = |name, kind| told(&counted(name, kind)).0;
        assert_eq!(name("requests", Kind::Counter), "gatewright_requests_total");
        assert_eq!(
            name("connections_open", Kind::Gauge),
            "gatewright_connections_open"
        );
        let longest = counted("longest_turn_micros", Kind::Gauge);
        assert_eq!(
            told(&longest),
            ("gatewright_longest_turn_seconds".to_owned(), 1e-6)
        );
    }

    #[test]
    fn what_has_expired_has_less_than_no_time_left() {
        let (some, none) = (Duration::from_secs(5), Duration::ZERO);
        assert_eq!((signed(some, none), signed(none, some)), (5.0, -5.0));
    }
}
