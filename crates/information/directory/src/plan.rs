//! What has to change here for people and groups to be as a directory says: a pure function of the
//! facts and a reading.
//!
//! Nobody is ever removed: who is gone there is switched off here, so that the ledger stays
//! readable, and is switched on again when they are back. Somebody is the same person by the unique
//! id that they were linked by, and by nothing else; the first time, where it is declared, by a name
//! of somebody who has no way of their own to sign in. Planning again after a plan was applied
//! finds nothing to do.

mod conflict;
mod effects;
mod losses;
mod members;
mod names;
mod people;
mod step;

pub use self::{
    conflict::{Conflict, Why},
    effects::{Effect, Effects},
    losses::{Loss, Refused, recorded},
    step::{ChangedPerson, NewPerson, Off, Step, What},
};
use crate::{present::Present, reading::Reading, settings::Settings};
use gw_model::{Change, UserId};

/// What has to change, in an order in which each step can be made after those before it: first
/// what takes away, then the rest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<Step>,
    /// What cannot be as the directory says, and what to do about it; sorted.
    pub conflicts: Vec<Conflict>,
    /// How much was looked at.
    pub counts: Counts,
}

/// How much was looked at, and how much would change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// People in the directory.
    pub people: usize,
    /// Groups that were looked at there.
    pub groups: usize,
    /// People here who are linked with it.
    pub linked: usize,
    /// Memberships here by its word, after the plan.
    pub memberships: usize,
    /// Who comes.
    pub added: usize,
    /// Who changes in some way.
    pub changed: usize,
    /// Who is switched off.
    pub disabled: usize,
    /// Who is switched on again.
    pub enabled: usize,
    /// Who is there, was removed here, and does not come back.
    pub removed: usize,
}

impl Plan {
    /// Whether nothing has to change.
    pub const fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Its first steps, which can be made alone: the others are found again by the next plan.
    #[must_use]
    pub fn first(mut self, steps: usize) -> Self {
        self.steps.truncate(steps);
        self
    }

    /// The changes of facts that it is; `new_id` draws ids for who comes.
    pub fn changes(
        &self,
        present: &Present<'_>,
        mut new_id: impl FnMut() -> UserId,
    ) -> Vec<Change> {
        let change = |step: &Step| Change::UserPut(step.user(present, &mut new_id).into());
        self.steps.iter().map(change).collect()
    }
}

/// What has to change here for people and groups to be as the reading says.
///
/// # Errors
/// Where the provider is off, or where so much would be taken away, or given back, that somebody has
/// to be asked.
pub fn plan(
    present: &Present<'_>,
    reading: &Reading,
    settings: &Settings,
) -> Result<Plan, Refused> {
    plan_allowing(present, reading, settings, &Effects::default())
}

/// The same, where somebody was asked and allows these.
///
/// # Errors
/// As [`plan`].
pub fn plan_allowing(
    present: &Present<'_>,
    reading: &Reading,
    settings: &Settings,
    allowed: &Effects,
) -> Result<Plan, Refused> {
    plan_within(present, reading, settings, allowed, |steps, _| steps)
}

/// The same, where not every step may be made: what `reach` leaves out, or makes less of, does not
/// count as taken away.
///
/// # Errors
/// As [`plan`].
pub fn plan_within(
    present: &Present<'_>,
    reading: &Reading,
    settings: &Settings,
    allowed: &Effects,
    reach: impl FnOnce(Vec<Step>, &mut Vec<Conflict>) -> Vec<Step>,
) -> Result<Plan, Refused> {
    let provider = present.facts().provider(present.provider());
    if provider.is_none_or(|provider| provider.is_off()) {
        return Err(Refused::Off(present.provider().clone()));
    }
    if reading.people.len() < settings.safety.people_min {
        return Err(Refused::TooFewPeople {
            read: reading.people.len(),
            least: settings.safety.people_min,
        });
    }
    let mut conflicts = Vec::new();
    let members = members::Members::of(present, reading, settings, &mut conflicts);
    let steps = people::steps(present, reading, settings, &members, &mut conflicts);
    let steps = reach(steps, &mut conflicts);
    losses::check(present, &steps, &settings.safety, allowed)?;
    conflicts.sort_unstable();
    conflicts.dedup();
    let is_removed = |one: &&Conflict| matches!(one.why, Why::RemovedHere(_));
    let counts = Counts {
        removed: conflicts.iter().filter(is_removed).count(),
        ..counts(present, reading, &steps)
    };
    Ok(Plan {
        steps,
        conflicts,
        counts,
    })
}

fn counts(present: &Present<'_>, reading: &Reading, steps: &[Step]) -> Counts {
    let people = present.people();
    let is_linked = |user: &&&std::sync::Arc<gw_model::User>| !present.ids_of(user).is_empty();
    let mut counts = Counts {
        people: reading.people.len(),
        groups: reading.groups.len(),
        linked: people.values().filter(is_linked).count(),
        ..Counts::default()
    };
    let theirs = people.values().flat_map(|user| &user.groups);
    let (mut joined, mut left) = (theirs.filter(|one| present.is_ours(one)).count(), 0);
    for step in steps {
        let what = match step {
            Step::Add(new) => {
                counts.added += 1;
                joined += new.groups.len();
                continue;
            }
            Step::Change(changed) => &changed.what,
        };
        counts.changed += 1;
        for what in what {
            match what {
                What::Disabled(_) => counts.disabled += 1,
                What::Enabled => counts.enabled += 1,
                What::Joined(_) => joined += 1,
                What::Left(_) => left += 1,
                What::Linked | What::Renamed { .. } | What::Profile | What::Said { .. } => {}
            }
        }
    }
    counts.memberships = joined.saturating_sub(left);
    counts
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
