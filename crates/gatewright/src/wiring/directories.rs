//! Directories that people come from: the task that follows them, and what an operator is told.

use std::{collections::BTreeMap, time::Duration};

use gw_directory::Status;
use gw_engine::Engine;
use gw_model::{ProviderName, Timestamp};
use gw_provisioning::Directories;

use super::{Announcer, CERTIFICATES, Joined, keep, reload};
use crate::supervise::Early;

/// A directory that is not followed for so long is told of.
const LONG: Duration = Duration::from_secs(600);
/// How often it is looked at how they stand.
const LOOK: Duration = Duration::from_secs(10);

/// Follows them from now on, and the files with their secrets.
pub(super) fn follow(joined: &Joined, live: &reload::Live) {
    let directories = joined.directories.clone();
    let name = "directories";
    joined
        .supervisor
        .spawn(name, Early::Restart, move |mut stopping| {
            let directories = directories.clone();
            async move {
                tokio::select! {
                    () = stopping.told() => Ok(()),
                    never = directories.run() => match never {},
                }
            }
        });
    let live = live.clone();
    let name = "secrets of directories";
    joined
        .supervisor
        .spawn(name, Early::Restart, move |stopping| {
            let live = live.clone();
            keep::every(name, CERTIFICATES, stopping, move || {
                std::future::ready(reload::directories(&live))
            })
        });
    tell(joined);
}

/// Tells of a directory that is out of reach for long, and of one that waits for somebody.
fn tell(joined: &Joined) {
    let watched = Watched {
        engine: joined.engine.clone(),
        directories: joined.directories.clone(),
        announcer: joined.announcer.clone(),
    };
    let name = "how directories stand";
    joined
        .supervisor
        .spawn(name, Early::Restart, move |stopping| {
            let watched = watched.clone();
            let mut told = BTreeMap::new();
            keep::every(name, LOOK, stopping, move || {
                watched.look(&mut told);
                std::future::ready(Ok(()))
            })
        });
}

#[derive(Clone)]
struct Watched {
    engine: Engine,
    directories: Directories,
    announcer: Announcer,
}

/// What was told of a directory last, and since when it is not followed.
struct Told {
    since: Timestamp,
    what: Option<Worth>,
}

/// What is worth telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Worth {
    Waits,
    Unfollowed,
}

impl Watched {
    fn look(&self, told: &mut BTreeMap<ProviderName, Told>) {
        let now = self.engine.clock().now();
        let shown = self.directories.shown();
        told.retain(|name, _| shown.iter().any(|one| one.name == *name));
        for one in shown {
            let Some(trouble) = &one.status.trouble else {
                if told
                    .remove(&one.name)
                    .is_some_and(|told| told.what.is_some())
                {
                    let words = format!("directory {}: it is followed again", one.name);
                    self.announcer.tell(words);
                }
                continue;
            };
            let told = told.entry(one.name.clone()).or_insert(Told {
                since: trouble.at,
                what: None,
            });
            let worth = worth(&one.status, now.since(told.since));
            if worth.is_some() && worth != told.what {
                self.announcer.warn(format!(
                    "directory {}: people and groups do not follow it: {} ({})",
                    one.name, trouble.what, trouble.help
                ));
                told.what = worth;
            }
        }
    }
}

fn worth(status: &Status, for_so_long: Duration) -> Option<Worth> {
    let waits = status.trouble.as_ref().is_some_and(|t| t.needs.is_some());
    match waits {
        true => Some(Worth::Waits),
        false => (for_so_long >= LONG).then_some(Worth::Unfollowed),
    }
}

#[cfg(test)]
mod tests {
    use gw_directory::{Effects, Trouble};

    use super::*;

    fn troubled(needs: Option<Effects>) -> Status {
        Status {
            trouble: Some(Trouble {
                at: Timestamp::from_secs(1),
                what: "nobody answers".into(),
                help: "see".into(),
                needs,
            }),
            ..Status::default()
        }
    }

    #[test]
    fn what_waits_is_told_at_once_and_what_is_out_of_reach_after_a_while() {
        let waits = troubled(Some(Effects::default()));
        assert_eq!(worth(&waits, Duration::ZERO), Some(Worth::Waits));
        let away = troubled(None);
        assert_eq!(worth(&away, Duration::from_secs(599)), None);
        assert_eq!(worth(&away, LONG), Some(Worth::Unfollowed));
    }
}
