//! What a set of policies would change: which policies come and go, and who gains and loses.

use std::{collections::BTreeSet, sync::Arc};

use gw_model::{GroupName, PolicyFile, PolicyId, Snapshot, Timestamp};
use gw_policy::{Mentions, Policies};

use crate::{heavy::Patience, proofs::Proofs, types::Comparison};

mod budget;
mod changing;
mod found;
mod over_people;
mod people;
mod target;
mod whom;

use budget::Budget;
use changing::{Another, Changing};
use found::Found;
use over_people::OverPeople;

/// Names of people that a difference lists.
pub(crate) const NAMES_MAX: usize = 100;

/// Compares a checked set of policies, and the files it is of, with the present one.
///
/// Everybody is imagined as just signed in, here and now: a difference that only another
/// place or hour would show is not found.
pub(crate) fn compare(
    old: Option<&Policies>,
    new: &Policies,
    files: &[PolicyFile],
    (present, facts): (&Snapshot, &Snapshot),
    now: Timestamp,
    patience: &Patience,
) -> Comparison {
    let mut comparison = named_differences(old, new, files, present);
    comparison.warnings = new.warnings().iter().map(ToString::to_string).collect();
    if let Some(old) = old {
        comparison.changed = new.changed_since(old);
        let touched = new.touched_since(old);
        let changing = Changing {
            states: [(old, present), (new, facts)],
            touched: &touched,
            another: Another::of(old, new, facts),
            proofs: Proofs::of(&[old, new], &[present, facts], now),
            now,
        };
        let told = of_circumstances(&comparison, old, new);
        comparison.warnings.extend(told);
        let told = of_providers(&comparison, old, new, facts);
        comparison.warnings.extend(told);
        who_gains(&mut comparison, &changing, &mut Budget::of(patience));
    }
    comparison
}

/// What nobody is imagined in all ways of: who is somewhere else, later, or asked by others.
fn of_circumstances(comparison: &Comparison, old: &Policies, new: &Policies) -> Vec<String> {
    let (before, after) = (
        old.resting_on_circumstances(),
        new.resting_on_circumstances(),
    );
    let ids = [&comparison.added, &comparison.changed, &comparison.removed];
    let of = |id: &PolicyId| {
        let words = after.get(id).or_else(|| before.get(id))?;
        Some(format!(
            "`{id}` rests on {}: whom it lets do what, or no longer, is not shown where that decides",
            words.join(", ")
        ))
    };
    ids.into_iter().flatten().filter_map(of).collect()
}

/// Into which groups people come by a provider's word is known when they come.
fn of_providers(
    comparison: &Comparison,
    old: &Policies,
    new: &Policies,
    facts: &Snapshot,
) -> Vec<String> {
    let on = facts.providers().filter(|provider| !provider.is_off());
    let by_word: Vec<_> = on
        .flat_map(|provider| {
            let groups = provider.memberships.iter().flat_map(|rule| &rule.groups);
            groups.map(|group| (group, &provider.name))
        })
        .collect();
    if by_word.is_empty() {
        return Vec::new();
    }
    let ids = [&comparison.added, &comparison.changed, &comparison.removed];
    let of = |id: &PolicyId| {
        let mut texts = new.texts().iter().chain(old.texts());
        let mentions = Mentions::of(texts.find(|text| text.id == *id)?);
        let is_named = |(group, _): &&(&GroupName, _)| mentions.groups.contains(group.as_str());
        let (group, provider) = by_word.iter().find(is_named)?;
        Some(format!(
            "`{id}` names the group `{group}`, into which the provider `{provider}` puts people when they come: only who is in it now is shown"
        ))
    };
    ids.into_iter().flatten().filter_map(of).collect()
}

fn who_gains(comparison: &mut Comparison, changing: &Changing<'_>, budget: &mut Budget<'_>) {
    let [(old, present), (new, facts)] = changing.states;
    let people = people::alike([present, facts], [old, new], changing.now);
    let mut found = Found::default();
    let over_people = OverPeople::of(changing, &people);
    let looked = over_people
        .each_shift(&people, budget, |who, shift| found.note(who, shift))
        .and_then(|()| changing.each_shift(&people, budget, |who, shift| found.note(who, shift)));
    comparison.incomplete =
        looked.is_none() || over_people.is_cut_short || changing.proofs.is_cut_short;
    let told = found.warnings().into_iter().chain(over_people.warnings());
    comparison.warnings.splice(0..0, told);
    comparison.gains = found.gains();
    comparison.losses = found.losses();
}

/// Which policies and files come, go and change.
pub(crate) fn named_differences(
    old: Option<&Policies>,
    new: &Policies,
    files: &[PolicyFile],
    facts: &Snapshot,
) -> Comparison {
    let present = facts.policies();
    let old_ids: BTreeSet<PolicyId> = old.into_iter().flat_map(Policies::ids).cloned().collect();
    let new_ids: BTreeSet<PolicyId> = new.ids().cloned().collect();
    let gone = |file: &&PolicyFile| !files.iter().any(|new| new.name == file.name);
    let differs = |file: &&PolicyFile| !present.files.contains(file);
    Comparison {
        over: present.version,
        added: new_ids.difference(&old_ids).cloned().collect(),
        removed: old_ids.difference(&new_ids).cloned().collect(),
        files_removed: names(present.files.iter().filter(gone)),
        files_changed: names(files.iter().filter(differs)),
        ..Comparison::default()
    }
}

fn names<'a>(files: impl Iterator<Item = &'a PolicyFile>) -> Vec<Arc<str>> {
    files.map(|file| file.name.clone()).collect()
}

#[cfg(test)]
mod tests;
