//! Changes of one person, each made to them as they are when its turn comes.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use gw_model::{Change, FactorId, GroupName, Membership, Snapshot, Timestamp, User, UserId};
use gw_store::Refused;

use super::{
    super::{Call, Reply, break_glass::leave_its_user_alone, expect},
    Rights, check_text, may_change, may_describe, may_give,
    shown::document,
};
use crate::types::{ChangeUser, Done, Join, Problem};

/// What lasts longer is meant to last.
const UNTIL_MAX: Duration = Duration::from_secs(100 * 366 * 24 * 60 * 60);

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
    change(call, "user changed", Some(Rights::of(call)), move |user| {
        if let Some(name) = asked.display_name {
            user.display_name = Arc::from(name);
        }
        if let Some(email) = asked.email {
            user.email = email.map(Arc::from);
            // Who may enter an address says that it is theirs.
            user.verified_email = user.email.clone();
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
    leave_its_user_alone(call, call.user()?)?;
    let rights = (!disabled).then(|| Rights::of(call));
    if rights.is_some() {
        may_change(call, &*present(call)?)?;
    }
    done(
        change(call, what, rights, move |user| {
            user.switch_by_hand(disabled);
            Ok(())
        })
        .await?,
    )
}

pub(in crate::operation) async fn join(call: &Call<'_>) -> Result<Reply, Problem> {
    let asked: Join = call.body()?;
    let group = group_of(call)?;
    may_give(call, &group, asked.until)?;
    may_change(call, &*present(call)?)?;
    check_until(asked.until, call.engine().clock().now())?;
    let rights = Some(Rights::of(call));
    done(
        change(
            call,
            format!("user put into the group `{group}`"),
            rights,
            move |user| {
                // What rests on a provider's word stays its own.
                user.groups.retain(|m| m.group != group || m.by.is_some());
                user.groups.push(Membership {
                    until: asked.until,
                    ..Membership::of(group)
                });
                Ok(())
            },
        )
        .await?,
    )
}

fn check_until(until: Option<Timestamp>, now: Timestamp) -> Result<(), Problem> {
    let Some(until) = until else {
        return Ok(());
    };
    let what = match until {
        until if until <= now => "`until` is not in the future",
        until if until > now.after(UNTIL_MAX) => "`until` is more than a hundred years away",
        _ => return Ok(()),
    };
    let help = "say it in milliseconds since the Unix epoch, or leave it out for as long as nobody ends it";
    Err(Problem::invalid(what).field("until").help(help))
}

pub(in crate::operation) async fn leave(call: &Call<'_>) -> Result<Reply, Problem> {
    let group = group_of(call)?;
    may_change(call, &*present(call)?)?;
    let rights = Some(Rights::of(call));
    done(
        change(
            call,
            format!("user taken out of the group `{group}`"),
            rights,
            move |user| {
                let before = user.groups.len();
                user.groups.retain(|m| m.group != group || m.by.is_some());
                if user.groups.len() < before {
                    return Ok(());
                }
                let (name, theirs) = (&user.name, user.groups.iter().find(|m| m.group == group));
                Err(Refused::Declined(match theirs.and_then(|m| m.by.as_ref()) {
                    Some(by) => format!(
                        "`{name}` is in `{group}` by the word of the provider `{by}`: change it there"
                    ),
                    None => format!("`{name}` is not in `{group}` directly"),
                }))
            },
        )
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
        change(
            call,
            "factor removed",
            Some(Rights::of(call)),
            move |user| {
                user.factors.retain(|known| known.id != factor);
                Ok(())
            },
        )
        .await?,
    )
}

pub(in crate::operation) async fn remove(call: &Call<'_>) -> Result<Reply, Problem> {
    may_change(call, &*present(call)?)?;
    let (id, precondition) = (call.user()?, call.precondition);
    let commit = call.commit("user removed");
    let (rights, now) = (Rights::of(call), call.engine().clock().now());
    let propose = move |facts: &Snapshot| {
        let user = facts.user(id).ok_or_else(|| gone(id))?;
        expect(precondition, user.version)?;
        still_over(Some(rights), facts, user, now)?;
        // For good: no directory that has them brings them back.
        let kept = facts.kept_of_removed(user);
        let commit = commit.change(Change::UserRemoved(id));
        Ok(kept.into_iter().fold(commit, gw_engine::Commit::change))
    };
    let made = call.engine().propose(propose).await?;
    done(Done { epoch: made.epoch })
}

pub(super) fn done(done: Done) -> Result<Reply, Problem> {
    Reply::json(&done)
}

/// The person as they are now.
pub(super) fn present(call: &Call<'_>) -> Result<Arc<User>, Problem> {
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

/// Changes a person as they are when the change's turn comes, if they have no more rights by then.
pub(super) async fn change(
    call: &Call<'_>,
    what: impl Into<Arc<str>>,
    rights: Option<Rights>,
    edit: impl FnOnce(&mut User) -> Result<(), Refused> + Send + 'static,
) -> Result<Done, Problem> {
    let (id, precondition, commit) = (call.user()?, call.precondition, call.commit(what));
    let now = call.engine().clock().now();
    let propose = move |facts: &Snapshot| {
        let user = facts.user(id).ok_or_else(|| gone(id))?;
        expect(precondition, user.version)?;
        still_over(rights, facts, user, now)?;
        let mut user = User::clone(user);
        edit(&mut user)?;
        Ok(commit.change(Change::UserPut(Arc::new(user))))
    };
    let done = call.engine().propose(propose).await?;
    Ok(Done { epoch: done.epoch })
}

/// The person may have been given more since they were looked at.
fn still_over(
    rights: Option<Rights>,
    facts: &Snapshot,
    user: &User,
    now: Timestamp,
) -> Result<(), Refused> {
    match rights {
        Some(rights) if !rights.over(facts, user, now) => Err(Refused::Declined(format!(
            "`{}` has been given rights meanwhile that you do not have",
            user.name
        ))),
        _ => Ok(()),
    }
}

fn gone(id: UserId) -> Refused {
    Refused::Declined(format!("the user {id} was removed meanwhile"))
}
