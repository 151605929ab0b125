//! People as they are shown: in lists, and one with all that is known of them.

use std::{collections::BTreeSet, sync::Arc};

use gw_model::{ExternalIdentity, GroupName, ProviderName, Snapshot, Timestamp, User};

use super::super::{Call, Reply, user_named};
use crate::{
    declared::managed_by,
    query::{GROUP, PROVIDER, SEARCH, STATE},
    types::{
        AuthenticatorView, FactorView, IdentityView, MembershipView, Problem, UserDocument,
        UserView,
    },
};

pub(in crate::operation) fn list(call: &Call<'_>) -> Result<Reply, Problem> {
    let (view, now) = (call.engine().view(), call.engine().clock().now());
    let facts = &view.facts;
    let search = call.query.text(SEARCH).map(str::to_lowercase);
    let group = call.query.read::<GroupName>(GROUP)?;
    let within = group.as_ref().map(|group| within(facts, group));
    let provider = call.query.read::<ProviderName>(PROVIDER)?;
    let state = call.query.text(STATE);
    let wanted = |user: &&Arc<User>| {
        let matches = |search: &String| {
            let email = user.email.as_deref().unwrap_or_default();
            [&*user.name, &*user.display_name, email]
                .iter()
                .any(|text| text.to_lowercase().contains(search))
        };
        search.as_ref().is_none_or(matches)
            && within
                .as_ref()
                .is_none_or(|within| is_member(user, within, now))
            && provider
                .as_ref()
                .is_none_or(|name| user.identities.iter().any(|i| i.provider == *name))
            && match state {
                Some("active") => !user.disabled,
                Some("disabled") => user.disabled,
                Some("without-passkey") => !user.has_passkey(),
                _ => true,
            }
    };
    let listing = call.query.page(
        facts.users().filter(wanted),
        |user| user.name.to_string(),
        |user| shown(call, facts, user, now),
    )?;
    Reply::json(&listing)
}

/// The group, and all that are part of it, however far.
pub(in crate::operation) fn within(facts: &Snapshot, group: &GroupName) -> BTreeSet<GroupName> {
    let mut found = BTreeSet::from([group.clone()]);
    loop {
        let more: Vec<_> = facts
            .groups()
            .filter(|g| !found.contains(&g.name) && g.parents.iter().any(|p| found.contains(p)))
            .map(|g| g.name.clone())
            .collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

/// Whether somebody is in one of these groups now.
pub(in crate::operation) fn is_member(
    user: &User,
    groups: &BTreeSet<GroupName>,
    now: Timestamp,
) -> bool {
    let is_over = |until: Timestamp| until <= now;
    user.groups
        .iter()
        .any(|m| groups.contains(&m.group) && !m.until.is_some_and(is_over))
}

pub(in crate::operation) fn show(call: &Call<'_>) -> Result<Reply, Problem> {
    let view = call.engine().view();
    let user = user_named(&view.facts, call.parameter(0))?;
    Ok(Reply::json(&document(call, &view.facts, user))?.at(user.version))
}

pub(super) fn document(call: &Call<'_>, facts: &Snapshot, user: &User) -> UserDocument {
    let now = call.engine().clock().now();
    UserDocument {
        user: shown(call, facts, user, now),
        attributes: user.attributes.clone(),
        all_groups: facts.groups_of(user, now).0,
    }
}

pub(in crate::operation) fn shown(
    call: &Call<'_>,
    facts: &Snapshot,
    user: &User,
    now: Timestamp,
) -> UserView {
    let open = |session: &&Arc<gw_model::Session>| session.over(now).is_none();
    UserView {
        id: user.id,
        name: user.name.clone(),
        display_name: user.display_name.clone(),
        email: user.email.clone(),
        email_verified: user.verified_address().is_some(),
        groups: user
            .groups
            .iter()
            .map(|membership| MembershipView {
                group: membership.group.clone(),
                until: membership.until,
                by: membership.by.clone(),
            })
            .collect(),
        factors: user
            .factors
            .iter()
            .map(|factor| FactorView {
                id: factor.id,
                kind: factor.kind,
                name: factor.name.clone(),
                enrolled_at: factor.enrolled_at,
                authenticator: factor.authenticator.as_ref().map(|told| AuthenticatorView {
                    aaguid: told.aaguid.clone(),
                    attestation: told.attestation,
                }),
            })
            .collect(),
        identities: user.identities.iter().map(identity).collect(),
        disabled: user.disabled,
        sessions: facts.sessions_of(user.id).filter(open).count(),
        version: user.version,
        managed_by: managed_by(call.declared.has_user(user)),
    }
}

fn identity(identity: &ExternalIdentity) -> IdentityView {
    IdentityView {
        provider: identity.provider.clone(),
        subject: identity.subject.clone(),
        within: identity.within.clone(),
    }
}
