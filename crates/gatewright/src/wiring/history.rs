//! What a person did lately, from the administration's window of recent records to their portal.

use std::sync::Arc;

use gw_api::{
    Administration,
    types::{OutcomeWord, RecordLine},
};
use gw_console::portal::{Access, Became, History, Lately};

use super::web;

pub(super) fn of(api: Administration) -> History {
    Arc::new(move |user| {
        let api = api.clone();
        Box::pin(async move {
            let (since, lines) = api.lately(user, &OWN).await;
            let accesses = lines.into_iter().filter_map(access).collect();
            Lately { since, accesses }
        })
    })
}

/// Gatewright's own pages are no app to somebody who looks back.
const OWN: [&str; 2] = [web::SIGN_IN, web::PORTAL];

/// What happened at an app.
fn access(line: RecordLine) -> Option<Access> {
    let became = match line.outcome {
        OutcomeWord::Allow => Became::Allowed,
        OutcomeWord::Deny => Became::Refused,
        OutcomeWord::Cut => Became::Ended,
        OutcomeWord::Change | OutcomeWord::Note => return None,
    };
    let app = line.app?;
    let (method, path) = line.what.split_once(' ')?;
    Some(Access {
        at: line.time,
        became,
        app,
        method: method.to_owned(),
        path: path.to_owned(),
        why: line.why,
        decision: line.decision,
    })
}
