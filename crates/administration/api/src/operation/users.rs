//! People: list, add, change, switch off and on, remove; groups, factors, links, and who they are
//! at providers.

mod change;
mod identity;
mod link;
mod shown;

pub(crate) use change::attributes;
pub(super) use change::{join, leave, patch, remove, remove_factor, switch};
pub(super) use identity::{remove as remove_identity, set as set_identity};
pub(super) use link::link;
pub(super) use shown::{list, show, shown};

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use gw_model::{
    Change, GroupName, Membership, SIGN_IN_NAME_MAX, Snapshot, Timestamp, User, UserId,
    is_sign_in_name,
};

use super::{Call, Reply};
use crate::types::{AddUser, Problem};

const TEXT_CHARS_MAX: usize = 120;
/// Somebody who is in a group until then is in it at the instant before.
const LAST_INSTANT: Duration = Duration::from_millis(1);

pub(super) async fn add(call: &Call<'_>) -> Result<Reply, Problem> {
    let asked: AddUser = call.body()?;
    check_name(&asked.name)?;
    let display_name = asked.display_name.unwrap_or_else(|| asked.name.clone());
    check_text("display_name", &display_name)?;
    if let Some(email) = &asked.email {
        check_text("email", email)?;
    }
    if asked.email.is_some() {
        may_describe(call)?;
    }
    for group in &asked.groups {
        may_give(call, group, None)?;
    }
    let user = User {
        id: call.user()?,
        name: Arc::from(asked.name),
        display_name: Arc::from(display_name),
        email: asked.email.clone().map(Arc::from),
        attributes: BTreeMap::new(),
        groups: asked.groups.into_iter().map(Membership::of).collect(),
        factors: Vec::new(),
        identities: Vec::new(),
        disabled: false,
        // Who may enter an address says that it is theirs.
        verified_email: asked.email.map(Arc::from),
        tokens_from: gw_model::Timestamp::default(),
        version: 0,
    };
    let commit = call
        .commit("user added")
        .change(Change::UserPut(Arc::new(user.clone())));
    call.engine().commit(commit).await?;
    let (view, now) = (call.engine().view(), call.engine().clock().now());
    let user = view.facts.user(user.id).map_or(&user, |user| user);
    Ok(Reply::json(&shown(call, &view.facts, user, now))?.at(user.version))
}

pub(crate) fn check_name(name: &str) -> Result<(), Problem> {
    if is_sign_in_name(name) {
        return Ok(());
    }
    let name: String = name.chars().take(SIGN_IN_NAME_MAX).collect();
    Err(Problem::invalid(format!(
        "`{name}` is not a sign-in name: use 1 to 64 of the characters a-z, 0-9 and -_.@+, starting with a letter or digit"
    ))
    .field("name"))
}

pub(crate) fn check_text(field: &str, text: &str) -> Result<(), Problem> {
    let fine = !text.trim().is_empty()
        && text.chars().count() <= TEXT_CHARS_MAX
        && !text.chars().any(char::is_control);
    if fine {
        return Ok(());
    }
    let detail =
        format!("`{field}` is empty, longer than {TEXT_CHARS_MAX} characters or not plain text");
    Err(Problem::invalid(detail).field(field))
}

/// What somebody may do to people, beside what policy says.
#[derive(Debug, Clone, Copy)]
enum Rights {
    /// Everything: they may replace the policies.
    All,
    /// What concerns nobody who has more than this person, and gives nothing that they have not.
    Of(Option<UserId>),
}

impl Rights {
    fn of(call: &Call<'_>) -> Self {
        match call.caller.is_owner_equal(call.engine()) {
            true => Self::All,
            false => Self::Of(call.caller.user()),
        }
    }

    /// Their groups at some instant.
    fn groups(user: Option<UserId>, facts: &Snapshot, at: Timestamp) -> Vec<GroupName> {
        let user = user.and_then(|id| facts.user(id));
        user.map_or_else(Vec::new, |user| facts.groups_of(user, at).0)
    }

    /// Whether nothing of a person's exceeds them.
    fn over(self, facts: &Snapshot, user: &User, now: Timestamp) -> bool {
        match self {
            Self::All => true,
            Self::Of(own) => {
                !gw_identity::exceeds(&Self::groups(own, facts, now), facts, user, now)
            }
        }
    }

    /// Whether they have a group themselves, for as long as they would give it.
    fn give(self, facts: &Snapshot, group: &GroupName, until: Option<Timestamp>) -> bool {
        let last = until.unwrap_or(Timestamp::NEVER).before(LAST_INSTANT);
        match self {
            Self::All => true,
            Self::Of(own) => Self::groups(own, facts, last).contains(group),
        }
    }
}

/// A group is rights: who gives it has it, for as long, or may give themselves any.
fn may_give(call: &Call<'_>, group: &GroupName, until: Option<Timestamp>) -> Result<(), Problem> {
    if Rights::of(call).give(&call.engine().view().facts, group, until) {
        return Ok(());
    }
    let detail = format!(
        "putting somebody into `{group}` would give rights that {} does not have, or not for as long",
        call.caller.words()
    );
    Err(Problem::denied(detail)
        .help("have an owner do it")
        .of_rights())
}

/// What policies can read of a person may be a right.
fn may_describe(call: &Call<'_>) -> Result<(), Problem> {
    if call.caller.is_owner_equal(call.engine()) {
        return Ok(());
    }
    let detail = format!(
        "addresses and attributes of people are read by policies, which {} may not change",
        call.caller.words()
    );
    Err(Problem::denied(detail)
        .help("have an owner do it")
        .of_rights())
}

/// Nobody changes what a person can do or prove who has fewer rights than they.
fn may_change(call: &Call<'_>, user: &User) -> Result<(), Problem> {
    super::break_glass::leave_its_user_alone(call, user.id)?;
    let (view, now) = (call.engine().view(), call.engine().clock().now());
    if Rights::of(call).over(&view.facts, user, now) {
        return Ok(());
    }
    let (name, who) = (&user.name, call.caller.words());
    let detail = format!("`{name}` has rights that {who} does not have");
    Err(Problem::denied(detail)
        .help("have an owner do it")
        .of_rights())
}
