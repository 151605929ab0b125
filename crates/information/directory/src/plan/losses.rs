//! How much a directory may take away, and give back, before somebody is asked: one that was
//! emptied, or a filter that was mistyped, must not switch everybody off; nor may one that says
//! nothing any more of who is switched off there switch them on again.
//!
//! What readings did lately counts along ([`gw_model::Stretch::COUNTS_FOR`]), against the numbers
//! before the first of it: many small losses are a large one.

use std::fmt;

use gw_model::{Change, DirectoryRecord, ProviderName};

use super::{
    effects::Effects,
    step::{Step, What},
};
use crate::{present::Present, settings::Safety};

/// How much would be taken away, or given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss {
    /// So many by this reading.
    pub lost: usize,
    /// So many by readings before it, that still count.
    pub earlier: usize,
    /// Of so many, before the first of them.
    pub of: usize,
    /// So many may be without asking.
    pub most: usize,
}

impl Loss {
    const fn of(lost: usize, earlier: usize, of: usize, safety: &Safety) -> Self {
        Self {
            lost,
            earlier,
            of,
            most: safety.losses(of),
        }
    }

    const fn is_too_much(&self) -> bool {
        self.lost > 0 && self.lost.saturating_add(self.earlier) > self.most
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.lost)?;
        if self.earlier > 0 {
            write!(f, " more, after {} in the last 24 h,", self.earlier)?;
        }
        write!(f, " of {} (at most {} without asking)", self.of, self.most)
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
    /// So much would be taken away, or given back, that somebody has to be asked.
    #[error("{}", too_much(.people, .memberships, .returns, .is_other))]
    TooMuch {
        /// People who would be switched off.
        people: Loss,
        /// Memberships of the others that would end.
        memberships: Loss,
        /// People who would be switched on again.
        returns: Loss,
        /// All of it: what somebody would have to allow.
        effects: Effects,
        /// Whether something was allowed, and this is not within it.
        is_other: bool,
    },
}

fn too_much(people: &Loss, memberships: &Loss, returns: &Loss, is_other: &bool) -> String {
    let mut words = Vec::new();
    if people.is_too_much() || memberships.is_too_much() {
        words.push(format!(
            "too much would be taken away at once: people switched off: {people}; memberships ended: {memberships}"
        ));
    }
    if returns.is_too_much() {
        words.push(format!(
            "too many people would be switched on again at once: {returns}"
        ));
    }
    if *is_other {
        words.push("this is not what was allowed".to_owned());
    }
    words.join("; ")
}

impl Refused {
    /// What to do about it.
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Off(_) => "switch the provider on, or stop following its directory",
            Self::TooFewPeople { .. } => {
                "check the base and the filter of people, and whether the account may read them; nothing was changed"
            }
            Self::TooMuch { returns, .. } if returns.is_too_much() => {
                "check the directory, and whether the account may still read what says who is switched off there; look who it is, and allow it if it is meant; nothing was changed"
            }
            Self::TooMuch { .. } => {
                "check the directory, the bases and the filters; look who it is, and allow it if it is meant; nothing was changed"
            }
        }
    }

    /// What would have to be allowed for the same to be planned.
    pub fn needs(&self) -> Option<Effects> {
        match self {
            Self::TooMuch { effects, .. } => Some(effects.clone()),
            Self::Off(_) | Self::TooFewPeople { .. } => None,
        }
    }
}

/// Whether the steps may be made: within the limits, or within what somebody allowed.
pub(super) fn check(
    present: &Present<'_>,
    steps: &[Step],
    safety: &Safety,
    allowed: &Effects,
) -> Result<(), Refused> {
    let effects = Effects::of(present, steps);
    if effects.is_empty() || effects.are_within(allowed) {
        return Ok(());
    }
    let (now, earlier, of) = (effects.tally(), present.done(), present.before());
    let people = Loss::of(now.people, earlier.people, of.people, safety);
    let memberships = Loss::of(now.memberships, earlier.memberships, of.memberships, safety);
    let returns = Loss::of(now.returns, earlier.returns, of.returns, safety);
    let all = [people, memberships, returns];
    match all.iter().any(Loss::is_too_much) {
        false => Ok(()),
        true => Err(Refused::TooMuch {
            people,
            memberships,
            returns,
            effects,
            is_other: !allowed.is_empty(),
        }),
    }
}

/// What is to be kept of steps that are made, so that those of later readings count together with
/// them; nothing where nothing new is. What somebody allowed begins it anew.
pub fn recorded(present: &Present<'_>, steps: &[Step], allowed: &Effects) -> Option<Change> {
    let effects = Effects::of(present, steps);
    let nothing = DirectoryRecord::of(present.provider().clone());
    let known = present.record().unwrap_or(&nothing);
    let next = match effects.is_empty() {
        false if effects.are_within(allowed) => DirectoryRecord {
            lately: Vec::new(),
            ..known.clone()
        },
        false => known.after(present.now(), present.stakes(), effects.tally()),
        // Who comes does not count later as somebody who was there before.
        true if grows(steps) && !known.is_open(present.now()) => {
            known.after(present.now(), present.stakes(), effects.tally())
        }
        true => return None,
    };
    (next != *known).then(|| Change::DirectoryRecordPut(next.into()))
}

fn grows(steps: &[Step]) -> bool {
    let grows = |what: &What| matches!(what, What::Linked | What::Joined(_));
    steps.iter().any(|step| match step {
        Step::Add(_) => true,
        Step::Change(changed) => changed.what.iter().any(grows),
    })
}
