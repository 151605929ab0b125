//! Records as they are shown: joined with their judgement and their personal fields.

use std::sync::Arc;

use gw_model::{
    Actor, DecisionId, Epoch, Fault, JudgementId, Outcome, PolicyId, Principal, Remedies,
    ReportDifference, SessionId, Timestamp,
};
use serde::Serialize;

use crate::{
    personal::PersonalFields,
    record::{
        ChangedFact, EndManner, ExchangeKind, Ground, JudgementRecord, MentionedAttribute, Method,
        Note, Position, Record,
    },
};

/// What became of a record's personal fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PersonalState {
    /// The record never had any.
    None,
    /// They are there, and are those that the record commits to.
    Present(Box<PersonalFields>),
    /// They were removed.
    Removed,
    /// What is there is not what the record commits to.
    Altered,
}

/// A record with all that belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The log.
    pub log: Arc<str>,
    /// Where in the log.
    pub position: Position,
    /// The record.
    pub record: Record,
    /// Its personal fields.
    pub personal: PersonalState,
    /// For exchanges, the judgement that they rest on.
    pub judgement: Option<Arc<JudgementRecord>>,
}

impl Entry {
    /// Whether it is the decision of this id, or its end.
    pub fn is_of_decision(&self, id: DecisionId) -> bool {
        match &self.record {
            Record::Exchange(exchange) => exchange.decision == id,
            Record::End(end) => end.decision == id,
            Record::Question(question) => question.decision == id,
            Record::Change(change) => change.decision == Some(id),
            _ => false,
        }
    }

    /// Whether it is the judgement of this id, or rests on it.
    pub fn is_of_judgement(&self, id: JudgementId) -> bool {
        match &self.record {
            Record::Judgement(judgement) => judgement.judgement == id,
            Record::Exchange(exchange) => exchange.judgement == id,
            Record::Question(question) => question.judgement.judgement == id,
            _ => false,
        }
    }

    /// What is shown of it.
    pub fn view(&self) -> EntryView<'_> {
        let mut view = EntryView {
            log: &self.log,
            position: self.position,
            time: self.record.time(),
            ..EntryView::default()
        };
        match &self.personal {
            PersonalState::None => {}
            PersonalState::Present(fields) => view.personal = Some(fields),
            PersonalState::Removed => view.personal_state = Some("removed"),
            PersonalState::Altered => view.personal_state = Some("altered"),
        }
        if let Some(judgement) = &self.judgement {
            view.take_judgement(judgement);
        }
        view.take_record(&self.record);
        view
    }
}

/// The JSON form of an entry. Absent fields are left out.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub struct EntryView<'a> {
    /// `judgement`, `exchange`, `end`, `refused`, `change`, `question`, `note` or `unknown`.
    pub kind: &'static str,
    /// The log.
    pub log: &'a str,
    /// Where in the log.
    pub position: Position,
    /// Milliseconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// The answered request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecisionId>,
    /// The judgement that it rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judgement: Option<JudgementId>,
    /// The epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Epoch>,
    /// Who.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// Who made a change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<&'a Actor>,
    /// In which session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// From which device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<&'a str>,
    /// What.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<&'static str>,
    /// On what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// The answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The determining policies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<&'a [PolicyId]>,
    /// What could not be evaluated.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub faults: &'a [Fault],
    /// What report-only policies would have changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<&'a ReportDifference>,
    /// Ways out of a denial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedies: Option<&'a Remedies>,
    /// Versions of the facts that were read.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub grounds: &'a [Ground],
    /// Values of the attributes that were read.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub attributes: &'a [MentionedAttribute],
    /// Until when the answer held with unchanged facts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// What kind of exchange.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchange: Option<ExchangeKind>,
    /// The method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
    /// From the request's head to the decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ns: Option<u32>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<EndManner>,
    /// Why: of an end or a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'a str>,
    /// The status that the client got.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Bytes of body from the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_up: Option<u64>,
    /// Bytes of body to the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_down: Option<u64>,
    /// How long it was open, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<f64>,
    /// How many were refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// The first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Whether this is the remainder without a row of its own.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub others: bool,
    /// What was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<&'a str>,
    /// The facts that changed.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub changes: &'a [ChangedFact],
    /// The ledger's own note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'a Note>,
    /// The number of a kind that this build does not know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown_kind: Option<u8>,
    /// Client, host, path, name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub personal: Option<&'a PersonalFields>,
    /// `removed` or `altered`, where they are not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub personal_state: Option<&'static str>,
}

impl<'a> EntryView<'a> {
    fn take_judgement(&mut self, judgement: &'a JudgementRecord) {
        self.judgement = Some(judgement.judgement);
        self.epoch = Some(judgement.epoch);
        self.principal = Some(match judgement.principal {
            Principal::Anonymous => "anonymous".to_owned(),
            known => known.to_string(),
        });
        self.session = judgement.session;
        self.device = judgement.device.as_deref();
        self.action = Some(judgement.action.as_str());
        self.resource = Some(judgement.resource.to_string());
        self.outcome = Some(judgement.decision.outcome);
        self.because = Some(&judgement.decision.because);
        self.faults = &judgement.decision.faults;
        self.report = judgement.decision.report.as_ref();
        self.remedies = judgement.remedies.as_ref();
        self.grounds = &judgement.grounds;
        self.attributes = &judgement.attributes;
        self.valid_until = Some(judgement.decision.valid_until);
    }

    fn take_record(&mut self, record: &'a Record) {
        match record {
            Record::Judgement(judgement) => {
                self.kind = "judgement";
                self.take_judgement(judgement);
            }
            Record::Exchange(exchange) => {
                self.kind = "exchange";
                self.decision = Some(exchange.decision);
                self.judgement = Some(exchange.judgement);
                self.epoch = Some(exchange.epoch);
                self.outcome = Some(exchange.outcome);
                self.exchange = Some(exchange.kind);
                self.method = Some(exchange.method);
                self.latency_ns = Some(exchange.latency_ns);
            }
            Record::End(end) => {
                self.kind = "end";
                self.decision = Some(end.decision);
                self.ended = Some(end.manner);
                self.reason = end.reason.as_deref();
                self.status = (end.status != 0).then_some(end.status);
                self.bytes_up = Some(end.bytes_up);
                self.bytes_down = Some(end.bytes_down);
                self.duration_ms = Some(end.duration.as_secs_f64() * 1000.0);
            }
            Record::Refused(refused) => {
                self.kind = "refused";
                self.reason = Some(&refused.reason);
                self.count = Some(refused.count);
                self.from = Some(refused.from);
                self.others = refused.others;
            }
            Record::Change(change) => {
                self.kind = "change";
                self.decision = change.decision;
                self.epoch = Some(change.epoch);
                self.actor = Some(&change.actor);
                self.session = change.session;
                self.what = Some(&change.what);
                self.changes = &change.changes;
            }
            Record::Question(question) => {
                self.kind = "question";
                self.take_judgement(&question.judgement);
                self.decision = Some(question.decision);
                self.latency_ns = Some(question.latency_ns);
            }
            Record::Note(note) => {
                self.kind = "note";
                self.note = Some(&note.note);
            }
            Record::Unknown { kind, .. } => {
                self.kind = "unknown";
                self.unknown_kind = Some(*kind);
            }
        }
    }
}

#[cfg(test)]
mod tests;
