//! What was asked and allowed a moment ago, so that a page which is kept up to date is one
//! question a minute and not one for each look.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use gw_model::{Action, DecisionId, Timestamp};

use crate::caller::CallerKey;

/// How long a recorded answer stands for the next same question, if that is answered alike.
const RECENT: Duration = Duration::from_secs(60);
/// Most that are remembered.
const REMEMBERED_MAX: usize = 4096;

/// Who asked what of Gatewright itself.
type Question = (CallerKey, Action);

/// Allowed questions of the last minute.
#[derive(Default)]
pub(crate) struct RecentlyAsked(Mutex<HashMap<Question, (DecisionId, Timestamp)>>);

impl RecentlyAsked {
    /// The decision that allowed it a moment ago.
    pub(crate) fn recently(&self, question: &Question, now: Timestamp) -> Option<DecisionId> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (decision, at) = known.get(question)?;
        (now.since(*at) < RECENT).then_some(*decision)
    }

    /// Remembers what was allowed.
    pub(crate) fn note(&self, question: Question, decision: DecisionId, now: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED_MAX {
            known.retain(|_, (_, at)| now.since(*at) < RECENT);
        }
        if known.len() < REMEMBERED_MAX {
            known.insert(question, (decision, now));
        }
    }
}

#[cfg(test)]
mod tests {
    use gw_model::Principal;

    use super::*;

    #[test]
    fn an_answer_stands_for_a_minute_and_for_the_same_question_alone() {
        let asked = RecentlyAsked::default();
        let question = ((Principal::Local(0), None, 0), Action::AdminRead);
        let (decision, then) = (DecisionId::from_bits(1), Timestamp::from_secs(100));
        asked.note(question, decision, then);
        assert_eq!(asked.recently(&question, then), Some(decision));
        assert_eq!(asked.recently(&question, then.after(RECENT)), None);
        let other = (question.0, Action::AdminExplain);
        assert_eq!(asked.recently(&other, then), None);
    }
}
