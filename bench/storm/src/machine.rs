//! Cores, descriptors, and what a process holds.

use std::{fs, path::Path, process::Command, sync::mpsc, time::Duration};

use rustix::{
    process::{Resource, Rlimit, getrlimit, setrlimit},
    thread::{CpuSet, sched_setaffinity},
};

/// The core of whoever attacks, of the person and of the apps.
const LOAD: usize = 0;
/// The gateway's.
pub(crate) const GATEWAY: usize = 1;

/// As many descriptors as may be had.
pub(crate) fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(fault) = setrlimit(Resource::Nofile, raised) {
        eprintln!("storm: few descriptors: {fault}");
    }
}

/// Keeps this thread on the load's core; behind others there, if it is to wait for them, and
/// otherwise before them. Then whoever is to be measured waits neither for the attack itself nor
/// for what the machine does of its own, which grows with open descriptors: only for the gateway.
pub(crate) fn stay_on_load_core(behind: bool) {
    pin(LOAD);
    let (policy, priority) = match behind {
        true => ("--idle", "0"),
        false => ("--fifo", "1"),
    };
    if !schedule(policy, priority) {
        eprintln!("storm: `chrt {policy}` is refused: figures hold what else this core does");
    }
}

/// How the kernel schedules this thread from now on.
fn schedule(policy: &str, priority: &str) -> bool {
    let thread = rustix::thread::gettid().as_raw_nonzero().to_string();
    let set = Command::new("chrt")
        .args([policy, "--pid", priority, &thread])
        .status();
    set.is_ok_and(|status| status.success())
}

/// Keeps what this thread starts on one core, where there are several.
pub(crate) fn pin(core: usize) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if cores < 2 {
        return;
    }
    let mut set = CpuSet::new();
    set.set(core);
    if let Err(fault) = sched_setaffinity(None, &set) {
        eprintln!("storm: not pinned: {fault}");
    }
}

/// Resident bytes of a process.
pub(crate) fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default() * 1024
}

/// Open descriptors of a process. Since Linux 6.2 they need not be counted, which takes
/// milliseconds for thousands and would hold up whoever is measured.
pub(crate) fn descriptors(pid: u32) -> usize {
    let folder = format!("/proc/{pid}/fd");
    let told = fs::metadata(&folder).map_or(0, |metadata| metadata.len());
    match usize::try_from(told) {
        Ok(told) if told > 0 => told,
        _ => fs::read_dir(folder).map_or(0, Iterator::count),
    }
}

/// Bytes of all files below a folder, as the disk holds them.
pub(crate) fn on_disk(folder: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => on_disk(&entry.path()),
        Ok(metadata) => metadata.blocks() * 512,
        Err(_) => 0,
    };
    entries.flatten().map(size).sum()
}

/// Lets time pass.
pub(crate) fn wait(time: Duration) {
    let (keep, nothing) = mpsc::channel::<()>();
    // Nobody sends.
    let _ = nothing.recv_timeout(time);
    drop(keep);
}
