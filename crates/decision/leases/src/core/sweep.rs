//! What is left to look at, the urgent first: judgements about people and sessions that changed,
//! then those whose time is up, then, where anybody's may be touched, all of them.

use std::{collections::VecDeque, sync::Arc};

use gw_engine::{Judgement, View};
use gw_model::{Epoch, Timestamp};

use super::Core;
use crate::{Cut, CutReason, cut::Wakers, table::Table};

/// Cut accesses that are woken in one turn. Closing one is work of its own, which comes before
/// that of others in the thread's queue; what is told but not woken sends nothing any more.
const WAKES: usize = 32;

/// The follower's work.
#[derive(Default)]
pub(super) struct Sweep {
    /// The view that it was found from.
    at: Epoch,
    urgent: VecDeque<usize>,
    /// A pass over all judgements, and where it is.
    pass: Option<(Epoch, usize)>,
    /// The epoch that another pass is wanted for.
    wanted: Option<Epoch>,
    /// The epoch of the last pass that came to its end.
    passed: Option<Epoch>,
    told: VecDeque<Wakers>,
    reason: Option<(Arc<Judgement>, Arc<CutReason>)>,
}

impl Sweep {
    /// Takes in what changed up to this view.
    pub(super) fn catch_up(&mut self, view: &View, table: &Table) {
        let epoch = view.facts.epoch;
        if epoch == self.at {
            return;
        }
        let moved = view.moved_since(self.at.number);
        let about = moved.subjects.iter().flat_map(|s| table.about(*s));
        self.urgent.extend(about);
        if moved.widely {
            self.wanted = Some(epoch);
        }
        self.at = epoch;
    }

    /// The judgement to look at next.
    pub(super) fn next(&mut self, table: &Table, now: Timestamp) -> Option<usize> {
        if let Some(hold) = self.urgent.pop_front() {
            return Some(hold);
        }
        if let Some((due, hold)) = table.first_due()
            && due <= now
        {
            return Some(hold);
        }
        loop {
            if self.pass.is_none() {
                self.pass = Some((self.wanted.take()?, 0));
            }
            if let Some((epoch, next)) = &mut self.pass {
                while *next < table.end() {
                    let hold = *next;
                    *next += 1;
                    if table.held(hold).is_some_and(|h| h.seen_at < epoch.number) {
                        return Some(hold);
                    }
                }
                self.passed = Some(*epoch);
                self.pass = None;
            }
        }
    }

    /// The newest epoch that everything has been judged at, if there is news of it.
    pub(super) fn reached(&mut self) -> Option<Epoch> {
        if !self.urgent.is_empty() {
            return None;
        }
        let passed = self.passed.take();
        if self.pass.is_none() && self.wanted.is_none() {
            return Some(self.at);
        }
        passed
    }

    /// Tells one access that it has ended.
    fn tell(&mut self, cut: &Cut, judgement: &Arc<Judgement>) {
        let reason = match &self.reason {
            Some((of, reason)) if Arc::ptr_eq(of, judgement) => reason.clone(),
            _ => {
                let reason = CutReason::of(judgement);
                self.reason = Some((judgement.clone(), reason.clone()));
                reason
            }
        };
        self.told.push_back(cut.tell(reason));
    }

    /// Wakes some of those that were told; whether all are.
    pub(super) fn wake_some(&mut self) -> bool {
        let some = self.told.len().min(WAKES);
        self.told.drain(..some).for_each(Wakers::wake);
        if self.told.is_empty() {
            self.reason = None;
        }
        self.told.is_empty()
    }
}

impl Core {
    /// Looks at one judgement: it stands, or each of its leases is judged again. Where there is
    /// no time for all of them, the rest comes first in the next turn.
    pub(super) fn look_at(
        &self,
        hold: usize,
        view: &View,
        now: Timestamp,
        sweep: &mut Sweep,
        is_over: &dyn Fn() -> bool,
    ) {
        let number = view.facts.epoch.number;
        let mut table = self.0.table.borrow_mut();
        let Some(held) = table.held(hold) else {
            return;
        };
        let clock = self.0.engine.clock();
        if held.judgement.stands(view, clock, held.seen_at, now) {
            return table.stands(hold, number, now);
        }
        let judgement = held.judgement.clone();
        let mut anew: Option<Arc<Judgement>> = None;
        while let Some(lease) = table.lease_on(hold, &judgement) {
            let Some(circumstances) = table.circumstances(lease) else {
                break;
            };
            if let Some(refused) = self.strays(view, circumstances, now) {
                // It says nothing of the others on the same judgement.
                if let Some(cut) = table.let_go(lease) {
                    sweep.tell(&cut, &refused);
                }
                if is_over() {
                    break;
                }
                continue;
            }
            let again = match anew.take().filter(|anew| anew.answers(circumstances)) {
                Some(anew) => anew,
                None => self.judge_unheld(view, circumstances, now),
            };
            if again.id == judgement.id {
                return table.stands(hold, number, now);
            }
            if again.is_allow() {
                table.hang(lease, &again, number);
            } else if let Some(cut) = table.let_go(lease) {
                sweep.tell(&cut, &again);
            }
            anew = Some(again);
            if is_over() {
                break;
            }
        }
        if table.lease_on(hold, &judgement).is_some() {
            sweep.urgent.push_front(hold);
        } else {
            table.forget(&judgement);
        }
    }
}
