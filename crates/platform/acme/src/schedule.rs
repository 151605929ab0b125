//! Which host is next, and when: a value that neither knows the time nor waits.

mod pause;
mod renewal;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use gw_model::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use pause::asked_to_wait;

/// How things stand with every host, as it is kept and shown.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Schedule {
    /// What keeps everything waiting: the authority does not answer, or knows no account of ours.
    pub authority: Option<Trouble>,
    /// The hosts that certificates are wanted for.
    pub hosts: BTreeMap<String, HostState>,
}

/// How things stand with one host.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HostState {
    /// The certificate that is served for it; none, and handshakes with it fail.
    pub held: Option<Held>,
    /// Why the last attempt failed; none where it did not.
    pub trouble: Option<Trouble>,
}

/// A certificate that is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// When it began.
    pub not_before: Timestamp,
    /// When it expires.
    pub not_after: Timestamp,
    /// When another one is asked for.
    pub renew_at: Timestamp,
}

/// Something that failed, and when it is tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// When it failed last.
    pub at: Timestamp,
    /// How often, one after the other.
    pub failures: u32,
    /// What happened.
    pub what: String,
    /// What to do about it.
    pub help: String,
    /// When it is tried again.
    pub next: Timestamp,
    /// Whether that is the authority's own word: then nobody hurries it.
    pub told_to_wait: bool,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// A certificate is to be asked for, for this host.
    Now(String),
    /// Nothing until then.
    At(Timestamp),
    /// Nothing at all.
    Never,
}

/// What an attempt that failed means for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// It fails for every host.
    Authority,
    /// It is about this host.
    Host,
}

impl Schedule {
    /// Goes by what was kept of an earlier run: those who start it again have often corrected
    /// something, so no pause of ours is longer than the shortest.
    #[must_use]
    pub(crate) fn resumed(mut self, now: Timestamp) -> Self {
        for state in self.hosts.values_mut() {
            state.held = None;
        }
        let soon = now.after(pause::FIRST);
        for trouble in self.troubles() {
            if !trouble.told_to_wait {
                trouble.next = trouble.next.min(soon);
            }
        }
        self
    }

    /// Keeps these hosts and no others.
    pub(crate) fn want(&mut self, hosts: &BTreeSet<String>) {
        self.hosts.retain(|host, _| hosts.contains(host));
        for host in hosts {
            self.hosts.entry(host.clone()).or_default();
        }
    }

    /// A certificate is served for a host. `chance` is from 0 to 1.
    pub(crate) fn held(
        &mut self,
        host: &str,
        not_before: Timestamp,
        not_after: Timestamp,
        chance: f64,
    ) {
        if let Some(state) = self.hosts.get_mut(host) {
            state.held = Some(Held {
                not_before,
                not_after,
                renew_at: renewal::time(not_before, not_after, chance),
            });
        }
    }

    /// The certificate that a host has is not to be waited with.
    pub(crate) fn renew_now(&mut self, host: &str) {
        let state = self.hosts.get_mut(host);
        if let Some(held) = state.and_then(|state| state.held.as_mut()) {
            held.renew_at = held.not_before;
        }
    }

    /// An attempt for a host has succeeded; what it got is told by [`Self::held`]. An authority
    /// whose certificates are past their time when they come is not asked again at once.
    pub(crate) fn succeeded(&mut self, host: &str, now: Timestamp) {
        self.authority = None;
        let Some(state) = self.hosts.get_mut(host) else {
            return;
        };
        state.trouble = None;
        if let Some(held) = state.held.as_mut().filter(|held| held.renew_at <= now) {
            let half = held.not_after.since(now) / 2;
            held.renew_at = now.after(half.max(pause::FIRST));
        }
    }

    /// An attempt has failed. `wait` is what the authority asks for.
    pub(crate) fn failed(&mut self, host: &str, failure: Failure, now: Timestamp, chance: f64) {
        let Some(state) = self.hosts.get_mut(host) else {
            return;
        };
        let longest = pause::longest(state.held.as_ref());
        let before = match failure.scope {
            Scope::Authority => &mut self.authority,
            Scope::Host => {
                self.authority = None;
                &mut state.trouble
            }
        };
        let failures = before.as_ref().map_or(0, |before| before.failures) + 1;
        let ours = pause::after(failure.scope, failures, chance).min(longest);
        let wait = failure.wait.map(asked_to_wait).unwrap_or_default();
        *before = Some(Trouble {
            at: now,
            failures,
            what: failure.what,
            help: failure.help,
            next: now.after(ours.max(wait)),
            told_to_wait: wait > ours,
        });
    }

    /// Somebody has corrected something: what failed is tried again at once, but for what the
    /// authority itself asked to wait with.
    pub(crate) fn hurry(&mut self, now: Timestamp) {
        for trouble in self.troubles() {
            if !trouble.told_to_wait {
                trouble.next = trouble.next.min(now);
            }
        }
    }

    /// What is to be done: hosts that have no certificate before those that have one, and of
    /// either those that have waited longest.
    pub fn due(&self, now: Timestamp) -> Due {
        let all = self.authority.as_ref().map(|trouble| trouble.next);
        let ready = |state: &HostState| {
            let of_host = state.trouble.as_ref().map(|trouble| trouble.next);
            let renew = state.held.map(|held| held.renew_at);
            [all, of_host, renew]
                .into_iter()
                .flatten()
                .max()
                .unwrap_or_default()
        };
        let hosts = self
            .hosts
            .iter()
            .map(|(host, state)| (ready(state), state, host));
        let next = hosts
            .clone()
            .filter(|(at, ..)| *at <= now)
            .min_by_key(|(at, state, host)| (state.held.is_some(), *at, *host));
        match next {
            Some((_, _, host)) => Due::Now(host.clone()),
            None => hosts.map(|(at, ..)| at).min().map_or(Due::Never, Due::At),
        }
    }

    /// When a host is tried again after a failure; none where nothing failed.
    pub(crate) fn next_try(&self, host: &str) -> Option<Timestamp> {
        let of_host = self
            .hosts
            .get(host)
            .and_then(|state| state.trouble.as_ref());
        let both = self.authority.as_ref().into_iter().chain(of_host);
        both.map(|trouble| trouble.next).max()
    }

    fn troubles(&mut self) -> impl Iterator<Item = &mut Trouble> {
        let of_hosts = self
            .hosts
            .values_mut()
            .filter_map(|state| state.trouble.as_mut());
        self.authority.as_mut().into_iter().chain(of_hosts)
    }
}

/// An attempt that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Whom it concerns.
    pub(crate) scope: Scope,
    /// What happened.
    pub(crate) what: String,
    /// What to do about it.
    pub(crate) help: String,
    /// How long the authority asks to wait.
    pub(crate) wait: Option<Duration>,
}
