//! Recent records, and one decision in full.

mod again;

use std::{sync::Arc, time::Duration};

use gw_ledger::{Entry, Record};
use gw_model::{DecisionId, Timestamp};
use gw_record::Wanted;

use super::{Call, Reply, step, user_named};
use crate::{
    query::{AFTER_SEQ, APP, OUTCOME, USER, WAIT},
    recent::{outcome_of_end, sentence_of},
    types::{
        DecidingPolicy, DecisionDocument, EndedView, GroundView, Problem, RecordLine, Recorded,
        Records, Reported, RestsOn, Way,
    },
};

/// Longest wait for something new.
const WAIT_MAX: u64 = 25;

pub(super) async fn list(call: &Call<'_>) -> Result<Reply, Problem> {
    let limit = call.query.limit()?;
    let after = call.query.read::<u64>(AFTER_SEQ)?;
    let wait = call.query.read::<u64>(WAIT)?.unwrap_or_default();
    if wait > WAIT_MAX {
        return Err(Problem::invalid("`wait` is 0 to 25").field("wait"));
    }
    let view = call.engine().view();
    let user = call.query.text(USER);
    let user = user
        .map(|named| user_named(&view.facts, named))
        .transpose()?;
    let (app, outcome) = (call.query.text(APP), call.query.text(OUTCOME));
    let wanted = |line: &&RecordLine| {
        outcome.is_none_or(|outcome| line.outcome.as_str() == outcome)
            && app.is_none_or(|app| line.app.as_deref() == Some(app))
            && user.is_none_or(|user| line.user_id == Some(user.id))
    };
    if let Some(after) = after.filter(|_| wait > 0) {
        call.recent.wait(after, Duration::from_secs(wait)).await;
    }
    let now = call.engine().clock().now();
    let records = call.recent.look(|window| {
        let (items, next) = match after {
            // From the oldest on, as many as may be.
            Some(after) => {
                let items: Vec<_> = window
                    .behind(after)
                    .filter(wanted)
                    .take(limit)
                    .cloned()
                    .collect();
                let next = match items.last() {
                    Some(last) if items.len() == limit => last.seq,
                    _ => window.newest(),
                };
                (items, next)
            }
            // The newest.
            None => {
                let newest = window.behind(0).rev().filter(wanted).take(limit);
                let mut items: Vec<_> = newest.cloned().collect();
                items.reverse();
                (items, window.newest())
            }
        };
        let gone = after.map(|after| window.oldest().saturating_sub(after.saturating_add(1)));
        Records {
            items,
            next,
            missed: gone.filter(|gone| *gone > 0),
            since: window.since(now),
        }
    });
    Reply::json(&records.await)
}

pub(super) async fn show(call: &Call<'_>) -> Result<Reply, Problem> {
    let named = call.parameter(0);
    let decision: DecisionId = named
        .parse()
        .map_err(|_| Problem::unknown("decision", named))?;
    let kept = call
        .recent
        .look(|window| window.of_decision(decision))
        .await;
    let is_whole = kept
        .iter()
        .any(|entry| matches!(entry.record, Record::Exchange(_) | Record::Question(_)));
    let entries = match is_whole {
        true => kept,
        false => in_the_ledger(call, decision).await?,
    };
    let document = document(call, decision, &entries).await;
    Reply::json(&document.ok_or_else(|| Problem::unknown("decision", named))?)
}

async fn in_the_ledger(call: &Call<'_>, decision: DecisionId) -> Result<Vec<Arc<Entry>>, Problem> {
    let folder = call.parts.ledger.clone();
    let found = call
        .computed(move |_| gw_record::find(&folder, Wanted::Decision(decision)))
        .await?;
    let found = found.map_err(|fault| Problem::failed(fault.to_string()))?;
    Ok(found.into_iter().map(Arc::new).collect())
}

async fn document(
    call: &Call<'_>,
    decision: DecisionId,
    entries: &[Arc<Entry>],
) -> Option<DecisionDocument> {
    let view = call.engine().view();
    let (entry, judgement) = entries.iter().find_map(|entry| match &entry.record {
        Record::Exchange(_) => Some((entry, entry.judgement.as_deref()?)),
        Record::Question(question) => Some((entry, &question.judgement)),
        _ => None,
    })?;
    let end = entries.iter().find_map(|entry| match &entry.record {
        Record::End(end) => Some(end),
        _ => None,
    });
    let line = crate::recent::line_of(&view.facts, entry)?;
    let decided = &judgement.decision;
    let policy = |id: &gw_model::PolicyId| {
        let known = view.policies.texts().iter().find(|text| text.id == *id);
        DecidingPolicy {
            id: id.clone(),
            effect: known.map(|text| text.effect().to_owned()),
            description: known.and_then(|text| text.description.clone()),
            text: known.map(|text| text.text.clone()),
            in_force: known.is_some(),
        }
    };
    let now = call.engine().clock().now();
    let remedies = match again::circumstances(&view.facts, entry, judgement, now) {
        Some(again) => Some(call.engine().remedies(&again).await),
        None => None,
    };
    let ways = remedies.iter().flat_map(|remedies| &remedies.ways);
    Some(DecisionDocument {
        decision,
        sentence: sentence_of(&line),
        outcome: outcome_of_end(decided.outcome.is_allow(), end.map(|end| end.manner)),
        time: line.time,
        who: line.who,
        session: judgement.session,
        app: line.app,
        what: line.what,
        rests_on: judgement
            .attributes
            .iter()
            .map(|attribute| RestsOn {
                name: attribute.path.to_string(),
                value: attribute.value.as_deref().unwrap_or_default().to_owned(),
            })
            .collect(),
        policies: decided.because.iter().map(policy).collect(),
        ways: ways
            .map(|way| Way {
                steps: way.steps.iter().map(step).collect(),
                alone: way.alone(),
            })
            .collect(),
        report: decided.report.as_ref().map(|report| Reported {
            outcome: report.outcome,
            because: report.because.clone(),
        }),
        faults: decided
            .faults
            .iter()
            .map(|fault| fault.what.clone())
            .collect(),
        grounds: judgement
            .grounds
            .iter()
            .map(|ground| GroundView {
                fact: ground.fact.to_string(),
                version: ground.version,
            })
            .collect(),
        valid_until: (decided.valid_until != Timestamp::NEVER).then_some(decided.valid_until),
        ended: end.map(|end| EndedView {
            how: serde_json::to_value(end.manner)
                .ok()
                .and_then(|how| how.as_str().map(str::to_owned))
                .unwrap_or_else(|| "ended".to_owned()),
            why: end.reason.as_ref().map(ToString::to_string),
            status: (end.status != 0).then_some(end.status),
            duration_ms: end.duration.as_secs_f64() * 1000.0,
            bytes_up: end.bytes_up,
            bytes_down: end.bytes_down,
        }),
        recorded: Recorded {
            log: entry.log.to_string(),
            segment: entry.position.segment,
            index: entry.position.index,
        },
        epoch: judgement.epoch,
    })
}
