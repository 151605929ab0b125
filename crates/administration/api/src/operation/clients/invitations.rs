//! Invitations by which clients may still be registered: list them, and take one back.

use gw_model::TokenHash;
use gw_oauth::{INVITATION_KIND, Invitation, ProofKey};
use gw_store::{Effect, Kept};

use super::super::{Call, Reply};
use crate::{
    recent::actor,
    types::{Done, OpenInvitation, Problem},
};

/// An invitation, and where the store has it.
struct Held {
    invitation: Invitation,
    hash: TokenHash,
}

impl Held {
    fn read(kept: &Kept) -> Result<Self, Problem> {
        let invitation = serde_json::from_slice(kept.payload.expose());
        let unread = |_| Problem::failed("an invitation cannot be read");
        Ok(Self {
            invitation: invitation.map_err(unread)?,
            hash: kept.hash,
        })
    }
}

pub(in crate::operation) async fn list(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut open = open(call).await?;
    open.sort_by_cached_key(|held| held.invitation.id());
    let listing = call.query.page(
        open.iter(),
        |held| held.invitation.id().to_string(),
        |held| view_of(call, &held.invitation),
    )?;
    Reply::json(&listing)
}

/// Nobody registers by it from then on; who did stays, and goes by a removal of their own.
pub(in crate::operation) async fn take_back(call: &Call<'_>) -> Result<Reply, Problem> {
    let named = call.parameter(0);
    let open = open(call).await?;
    let mut named_so = open
        .iter()
        .filter(|held| held.invitation.id().as_str() == named);
    let held = named_so.next().ok_or_else(|| {
        Problem::unknown("invitation", named)
            .help("`gatewright client invitations` shows those that are open")
    })?;
    let commit = call.commit(format!("took back an invitation of a client ({named})"));
    let removed = Effect::KeptRemoved {
        kind: INVITATION_KIND,
        hash: held.hash,
    };
    let done = call.engine().commit(commit.effect(removed)).await?;
    Reply::json(&Done { epoch: done.epoch })
}

/// Those by which somebody may still register.
async fn open(call: &Call<'_>) -> Result<Vec<Held>, Problem> {
    let reader = call.engine().reader().clone();
    let kept = call.computed(move |_| reader.kept_of_nobody(INVITATION_KIND));
    let kept = kept.await??;
    let held = kept.iter().map(Held::read);
    let mut held: Vec<_> = held.collect::<Result<_, _>>()?;
    let now = call.engine().clock().now();
    held.retain(|held| held.invitation.is_open(now));
    Ok(held)
}

fn view_of(call: &Call<'_>, invitation: &Invitation) -> OpenInvitation {
    let (bounds, made) = (&invitation.bounds, invitation.made.as_ref());
    let view = call.engine().view();
    OpenInvitation {
        id: invitation.id().to_string(),
        app: bounds.app.clone(),
        hosts: bounds.hosts.clone(),
        grants: bounds
            .grant_types
            .iter()
            .map(|one| one.name().to_owned())
            .collect(),
        scopes: bounds.scopes.iter().map(str::to_owned).collect(),
        proof_key_optional: bounds.proof_key == ProofKey::Optional,
        left: invitation.token.left,
        made_by: made.map(|(_, by)| actor(&view.facts, by)),
        made_at: made.map(|(at, _)| *at),
        expires: invitation.token.expires,
    }
}
