//! What a reading wants, whatever the facts are when its turn comes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use gw_directory::{
    Conflict, Counts, Effects, Plan, Present, Reading, Refused, Settings, Step, Why, plan_within,
    recorded,
};
use gw_engine::random;
use gw_model::{Change, Epoch, GroupName, Snapshot, Timestamp, UserId};

use super::reach;
use crate::sight::Sight;

/// Whom a step is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    /// Somebody who comes, by their unique id there.
    New(Arc<str>),
    /// Somebody who is here.
    Known(UserId),
}

impl Who {
    pub(super) fn of(step: &Step) -> Self {
        match step {
            Step::Add(new) => Self::New(new.unique_id.clone()),
            Step::Change(changed) => Self::Known(changed.before.id),
        }
    }
}

/// What a reading wants.
#[derive(Clone)]
pub(super) struct Wish {
    reading: Arc<Reading>,
    settings: Arc<Settings>,
    allowed: Effects,
    /// Who stays as they are, and why.
    withheld: BTreeMap<Who, Why>,
    /// Groups that policy does not let it put people into.
    barred: BTreeMap<GroupName, Why>,
}

/// What has to change, as far as the directory may change it.
pub(super) struct Planned {
    /// The facts that it was planned on.
    pub(super) epoch: Epoch,
    pub(super) steps: Vec<Step>,
    pub(super) conflicts: Vec<Conflict>,
    pub(super) counts: Counts,
}

impl Wish {
    pub(super) const fn of(
        reading: Arc<Reading>,
        settings: Arc<Settings>,
        allowed: Effects,
    ) -> Self {
        Self {
            reading,
            settings,
            allowed,
            withheld: BTreeMap::new(),
            barred: BTreeMap::new(),
        }
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Leaves somebody as they are.
    pub(super) fn withhold(&mut self, who: Who, why: Why) {
        self.withheld.insert(who, why);
    }

    /// Puts nobody else into a group.
    pub(super) fn bar(&mut self, group: GroupName, why: Why) {
        self.barred.insert(group, why);
    }

    /// A pure function of this and the facts.
    pub(super) fn planned(&self, facts: &Snapshot, now: Timestamp) -> Result<Planned, Refused> {
        let provider = &self.settings.provider;
        let sight = Sight::of_directory(facts, provider, now);
        let sight = sight.ok_or_else(|| Refused::Off(provider.clone()))?;
        let mut settings = Settings::clone(&self.settings);
        let mapped = &mut settings.groups.mapped;
        mapped.retain(|mapped| sight.may_fill(&mapped.here));
        let present = Present::of(facts, provider).at(now);
        let reach = |steps: Vec<Step>, conflicts: &mut Vec<Conflict>| {
            self.unfilled(&sight, conflicts);
            let mut within = Vec::with_capacity(steps.len());
            for step in steps {
                within.extend(self.within(&sight, step, conflicts));
            }
            reach::named(facts, within, conflicts)
        };
        let plan = plan_within(&present, &self.reading, &settings, &self.allowed, reach)?;
        Ok(Planned {
            epoch: facts.epoch,
            steps: plan.steps,
            conflicts: plan.conflicts,
            counts: plan.counts,
        })
    }

    /// The groups that nobody is put into, whatever is mapped to them.
    fn unfilled(&self, sight: &Sight<'_>, conflicts: &mut Vec<Conflict>) {
        let mapped = self.settings.groups.mapped.iter();
        let here: BTreeSet<_> = mapped.map(|mapped| &mapped.here).collect();
        for group in here {
            if !sight.may_fill(group) {
                conflicts.push(Conflict::new(group.as_str(), Why::MakesOwners));
            }
        }
        let barred = self.barred.iter();
        conflicts.extend(barred.map(|(group, why)| Conflict::new(group.as_str(), why.clone())));
    }

    fn within(&self, sight: &Sight<'_>, step: Step, conflicts: &mut Vec<Conflict>) -> Option<Step> {
        let name = step.name().to_string();
        let mut tell = |why: Why| conflicts.push(Conflict::new(name.clone(), why));
        if let Some(why) = self.withheld.get(&Who::of(&step)) {
            tell(why.clone());
            return None;
        }
        let step = reach::without_groups(sight, step, |group| self.barred.contains_key(group))?;
        let (step, why) = reach::within(sight, step);
        if let Some(why) = why {
            tell(why);
        }
        step
    }
}

/// The changes of facts that steps are, with what is kept of them for later readings; who comes has
/// the id that policy was asked about.
pub(super) fn changes(
    facts: &Snapshot,
    (wish, now): (&Wish, Timestamp),
    steps: Vec<Step>,
    ids: &BTreeMap<Arc<str>, UserId>,
) -> Vec<Change> {
    let present = Present::of(facts, &wish.settings.provider).at(now);
    let kept = recorded(&present, &steps, &wish.allowed);
    let new = |step: &Step| match step {
        Step::Add(new) => ids.get(&new.unique_id).copied(),
        Step::Change(_) => None,
    };
    let new: Vec<_> = steps.iter().filter_map(new).collect();
    let mut new = new.into_iter();
    let plan = Plan {
        steps,
        ..Plan::default()
    };
    let mut changes = plan.changes(&present, || {
        let new = new.next();
        new.unwrap_or_else(|| UserId::from_bits(random::bits()))
    });
    changes.extend(kept);
    changes
}
