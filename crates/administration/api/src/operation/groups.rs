//! Groups: list, add.

use std::{collections::BTreeMap, sync::Arc};

use gw_model::{Change, Group, Snapshot};
use gw_store::Refused;

use super::{Call, Reply};
use crate::{
    safeguard,
    types::{AddGroup, Done, GroupView, Listing, Problem},
};

pub(super) fn list(call: &Call<'_>) -> Result<Reply, Problem> {
    let view = call.parts.engine.view();
    let mut members = BTreeMap::new();
    for membership in view.facts.users().flat_map(|user| &user.groups) {
        *members.entry(&membership.group).or_insert(0_usize) += 1;
    }
    let shown = |group: &Arc<Group>| GroupView {
        name: group.name.clone(),
        title: group.title.clone(),
        parents: group.parents.clone(),
        members: members.get(&group.name).copied().unwrap_or_default(),
    };
    Reply::json(&Listing {
        items: view.facts.groups().map(shown).collect(),
    })
}

pub(super) async fn add(call: &Call<'_>) -> Result<Reply, Problem> {
    let asked: AddGroup = call.body()?;
    let commit = call.commit("group added");
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
            version: 0,
        };
        Ok(commit.change(Change::GroupPut(Arc::new(group))))
    };
    let done = safeguard::commit(&call.parts.engine, None, propose).await?;
    Reply::json(&Done { epoch: done.epoch })
}
