//! Judging on one core: reuse what still stands, evaluate the rest.

use std::sync::Arc;

use gw_clock::Clock;
use gw_model::{
    Action, AttributeSet, Decision, EndReason, Fault, JudgementId, Principal, Resource, Session,
    SessionId, Timestamp, TokenId,
};
use gw_policy::Prepared;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::{Circumstances, Grounds, Judgement, View, judgement::Idle, random::Sequence};

/// Judgements with different attribute values that one slot keeps.
const VARIANTS: usize = 8;
/// Slots of one generation; two generations are kept.
const SLOTS: usize = 16_384;

/// What a judgement is found by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    principal: Principal,
    session: Option<SessionId>,
    rank: u32,
    action: Action,
    resource: Arc<Resource>,
    /// One token's answer is never another's.
    token: Option<TokenId>,
}

impl Key {
    fn of(circumstances: &Circumstances) -> Self {
        Self {
            principal: circumstances.principal,
            session: circumstances.session,
            rank: circumstances.rank,
            action: circumstances.action,
            resource: circumstances.resource.clone(),
            token: circumstances.token.as_deref().map(|token| token.id),
        }
    }
}

/// The judgements of one (session, rank, action, resource), with what they share.
struct Slot {
    /// Whether anything here rests on the time of day.
    reads_wall_clock: bool,
    prepared: Arc<Prepared>,
    grounds: Grounds,
    idle: Option<Idle>,
    /// The epoch number at which the grounds were last seen to stand.
    seen_at: u64,
    variants: SmallVec<[Arc<Judgement>; 1]>,
}

/// One core's judge. Not shared: each traffic thread has its own.
pub struct Judge {
    clock: Clock,
    ids: Sequence,
    young: FxHashMap<Key, Slot>,
    old: FxHashMap<Key, Slot>,
}

impl Judge {
    /// A judge with nothing remembered.
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            ids: Sequence::new(),
            young: FxHashMap::default(),
            old: FxHashMap::default(),
        }
    }

    /// The answer to these circumstances, from memory if every ground of an earlier one stands.
    pub fn judge(
        &mut self,
        view: &View,
        circumstances: &Circumstances,
        now: Timestamp,
    ) -> Arc<Judgement> {
        let key = Key::of(circumstances);
        if let Some(slot) = self.young.get_mut(&key) {
            if !slot.stands(view, circumstances, now) {
                self.young.remove(&key);
            } else if slot.is_trusted(&self.clock)
                && let Some(judgement) = slot.reuse(circumstances, now)
            {
                return judgement;
            }
        } else if let Some(slot) = self.old.remove(&key) {
            self.insert(key, slot);
            return self.judge(view, circumstances, now);
        }
        self.evaluate(key, view, circumstances, now)
    }

    /// A refusal for a reason that is no policy's, which is not remembered.
    pub fn refused(
        &mut self,
        view: &View,
        circumstances: &Circumstances,
        now: Timestamp,
        why: &str,
    ) -> Arc<Judgement> {
        let new = Fresh {
            id: JudgementId::from_bits(self.ids.draw()),
            view,
            circumstances,
            now,
        };
        let what = why.to_owned();
        new.refused(None, Fault { policy: None, what })
    }

    fn insert(&mut self, key: Key, slot: Slot) {
        if self.young.len() >= SLOTS {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, slot);
    }

    fn evaluate(
        &mut self,
        key: Key,
        view: &View,
        circumstances: &Circumstances,
        now: Timestamp,
    ) -> Arc<Judgement> {
        let id = JudgementId::from_bits(self.ids.draw());
        let new = Fresh {
            id,
            view,
            circumstances,
            now,
        };
        let session = match standing(view, circumstances, now) {
            Ok(session) => session,
            Err(NotStanding { ended, what }) => {
                return new.refused(ended, Fault { policy: None, what });
            }
        };
        let remembered = self.young.get(&key).map(|slot| slot.prepared.clone());
        let prepared = match remembered.map_or_else(|| new.prepare(), Ok) {
            Ok(prepared) => prepared,
            Err(fault) => return new.refused(None, fault),
        };
        let (judgement, keep) = new.judged(prepared.clone(), session.as_deref(), &self.clock);
        if keep {
            let slot = self.young.remove(&key).unwrap_or_else(|| Slot {
                reads_wall_clock: reads_wall_clock(&prepared),
                prepared,
                grounds: judgement.grounds,
                idle: judgement.idle.clone(),
                seen_at: view.facts.epoch.number,
                variants: SmallVec::new(),
            });
            self.insert(key, slot.with(judgement.clone()));
        }
        judgement
    }
}

impl Slot {
    fn stands(&mut self, view: &View, circumstances: &Circumstances, now: Timestamp) -> bool {
        let number = view.facts.epoch.number;
        if self.seen_at != number {
            let (grounds, prepared) = (&self.grounds, &self.prepared);
            if !grounds.stand(view, circumstances, prepared, self.seen_at) {
                return false;
            }
            self.seen_at = number;
        }
        now < self.prepared.membership_until()
            && self.idle.as_ref().is_none_or(|idle| !idle.is_over(now))
    }

