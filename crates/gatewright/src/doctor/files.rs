//! How many files may be open: each connection is one, and so is the one to the app behind it.

use std::fs;

use rustix::process::{Resource, getrlimit};

use super::{finding::Finding, running::Running};
use crate::config::Config;

const ABOUT: &str = "open files";
/// Fewer than this, and a small crowd fills it.
const FEW: u64 = 4096;
/// What is no connection.
const OWN: u64 = 128;

pub(super) fn look(config: &Config, running: &Running) -> Option<Finding> {
    let of_it = running.pid.and_then(limit_of);
    let (whose, limit) = match (of_it, running.is_here()) {
        (Some(limit), _) => ("the running gatewright", limit),
        (None, true) => return None,
        (None, false) => (
            "a process started here",
            getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX),
        ),
    };
    let asked = config.limits.connections.map(u64::from);
    Some(enough(whose, limit, asked))
}

/// The hard limit: the soft one is raised to it.
fn limit_of(pid: u32) -> Option<u64> {
    hard_limit(&fs::read_to_string(format!("/proc/{pid}/limits")).ok()?)
}

fn hard_limit(limits: &str) -> Option<u64> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().nth(1)? {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

fn enough(whose: &str, limit: u64, asked: Option<u64>) -> Finding {
    let clients = limit.saturating_sub(OWN) / 2;
    let what = format!("{limit}: {clients} connections from clients");
    let help = "raise it: `LimitNOFILE=` in the unit, `ulimit -Hn` in a shell";
    match asked {
        Some(asked) if asked > clients => {
            let what = format!("{what}, and `limits.connections` is {asked}");
            Finding::wrong(ABOUT, whose, what).try_this(help)
        }
        _ if limit < FEW => Finding::look(ABOUT, whose, what).try_this(help),
        _ => Finding::fine(ABOUT, whose, what),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn what_was_asked_for_must_fit() {
        assert_eq!(enough("it", 1 << 20, None).state, State::Fine);
        assert_eq!(enough("it", 1024, None).state, State::Look);
        assert_eq!(enough("it", 4224, Some(2048)).state, State::Fine);
        assert_eq!(enough("it", 4224, Some(2049)).state, State::Wrong);
    }

    #[test]
    fn the_hard_limit_of_a_process_is_read() {
        let text = "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 524288               files\n";
        assert_eq!(hard_limit(text), Some(524_288));
        assert_eq!(hard_limit("nothing"), None);
        assert!(limit_of(std::process::id()).is_some());
    }
}
