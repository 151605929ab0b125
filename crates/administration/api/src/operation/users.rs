//! People: list, add, switch off and on, groups, links.

use std::{collections::BTreeMap, sync::Arc};

use gw_identity::LinkError;
use gw_model::{Action, Change, GroupName, Membership, Snapshot, Timestamp, User, UserId};
use gw_store::{LinkKind, Refused};

use super::{Call, Reply};
use crate::{
    safeguard,
    server::local,
    types::{
        AddUser, Done, FactorView, LinkView, LinkWord, Listing, MakeLink, MembershipView, Problem,
        UserView,
    },
};

const NAME_CHARS_MAX: usize = 64;
const TEXT_CHARS_MAX: usize = 120;

pub(super) fn list(call: &Call<'_>) -> Result<Reply, Problem> {
    let view = call.parts.engine.view();
    let now = call.parts.engine.clock().now();
    let users = view.facts.users();
    let items = users.map(|user| shown(&view.facts, user, now));
    Reply::json(&Listing {
        items: items.collect(),
    })
}

fn shown(facts: &Snapshot, user: &User, now: Timestamp) -> UserView {
    let open = |session: &&Arc<gw_model::Session>| session.over(now).is_none();
    UserView {
        id: user.id,
        name: user.name.clone(),
        display_name: user.display_name.clone(),
        email: user.email.clone(),
        groups: user
            .groups
            .iter()
            .map(|membership| MembershipView {
                group: membership.group.clone(),
                until: membership.until,
            })
            .collect(),
        factors: user
            .factors
            .iter()
            .map(|factor| FactorView {
                kind: factor.kind,
                name: factor.name.clone(),
                enrolled_at: factor.enrolled_at,
            })
            .collect(),
        disabled: user.disabled,
        sessions: facts.sessions_of(user.id).filter(open).count(),
    }
}

pub(super) async fn add(call: &Call<'_>) -> Result<Reply, Problem> {
    let asked: AddUser = call.body()?;
    check_name(&asked.name)?;
    let display_name = asked.display_name.unwrap_or_else(|| asked.name.clone());
    check_text("the display name", &display_name)?;
    if let Some(email) = &asked.email {
        check_text("the e-mail address", email)?;
    }
    for group in &asked.groups {
        may_give(call, group)?;
    }
    let user = User {
        id: call.user()?,
        name: Arc::from(asked.name),
        display_name: Arc::from(display_name),
        email: asked.email.map(Arc::from),
        attributes: BTreeMap::new(),
        groups: asked.groups.into_iter().map(Membership::of).collect(),
        factors: Vec::new(),
        disabled: false,
        version: 0,
    };
    let commit = call
        .commit("user added")
        .change(Change::UserPut(Arc::new(user.clone())));
    call.parts.engine.commit(commit).await?;
    let engine = &call.parts.engine;
    Reply::json(&shown(&engine.view().facts, &user, engine.clock().now()))
}

fn check_name(name: &str) -> Result<(), Problem> {
    let fine = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.@+".contains(&b);
    let first_fine = name
        .bytes()
        .next()
        .is_some_and(|b| b.is_ascii_alphanumeric());
    if first_fine && name.len() <= NAME_CHARS_MAX && name.bytes().all(fine) {
        return Ok(());
    }
    let name: String = name.chars().take(NAME_CHARS_MAX).collect();
    Err(Problem::invalid(format!(
        "`{name}` is not a sign-in name: use 1 to 64 of the characters a-z, 0-9 and -_.@+, starting with a letter or digit"
    )))
}

fn check_text(what: &str, text: &str) -> Result<(), Problem> {
    let fine = !text.trim().is_empty()
        && text.chars().count() <= TEXT_CHARS_MAX
        && !text.chars().any(char::is_control);
    if fine {
        return Ok(());
    }
    let detail =
        format!("{what} is empty, longer than {TEXT_CHARS_MAX} characters or not plain text");
    Err(Problem::invalid(detail))
}

