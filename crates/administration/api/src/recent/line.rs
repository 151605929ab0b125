//! A record as a line: who, what, what became of it, and why.

use gw_ledger::{EndManner, Entry, JudgementRecord, Note, PersonalState, Record};
use gw_model::{Action, Actor, DecisionId, Principal, Resource, Snapshot, Timestamp, UserId};

use crate::types::{OutcomeWord, RecordLine};

/// How far back an end looks for what it ended.
pub(super) const LOOK_BACK: usize = 2_000;

/// The app whose own looking at records would only ever show itself.
const ADMINISTRATION: &str = "administration";

/// Reasons under which strangers are counted who were let in.
const COUNTED: [&str; 2] = ["own-page-shown", "app-open-to-strangers"];

/// The record's line; none for what another record's line tells, or for reading this very window.
pub(super) fn of(
    facts: &Snapshot,
    entry: &Entry,
    seq: u64,
    about: impl FnOnce(DecisionId) -> Option<RecordLine>,
) -> Option<RecordLine> {
    let blank = blank(seq, entry.record.time().unwrap_or_default());
    match &entry.record {
        Record::Judgement(_) => None,
        Record::Exchange(exchange) => {
            let judged = entry.judgement.as_deref();
            let mut line = judged.map_or_else(
                || blank.clone(),
                |j| of_judgement(blank.clone(), facts, entry, j),
            );
            line.kind = "exchange".into();
            line.outcome = outcome(exchange.outcome.is_allow());
            line.decision = Some(exchange.decision);
            line.latency_us = Some(f64::from(exchange.latency_ns) / 1000.0);
            let own = line.app.as_deref() == Some(ADMINISTRATION);
            (!own || line.outcome == OutcomeWord::Deny).then_some(line)
        }
        Record::Question(question) => {
            let judgement = &question.judgement;
            let reads = matches!(
                judgement.action,
                Action::AdminRead | Action::AdminExplain | Action::AdminLogRead
            );
            let is_allow = judgement.decision.outcome.is_allow();
            (!reads || !is_allow).then(|| RecordLine {
                kind: "question".into(),
                outcome: outcome(is_allow),
                decision: Some(question.decision),
                ..of_judgement(blank, facts, entry, judgement)
            })
        }
        Record::End(end) if end.manner == EndManner::Cut => {
            let known = about(end.decision);
            Some(RecordLine {
                seq,
                time: end.time,
                kind: "end".into(),
                outcome: OutcomeWord::Cut,
                decision: Some(end.decision),
                why: end.reason.as_deref().unwrap_or_default().to_owned(),
                count: None,
                latency_us: None,
                ..known.unwrap_or_else(|| RecordLine {
                    what: "what was open".into(),
                    ..blank
                })
            })
        }
        Record::End(_) => None,
        Record::Refused(refused) => {
            let host = personal(entry, |fields| &fields.host);
            // Counted, and not refused.
            let was_let_in = COUNTED.contains(&&*refused.reason);
            Some(RecordLine {
                kind: "refused".into(),
                outcome: outcome(was_let_in),
                who: personal(entry, |fields| &fields.user).unwrap_or_else(|| "strangers".into()),
                what: host.clone().unwrap_or_default(),
                host,
                why: refused.reason.to_string(),
                count: Some(refused.count),
                ..blank
            })
        }
        Record::Change(change) => Some(RecordLine {
            kind: "change".into(),
            outcome: OutcomeWord::Change,
            decision: change.decision,
            who: actor(facts, &change.actor),
            what: change.what.to_string(),
            why: change
                .changes
                .iter()
                .map(|fact| format!("{} {}", fact.kind, fact.subject))
                .collect::<Vec<_>>()
                .join(", "),
            ..blank
        }),
        Record::Note(note) => Some(RecordLine {
            who: "gatewright".into(),
            what: note_words(&note.note),
            ..blank
        }),
        Record::Unknown { kind, .. } => Some(RecordLine {
            what: format!("a record of the unknown kind {kind}"),
            ..blank
        }),
    }
}

/// The line of a decision's own record, whatever it is about.
pub(super) fn shown(facts: &Snapshot, entry: &Entry) -> Option<RecordLine> {
    let blank = blank(0, entry.record.time().unwrap_or_default());
    let (judgement, outcome_is) = match &entry.record {
        Record::Exchange(exchange) => (entry.judgement.as_deref()?, exchange.outcome),
        Record::Question(question) => (&question.judgement, question.judgement.decision.outcome),
        _ => return None,
    };
    Some(RecordLine {
        outcome: outcome(outcome_is.is_allow()),
        ..of_judgement(blank, facts, entry, judgement)
    })
}

fn blank(seq: u64, time: Timestamp) -> RecordLine {
    RecordLine {
        seq,
        time,
        kind: "note".into(),
        outcome: OutcomeWord::Note,
        decision: None,
        who: String::new(),
        user_id: None,
        app: None,
        route: None,
        action: None,
        what: String::new(),
        host: None,
        because: Vec::new(),
        why: String::new(),
        latency_us: None,
        count: None,
    }
}

