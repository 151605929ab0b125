//! Sessions: list, end one, end all of a person.

use gw_model::{EndReason, Resource};

use super::{Call, Reply};
use crate::types::{Listing, Problem, SessionView, SessionsEnded};

pub(super) fn list(call: &Call<'_>) -> Result<Reply, Problem> {
    let of = match call.query.strip_prefix("user=") {
        None => None,
        Some(name) => {
            let view = call.parts.engine.view();
            let user = view.facts.user_named(name);
            Some(user.ok_or_else(|| Problem::unknown("user", name))?.id)
        }
    };
    let sessions = call.parts.identity.sessions(of).into_iter();
    let items = sessions.map(|session| SessionView {
        id: session.id,
        user: session.user_name,
        methods: session.methods.into_iter().map(str::to_owned).collect(),
        started: session.started,
        seen: session.last_used,
        expires: session.expires,
        client: session.client,
    });
    Reply::json(&Listing {
        items: items.collect(),
    })
}

pub(super) async fn end(call: &Call<'_>) -> Result<Reply, Problem> {
    let Resource::Session(session, _) = call.resource else {
        return Err(Problem::failed("the operation is done on a session"));
    };
    let (reason, decision) = (EndReason::EndedByAdministrator, Some(call.decision));
    let identity = &call.parts.identity;
    let ended = identity
        .end_session(session, reason, call.actor(), decision)
        .await?;
    Reply::json(&SessionsEnded {
        ended: usize::from(ended),
    })
}

pub(super) async fn end_all(call: &Call<'_>) -> Result<Reply, Problem> {
    let (reason, decision) = (EndReason::EndedByAdministrator, Some(call.decision));
    let identity = &call.parts.identity;
    let ended = identity
        .end_all(call.user()?, reason, call.actor(), decision)
        .await?;
    Reply::json(&SessionsEnded { ended })
}
