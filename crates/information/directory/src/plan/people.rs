//! Who comes, and how who is here changes.

mod arriving;
mod known;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use gw_model::{GroupName, User, UserId};

use self::known::{Known, known};
use super::{
    conflict::{Conflict, Why},
    members::Members,
    names::{Rename, Renames},
    step::{ChangedPerson, NewPerson, Step, What},
};
use crate::{
    present::Present,
    reading::{Person, Reading},
    settings::Settings,
};

/// What planning looks at.
pub(super) struct Planning<'p> {
    pub(super) present: &'p Present<'p>,
    pub(super) reading: &'p Reading,
    pub(super) settings: &'p Settings,
    pub(super) members: &'p Members,
    /// Entries by unique id; not those whose id another one has too.
    pub(super) by_id: HashMap<&'p str, usize>,
    /// Ids that several entries have: nothing is known of them.
    pub(super) unclear: BTreeSet<&'p str>,
}

/// The steps of a plan, in their order.
pub(super) fn steps(
    present: &Present<'_>,
    reading: &Reading,
    settings: &Settings,
    members: &Members,
    conflicts: &mut Vec<Conflict>,
) -> Vec<Step> {
    let planning = Planning::of(present, reading, settings, members, conflicts);
    let mut known = known(&planning, conflicts);
    let arriving = arriving::arriving(&planning, &known, conflicts);
    known.extend(arriving.found);
    let wanted = wanted_names(&planning, &known, &arriving.new);
    let renames = renames(&planning, &known, &wanted, conflicts);
    let mut steps = changes(&planning, known, &renames, conflicts);
    let new = arriving.new.into_iter();
    steps.extend(
        new.filter_map(|(place, name)| {
            added(&planning, &wanted, &renames, (place, name), conflicts)
        }),
    );
    steps
}

impl<'p> Planning<'p> {
    fn of(
        present: &'p Present<'p>,
        reading: &'p Reading,
        settings: &'p Settings,
        members: &'p Members,
        conflicts: &mut Vec<Conflict>,
    ) -> Self {
        let mut by_id = HashMap::new();
        let mut unclear = BTreeSet::new();
        for (place, person) in reading.people.iter().enumerate() {
            if by_id.insert(&*person.id, place).is_some() {
                unclear.insert(&*person.id);
            }
        }
        by_id.retain(|id, _| !unclear.contains(id));
        let twice = reading
            .people
            .iter()
            .filter(|one| unclear.contains(&*one.id));
        conflicts.extend(twice.map(|one| Conflict::new(&*one.shown, Why::UniqueIdTwice)));
        let unusable = reading.unusable.iter();
        conflicts
            .extend(unusable.map(|one| Conflict::new(&*one.shown, Why::Unusable(one.why.clone()))));
        Self {
            present,
            reading,
            settings,
            members,
            by_id,
            unclear,
        }
    }

    pub(super) fn person(&self, place: usize) -> Option<&'p Person> {
        self.reading.people.get(place)
    }

    /// Whether somebody who is missing may be where nobody goes.
    fn may_be_elsewhere(&self) -> bool {
        let referrals = self.settings.referrals;
        referrals.heeded(self.reading.elsewhere).people > 0
    }

    /// The groups that somebody is in, sorted: those that their entry is in, and those that they are
    /// in already where it may be so by what was not read.
    fn groups(&self, user: &User, place: usize) -> Vec<GroupName> {
        let mut groups = self.members.groups(place);
        groups.extend(self.kept(user, place).cloned());
        groups.sort_unstable();
        groups.dedup();
        groups
    }

    /// Of the latter, those that nothing that was read puts them into.
    fn kept<'u>(&self, user: &'u User, place: usize) -> impl Iterator<Item = &'u GroupName> {
        let found = self.members.groups(place);
        let ours = user.groups.iter();
        let ours = ours.filter(move |one| self.present.is_ours(one));
        let open = ours.filter(move |one| self.members.is_open(&one.group));
        let groups = open.map(|one| &one.group);
        groups.filter(move |group| !found.contains(group))
    }
}

/// Who wants which name: entries by their place.
fn wanted_names<'p>(
    planning: &Planning<'p>,
    known: &[Known],
    new: &[(usize, Arc<str>)],
) -> BTreeMap<&'p str, Vec<usize>> {
    let named = known
        .iter()
        .filter_map(|one| one.place.filter(|_| one.words_count));
    let mut wanted: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for place in named.chain(new.iter().map(|(place, _)| *place)) {
        let name = planning
            .person(place)
            .and_then(|person| person.name.as_deref().ok());
        if let Some(name) = name {
            wanted.entry(name).or_default().push(place);
        }
    }
    wanted
}

