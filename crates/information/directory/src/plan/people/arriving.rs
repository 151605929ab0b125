//! Who is in the directory and not linked yet: somebody who is here already and is found by their
//! name, or somebody new.

use std::{collections::BTreeSet, sync::Arc};

use gw_model::{Snapshot, User};

use super::{
    Planning,
    known::{Known, seen},
};
use crate::{
    plan::{
        conflict::{Conflict, Why},
        step::What,
    },
    reading::Person,
    settings::Provision,
};

/// Who is not linked yet.
#[derive(Default)]
pub(super) struct Arriving {
    /// Who is here already and is linked from now on.
    pub(super) found: Vec<Known>,
    /// Who comes: the place of their entry, and the name that they want; sorted by name.
    pub(super) new: Vec<(usize, Arc<str>)>,
}

pub(super) fn arriving(
    planning: &Planning<'_>,
    known: &[Known],
    conflicts: &mut Vec<Conflict>,
) -> Arriving {
    let linked: BTreeSet<Arc<str>> = planning.present.unique_ids();
    let mut coming = Vec::new();
    for (place, person) in planning.reading.people.iter().enumerate() {
        let is_known = linked.contains(&person.id) || planning.unclear.contains(&*person.id);
        if is_known || person.is_disabled || !comes(planning, place, person) {
            continue;
        }
        if planning.present.is_removed(&person.id) {
            let why = Why::RemovedHere(person.id.clone());
            conflicts.push(Conflict::new(&*person.shown, why));
            continue;
        }
        match &person.name {
            Ok(name) => coming.push((name.clone(), place)),
            Err(unusable) => conflicts.push(Conflict::new(&*person.shown, unusable.clone().into())),
        }
    }
    coming.sort_unstable();
    let wanted = twice(planning, known, &coming);
    let mut arriving = Arriving::default();
    for (name, place) in coming {
        let is_alone = !wanted.contains(&name);
        arriving.one(planning, (place, name), is_alone, conflicts);
    }
    arriving
}

fn comes(planning: &Planning<'_>, place: usize, person: &Person) -> bool {
    match planning.settings.people.provision {
        Provision::Everybody => true,
        Provision::InMappedGroups => !planning.members.groups(place).is_empty(),
        // Who is not here already does not come; who is, may be found.
        Provision::Nobody => may_be_found(planning, person).is_some(),
    }
}

/// Somebody here with the name of an entry, where people are found by it.
fn may_be_found<'p>(planning: &Planning<'p>, person: &Person) -> Option<&'p Arc<User>> {
    let name = person.name.as_ref().ok()?;
    let facts = planning.present.facts();
    let found = facts.user_named(name);
    found.filter(|user| planning.settings.people.found_by_name && !is_of(planning, user))
}

/// Whether somebody is linked with this directory by another id already.
fn is_of(planning: &Planning<'_>, user: &User) -> bool {
    !planning.present.ids_of(user).is_empty()
}

/// Names that several want.
fn twice(
    planning: &Planning<'_>,
    known: &[Known],
    coming: &[(Arc<str>, usize)],
) -> BTreeSet<Arc<str>> {
    let places = known
        .iter()
        .filter_map(|one| one.place.filter(|_| one.words_count));
    let named = places.filter_map(|place| planning.person(place)?.name.clone().ok());
    let mut names: Vec<_> = named
        .chain(coming.iter().map(|(name, _)| name.clone()))
        .collect();
    names.sort_unstable();
    let pairs = names.iter().zip(names.iter().skip(1));
    pairs
        .filter(|(one, next)| one == next)
        .map(|(one, _)| one.clone())
        .collect()
}

impl Arriving {
    fn one(
        &mut self,
        planning: &Planning<'_>,
        (place, name): (usize, Arc<str>),
        is_alone: bool,
        conflicts: &mut Vec<Conflict>,
    ) {
        let Some(person) = planning.person(place) else {
            return;
        };
        let Some(user) = may_be_found(planning, person).filter(|_| is_alone) else {
            self.new.push((place, name));
            return;
        };
        if let Some(why) = never_found(planning.present.facts(), user) {
            conflicts.push(Conflict::new(&*person.shown, why));
            return;
        }
        let mut after = User::clone(user);
        after.identities.push(planning.present.identity(&person.id));
        if let Some(mut known) = seen(planning, user, after, place) {
            known.what.insert(0, What::Linked);
            self.found.push(known);
        }
    }
}

/// Why somebody is not linked by their name alone. Who can sign in already could lose what they
/// have to whoever writes the directory.
fn never_found(facts: &Snapshot, user: &User) -> Option<Why> {
    let has_own_ways = !user.factors.is_empty() || !user.identities.is_empty();
    if has_own_ways || facts.break_glass_of(user.id).is_some() {
        return Some(Why::HasOwnWays(user.name.clone()));
    }
    user.disabled.then(|| Why::FoundDisabled(user.name.clone()))
}
