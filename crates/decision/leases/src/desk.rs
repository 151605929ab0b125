//! Where what is open is listed and ended: questions to every core, answered by each for its own.

use std::sync::{Arc, Mutex, PoisonError};

use gw_engine::{Circumstances, Judgement};
use gw_model::{DecisionId, Timestamp};
use tokio::sync::{mpsc, oneshot};

use crate::CutReason;

/// Questions that one core has not come to.
const WAITING_MAX: usize = 16;

/// Something that is open.
#[derive(Debug, Clone)]
pub struct OpenLease {
    /// The decision that opened it.
    pub decision: DecisionId,
    /// When.
    pub opened_at: Timestamp,
    /// The access itself.
    pub circumstances: Circumstances,
    /// The judgement that it hangs on now.
    pub judgement: Arc<Judgement>,
}

/// What is asked of a core.
pub(crate) enum Question {
    List(oneshot::Sender<Vec<OpenLease>>),
    End(DecisionId, Arc<CutReason>, oneshot::Sender<bool>),
}

pub(crate) type Questions = mpsc::Receiver<Question>;

/// All cores of a process, to be asked. Cheap to clone.
#[derive(Clone, Default)]
pub struct Desk(Arc<Mutex<Vec<mpsc::Sender<Question>>>>);

impl Desk {
    /// A place at it for one core.
    pub(crate) fn place(&self) -> Questions {
        let (ask, questions) = mpsc::channel(WAITING_MAX);
        let mut cores = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cores.push(ask);
        questions
    }

    fn cores(&self) -> Vec<mpsc::Sender<Question>> {
        let mut cores = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cores.retain(|core| !core.is_closed());
        cores.clone()
    }

    /// Everything that is open now, in the order in which it was opened.
    pub async fn list(&self) -> Vec<OpenLease> {
        let mut all = Vec::new();
        for core in self.cores() {
            let (reply, answer) = oneshot::channel();
            if core.send(Question::List(reply)).await.is_ok() {
                all.extend(answer.await.unwrap_or_default());
            }
        }
        all.sort_by_key(|lease| (lease.opened_at, lease.decision));
        all
    }

    /// Cuts what a decision opened; whether it was open.
    pub async fn end(&self, decision: DecisionId, sentence: &str) -> bool {
        let reason = CutReason::ended(sentence);
        for core in self.cores() {
            let (reply, answer) = oneshot::channel();
            let question = Question::End(decision, reason.clone(), reply);
            if core.send(question).await.is_ok() && answer.await.unwrap_or_default() {
                return true;
            }
        }
        false
    }
}
