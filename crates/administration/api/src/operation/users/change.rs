//! Changes of one person, each made to them as they are when its turn comes.

use std::{collections::BTreeMap, sync::Arc};

use gw_model::{Change, FactorId, GroupName, Membership, Snapshot, User, UserId};
use gw_store::Refused;

use super::{
    super::{Call, Reply, expect},
    check_text, may_change, may_describe, may_give,
    shown::document,
};
use crate::{
    safeguard,
    types::{ChangeUser, Done, Join, Problem},
};

/// Attributes of one person.
const ATTRIBUTES_MAX: usize = 100;

pub(in crate::operation) async fn patch(call: &Call<'_>) -> Result<Reply, Problem> {
    let asked: ChangeUser = call.body()?;
    if let Some(name) = &asked.display_name {
        check_text("display_name", name)?;
    }
    if let Some(Some(email)) = &asked.email {
        check_text("email", email)?;
    }
    let attributes = asked.attributes.as_ref().map(attributes).transpose()?;
    may_change(call, &*present(call)?)?;
    if asked.email.is_some() || attributes.is_some() {
        may_describe(call)?;
    }
    change(call, "user changed", move |user| {
        if let Some(name) = asked.display_name {
            user.display_name = Arc::from(name);
        }
        if let Some(email) = asked.email {
            user.email = email.map(Arc::from);
        }
        if let Some(attributes) = attributes {
            user.attributes = attributes;
        }
        Ok(())
    })
    .await?;
    let view = call.engine().view();
    let user = view.facts.user(call.user()?);
    let user = user.ok_or_else(|| Problem::unknown("user", call.parameter(0)))?;
    Ok(Reply::json(&document(call, &view.facts, user))?.at(user.version))
}

/// Attributes, checked.
pub(crate) fn attributes(
    given: &BTreeMap<String, String>,
) -> Result<BTreeMap<Arc<str>, Arc<str>>, Problem> {
    if given.len() > ATTRIBUTES_MAX {
        let detail = format!("there are more than {ATTRIBUTES_MAX} attributes");
        return Err(Problem::invalid(detail).field("attributes"));
    }
    let mut checked = BTreeMap::new();
    for (name, value) in given {
        check_text(&format!("attributes.{name}"), name)?;
        check_text(&format!("attributes.{name}"), value)?;
        checked.insert(Arc::from(name.as_str()), Arc::from(value.as_str()));
    }
    Ok(checked)
}

pub(in crate::operation) async fn switch(
    call: &Call<'_>,
    disabled: bool,
) -> Result<Reply, Problem> {
    let what = if disabled {
        "user disabled"
    } else {
        "user enabled"
    };
    // Whoever may switch people off may do so in an emergency, whoever it is; back on is a right.
    if !disabled {
        may_change(call, &*present(call)?)?;
    }
    done(
        change(call, what, move |user| {
            user.disabled = disabled;
            Ok(())
        })
        .await?,
    )
}

pub(in crate::operation) async fn join(call: &Call<'_>) -> Result<Reply, Problem> {
    let asked: Join = call.body()?;
    let group = group_of(call)?;
    may_give(call, &group)?;
    let now = call.engine().clock().now();
    if asked.until.is_some_and(|until| until <= now) {
        return Err(Problem::invalid("`until` is not in the future").field("until"));
    }
    done(
        change(call, "user put into a group", move |user| {
            user.groups.retain(|membership| membership.group != group);
            user.groups.push(Membership {
                until: asked.until,
                ..Membership::of(group)
            });
            Ok(())
        })
        .await?,
    )
}

pub(in crate::operation) async fn leave(call: &Call<'_>) -> Result<Reply, Problem> {
    let group = group_of(call)?;
    may_change(call, &*present(call)?)?;
    done(
        change(call, "user taken out of a group", move |user| {
            let before = user.groups.len();
            user.groups.retain(|membership| membership.group != group);
            if user.groups.len() == before {
                let (name, group) = (&user.name, &group);
                return Err(Refused::Declined(format!(
                    "`{name}` is not in `{group}` directly"
                )));
            }
            Ok(())
        })
        .await?,
    )
}

pub(in crate::operation) async fn remove_factor(call: &Call<'_>) -> Result<Reply, Problem> {
    let user = present(call)?;
    may_change(call, &user)?;
    let named = call.parameter(1);
    let factor = named.parse::<FactorId>().ok();
    let known = factor.filter(|id| user.factors.iter().any(|factor| factor.id == *id));
    let factor = known.ok_or_else(|| Problem::unknown("factor", named))?;
    done(
        change(call, "factor removed", move |user| {
            user.factors.retain(|known| known.id != factor);
            Ok(())
        })
        .await?,
    )
}

pub(in crate::operation) async fn remove(call: &Call<'_>) -> Result<Reply, Problem> {
    may_change(call, &*present(call)?)?;
    let (id, precondition) = (call.user()?, call.precondition);
    let commit = call.commit("user removed");
    let propose = move |facts: &Snapshot| {
        let user = facts.user(id).ok_or_else(|| gone(id))?;
        expect(precondition, user.version)?;
        Ok(commit.change(Change::UserRemoved(id)))
    };
    let made = safeguard::commit(call.engine(), None, propose).await?;
    done(Done { epoch: made.epoch })
}

fn done(done: Done) -> Result<Reply, Problem> {
    Reply::json(&done)
}

/// The person as they are now.
fn present(call: &Call<'_>) -> Result<Arc<User>, Problem> {
    let (view, id) = (call.engine().view(), call.user()?);
    let user = view.facts.user(id).cloned();
    user.ok_or_else(|| Problem::unknown("user", &id.to_string()))
}

fn group_of(call: &Call<'_>) -> Result<GroupName, Problem> {
    let named = call.parameter(1);
    let known = named.parse::<GroupName>().ok();
    let view = call.engine().view();
    known
        .filter(|group| view.facts.group(group).is_some())
        .ok_or_else(|| {
            Problem::unknown("group", named).help("`gatewright group list` shows the groups")
        })
}

/// Changes a person as they are when the change's turn comes, unless it locks everybody out.
async fn change(
    call: &Call<'_>,
    what: &'static str,
    edit: impl FnOnce(&mut User) -> Result<(), Refused> + Send + 'static,
) -> Result<Done, Problem> {
    let (id, precondition, commit) = (call.user()?, call.precondition, call.commit(what));
    let propose = move |facts: &Snapshot| {
        let user = facts.user(id).ok_or_else(|| gone(id))?;
        expect(precondition, user.version)?;
        let mut user = User::clone(user);
        edit(&mut user)?;
        Ok(commit.change(Change::UserPut(Arc::new(user))))
    };
    let done = safeguard::commit(call.engine(), None, propose).await?;
    Ok(Done { epoch: done.epoch })
}

fn gone(id: UserId) -> Refused {
    Refused::Declined(format!("the user {id} was removed meanwhile"))
}