/// Whether who asks is owner-equal: nobody has more rights than who may replace the policies.
fn is_owner_equal(call: &Call<'_>) -> bool {
    let circumstances = local(
        call.uid,
        Action::AdminPolicyApply,
        gw_model::Resource::System,
    );
    call.parts.engine.preview(&circumstances).outcome.is_allow()
}

/// A group is rights: who is on the machine is in none, so only the owner-equal give them.
fn may_give(call: &Call<'_>, group: &GroupName) -> Result<(), Problem> {
    if is_owner_equal(call) {
        return Ok(());
    }
    let detail = format!(
        "putting somebody into `{group}` would give rights that uid {} does not have",
        call.uid
    );
    Err(Problem::denied(detail).help("have an owner do it"))
}

pub(super) async fn switch(call: &Call<'_>, disabled: bool) -> Result<Reply, Problem> {
    let what = if disabled {
        "user disabled"
    } else {
        "user enabled"
    };
    change(call, what, move |user| {
        user.disabled = disabled;
        Ok(())
    })
    .await
}

pub(super) async fn join(call: &Call<'_>) -> Result<Reply, Problem> {
    let group = group_of(call)?;
    may_give(call, &group)?;
    change(call, "user put into a group", move |user| {
        user.groups.retain(|membership| membership.group != group);
        user.groups.push(Membership::of(group));
        Ok(())
    })
    .await
}

pub(super) async fn leave(call: &Call<'_>) -> Result<Reply, Problem> {
    let group = group_of(call)?;
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
    .await
}

fn group_of(call: &Call<'_>) -> Result<GroupName, Problem> {
    let named = call.parameters.get(1).copied().unwrap_or_default();
    let known = named.parse::<GroupName>().ok();
    let view = call.parts.engine.view();
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
) -> Result<Reply, Problem> {
    let (id, commit) = (call.user()?, call.commit(what));
    let propose = move |facts: &Snapshot| {
        let user = facts.user(id).ok_or_else(|| gone(id))?;
        let mut user = User::clone(user);
        edit(&mut user)?;
        Ok(commit.change(Change::UserPut(Arc::new(user))))
    };
    let done = safeguard::commit(&call.parts.engine, None, propose).await?;
    Reply::json(&Done { epoch: done.epoch })
}

fn gone(id: UserId) -> Refused {
    Refused::Declined(format!("the user {id} was removed meanwhile"))
}

pub(super) async fn link(call: &Call<'_>) -> Result<Reply, Problem> {
    let asked: MakeLink = call.body()?;
    let view = call.parts.engine.view();
    let id = call.user()?;
    let user = view
        .facts
        .user(id)
        .ok_or_else(|| Problem::unknown("user", &id.to_string()))?;
    let now = call.parts.engine.clock().now();
    if !is_owner_equal(call) && gw_identity::exceeds(&[], &view.facts, user, now) {
        let detail = format!(
            "`{}` has rights that uid {} does not have",
            user.name, call.uid
        );
        return Err(Problem::denied(detail).help("have an owner make the link"));
    }
    let word = asked.kind.unwrap_or(LinkWord::SignIn);
    let kind = match word {
        LinkWord::SignIn => LinkKind::SignIn,
        LinkWord::Enrolment => LinkKind::Enrolment,
        LinkWord::Recovery => LinkKind::Recovery,
    };
    let made = call
        .parts
        .identity
        .make_link(id, kind, call.actor(), None, Some(call.decision))
        .await
        .map_err(link_problem)?;
    let origin = &call.parts.authentication_origin;
    Reply::json(&LinkView {
        url: format!("{origin}{}", made.path.expose()),
        kind: word,
        expires: made.expires,
    })
}

fn link_problem(fault: LinkError) -> Problem {
    match fault {
        LinkError::NoSuchUser(user) => Problem::unknown("user", &user.to_string()),
        LinkError::Disabled(_) | LinkError::HasFactors(_) | LinkError::TooLong { .. } => {
            Problem::conflict(fault.to_string())
        }
        LinkError::NotUsable(_) | LinkError::Unavailable(_) => Problem::failed(fault.to_string()),
    }
}
