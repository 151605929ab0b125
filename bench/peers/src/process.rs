//! Programs under measurement: started on one core, their processor time and memory read, ended.

use std::{
    fs::{self, File},
    io,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::Fault;

/// The core of whatever is measured.
pub(crate) const PROXY_CORE: &str = "0";
/// The core of load, upstream and whoever else is asked.
pub(crate) const LOAD_CORE: &str = "1";

/// The kernel's clock ticks in a second, as `/proc` counts them on every Linux of today.
const TICKS_PER_SEC: u64 = 100;

/// How long a program may take to listen: one in Java, on one core, takes minutes.
const START_MAX: Duration = Duration::from_secs(600);

/// A running program, ended when dropped.
pub(crate) struct Program {
    child: Child,
    name: String,
}

impl Program {
    /// Starts a program on a core; what it prints goes to a file.
    pub(crate) fn start(core: &str, log: &Path, command: &[&str]) -> Result<Self, Fault> {
        let name = command.first().copied().unwrap_or_default().to_owned();
        let output = File::create(log)?;
        let child = Command::new("taskset")
            .args(["-c", core])
            .args(command)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .map_err(|fault| Fault::from(format!("cannot start {name}: {fault}")))?;
        Ok(Self { child, name })
    }

    /// Waits until the condition holds, for as long as the program runs.
    pub(crate) fn until(
        &mut self,
        what: &str,
        mut ready: impl FnMut() -> bool,
    ) -> Result<(), Fault> {
        let began = Instant::now();
        while !ready() {
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("{} ended with {status} before {what}", self.name).into());
            }
            if began.elapsed() > START_MAX {
                return Err(format!("{}: waited in vain until {what}", self.name).into());
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Its number: that of the program, since what places it on a core gives way to it.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Processor time of it and its children so far.
    pub(crate) fn cpu(&self) -> Duration {
        let ticks: u64 = self.tree().iter().filter_map(|pid| ticks(*pid)).sum();
        Duration::from_millis(ticks * 1000 / TICKS_PER_SEC)
    }

    /// Memory that it and its children asked for, in KiB: without pages that belong to files.
    pub(crate) fn anonymous_kib(&self) -> u64 {
        let read = |pid: &u32| status_kib(*pid, "RssAnon:");
        self.tree().iter().filter_map(read).sum()
    }

    fn tree(&self) -> Vec<u32> {
        let parents: Vec<(u32, u32)> = processes();
        let mut tree = vec![self.child.id()];
        let mut next = 0;
        while let Some(parent) = tree.get(next).copied() {
            tree.extend(parents.iter().filter(|(_, p)| *p == parent).map(|(c, _)| c));
            next += 1;
        }
        tree
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let all = self.tree();
        // One that has ended already cannot be told to.
        let tell = |pid: u32, signal: &str| {
            let pid = pid.to_string();
            let _ = Command::new("kill").args([signal, &pid]).status();
        };
        tell(self.child.id(), "-TERM");
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(5) {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
        for pid in all {
            tell(pid, "-KILL");
        }
        let _ = self.child.wait();
    }
}

fn processes() -> Vec<(u32, u32)> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid: u32| Some((pid, stat(pid)?.get(1)?.parse().ok()?)))
        .collect()
}

/// The fields of `/proc/PID/stat` from the third on.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(") ")?;
    Some(rest.split(' ').map(str::to_owned).collect())
}

fn ticks(pid: u32) -> Option<u64> {
    let fields = stat(pid)?;
    let field = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(field(11)? + field(12)?)
}

fn status_kib(pid: u32, key: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// How busy each core was between two looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cores {
    idle: [u64; 2],
    all: [u64; 2],
}

impl Cores {
    /// As counted so far.
    pub(crate) fn now() -> io::Result<Self> {
        let text = fs::read_to_string("/proc/stat")?;
        let mut cores = Self {
            idle: [0; 2],
            all: [0; 2],
        };
        for (at, name) in ["cpu0 ", "cpu1 "].iter().enumerate() {
            let Some(line) = text.lines().find(|line| line.starts_with(name)) else {
                continue;
            };
            let fields: Vec<u64> = line
                .split_whitespace()
                .skip(1)
                .take(8)
                .filter_map(|field| field.parse().ok())
                .collect();
            if let (Some(idle), Some(all)) = (self::get(&mut cores.idle, at), fields.get(3..5)) {
                *idle = all.iter().sum();
            }
            if let Some(all) = self::get(&mut cores.all, at) {
                *all = fields.iter().sum();
            }
        }
        Ok(cores)
    }

    /// The idle share of the proxy's core and of the load's since then, in percent.
    pub(crate) fn idle_since(self, then: Self) -> [f64; 2] {
        let share = |at: usize| {
            let difference = |now: &[u64; 2], then: &[u64; 2]| {
                now.get(at).unwrap_or(&0) - then.get(at).unwrap_or(&0)
            };
            let all = difference(&self.all, &then.all).max(1);
            100.0 * difference(&self.idle, &then.idle) as f64 / all as f64
        };
        [share(0), share(1)]
    }

    /// Processor seconds of both cores since then.
    pub(crate) fn busy_secs_since(self, then: Self) -> f64 {
        let sum = |of: [u64; 2]| of.iter().sum::<u64>();
        let busy = sum(self.all) - sum(then.all) - (sum(self.idle) - sum(then.idle));
        busy as f64 / TICKS_PER_SEC as f64
    }
}

fn get(of: &mut [u64; 2], at: usize) -> Option<&mut u64> {
    of.get_mut(at)
}

/// Moves this process to a core.
pub(crate) fn stay_on(core: &str) -> Result<(), Fault> {
    let pid = std::process::id().to_string();
    let moved = Command::new("taskset")
        .args(["-cp", core, &pid])
        .stdout(Stdio::null())
        .status()?;
    if moved.success() {
        return Ok(());
    }
    Err("this process cannot be moved to a core of its own: a benchmark needs two".into())
}

/// Runs a program on the load's core to its end and returns what it prints.
pub(crate) fn run_load(command: &[&str]) -> Result<String, Fault> {
    let output = Command::new("taskset")
        .args(["-c", LOAD_CORE])
        .args(command)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        Ok(text)
    } else {
        Err(format!("{command:?} ended with {}: {text}", output.status).into())
    }
}
