//! People as a source has them: what it sees of them, and what changes by what it tells. Pure
//! functions of the facts at their turn.

use std::sync::Arc;

use gw_model::{Change, DISABLED_BY, ExternalIdentity, Pushed, User, UserId};
use gw_scim::{GroupOfUser, Stamp, StoredUser, WriteFault};

use crate::{
    fields::{Fields, sign_in_name, without_told},
    sight::{OWNERS, Sight, group_id, user_id},
};

/// Somebody as the source sees them.
pub(crate) fn shown(sight: &Sight<'_>, user: &User) -> Option<StoredUser> {
    let link = sight.link(user)?;
    let pushed = link.pushed.as_deref();
    Some(StoredUser {
        stamp: Stamp {
            id: user_id(user.id)?,
            version: user.version.max(sight.facts.groups_version()),
            created: pushed.map(|pushed| pushed.created).unwrap_or_default(),
            last_modified: pushed.map(|pushed| pushed.modified).unwrap_or_default(),
        },
        user: told(user, link),
        groups: groups(sight, user),
    })
}

/// What the source told of somebody, with what is so here: whether they may sign in, and their name
/// if it is another one by now. Who was linked by somebody else is told as they are here.
fn told(user: &User, link: &ExternalIdentity) -> gw_scim::User {
    let told = link.pushed.as_deref();
    let told = told.and_then(|pushed| serde_json::from_str::<gw_scim::User>(&pushed.told).ok());
    let mut told = told.unwrap_or_else(|| gw_scim::User {
        external_id: Some((*link.subject).into()),
        display_name: Some((*user.display_name).into()),
        emails: user.email.iter().map(|email| address(email)).collect(),
        ..gw_scim::User::default()
    });
    if !told.user_name.eq_ignore_ascii_case(&user.name) {
        told.user_name = (*user.name).into();
    }
    // Of whom another source switched off, its own word: it can say off as well.
    let is_by_others = user.attributes.contains_key(DISABLED_BY) && !user.is_off_at(&link.provider);
    told.active = !user.disabled || is_by_others;
    told
}

fn address(email: &str) -> gw_scim::Email {
    gw_scim::Email {
        value: email.into(),
        ..gw_scim::Email::default()
    }
}

/// The groups by the source's word, and those of its own that these are in.
fn groups(sight: &Sight<'_>, user: &User) -> Vec<GroupOfUser> {
    let ours = user.groups.iter().filter(|m| sight.is_ours(m));
    let direct: Vec<_> = ours.map(|m| &m.group).collect();
    let above = direct
        .iter()
        .flat_map(|group| sight.facts.groups_above(group));
    let above: std::collections::BTreeSet<_> = above.collect();
    let mut all: Vec<_> = above
        .into_iter()
        .filter(|group| !direct.contains(&group))
        .map(|group| (group, false))
        .chain(direct.iter().map(|group| ((*group).clone(), true)))
        .collect();
    all.sort_unstable();
    let one = |(name, is_direct)| {
        let id = group_id(&name)?;
        let group = sight.group(&id)?;
        Some(GroupOfUser {
            id,
            display_name: crate::groups::display_name(group),
            is_direct,
        })
    };
    all.into_iter().filter_map(one).collect()
}

/// Who comes: somebody whom an administrator linked with the source, somebody who is here already
/// and is found by their name, or somebody new.
pub(crate) fn created(
    sight: &Sight<'_>,
    told: &gw_scim::User,
    new: UserId,
) -> Result<User, WriteFault> {
    let before = arriving(sight, told)?;
    let mut user = match before {
        Some(user) => User::clone(user),
        None => nobody(new),
    };
    if before.is_some() {
        within_reach(sight, &user)?;
    }
    let link = sight.link(&user).cloned();
    user.identities.retain(|i| i.provider != *sight.source());
    let at = Told {
        made: before.is_none(),
        link,
        created: sight.now,
    };
    describe(sight, &mut user, told, at)?;
    Ok(user)
}

/// Who is here already and comes from now on from the source.
pub(crate) fn arriving<'f>(
    sight: &Sight<'f>,
    told: &gw_scim::User,
) -> Result<Option<&'f Arc<User>>, WriteFault> {
    if let Some(id) = &told.external_id {
        let identity = ExternalIdentity::of(sight.source().clone(), (**id).into());
        if let Some(user) = sight.facts.user_of_identity(&identity) {
            let is_waiting = sight.link(user).is_some_and(|link| link.pushed.is_none());
            return match is_waiting {
                true => Ok(Some(user)),
                false => Err(taken("externalId")),
            };
        }
    }
    let name = sign_in_name(&told.user_name)?;
    match sight.facts.user_named(&name) {
        None => Ok(None),
        Some(user) if sight.finds_by_name() && sight.may_be_found(user) => Ok(Some(user)),
        Some(_) => Err(taken("userName")),
    }
}

const fn taken(attribute: &'static str) -> WriteFault {
    WriteFault::Taken { attribute }
}

fn nobody(id: UserId) -> User {
    User {
        id,
        name: "".into(),
        display_name: "".into(),
        email: None,
        attributes: Default::default(),
        groups: Vec::new(),
        factors: Vec::new(),
        identities: Vec::new(),
        disabled: false,
        verified_email: None,
        tokens_from: gw_model::Timestamp::default(),
        version: 0,
    }
}

