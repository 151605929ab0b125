//! What the system says of this process, by the names that Prometheus' own libraries use.

use std::fs;

use gw_telemetry::{Exposition, Kind};
use rustix::process::{Resource, getrlimit};

/// Descriptors that this process holds.
pub(super) fn open_descriptors() -> Option<u64> {
    let open = fs::read_dir("/proc/self/fd").ok()?.count();
    u64::try_from(open).ok()
}

/// Writes what is known of the process.
pub(super) fn write(page: &mut Exposition, descriptors: Option<u64>) {
    let numbers = [
        (
            "process_resident_memory_bytes",
            Kind::Gauge,
            "Resident memory.",
            resident_bytes(),
        ),
        (
            "process_cpu_seconds_total",
            Kind::Counter,
            "Processor time used.",
            cpu_seconds(),
        ),
        (
            "process_start_time_seconds",
            Kind::Gauge,
            "When the process began, in seconds since 1970.",
            started_seconds(),
        ),
        (
            "process_open_fds",
            Kind::Gauge,
            "Open descriptors.",
            descriptors.map(|open| open as f64),
        ),
        (
            "process_max_fds",
            Kind::Gauge,
            "Descriptors that the process may have.",
            getrlimit(Resource::Nofile).current.map(|most| most as f64),
        ),
    ];
    for (name, kind, help, value) in numbers {
        if let Some(value) = value {
            page.single(name, kind, help, value);
        }
    }
}

/// A field of `/proc/self/stat`, counted from 1 as in proc(5). The second, the program's name,
/// may hold blanks and is skipped by its closing parenthesis.
fn stat(text: &str, field: usize) -> Option<f64> {
    let (_, rest) = text.rsplit_once(") ")?;
    rest.split(' ').nth(field.checked_sub(3)?)?.parse().ok()
}

fn own_stat() -> Option<String> {
    fs::read_to_string("/proc/self/stat").ok()
}

fn resident_bytes() -> Option<f64> {
    Some(stat(&own_stat()?, 24)? * rustix::param::page_size() as f64)
}

fn cpu_seconds() -> Option<f64> {
    let text = own_stat()?;
    Some((stat(&text, 14)? + stat(&text, 15)?) / ticks())
}

fn started_seconds() -> Option<f64> {
    let system = fs::read_to_string("/proc/stat").ok()?;
    let line = system.lines().find(|line| line.starts_with("btime "))?;
    let booted: f64 = line.strip_prefix("btime ")?.trim().parse().ok()?;
    Some(booted + stat(&own_stat()?, 22)? / ticks())
}

fn ticks() -> f64 {
    rustix::param::clock_ticks_per_second() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_whose_name_looks_like_fields_is_read_right() {
        let text = "7 (a) 1 (b c) S 1 2 3 4 5 6 7 8 9 10 140 15 0 0 20 0 3 0 22000 1000 24 99";
        assert_eq!(stat(text, 14), Some(140.0));
        assert_eq!(stat(text, 22), Some(22000.0));
        assert_eq!(stat(text, 24), Some(24.0));
        assert_eq!(stat("nothing", 14), None);
    }

    #[test]
    fn this_process_has_memory_descriptors_and_a_beginning() {
        assert!(resident_bytes().unwrap() > 100_000.0);
        assert!(open_descriptors().unwrap() > 2);
        assert!(started_seconds().unwrap() > 1_500_000_000.0);
        assert!(cpu_seconds().unwrap() >= 0.0);
    }
}
