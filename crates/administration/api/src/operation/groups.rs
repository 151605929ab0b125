//! Groups: list, show, add, change, remove.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use gw_model::{Change, Group, GroupName, Snapshot, UserId};
use gw_store::Refused;

use super::{Call, Reply, expect};
use crate::{
    declared::{Names, managed_by},
    query::SEARCH,
    types::{AddGroup, Done, GroupView, ManagedBy, Problem, PutGroup},
};

const TITLE_CHARS_MAX: usize = 120;

/// Who is in groups, and which of them the configuration file names.
struct Members {
    direct: BTreeMap<GroupName, usize>,
    all: BTreeMap<GroupName, BTreeSet<UserId>>,
    configured: BTreeSet<GroupName>,
    declared: Arc<Names>,
}

impl Members {
    fn of(call: &Call<'_>, facts: &Snapshot) -> Self {
        let now = call.engine().clock().now();
        let (mut direct, mut all) = (BTreeMap::new(), BTreeMap::<_, BTreeSet<_>>::new());
        for user in facts.users() {
            for membership in &user.groups {
                *direct.entry(membership.group.clone()).or_insert(0) += 1;
            }
            for group in facts.groups_of(user, now).0 {
                all.entry(group).or_default().insert(user.id);
            }
        }
        Self {
            direct,
            all,
            configured: (call.parts.configured_groups)().into_iter().collect(),
            declared: Arc::clone(&call.declared),
        }
    }

    fn shown(&self, group: &Group) -> GroupView {
        GroupView {
            name: group.name.clone(),
            title: group.title.clone(),
            parents: group.parents.clone(),
            members: self.direct.get(&group.name).copied().unwrap_or_default(),
            people: self.all.get(&group.name).map_or(0, BTreeSet::len),
            version: group.version,
            managed_by: match self.configured.contains(&group.name) {
                true => ManagedBy::Configuration,
                false => managed_by(self.declared.has_group(&group.name)),
            },
        }
    }
}

pub(super) fn list(call: &Call<'_>) -> Result<Reply, Problem> {
    let view = call.engine().view();
    let members = Members::of(call, &view.facts);
    let search = call.query.text(SEARCH).map(str::to_lowercase);
    let wanted = |group: &&Arc<Group>| {
        search.as_ref().is_none_or(|search| {
            group.name.as_str().contains(search) || group.title.to_lowercase().contains(search)
        })
    };
    let listing = call.query.page(
        view.facts.groups().filter(wanted),
        |group| group.name.to_string(),
        |group| members.shown(group),
    )?;
    Reply::json(&listing)
}

pub(super) fn show(call: &Call<'_>) -> Result<Reply, Problem> {
    shown(call, &named(call)?)
}

fn shown(call: &Call<'_>, name: &GroupName) -> Result<Reply, Problem> {
    let view = call.engine().view();
    let group = view.facts.group(name);
    let group = group.ok_or_else(|| Problem::unknown("group", name.as_str()))?;
    let members = Members::of(call, &view.facts);
    Ok(Reply::json(&members.shown(group))?.at(group.version))
}

/// The group that the path names.
fn named(call: &Call<'_>) -> Result<GroupName, Problem> {
    let named = call.parameter(0);
    let view = call.engine().view();
    let known = named
        .parse()
        .ok()
        .filter(|name| view.facts.group(name).is_some());
    known.ok_or_else(|| Problem::unknown("group", named))
}

fn check_title(title: &str) -> Result<(), Problem> {
    let fine = title.chars().count() <= TITLE_CHARS_MAX && !title.chars().any(char::is_control);
    match fine {
        true => Ok(()),
        false => Err(Problem::invalid(format!(
            "`title` is longer than {TITLE_CHARS_MAX} characters or not plain text"
        ))
        .field("title")),
    }
}

/// What the configuration file says of a group, it says again at the next start.
fn refuse_configured(call: &Call<'_>, name: &GroupName) -> Result<(), Problem> {
    match (call.parts.configured_groups)().contains(name) {
        false => Ok(()),
        true => Err(Problem::conflict(format!(
            "the group `{name}` stands in the configuration file"
        ))
        .help("change it there")),
    }
}

pub(super) async fn add(call: &Call<'_>) -> Result<Reply, Problem> {
    let asked: AddGroup = call.body()?;
    check_title(&asked.title)?;
    let (name, commit) = (asked.name.clone(), call.commit("group added"));
    let propose = move |facts: &Snapshot| {
        if facts.group(&asked.name).is_some() {
            return Err(Refused::Declined(format!(
                "there is already a group `{}`",
                asked.name
            )));
        }
        let group = Group {
            title: Arc::from(asked.title),
            name: asked.name,
            parents: asked.parents,
            identities: Vec::new(),
            version: 0,
        };
        Ok(commit.change(Change::GroupPut(Arc::new(group))))
    };
    call.engine().propose(propose).await?;
    shown(call, &name)
}

pub(super) async fn put(call: &Call<'_>) -> Result<Reply, Problem> {
    let asked: PutGroup = call.body()?;
    check_title(&asked.title)?;
    let name = named(call)?;
    refuse_configured(call, &name)?;
    let (group, precondition) = (name.clone(), call.precondition);
    let commit = call.commit("group changed");
    let propose = move |facts: &Snapshot| {
        let present = facts.group(&group).ok_or_else(|| gone(&group))?;
        expect(precondition, present.version)?;
        let group = Group {
            title: Arc::from(asked.title),
            name: group,
            parents: asked.parents,
            identities: present.identities.clone(),
            version: 0,
        };
        Ok(commit.change(Change::GroupPut(Arc::new(group))))
    };
    call.engine().propose(propose).await?;
    shown(call, &name)
}

pub(super) async fn remove(call: &Call<'_>) -> Result<Reply, Problem> {
    let name = named(call)?;
    refuse_configured(call, &name)?;
    let (precondition, commit) = (call.precondition, call.commit("group removed"));
    let propose = move |facts: &Snapshot| {
        let present = facts.group(&name).ok_or_else(|| gone(&name))?;
        expect(precondition, present.version)?;
        Ok(commit.change(Change::GroupRemoved(name)))
    };
    let done = call.engine().propose(propose).await?;
    Reply::json(&Done { epoch: done.epoch })
}

fn gone(name: &GroupName) -> Refused {
    Refused::Declined(format!("the group `{name}` was removed meanwhile"))
}
