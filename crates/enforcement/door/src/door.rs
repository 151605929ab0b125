//! Asking: register, judge, record; out comes a permit or a refusal.

use std::{cell::RefCell, net::IpAddr, rc::Rc, sync::Arc, time::Instant};

use gw_engine::{Circumstances, Engine, Judgement, judgement_record, random::Sequence};
use gw_leases::{Core, CutReason, Lease};
use gw_ledger::{ExchangeKind, ExchangeRecord, Method, Personal, Position};
use gw_model::{DecisionId, Timestamp};
use gw_record::{Recorder, Unwritable};
use gw_telemetry::Seldom;

use crate::{Permit, pace::Pace};

/// What becomes of requests while the ledger cannot be written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WhenUnwritable {
    /// They are refused: nothing happens unrecorded.
    #[default]
    Deny,
    /// They are decided as ever; each that goes unrecorded is counted and logged.
    Allow,
}

/// How a door treats its records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DoorOptions {
    /// Wait until the record of an allow is synced before anything is sent.
    pub synced: bool,
    /// What becomes of requests while the ledger cannot be written.
    pub when_unwritable: WhenUnwritable,
}

/// One traffic thread's door. Cheap to clone, not to be sent to another thread.
#[derive(Clone)]
pub struct Door(Rc<Inner>);

pub(crate) struct Inner {
    pub(crate) core: Core,
    pub(crate) recorder: RefCell<Recorder>,
    pub(crate) options: DoorOptions,
    ids: RefCell<Sequence>,
    /// Accesses of strangers that are recorded one by one.
    strangers: Pace,
    /// What every request would say while the ledger cannot be written.
    pub(crate) unwritten: Seldom,
    pub(crate) unended: Seldom,
}

/// What the record of an access holds beside its decision.
#[derive(Debug)]
pub struct Particulars<'a> {
    /// What kind of exchange it is.
    pub kind: ExchangeKind,
    /// The request's method.
    pub method: Method,
    /// When the request's head had arrived.
    pub received: Instant,
    /// What is personal: kept beside the record, removable.
    pub personal: Personal<'a>,
    /// Whether nobody is known: a refusal is only counted, and so is what would fill the log.
    pub stranger: bool,
}

/// Yes or no.
pub enum Answer {
    /// Yes: consume it by sending.
    Permit(Permit),
    /// No.
    Refused(Refusal),
}

/// A no, with what is known of it.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// Its id, for the person and the ledger.
    pub decision: DecisionId,
    /// The judgement behind it. It may be an allow: then the ledger could not be written.
    pub judgement: Arc<Judgement>,
    /// The ledger could not take the record.
    pub unwritable: bool,
}

impl Door {
    /// A door on a core that writes with a recorder.
    pub fn new(core: Core, recorder: Recorder, options: DoorOptions) -> Self {
        Self(Rc::new(Inner {
            core,
            recorder: RefCell::new(recorder),
            options,
            ids: RefCell::default(),
            strangers: Pace::default(),
            unwritten: Seldom::default(),
            unended: Seldom::default(),
        }))
    }

    /// The core behind it.
    pub fn core(&self) -> &Core {
        &self.0.core
    }

    /// The engine behind it.
    pub fn engine(&self) -> &Engine {
        self.0.core.engine()
    }

    /// The one question. The answer is judged from the newest view and recorded when this
    /// returns; the lease stands registered since before it was judged.
    pub fn ask(&self, circumstances: Rc<Circumstances>, particulars: &Particulars<'_>) -> Answer {
        // INVARIANT: registered before judged, no await until the permit is made.
        let lease = self.0.core.register(circumstances);
        let view = self.engine().view();
        let now = self.engine().clock().now();
        let judgement = self.0.core.judge(&lease, &view, now);
        if judgement.is_allow() {
            judgement.touch(now);
        }
        let decision = DecisionId::from_bits(self.0.ids.borrow_mut().draw());
        if particulars.stranger {
            if !judgement.is_allow() {
                return Answer::Refused(Refusal {
                    decision,
                    judgement,
                    unwritable: false,
                });
            }
            if let Some(what) = self.only_counts(particulars.kind, now) {
                return match self.would_record(particulars.kind, &judgement) {
                    Err(fault) => self.unwritable(&fault, judgement, decision),
                    Ok(()) => self.counted(what, particulars, lease, judgement, decision, now),
                };
            }
        }
        let record = exchange(&judgement, decision, view.facts.epoch, particulars, now);
        let written = self
            .record(&judgement, &record, &particulars.personal)
            .or_else(|fault| {
                let urgent = view.is_break_glass(judgement.session);
                let again = || self.record_urgently(&judgement, &record, &particulars.personal);
                if urgent { again() } else { Err(fault) }
            });
        match (written, judgement.is_allow()) {
            (Ok(position), true) => {
                let synced = self.0.options.synced.then_some(position);
                Answer::Permit(Permit::new(
                    self.0.clone(),
                    lease,
                    judgement,
                    decision,
                    synced,
                    now,
                ))
            }
            (Ok(_), false) => Answer::Refused(Refusal {
                decision,
                judgement,
                unwritable: false,
            }),
            (Err(fault), true) if self.0.options.when_unwritable == WhenUnwritable::Allow => {
                if let Some(kept_back) = self.0.unwritten.due() {
                    tracing::error!(%fault, %decision, kept_back, "let through unrecorded, as configured");
                }
                Answer::Permit(Permit::new(
                    self.0.clone(),
                    lease,
                    judgement,
                    decision,
                    None,
                    now,
                ))
            }
            (Err(fault), _) => self.unwritable(&fault, judgement, decision),
        }
    }

