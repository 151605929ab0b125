//! What a connection rings when it has something to do.
//!
//! A connection passes from one client's task to another's, and rests between them. So whatever
//! it waits for, its socket first of all, knows one bell that stays the same.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Wake, Waker},
};

use futures_util::task::AtomicWaker;

/// Wakes whoever has the connection. All of it happens on one thread: that it is made of what
/// threads share is only what [`Wake`] asks for.
#[derive(Default)]
pub(super) struct Bell {
    listener: AtomicWaker,
    is_attended: AtomicBool,
    has_rung: AtomicBool,
}

impl Bell {
    /// Somebody sees to the connection now, and is woken when it rings next.
    pub(super) fn is_heard_by(&self, who: &Waker) {
        self.has_rung.store(false, Relaxed);
        self.listener.register(who);
    }

    /// Nobody is woken any more. That it rings is remembered.
    pub(super) fn is_left_alone(&self) {
        let before = self.listener.take();
        drop(before);
    }

    /// Whether it has rung since somebody saw to the connection.
    pub(super) fn has_rung(&self) -> bool {
        self.has_rung.load(Relaxed)
    }

    /// Does what may ring it on behalf of somebody who sees to the connection anyway.
    pub(super) fn unrung<T>(&self, done: impl FnOnce() -> T) -> T {
        self.is_attended.store(true, Relaxed);
        let done = done();
        self.is_attended.store(false, Relaxed);
        done
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.is_attended.load(Relaxed) {
            self.has_rung.store(true, Relaxed);
            self.listener.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    #[test]
    fn it_wakes_who_has_the_connection_and_nobody_who_sees_to_it_anyway() {
        let [first, second] = [(); 2].map(|()| Arc::new(Count::default()));
        let woken = || [&first, &second].map(|who| who.0.load(Relaxed));
        let bell = Arc::new(Bell::default());
        let ring = Waker::from(bell.clone());
        bell.is_heard_by(&first.clone().into());
        bell.unrung(|| ring.wake_by_ref());
        assert_eq!((woken(), bell.has_rung()), ([0, 0], false));
        ring.wake_by_ref();
        assert_eq!((woken(), bell.has_rung()), ([1, 0], true));
        bell.is_heard_by(&second.clone().into());
        assert!(!bell.has_rung());
        ring.wake_by_ref();
        assert_eq!(woken(), [1, 1]);
    }

    #[test]
    fn what_rings_while_nobody_has_the_connection_is_remembered() {
        let last = Arc::new(Count::default());
        let bell = Arc::new(Bell::default());
        bell.is_heard_by(&last.clone().into());
        bell.is_left_alone();
        assert_eq!(
            Arc::strong_count(&last),
            1,
            "nobody is kept who may be gone"
        );
        assert!(!bell.has_rung());
        Waker::from(bell.clone()).wake();
        assert!(bell.has_rung());
        assert_eq!(last.0.load(Relaxed), 0);
    }
}
