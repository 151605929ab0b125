//! Who is linked with the directory, and how they change by what it says of them now.

use std::sync::Arc;

use gw_model::{GroupName, Membership, User};

use super::Planning;
use crate::{
    plan::{
        conflict::{Conflict, Why},
        step::{Off, What},
    },
    present::Present,
};

/// Somebody here of whom the directory says something; or does not any more.
pub(crate) struct Known {
    pub(super) before: Arc<User>,
    pub(super) after: User,
    pub(super) what: Vec<What>,
    /// Their entry's place in the reading, while it has one.
    pub(super) place: Option<usize>,
    /// Whether its words for who they are count.
    pub(super) words_count: bool,
}

/// What stays as it is because not all was read.
#[derive(Default)]
struct Kept {
    people: usize,
    memberships: usize,
}

/// Everybody of whom something came from the directory before.
pub(super) fn known(planning: &Planning<'_>, conflicts: &mut Vec<Conflict>) -> Vec<Known> {
    let people = planning.present.people();
    let mut kept = Kept::default();
    let one = |user: &Arc<User>| known_one(planning, user, (&mut *conflicts, &mut kept));
    let known = people.into_values().filter_map(one).collect();
    kept.tell(planning, conflicts);
    known
}

impl Kept {
    fn tell(&self, planning: &Planning<'_>, conflicts: &mut Vec<Conflict>) {
        let settings = planning.settings;
        let elsewhere = settings.referrals.heeded(planning.reading.elsewhere);
        if elsewhere.people > 0 {
            let why = Why::PeopleElsewhere {
                places: elsewhere.people,
                kept: self.people,
            };
            conflicts.push(Conflict::new(settings.people.base.to_string(), why));
        }
        if elsewhere.groups > 0 {
            let why = Why::GroupsElsewhere {
                places: elsewhere.groups,
                kept: self.memberships,
            };
            conflicts.push(Conflict::new(settings.groups.base.to_string(), why));
        }
    }
}

fn known_one(
    planning: &Planning<'_>,
    user: &Arc<User>,
    (conflicts, kept): (&mut Vec<Conflict>, &mut Kept),
) -> Option<Known> {
    let ids = planning.present.ids_of(user);
    if ids.iter().any(|id| planning.unclear.contains(&**id)) {
        return None;
    }
    let places: Vec<usize> = ids
        .iter()
        .filter_map(|id| planning.by_id.get(&**id).copied())
        .collect();
    match (ids.is_empty(), places.as_slice()) {
        (true, _) => Some(unlinked(planning, user)),
        (false, []) => {
            let gone = gone(planning, user);
            let is_gone = !planning.may_be_elsewhere();
            kept.people += usize::from(!is_gone && !gone.what.is_empty());
            is_gone.then_some(gone)
        }
        (false, [place]) => {
            kept.memberships += planning.kept(user, *place).count();
            seen(planning, user, User::clone(user), *place)
        }
        (false, [place, ..]) => {
            let shown = planning
                .person(*place)
                .map(|person| person.shown.to_string());
            let why = Why::LinkedTwice(user.name.clone());
            conflicts.push(Conflict::new(shown.unwrap_or_default(), why));
            None
        }
    }
}

/// Somebody whose entry is there.
pub(super) fn seen(
    planning: &Planning<'_>,
    before: &Arc<User>,
    after: User,
    place: usize,
) -> Option<Known> {
    let person = planning.person(place)?;
    let words_count = planning.present.words_count(&after);
    let mut one = Known {
        before: before.clone(),
        after,
        what: Vec::new(),
        place: Some(place),
        words_count,
    };
    one.switch(planning.present, person.is_disabled.then_some(Off::There));
    one.put_in(planning.present, planning.groups(before, place));
    Some(one)
}

/// Somebody whose entry is gone: switched off, and in no group by its word.
fn gone(planning: &Planning<'_>, user: &Arc<User>) -> Known {
    let mut one = Known::leaving(user);
    one.switch(planning.present, Some(Off::Gone));
    one.put_in(planning.present, Vec::new());
    one
}

/// Somebody who was unlinked: what rested on the directory's word is taken back.
fn unlinked(planning: &Planning<'_>, user: &Arc<User>) -> Known {
    let mut one = Known::leaving(user);
    one.put_in(planning.present, Vec::new());
    one
}

impl Known {
    fn leaving(user: &Arc<User>) -> Self {
        Self {
            before: user.clone(),
            after: User::clone(user),
            what: Vec::new(),
            place: None,
            words_count: false,
        }
    }

    /// What the directory says of whether they are off, and why. Only who is off by the word of
    /// sources is switched on by it, and only where no other one says off.
    fn switch(&mut self, present: &Present<'_>, off: Option<Off>) {
        let provider = present.provider();
        if self.before.is_off_at(provider) == off.is_some() {
            return;
        }
        self.after.heed(provider, off.is_some());
        self.what.push(match off {
            Some(why) if !self.before.disabled => What::Disabled(why),
            None if !self.after.disabled => What::Enabled,
            said => What::Said {
                off: said.is_some(),
            },
        });
    }

    /// The groups by the directory's word are these, sorted; what others say stands.
    fn put_in(&mut self, present: &Present<'_>, groups: Vec<GroupName>) {
        let ours = self.before.groups.iter().filter(|one| present.is_ours(one));
        let mut before: Vec<&Membership> = ours.collect();
        before.sort_unstable_by(|one, other| one.group.cmp(&other.group));
        let is_same = before.len() == groups.len()
            && before
                .iter()
                .zip(&groups)
                .all(|(one, group)| one.group == *group && one.until.is_none());
        if is_same {
            return;
        }
        let had = |group: &GroupName| before.iter().any(|one| one.group == *group);
        let left = before.iter().filter(|one| !groups.contains(&one.group));
        let mut what: Vec<_> = left.map(|one| What::Left(one.group.clone())).collect();
        what.dedup();
        let joined = groups.iter().filter(|group| !had(group));
        what.extend(joined.map(|group| What::Joined(group.clone())));
        if what.is_empty() {
            // The same groups, kept otherwise than this directory keeps them: as a change of profile.
            what.push(What::Profile);
        }
        self.what.extend(what);
        self.after.groups.retain(|one| !present.is_ours(one));
        self.after
            .groups
            .extend(groups.into_iter().map(|group| Membership {
                group,
                until: None,
                by: Some(present.provider().clone()),
            }));
    }
}
