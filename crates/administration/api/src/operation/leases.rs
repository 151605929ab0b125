//! What is open now: list it, and end one of it.

use gw_leases::OpenLease;
use gw_model::{DecisionId, Principal, Resource, Snapshot, Timestamp};

use super::{Call, Reply, user_named};
use crate::{
    query::{APP, USER},
    types::{LeaseView, Leases, Problem, SessionsEnded},
};

/// What the record of an ended lease says.
const ENDED: &str = "An administrator ended this access.";

pub(super) async fn list(call: &Call<'_>) -> Result<Reply, Problem> {
    let limit = call.query.limit()?;
    let view = call.engine().view();
    let user = call.query.text(USER);
    let user = user
        .map(|named| user_named(&view.facts, named))
        .transpose()?;
    let app = call.query.text(APP);
    let mut open = call.parts.desk.list().await;
    open.retain(|lease| {
        user.is_none_or(|user| lease.circumstances.principal == Principal::User(user.id))
            && app.is_none_or(|app| app_of(lease) == Some(app))
    });
    let total = open.len();
    let items: Vec<_> = open
        .iter()
        .rev()
        .take(limit)
        .rev()
        .map(|lease| shown(&view.facts, lease))
        .collect();
    Reply::json(&Leases {
        incomplete: items.len() < total,
        items,
        total,
    })
}

fn app_of(lease: &OpenLease) -> Option<&str> {
    match &*lease.circumstances.resource {
        Resource::Route(route) => route.as_str().split_once('/').map(|(app, _)| app),
        _ => None,
    }
}

fn shown(facts: &Snapshot, lease: &OpenLease) -> LeaseView {
    let circumstances = &lease.circumstances;
    let http = circumstances.http.as_ref();
    let valid_until = lease.judgement.valid_until();
    LeaseView {
        id: lease.decision,
        decision: lease.decision,
        user: match circumstances.principal {
            Principal::User(id) => facts.user(id).map(|user| user.name.clone()),
            _ => None,
        },
        session: circumstances.session,
        app: app_of(lease).unwrap_or_default().to_owned(),
        route: circumstances.resource.to_string(),
        method: http.map_or_else(|| "-".into(), |http| http.method.clone()),
        path: http.map_or_else(|| "".into(), |http| http.path.clone()),
        address: circumstances.address,
        opened: lease.opened_at,
        websocket: http.is_some_and(|http| http.websocket),
        because: lease.judgement.decision.because.clone(),
        valid_until: (valid_until != Timestamp::NEVER).then_some(valid_until),
    }
}

pub(super) async fn end(call: &Call<'_>) -> Result<Reply, Problem> {
    let named = call.parameter(0);
    let decision: DecisionId = named
        .parse()
        .map_err(|_| Problem::unknown("lease", named))?;
    let ended = call.parts.desk.end(decision, ENDED).await;
    Reply::json(&SessionsEnded {
        ended: usize::from(ended),
    })
}
