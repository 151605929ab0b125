//! A record as a line for people: when, the outcome, a sentence.

use std::{collections::HashMap, io};

use gw_ledger::{
    ChangeRecord, EndManner, EndRecord, Entry, ExchangeRecord, JudgementRecord, Note,
    PersonalState, QuestionRecord, Record, RefusedRecord, escape,
};
use gw_model::{DecisionId, Principal, Timestamp};

use crate::output::Chip;

/// Exchanges whose sentence is remembered for the record of their end.
const REMEMBERED_MAX: usize = 4096;

/// What exchanges were about, for the records of their ends.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<DecisionId, String>);

impl Names {
    fn remember(&mut self, decision: DecisionId, sentence: String) {
        if self.0.len() >= REMEMBERED_MAX {
            self.0.clear();
        }
        self.0.insert(decision, sentence);
    }
}

/// The record's line; none for what another record's line tells already.
pub(super) fn of(names: &mut Names, entry: &Entry) -> Option<String> {
    let (chip, words) = match &entry.record {
        // The exchanges that rest on it tell it.
        Record::Judgement(_) => return None,
        Record::Exchange(exchange) => exchange_words(names, entry, exchange),
        Record::End(end) => end_words(names, end)?,
        Record::Refused(refused) => refused_words(entry, refused),
        Record::Change(change) => (Chip::Step, change_words(change)),
        Record::Question(question) => question_words(question),
        Record::Note(note) => (Chip::Step, note_words(&note.note)),
        Record::Unknown { kind, .. } => {
            (Chip::Step, format!("a record of the unknown kind {kind}"))
        }
    };
    let time = entry.record.time().map_or_else(String::new, clock_time);
    Some(format!("{time:8}  {}", chip.words(&words)))
}

/// The whole record as indented JSON.
pub(super) fn whole(entry: &Entry) -> io::Result<String> {
    let json = serde_json::to_string_pretty(&entry.view()).map_err(io::Error::other)?;
    Ok(json.lines().map(escape).collect::<Vec<_>>().join("\n"))
}

fn clock_time(at: Timestamp) -> String {
    let millis = i64::try_from(at.as_millis()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis)
        .map_or_else(|_| String::new(), |at| at.strftime("%H:%M:%S").to_string())
}

fn who(entry: &Entry, judgement: Option<&JudgementRecord>) -> String {
    if let PersonalState::Present(fields) = &entry.personal
        && !fields.user.is_empty()
    {
        return fields.user.clone();
    }
    match judgement.map(|judgement| judgement.principal) {
        Some(Principal::Anonymous) => "a stranger".to_owned(),
        Some(known) => known.to_string(),
        None => "somebody".to_owned(),
    }
}

fn exchange_words(names: &mut Names, entry: &Entry, exchange: &ExchangeRecord) -> (Chip, String) {
    let judgement = entry.judgement.as_deref();
    let who = who(entry, judgement);
    let place = match &entry.personal {
        PersonalState::Present(fields) => format!("{}{}", fields.host, fields.path),
        _ => judgement.map_or_else(String::new, |j| j.resource.to_string()),
    };
    let method = serde_json::to_value(exchange.method).ok();
    let method = method
        .as_ref()
        .and_then(|method| method.as_str())
        .unwrap_or("-");
    let sentence = format!("{who} {method} {place}");
    names.remember(exchange.decision, sentence.clone());
    let because = judgement.map_or_else(String::new, because);
    let words = format!("{sentence}{because}  {}", exchange.decision);
    let verb = if exchange.outcome.is_allow() {
        "let in"
    } else {
        "refused"
    };
    (exchange.outcome.into(), format!("{verb:8} {words}"))
}

fn because(judgement: &JudgementRecord) -> String {
    let ids: Vec<_> = judgement
        .decision
        .because
        .iter()
        .map(ToString::to_string)
        .collect();
    match (ids.is_empty(), judgement.decision.outcome.is_allow()) {
        (true, true) => String::new(),
        (true, false) => "  (nothing permits it)".to_owned(),
        (false, _) => format!("  ({})", ids.join(", ")),
    }
}

/// Ends that are as one would expect say nothing new.
fn end_words(names: &Names, end: &EndRecord) -> Option<(Chip, String)> {
    let manner = match end.manner {
        EndManner::Done | EndManner::ClientGone => return None,
        EndManner::Cut => "cut",
        EndManner::UpstreamFailed => "the app failed",
        EndManner::LimitReached => "limit",
        EndManner::Shutdown => "stopping",
        EndManner::Other(_) => "ended",
    };
    let what = names.0.get(&end.decision);
    let what = what.cloned().unwrap_or_else(|| end.decision.to_string());
    let reason = end
        .reason
        .as_deref()
        .map_or_else(String::new, |reason| format!(": {reason}"));
    Some((Chip::Deny, format!("{manner:8} {what}{reason}")))
}

fn refused_words(entry: &Entry, refused: &RefusedRecord) -> (Chip, String) {
    let who = match &entry.personal {
        PersonalState::Present(fields) if !fields.user.is_empty() => escape(&fields.user),
        _ => "strangers".into(),
    };
    let times = if refused.count == 1 { "once" } else { "times" };
    let count = if refused.count == 1 {
        String::new()
    } else {
        format!("{} ", refused.count)
    };
    (
        Chip::Deny,
        format!("{:8} {who} {count}{times}: {}", "refused", refused.reason),
    )
}

fn change_words(change: &ChangeRecord) -> String {
    let facts: Vec<_> = change
        .changes
        .iter()
        .map(|fact| format!("{} {}", fact.kind, fact.subject))
        .collect();
    let facts = if facts.is_empty() {
        String::new()
    } else {
        format!(" ({})", facts.join(", "))
    };
    format!("{:8} {} by {}{facts}", "changed", change.what, change.actor)
}

fn question_words(question: &QuestionRecord) -> (Chip, String) {
    let judgement = &question.judgement;
    let verb = if judgement.decision.outcome.is_allow() {
        "may"
    } else {
        "may not"
    };
    let words = format!(
        "{verb:8} {} {} on {}{}  {}",
        judgement.principal,
        judgement.action,
        judgement.resource,
        because(judgement),
        question.decision
    );
    (judgement.decision.outcome.into(), words)
}

fn note_words(note: &Note) -> String {
    let words = match note {
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
    };
    format!("{:8} {words}", "note")
}
