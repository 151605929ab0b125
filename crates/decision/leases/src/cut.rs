//! The handle by which an open access is ended from outside, mid-stream.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use gw_engine::Judgement;
use smallvec::SmallVec;

/// Why something open was ended.
#[derive(Debug, Clone)]
pub struct CutReason {
    /// A short sentence for the person.
    pub sentence: Arc<str>,
    /// The judgement that no longer let it go on, if that is why.
    pub judgement: Option<Arc<Judgement>>,
    /// Whether it ends for no fault of who asked: the process stops.
    pub goes_away: bool,
}

impl CutReason {
    /// The reason that a judgement which denies gives.
    pub fn of(judgement: &Arc<Judgement>) -> Arc<Self> {
        let sentence = judgement.ended.map_or(
            "This is no longer open to you: what allowed it has changed.",
            |ended| ended.sentence(),
        );
        Arc::new(Self {
            sentence: Arc::from(sentence),
            judgement: Some(judgement.clone()),
            goes_away: false,
        })
    }

    /// Somebody who may ended it.
    pub fn ended(sentence: &str) -> Arc<Self> {
        Arc::new(Self {
            sentence: Arc::from(sentence),
            judgement: None,
            goes_away: false,
        })
    }

    /// A reason that is nobody's denial: the process stops.
    pub fn because(sentence: &str) -> Arc<Self> {
        Arc::new(Self {
            sentence: Arc::from(sentence),
            judgement: None,
            goes_away: true,
        })
    }
}

/// Shared by the lease table and by all that moves bytes of one open access.
///
/// It is told once; every part that polls it is woken. Parts that hold bytes in flight must
/// poll it themselves rather than hope that somebody polls a body.
#[derive(Debug, Clone, Default)]
pub struct Cut(Rc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    told: Cell<bool>,
    reason: RefCell<Option<Arc<CutReason>>>,
    wakers: RefCell<SmallVec<[Waker; 2]>>,
}

/// Those who are to be woken because what they wait for has been told.
#[must_use = "who is not woken does not act on what was told"]
pub(crate) struct Wakers(SmallVec<[Waker; 2]>);

impl Wakers {
    pub(crate) fn wake(self) {
        for waker in self.0 {
            waker.wake();
        }
    }
}

impl Cut {
    /// Not cut yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether it was cut. One load.
    pub fn is_cut(&self) -> bool {
        self.0.told.get()
    }

    /// Why it was cut, if it was.
    pub fn reason(&self) -> Option<Arc<CutReason>> {
        self.0.reason.borrow().clone()
    }

    /// Ends it, for the first reason given.
    pub fn cut(&self, reason: Arc<CutReason>) {
        self.tell(reason).wake();
    }

    /// Ends it, for the first reason given: from now on whoever asks hears so. Those who wait
    /// are still to be woken.
    pub(crate) fn tell(&self, reason: Arc<CutReason>) -> Wakers {
        if !self.0.told.replace(true) {
            *self.0.reason.borrow_mut() = Some(reason);
        }
        Wakers(self.0.wakers.take())
    }

    /// Ready once it is cut; until then the task is woken when it is.
    pub fn poll_cut(&self, cx: &mut Context<'_>) -> Poll<Arc<CutReason>> {
        if let Some(reason) = self.reason() {
            return Poll::Ready(reason);
        }
        let mut wakers = self.0.wakers.borrow_mut();
        if !wakers.iter().any(|w| w.will_wake(cx.waker())) {
            wakers.push(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Waits until it is cut.
    pub async fn wait(&self) -> Arc<CutReason> {
        poll_fn(|cx| self.poll_cut(cx)).await
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        task::Wake,
    };

    use super::*;

    #[derive(Default)]
    struct Counter(AtomicUsize);

    impl Wake for Counter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn everybody_who_polls_is_woken_once_and_hears_the_first_reason() {
        let cut = Cut::new();
        let counters = [Arc::new(Counter::default()), Arc::new(Counter::default())];
        for counter in &counters {
            let waker = Waker::from(counter.clone());
            let mut cx = Context::from_waker(&waker);
            assert!(cut.poll_cut(&mut cx).is_pending());
            assert!(cut.poll_cut(&mut cx).is_pending());
        }
        cut.cut(CutReason::because("first"));
        cut.cut(CutReason::because("second"));
        assert_eq!(counters.map(|c| c.0.load(Ordering::Relaxed)), [1, 1]);
        assert_eq!(&*cut.reason().unwrap().sentence, "first");
    }
}