/// Somebody as they are once the source told this of them.
pub(crate) fn replaced(
    sight: &Sight<'_>,
    before: &User,
    told: &gw_scim::User,
) -> Result<User, WriteFault> {
    not_an_owner(sight, before)?;
    let link = sight.link(before).cloned().ok_or(WriteFault::Absent)?;
    let mut after = before.clone();
    let pushed = link.pushed.as_deref();
    let at = Told {
        made: pushed.is_some_and(|pushed| pushed.made),
        created: pushed.map_or(sight.now, |pushed| pushed.created),
        link: Some(link),
    };
    let place = after
        .identities
        .iter()
        .position(|i| i.provider == *sight.source());
    after.identities.retain(|i| i.provider != *sight.source());
    describe(sight, &mut after, told, at)?;
    // Whose words count is whoever pushed them first: places are kept.
    if let (Some(place), Some(link)) = (place, after.identities.pop()) {
        after
            .identities
            .insert(place.min(after.identities.len()), link);
    }
    if !only_switched_off(sight, before, &after) {
        within_reach(sight, before)?;
    }
    Ok(after)
}

/// Whether nothing else is done to somebody than to switch them off.
fn only_switched_off(sight: &Sight<'_>, before: &User, after: &User) -> bool {
    let but_off = |user: &User| {
        let mut user = user.clone();
        user.disabled = false;
        user.attributes.remove(DISABLED_BY);
        for identity in &mut user.identities {
            identity.pushed = None;
            identity.off = false;
        }
        user
    };
    let says_on = before.is_off_at(sight.source()) && !after.is_off_at(sight.source());
    but_off(before) == but_off(after) && after.disabled >= before.disabled && !says_on
}

/// Somebody who goes: removed where they came by the source and have no rights that it could not
/// give. Who was here before, and who has such rights, stays, switched off and not linked any more.
pub(crate) fn removed(sight: &Sight<'_>, user: &User) -> Result<Change, WriteFault> {
    not_an_owner(sight, user)?;
    let link = sight.link(user).ok_or(WriteFault::Absent)?;
    let made = link.pushed.as_deref().is_some_and(|pushed| pushed.made);
    if made && sight.beyond(user).is_none() {
        return Ok(Change::UserRemoved(user.id));
    }
    let mut left = user.clone();
    if sight.describes(user) {
        left.attributes = without_told(&user.attributes);
    }
    left.identities.retain(|i| i.provider != *sight.source());
    left.groups.retain(|m| !sight.is_ours(m));
    left.attributes.remove(DISABLED_BY);
    left.disabled = true;
    Ok(Change::UserPut(Arc::new(left)))
}

/// What is known of a link when something is told.
struct Told {
    made: bool,
    created: gw_model::Timestamp,
    link: Option<ExternalIdentity>,
}

fn describe(
    sight: &Sight<'_>,
    user: &mut User,
    told: &gw_scim::User,
    at: Told,
) -> Result<(), WriteFault> {
    let fields = Fields::of(told)?;
    let subject = match &told.external_id {
        Some(id) => Arc::from(&**id),
        None => Arc::from(format!("id:{}", user.id)),
    };
    // What holds for less long because of who said so, holds no longer by what the source says.
    let within = at.link.as_ref().and_then(|link| link.within.clone());
    let before = at.link.and_then(|link| link.pushed);
    if sight.describes(user) {
        user.attributes = fields.attributes(&user.attributes);
        user.name = fields.name;
        user.display_name = fields.display_name;
        user.email = fields.email;
    }
    let text = text(told)?;
    let same = before.filter(|before| before.told == text);
    user.identities.push(ExternalIdentity {
        within,
        pushed: Some(same.unwrap_or_else(|| {
            Arc::new(Pushed {
                made: at.made,
                created: at.created,
                modified: sight.now,
                told: text,
            })
        })),
        ..ExternalIdentity::of(sight.source().clone(), subject)
    });
    // Who is off by the word of sources is on once none of them says off any more.
    user.heed(sight.source(), !told.active);
    Ok(())
}

/// What is kept of what was told. Whether they may sign in is a fact of ours.
fn text(told: &gw_scim::User) -> Result<Arc<str>, WriteFault> {
    let kept = gw_scim::User {
        active: false,
        ..told.clone()
    };
    let text = serde_json::to_string(&kept).map_err(|_| WriteFault::Invalid {
        attribute: "userName",
        reason: "and what is told beside it cannot be kept".into(),
    })?;
    Ok(text.into())
}

/// No source touches those who run Gatewright.
pub(crate) fn not_an_owner(sight: &Sight<'_>, user: &User) -> Result<(), WriteFault> {
    if !sight.is_owner(user) {
        return Ok(());
    }
    Err(WriteFault::Denied {
        reason: format!(
            "`{}` is in the group `{OWNERS}`: they are changed in Gatewright itself, by another owner",
            user.name
        )
        .into(),
    })
}

/// Who may not apply policies changes nobody who has more rights.
fn within_reach(sight: &Sight<'_>, user: &User) -> Result<(), WriteFault> {
    not_an_owner(sight, user)?;
    let Some(group) = sight.beyond(user) else {
        return Ok(());
    };
    Err(WriteFault::Denied {
        reason: format!(
            "`{}` is in the group `{group}`, which `{}` neither fills nor is put over: they can only be switched off; an owner changes them, or adds the group to `over` of this source",
            user.name,
            sight.source()
        )
        .into(),
    })
}