const fn outcome(is_allow: bool) -> OutcomeWord {
    match is_allow {
        true => OutcomeWord::Allow,
        false => OutcomeWord::Deny,
    }
}

/// What became of something that was let in.
pub(crate) fn outcome_of_end(is_allow: bool, manner: Option<EndManner>) -> OutcomeWord {
    match manner {
        Some(EndManner::Cut) => OutcomeWord::Cut,
        _ => outcome(is_allow),
    }
}

fn personal(
    entry: &Entry,
    field: impl Fn(&gw_ledger::PersonalFields) -> &String,
) -> Option<String> {
    match &entry.personal {
        PersonalState::Present(fields) => Some(field(fields).clone()).filter(|t| !t.is_empty()),
        _ => None,
    }
}

fn of_judgement(
    line: RecordLine,
    facts: &Snapshot,
    entry: &Entry,
    judgement: &JudgementRecord,
) -> RecordLine {
    let (app, route) = match &judgement.resource {
        Resource::Route(route) => {
            let app = route
                .as_str()
                .split_once('/')
                .map(|(app, _)| app.to_owned());
            (app, Some(route.to_string()))
        }
        _ => (None, None),
    };
    let is_allow = judgement.decision.outcome.is_allow();
    RecordLine {
        who: who(facts, entry, judgement.principal),
        user_id: match judgement.principal {
            Principal::User(id) => Some(id),
            _ => None,
        },
        app,
        route,
        action: Some(judgement.action.to_string()),
        what: what(facts, entry, judgement),
        host: personal(entry, |fields| &fields.host),
        because: judgement.decision.because.clone(),
        why: why(judgement, is_allow),
        ..line
    }
}

fn why(judgement: &JudgementRecord, is_allow: bool) -> String {
    let decision = &judgement.decision;
    match (decision.because.first(), decision.faults.first()) {
        (Some(policy), _) => policy.to_string(),
        (None, Some(fault)) => fault.what.clone(),
        (None, None) if is_allow => String::new(),
        (None, None) => "nothing permits it".into(),
    }
}

fn what(facts: &Snapshot, entry: &Entry, judgement: &JudgementRecord) -> String {
    match &entry.record {
        Record::Exchange(exchange) => {
            let method = serde_json::to_value(exchange.method).ok();
            let method = method.as_ref().and_then(|m| m.as_str()).unwrap_or("-");
            let path = personal(entry, |fields| &fields.path);
            format!(
                "{method} {}",
                path.unwrap_or_else(|| judgement.resource.to_string())
            )
        }
        _ => match &judgement.resource {
            Resource::User(id) | Resource::Session(_, id) => {
                format!("{} {}", judgement.action, name(facts, *id))
            }
            Resource::System => judgement.action.to_string(),
            other => format!("{} {other}", judgement.action),
        },
    }
}

fn who(facts: &Snapshot, entry: &Entry, principal: Principal) -> String {
    if let Some(user) = personal(entry, |fields| &fields.user) {
        return user;
    }
    match principal {
        Principal::Anonymous => "a stranger".into(),
        Principal::User(id) => name(facts, id),
        Principal::Local(uid) => format!("uid {uid} on the machine"),
        Principal::Client(id) => match facts.client(id) {
            Some(client) => client.name.to_string(),
            None => id.to_string(),
        },
    }
}

fn name(facts: &Snapshot, id: UserId) -> String {
    let user = facts.user(id).map(|user| &*user.name);
    // Who broke the glass is gone, and not forgotten.
    let broke = || facts.break_glass_of(id).map(|used| &*used.name);
    let name = user.or_else(broke).filter(|name| !name.is_empty());
    name.map_or_else(|| id.to_string(), str::to_owned)
}

/// Who made a change, by name where it is a person who is still there.
pub(crate) fn actor(facts: &Snapshot, actor: &Actor) -> String {
    match actor {
        Actor::Gatewright => "gatewright".into(),
        Actor::User(id) => name(facts, *id),
        Actor::Bearer => "whoever held the link".into(),
        Actor::Client(id) => match facts.client(*id) {
            Some(client) => client.name.to_string(),
            None => id.to_string(),
        },
        Actor::Local(uid) => format!("uid {uid} on the machine"),
    }
}

/// A decision in one sentence.
pub(crate) fn sentence_of(line: &RecordLine) -> String {
    let may = match line.outcome {
        OutcomeWord::Deny => "may not",
        _ => "may",
    };
    match &line.app {
        Some(app) => format!("{} {may} {} on {app}", line.who, line.what),
        None => format!("{} {may} {}", line.who, line.what),
    }
}

fn note_words(note: &Note) -> String {
    match note {
        Note::Start { version } => format!("gatewright {version} started writing"),
        Note::Stop => "gatewright stopped in order".to_owned(),
        Note::Repair {
            segment,
            kept,
            discarded,
        } => format!(
            "after a crash: segment {segment}, {kept} records kept, {discarded} bytes discarded"
        ),
        Note::Gap { what } => format!("gap: {what}"),
        Note::Pruned { through } => format!("segments up to {through} removed under their quota"),
        Note::ClockFault { jump_ms } => format!("the clock jumped by {jump_ms} ms"),
        Note::Remark { text } => text.to_string(),
    }
}
