//! Links: nobody makes one for a person whose rights exceed their own.

use gw_identity::LinkError;
use gw_model::GroupName;
use gw_store::LinkKind;

use super::{
    super::{Call, Reply},
    Rights, may_change,
};
use crate::types::{LinkView, LinkWord, MakeLink, Problem};

pub(in crate::operation) async fn link(call: &Call<'_>) -> Result<Reply, Problem> {
    let asked: MakeLink = call.body()?;
    let view = call.engine().view();
    let id = call.user()?;
    let user = view
        .facts
        .user(id)
        .ok_or_else(|| Problem::unknown("user", &id.to_string()))?;
    may_change(call, user)?;
    let word = asked.kind.unwrap_or(LinkWord::SignIn);
    let kind = match word {
        LinkWord::SignIn => LinkKind::SignIn,
        LinkWord::Enrolment => LinkKind::Enrolment,
        LinkWord::Recovery => LinkKind::Recovery,
    };
    let made = call
        .parts
        .identity
        .make_link_within(
            id,
            kind,
            (call.actor(), bounds(call)),
            None,
            Some(call.decision),
        )
        .await
        .map_err(link_problem)?;
    let origin = &call.parts.authentication_origin;
    Reply::json(&LinkView {
        url: format!("{origin}{}", made.path.expose()),
        kind: word,
        expires: made.expires,
    })
}

/// The groups of who asks, unless they may do everything.
pub(super) fn bounds(call: &Call<'_>) -> Option<Vec<GroupName>> {
    match Rights::of(call) {
        Rights::All => None,
        Rights::Of(_) => Some(call.caller.groups(call.engine())),
    }
}

fn link_problem(fault: LinkError) -> Problem {
    match fault {
        LinkError::NoSuchUser(user) => Problem::unknown("user", &user.to_string()),
        LinkError::Disabled(_)
        | LinkError::HasFactors(_)
        | LinkError::BreakGlass(_)
        | LinkError::Outgrown(_)
        | LinkError::TooLong { .. } => Problem::conflict(fault.to_string()),
        LinkError::NotUsable(_) | LinkError::Unavailable(_) => Problem::failed(fault.to_string()),
    }
}
