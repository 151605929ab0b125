//! Remedies, searched on control threads and remembered while what they read stands.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use gw_model::{Action, Principal, Remedies, Resource, SessionId, Timestamp};
use gw_policy::RemedyOptions;
use tokio::sync::Semaphore;

use crate::{Circumstances, Grounds, OwnedHttp, View};

/// Searches at once: a search is pure work of about a millisecond, and denied people can ask
/// for one with each request.
const AT_ONCE: usize = 2;
/// Evaluations that one search may spend.
const BUDGET: usize = 400;
/// How long an answer is remembered at most: the passing of time changes it too.
const KEPT: Duration = Duration::from_secs(5);
/// Answers that are remembered.
const CAPACITY: usize = 4096;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    principal: Principal,
    session: Option<SessionId>,
    rank: u32,
    action: Action,
    resource: Arc<Resource>,
    address: std::net::IpAddr,
    http: Option<(Arc<str>, Arc<str>, bool, bool)>,
    may_enrol: bool,
}

struct Answer {
    grounds: Grounds,
    found_at: Timestamp,
    remedies: Arc<Remedies>,
}

/// What was found lately.
pub(crate) struct Remembered {
    answers: Mutex<HashMap<Key, Answer>>,
    at_once: Semaphore,
}

impl Default for Remembered {
    fn default() -> Self {
        Self {
            answers: Mutex::default(),
            at_once: Semaphore::new(AT_ONCE),
        }
    }
}

impl Remembered {
    pub(crate) async fn of(
        &self,
        view: Arc<View>,
        circumstances: &Circumstances,
        may_enrol: bool,
        now: Timestamp,
    ) -> Arc<Remedies> {
        let key = key(circumstances, may_enrol);
        let grounds = Grounds::read(&view, circumstances);
        if let Some(found) = self.recall(&key, grounds, now) {
            return found;
        }
        let Ok(_turn) = self.at_once.acquire().await else {
            return Arc::default();
        };
        let circumstances = circumstances.clone();
        let options = RemedyOptions {
            budget: BUDGET,
            may_enrol,
        };
        let search = move || {
            circumstances.with_request(&view.facts, |request| {
                gw_policy::remedies(&view.policies, &view.facts, request, now, &options)
            })
        };
        let Ok(found) = tokio::task::spawn_blocking(search).await else {
            tracing::error!("the search for remedies failed; none are offered");
            return Arc::default();
        };
        let remedies = Arc::new(found);
        self.remember(
            key,
            Answer {
                grounds,
                found_at: now,
                remedies: remedies.clone(),
            },
        );
        remedies
    }

    fn recall(&self, key: &Key, grounds: Grounds, now: Timestamp) -> Option<Arc<Remedies>> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = answers.get(key)?;
        (answer.grounds == grounds && now.since(answer.found_at) < KEPT)
            .then(|| answer.remedies.clone())
    }

    fn remember(&self, key: Key, answer: Answer) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= CAPACITY {
            answers.clear();
        }
        answers.insert(key, answer);
    }
}

fn key(circumstances: &Circumstances, may_enrol: bool) -> Key {
    let http = |h: &OwnedHttp| (h.method.clone(), h.path.clone(), h.websocket, h.same_origin);
    Key {
        principal: circumstances.principal,
        session: circumstances.session,
        rank: circumstances.rank,
        action: circumstances.action,
        resource: circumstances.resource.clone(),
        address: circumstances.address,
        http: circumstances.http.as_ref().map(http),
        may_enrol,
    }
}
