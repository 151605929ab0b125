//! People who are alike to policies: what one of them may do, all may.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use gw_model::{GroupName, Principal, Snapshot, Timestamp, User, UserId};
use gw_policy::{Mentions, Policies, PolicyText};

/// Everybody whom the policies cannot tell apart, with one of them to ask for all.
pub(super) struct Alike {
    pub(super) principal: Principal,
    pub(super) names: Vec<Arc<str>>,
    /// Whether what policies see of them differs between the states.
    pub(super) moved: bool,
}

impl Alike {
    /// Who is asked for all of them, where they are people.
    pub(super) const fn user(&self) -> Option<UserId> {
        match self.principal {
            Principal::User(user) => Some(user),
            _ => None,
        }
    }
}

/// What policies can see of a person.
type Seen = (
    Arc<[GroupName]>,
    BTreeMap<Arc<str>, Arc<str>>,
    Option<(Arc<str>, Option<Arc<str>>)>,
);

/// What is seen of them in either state, and a name where one is named.
type Class = ([Option<Seen>; 2], Option<Arc<str>>);

/// People who may sign in, in classes of those whom none of the sets tells apart; and strangers.
///
/// Policies see groups and attributes of a person. Where one names people by id, or may read a
/// name or an address, they are told apart by that too.
pub(super) fn alike(states: [&Snapshot; 2], sets: [&Policies; 2], now: Timestamp) -> Vec<Alike> {
    let texts = || {
        sets.iter()
            .flat_map(|set| set.texts())
            .filter(|t| !t.built_in)
    };
    let reads_name = |text: &str| text.contains("name") || text.contains("email");
    let reads_names = texts().any(|t| reads_name(&t.text) || is_escaped(&t.text));
    let named: BTreeSet<String> = texts().flat_map(users_in).collect();
    let mut classes: BTreeMap<Class, Alike> = BTreeMap::new();
    let mut known = BTreeSet::new();
    let mut within = states.map(|facts| Within::of(facts, now));
    for user in states.iter().flat_map(|facts| facts.users()) {
        if !known.insert(user.id) {
            continue;
        }
        let own = named.contains(&user.id.to_string());
        let seen = within.each_mut().map(|within| {
            let facts = within.facts;
            let user = facts.user(user.id).filter(|user| !user.disabled)?;
            Some(seen(within, user, reads_names))
        });
        let moved = seen[0] != seen[1];
        if seen == [None, None] {
            continue;
        }
        classes
            .entry((seen, own.then(|| user.name.clone())))
            .or_insert_with(|| Alike {
                principal: Principal::User(user.id),
                names: Vec::new(),
                moved,
            })
            .names
            .push(user.name.clone());
    }
    let strangers = Alike {
        principal: Principal::Anonymous,
        names: vec![Arc::from("strangers")],
        moved: false,
    };
    classes.into_values().chain([strangers]).collect()
}

fn seen<'f>(within: &mut Within<'f>, user: &'f User, with_names: bool) -> Seen {
    let names = with_names.then(|| (user.name.clone(), user.email.clone()));
    (within.groups_of(user), user.attributes.clone(), names)
}

/// The groups that people are in, found once for all who were put into the same.
struct Within<'f> {
    facts: &'f Snapshot,
    now: Timestamp,
    known: HashMap<Vec<&'f GroupName>, Arc<[GroupName]>>,
}

impl<'f> Within<'f> {
    fn of(facts: &'f Snapshot, now: Timestamp) -> Self {
        let known = HashMap::new();
        Self { facts, now, known }
    }

    fn groups_of(&mut self, user: &'f User) -> Arc<[GroupName]> {
        let holds = |until: Option<Timestamp>| until.is_none_or(|until| until > self.now);
        let put_into = user.groups.iter().filter(|m| holds(m.until));
        let put_into: Vec<_> = put_into.map(|m| &m.group).collect();
        let find = || self.facts.groups_of(user, self.now).0.into();
        Arc::clone(self.known.entry(put_into).or_insert_with(find))
    }
}

/// The ids of people that a policy names. Its text says it, unless something in it is escaped.
fn users_in(policy: &PolicyText) -> Vec<String> {
    if is_escaped(&policy.text) {
        return Mentions::of(policy).users.into_iter().collect();
    }
    let named = policy.text.split("User").skip(1).filter_map(|rest| {
        let id = rest.trim_start().strip_prefix("::")?.trim_start();
        id.strip_prefix('"')?.split('"').next()
    });
    named.map(str::to_owned).collect()
}

fn is_escaped(text: &str) -> bool {
    text.contains('\\')
}

#[cfg(test)]
mod tests {
    use gw_engine::testing::{group, user};
    use gw_model::{Change, Epoch, PolicyFile};

    use super::*;

    fn policies(text: &str) -> Policies {
        let files = [PolicyFile {
            name: "a.cedar".into(),
            text: text.into(),
        }];
        gw_policy::load(&files).unwrap()
    }

    fn names(text: &str) -> Vec<Vec<String>> {
        let mut changes = vec![group("staff")];
        let people = [
            user(1, "ana", &["staff"]),
            user(2, "bo", &["staff"]),
            user(3, "cy", &[]),
        ];
        changes.extend(people.map(|user| Change::UserPut(Arc::new(user))));
        let facts = Snapshot::default()
            .apply(Epoch::default(), &changes)
            .unwrap();
        let set = policies(text);
        alike([&facts, &facts], [&set, &set], Timestamp::from_secs(1))
            .into_iter()
            .map(|class| class.names.iter().map(ToString::to_string).collect())
            .collect()
    }

    #[test]
    fn people_are_told_apart_by_what_policies_can_see_of_them_and_by_nothing_else() {
        let staff = "@id(\"a\") permit (principal in Group::\"staff\", action, resource);";
        assert_eq!(
            names(staff),
            [vec!["cy"], vec!["ana", "bo"], vec!["strangers"]]
        );
        let by_id = format!(
            "@id(\"a\") permit (principal == User::\"{}\", action, resource);",
            user(2, "bo", &[]).id
        );
        assert_eq!(names(&by_id).len(), 4);
        let by_name = "@id(\"a\") permit (principal is User, action, resource) when { principal.name == \"bo\" };";
        assert_eq!(names(by_name).len(), 4);
    }
}