    /// What a stranger's access counts as that is not recorded by itself.
    ///
    /// Our own pages are counted: whoever knows nobody could fill the log with them, and what a
    /// stranger changes there (a sign-in) is recorded by the change itself. So is what strangers
    /// do at apps that are open to them, beyond a steady pace.
    fn only_counts(&self, kind: ExchangeKind, now: Timestamp) -> Option<&'static str> {
        if kind == ExchangeKind::BuiltIn {
            return Some("own-page-shown");
        }
        (!self.0.strangers.allows(now)).then_some("app-open-to-strangers")
    }

    /// What is only counted is let through as far as it could be recorded.
    fn would_record(&self, kind: ExchangeKind, judgement: &Judgement) -> Result<(), Unwritable> {
        let is_ours = kind == ExchangeKind::BuiltIn;
        if is_ours || self.0.options.when_unwritable == WhenUnwritable::Allow {
            return Ok(());
        }
        let mut recorder = self.0.recorder.borrow_mut();
        if recorder.holds(judgement.id) {
            recorder.ready()
        } else {
            recorder.judgement(&judgement_record(judgement, None))
        }
    }

    fn unwritable(
        &self,
        fault: &Unwritable,
        judgement: Arc<Judgement>,
        decision: DecisionId,
    ) -> Answer {
        if let Some(kept_back) = self.0.unwritten.due() {
            tracing::error!(%fault, %decision, kept_back, "refused: the ledger cannot be written");
        }
        Answer::Refused(Refusal {
            decision,
            judgement,
            unwritable: true,
        })
    }

    fn counted(
        &self,
        what: &'static str,
        particulars: &Particulars<'_>,
        lease: Lease,
        judgement: Arc<Judgement>,
        decision: DecisionId,
        now: Timestamp,
    ) -> Answer {
        let personal = &particulars.personal;
        if let Some(address) = personal.address {
            let recorder = self.0.recorder.borrow();
            recorder.refused(what, personal.host, "", address, now);
        }
        let permit = Permit::new(self.0.clone(), lease, judgement, decision, None, now);
        Answer::Permit(permit.counted_only())
    }

    fn record(
        &self,
        judgement: &Judgement,
        record: &ExchangeRecord,
        personal: &Personal<'_>,
    ) -> Result<Position, Unwritable> {
        written(
            &mut self.0.recorder.borrow_mut(),
            judgement,
            record,
            personal,
        )
    }

    /// With the room that is kept for an emergency.
    fn record_urgently(
        &self,
        judgement: &Judgement,
        record: &ExchangeRecord,
        personal: &Personal<'_>,
    ) -> Result<Position, Unwritable> {
        let mut recorder = self.0.recorder.borrow_mut();
        recorder.urgently(|recorder| written(recorder, judgement, record, personal))
    }

    /// Counts a request that was refused before anybody was known: bad form, unknown host,
    /// no session. Summarised per second; never fills the log.
    pub fn refused_stranger(&self, reason: &'static str, host: &str, address: IpAddr) {
        self.refused_person(reason, host, "", address);
    }

    /// Counts a request of a person that was refused before it was judged. Summarised like
    /// strangers' refusals, with the person's name.
    pub fn refused_person(&self, reason: &'static str, host: &str, name: &str, address: IpAddr) {
        let now = self.engine().clock().now();
        let recorder = self.0.recorder.borrow();
        recorder.refused(reason, host, name, address, now);
    }

    /// Cuts everything that is open on this core: the process stops.
    pub fn close(&self, sentence: &str) {
        self.0.core.cut_all(&CutReason::because(sentence));
    }
}

fn written(
    recorder: &mut Recorder,
    judgement: &Judgement,
    record: &ExchangeRecord,
    personal: &Personal<'_>,
) -> Result<Position, Unwritable> {
    if !recorder.holds(judgement.id) {
        recorder.judgement(&judgement_record(judgement, None))?;
    }
    recorder.exchange(record, personal)
}

fn exchange(
    judgement: &Judgement,
    decision: DecisionId,
    epoch: gw_model::Epoch,
    particulars: &Particulars<'_>,
    now: Timestamp,
) -> ExchangeRecord {
    ExchangeRecord {
        time: now,
        decision,
        judgement: judgement.id,
        epoch,
        outcome: judgement.decision.outcome,
        kind: particulars.kind,
        method: particulars.method,
        latency_ns: u32::try_from(particulars.received.elapsed().as_nanos()).unwrap_or(u32::MAX),
    }
}
