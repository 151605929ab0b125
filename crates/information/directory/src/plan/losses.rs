//! How much one plan may take away before somebody is asked: a directory that was emptied, or a
//! filter that was mistyped, must not switch everybody off.

use std::fmt;

use gw_model::ProviderName;

use super::step::{Step, What};
use crate::{present::Present, settings::Safety};

/// How much somebody who was asked allows to be taken away, in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowed {
    /// So many people may be switched off.
    pub people: usize,
    /// So many memberships may end.
    pub memberships: usize,
}

/// How much would be taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss {
    /// So many.
    pub lost: usize,
    /// Of so many.
    pub of: usize,
    /// So many may be without asking.
    pub most: usize,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} (at most {} without asking)",
            self.lost, self.of, self.most
        )
    }
}

/// Why nothing is planned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Its word does not count now.
    #[error("the provider `{0}` is switched off, or gone")]
    Off(ProviderName),
    /// No whole reading has so few people.
    #[error("the directory has {read} people where at least {least} are expected")]
    TooFewPeople {
        /// So many were read.
        read: usize,
        /// So many are expected.
        least: usize,
    },
    /// So much would be taken away that somebody has to be asked.
    #[error(
        "too much would be taken away at once: people switched off: {people}; memberships ended: {memberships}"
    )]
    TooMuch {
        /// People who would be switched off.
        people: Loss,
        /// Memberships of the others that would end.
        memberships: Loss,
    },
}

impl Refused {
    /// What to do about it.
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Off(_) => "switch the provider on, or stop following its directory",
            Self::TooFewPeople { .. } => {
                "check the base and the filter of people, and whether the account may read them; nothing was changed"
            }
            Self::TooMuch { .. } => {
                "check the directory, the bases and the filters; if it is meant, allow this much for the next reading; nothing was changed"
            }
        }
    }

    /// What would have to be allowed for the same to be planned.
    pub const fn needs(&self) -> Option<Allowed> {
        match self {
            Self::TooMuch {
                people,
                memberships,
            } => Some(Allowed {
                people: people.lost,
                memberships: memberships.lost,
            }),
            Self::Off(_) | Self::TooFewPeople { .. } => None,
        }
    }
}

pub(super) fn check(
    present: &Present<'_>,
    steps: &[Step],
    safety: &Safety,
    allowed: Allowed,
) -> Result<(), Refused> {
    let (people_of, memberships_of) = at_stake(present);
    let (people_lost, memberships_lost) = lost(present, steps);
    let people = Loss {
        lost: people_lost,
        of: people_of,
        most: safety.losses(people_of),
    };
    let memberships = Loss {
        lost: memberships_lost,
        of: memberships_of,
        most: safety.losses(memberships_of),
    };
    let is_fine = people.lost <= people.most.max(allowed.people)
        && memberships.lost <= memberships.most.max(allowed.memberships);
    match is_fine {
        true => Ok(()),
        false => Err(Refused::TooMuch {
            people,
            memberships,
        }),
    }
}

/// Who is linked and on, and how many memberships they have by the directory's word.
fn at_stake(present: &Present<'_>) -> (usize, usize) {
    let people = present.people();
    let on = people.values().filter(|user| !user.disabled);
    let mut found = (0, 0);
    for user in on {
        if !present.ids_of(user).is_empty() {
            found.0 += 1;
        }
        found.1 += user
            .groups
            .iter()
            .filter(|one| present.is_ours(one))
            .count();
    }
    found
}

/// What ends with somebody who is switched off is not counted once more.
fn lost(present: &Present<'_>, steps: &[Step]) -> (usize, usize) {
    let mut lost = (0, 0);
    for step in steps {
        let Step::Change(changed) = step else {
            continue;
        };
        // Who was linked only now was nobody of the directory's before.
        if !changed.before.is_of(present.provider()) {
            continue;
        }
        let is_off = |what: &What| matches!(what, What::Disabled(_));
        match changed.what.iter().any(is_off) {
            true => lost.0 += 1,
            false if !changed.before.disabled => {
                let left = changed.what.iter().filter(|w| matches!(w, What::Left(_)));
                lost.1 += left.count();
            }
            false => {}
        }
    }
    lost
}