    /// What rests on the time of day is not reused while the clock is at fault.
    fn is_trusted(&self, clock: &Clock) -> bool {
        !self.reads_wall_clock || clock.fault().is_none()
    }

    fn reuse(&mut self, circumstances: &Circumstances, now: Timestamp) -> Option<Arc<Judgement>> {
        let mentioned = self.prepared.mentions();
        self.variants
            .iter()
            .find(|j| {
                now < j.valid_until() && circumstances.same_values(&j.circumstances, mentioned)
            })
            .cloned()
    }

    fn with(mut self, judgement: Arc<Judgement>) -> Self {
        let now = judgement.made_at;
        self.variants.retain(|j| now < j.valid_until());
        if self.variants.len() >= VARIANTS {
            self.variants.remove(0);
        }
        self.variants.push(judgement);
        self
    }
}

fn reads_wall_clock(prepared: &Prepared) -> bool {
    let mentioned = prepared.mentions();
    mentioned.iter().any(gw_model::Attribute::is_absolute_time)
}

/// Why whoever asks does not count as who they say.
struct NotStanding {
    ended: Option<EndReason>,
    what: String,
}

/// The session behind these circumstances, if there is one and it stands, and so does the access
/// token.
fn standing(
    view: &View,
    circumstances: &Circumstances,
    now: Timestamp,
) -> Result<Option<Arc<Session>>, NotStanding> {
    let not = |ended, what| Err(NotStanding { ended, what });
    let token = circumstances.token.as_deref();
    if let Some(fault) = token.and_then(|token| token.fault(&view.facts, now)) {
        return not(None, fault.into());
    }
    let Some(id) = circumstances.session else {
        return Ok(None);
    };
    let Some(session) = view.facts.session(id) else {
        return not(None, format!("there is no session {id}"));
    };
    if circumstances.principal != Principal::User(session.user) {
        return not(None, format!("the session {id} is somebody else's"));
    }
    match session.over(now) {
        Some(reason) => not(
            Some(reason),
            format!("the session {id} is over ({reason:?})"),
        ),
        None => Ok(Some(session.clone())),
    }
}

/// A judgement in the making.
struct Fresh<'a> {
    id: JudgementId,
    view: &'a View,
    circumstances: &'a Circumstances,
    now: Timestamp,
}

impl Fresh<'_> {
    fn prepare(&self) -> Result<Arc<Prepared>, Fault> {
        let c = self.circumstances;
        self.view
            .policies
            .prepare(
                &self.view.facts,
                c.principal,
                c.action,
                &c.resource,
                self.now,
            )
            .map(Arc::new)
    }

    fn refused(self, ended: Option<EndReason>, fault: Fault) -> Arc<Judgement> {
        Arc::new(self.judgement(
            Decision::denied(fault),
            ended,
            AttributeSet::EMPTY,
            None,
            None,
        ))
    }

    /// The judgement, and whether it may be remembered.
    fn judged(
        self,
        prepared: Arc<Prepared>,
        session: Option<&Session>,
        clock: &Clock,
    ) -> (Arc<Judgement>, bool) {
        let mentioned = prepared.mentions();
        if reads_wall_clock(&prepared)
            && let Some(fault) = clock.fault()
        {
            let what = format!("policies here depend on the time of day, and {fault}");
            return (self.refused(None, Fault { policy: None, what }), false);
        }
        let facts = &self.view.facts;
        let mut decision = self.circumstances.with_request(facts, |request| {
            self.view.policies.evaluate(
                &prepared,
                &request.context,
                &facts.settings().time_zone,
                self.now,
            )
        });
        let idle = session.map(Idle::of);
        let token = self.circumstances.token.as_deref();
        decision.valid_until = decision
            .valid_until
            .min(prepared.membership_until())
            .min(session.map_or(Timestamp::NEVER, |s| s.expires))
            .min(token.map_or(Timestamp::NEVER, |token| token.expires));
        (
            Arc::new(self.judgement(decision, None, mentioned, Some(prepared), idle)),
            true,
        )
    }

    fn judgement(
        self,
        decision: Decision,
        ended: Option<EndReason>,
        mentioned: AttributeSet,
        prepared: Option<Arc<Prepared>>,
        idle: Option<Idle>,
    ) -> Judgement {
        let c = self.circumstances;
        Judgement {
            id: self.id,
            decision,
            ended,
            principal: c.principal,
            session: c.session,
            rank: c.rank,
            action: c.action,
            resource: c.resource.clone(),
            epoch: self.view.facts.epoch,
            made_at: self.now,
            grounds: prepared.as_ref().map_or_else(
                || Grounds::read(self.view, c),
                |prepared| Grounds::of(self.view, c, prepared),
            ),
            circumstances: c.clone(),
            mentioned,
            prepared,
            idle,
        }
    }
}