/// Who is to be called something else; who cannot be is told.
fn renames(
    planning: &Planning<'_>,
    known: &[Known],
    wanted: &BTreeMap<&str, Vec<usize>>,
    conflicts: &mut Vec<Conflict>,
) -> Renames {
    let mut renames = Vec::new();
    for one in known.iter().filter(|one| one.words_count) {
        let Some(person) = one.place.and_then(|place| planning.person(place)) else {
            continue;
        };
        match &person.name {
            Ok(name) if *name == one.before.name => {}
            Ok(name) if wanted.get(&**name).is_some_and(|all| all.len() > 1) => {
                conflicts.push(Conflict::new(&*person.shown, Why::NameTwice(name.clone())));
            }
            Ok(name) => renames.push(Rename {
                user: one.before.id,
                from: one.before.name.clone(),
                to: name.clone(),
            }),
            Err(unusable) => conflicts.push(Conflict::new(&*person.shown, unusable.clone().into())),
        }
    }
    Renames::of(planning.present.facts(), renames)
}

/// How who is here changes: first what takes away, then names in the order in which they are
/// handed on, then the rest.
fn changes(
    planning: &Planning<'_>,
    known: Vec<Known>,
    renames: &Renames,
    conflicts: &mut Vec<Conflict>,
) -> Vec<Step> {
    let gets_name: BTreeSet<UserId> = renames.order.iter().copied().collect();
    let mut renamed: HashMap<UserId, Step> = HashMap::new();
    let (mut first, mut rest) = (Vec::new(), Vec::new());
    for mut one in known {
        let user = one.before.id;
        let person = one.place.and_then(|place| planning.person(place));
        if let Some(person) = person.filter(|_| one.words_count) {
            let gets_it = gets_name.contains(&user);
            if let Ok(name) = &person.name
                && renames.refused.contains(&user)
            {
                conflicts.push(taken(planning, person, name));
            }
            profile(planning, &mut one, person, gets_it);
        }
        if one.what.is_empty() {
            continue;
        }
        let is_renamed = one
            .what
            .iter()
            .any(|what| matches!(what, What::Renamed { .. }));
        let step = Step::Change(ChangedPerson {
            before: one.before,
            after: Arc::new(one.after),
            what: one.what,
        });
        match (is_renamed, step.takes_away()) {
            (true, _) => {
                renamed.insert(user, step);
            }
            (false, true) => first.push(step),
            (false, false) => rest.push(step),
        }
    }
    first.extend(renames.order.iter().filter_map(|user| renamed.remove(user)));
    first.extend(rest);
    first
}

/// What the directory calls somebody, and where messages reach them.
fn profile(planning: &Planning<'_>, one: &mut Known, person: &Person, gets_name: bool) {
    if let Ok(name) = &person.name
        && gets_name
    {
        one.after.name = name.clone();
        one.what.push(What::Renamed {
            from: one.before.name.clone(),
        });
    }
    let display_name = person.display_name.clone();
    one.after.display_name = display_name.unwrap_or_else(|| one.after.name.clone());
    if planning.settings.people.email.is_some() {
        one.after.email = person.email.clone();
    }
    let is_same =
        one.after.display_name == one.before.display_name && one.after.email == one.before.email;
    if !is_same {
        one.what.push(What::Profile);
    }
}

fn added(
    planning: &Planning<'_>,
    wanted: &BTreeMap<&str, Vec<usize>>,
    renames: &Renames,
    (place, name): (usize, Arc<str>),
    conflicts: &mut Vec<Conflict>,
) -> Option<Step> {
    let person = planning.person(place)?;
    if wanted.get(&*name).is_some_and(|all| all.len() > 1) {
        conflicts.push(Conflict::new(&*person.shown, Why::NameTwice(name)));
        return None;
    }
    if !renames.is_free(planning.present.facts(), &name) {
        conflicts.push(taken(planning, person, &name));
        return None;
    }
    Some(Step::Add(NewPerson {
        unique_id: person.id.clone(),
        display_name: person.display_name.clone().unwrap_or_else(|| name.clone()),
        name,
        email: person.email.clone(),
        groups: planning.members.groups(place),
    }))
}

fn taken(planning: &Planning<'_>, person: &Person, name: &Arc<str>) -> Conflict {
    let holder: Option<&Arc<User>> = planning.present.facts().user_named(name);
    let why = Why::NameTaken {
        name: name.clone(),
        is_disabled: holder.is_some_and(|user| user.disabled),
    };
    Conflict::new(&*person.shown, why)
}
