//! Sessions: list, end one, end all of a person.

use std::{collections::HashMap, sync::Arc};

use gw_identity::SessionSummary;
use gw_model::{EndReason, Resource};

use super::{Call, Reply, break_glass::leave_signed_in, user_named};
use crate::{
    query::USER,
    types::{Problem, SessionView, SessionsEnded},
};

pub(super) async fn list(call: &Call<'_>) -> Result<Reply, Problem> {
    let view = call.engine().view();
    let named = call.query.text(USER);
    let of = named
        .map(|named| user_named(&view.facts, named))
        .transpose()?;
    let mut sessions = call.parts.identity.sessions(of.map(|user| user.id));
    sessions.sort_by(|a, b| (&a.user_name, a.id).cmp(&(&b.user_name, b.id)));
    let mut open: HashMap<_, usize> = HashMap::new();
    for lease in call.parts.desk.list().await {
        *open.entry(lease.circumstances.session).or_default() += 1;
    }
    // From where the glass was broken is told to those who look after it.
    let whole = call.caller.is_owner_equal(call.engine());
    let client = |session: &SessionSummary| match session.methods.contains(&"break-glass") {
        true if !whole => Arc::default(),
        _ => session.client.clone(),
    };
    let listing = call.query.page(
        sessions.into_iter(),
        |session| format!("{} {}", session.user_name, session.id),
        |session| SessionView {
            id: session.id,
            user: session.user_name.clone(),
            methods: session.methods.iter().map(|m| (*m).to_owned()).collect(),
            providers: session.providers.clone(),
            started: session.started,
            seen: session.last_used,
            expires: session.expires,
            client: client(session),
            leases: open.get(&Some(session.id)).copied().unwrap_or_default(),
        },
    )?;
    Reply::json(&listing)
}

pub(super) async fn end(call: &Call<'_>) -> Result<Reply, Problem> {
    let Resource::Session(session, user) = call.resource else {
        return Err(Problem::failed("the operation is done on a session"));
    };
    leave_signed_in(call, user)?;
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
    let user = call.user()?;
    leave_signed_in(call, user)?;
    let (reason, decision) = (EndReason::EndedByAdministrator, Some(call.decision));
    let identity = &call.parts.identity;
    let ended = identity
        .end_all(user, reason, call.actor(), decision)
        .await?;
    Reply::json(&SessionsEnded { ended })
}
