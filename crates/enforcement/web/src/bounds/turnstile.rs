//! Strangers are worked on in turns: so much time in each turn of a thread's loop.
//!
//! A turn takes whatever sockets have become ready. What belongs to people who are signed in
//! runs at once; what belongs to strangers, their handshakes first of all, runs until the
//! turn's share is used, and then waits in line for the next. When nobody else has anything
//! to do, the next turn comes at once: strangers lose nothing but their place in front.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    future::poll_fn,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use tokio::task::{AbortHandle, yield_now};

use super::Pass;
use crate::metrics;

/// What strangers may use of one turn.
const SHARE: Duration = Duration::from_micros(250);

#[derive(Default)]
struct Turnstile {
    used: Cell<Duration>,
    /// A task's waker stays the same, so that one kept here still wakes it.
    line: RefCell<VecDeque<(Rc<Cell<Place>>, Waker)>>,
    /// Keeps the loop turning.
    turner: RefCell<Option<Waker>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    #[default]
    Nowhere,
    InLine,
    Called,
}

thread_local! {
    static TURNSTILE: Turnstile = Turnstile::default();
}

/// A turn of this thread's loop begins.
pub(crate) fn begin_turn() {
    TURNSTILE.with(|turnstile| turnstile.used.set(Duration::ZERO));
}

/// Keeps the loop turning while somebody waits in line.
pub(crate) async fn keep_turning() {
    loop {
        wait_for_somebody().await;
        // Behind it, the loop has looked at its sockets once more.
        yield_now().await;
        begin_turn();
        TURNSTILE.with(Turnstile::call_next);
    }
}

async fn wait_for_somebody() {
    poll_fn(|cx| {
        TURNSTILE.with(|turnstile| {
            if turnstile.line.borrow().is_empty() {
                *turnstile.turner.borrow_mut() = Some(cx.waker().clone());
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
    })
    .await;
}

/// Spawns a task of a connection onto this thread's set: in turns while it is a stranger's.
pub(crate) fn spawn<F: Future<Output = ()> + 'static>(pass: Rc<Pass>, task: F) -> AbortHandle {
    spawn_unpinned(pass, Box::pin(task))
}

/// The same for a task that may be moved: it is not boxed once more.
pub(crate) fn spawn_unpinned<F>(pass: Rc<Pass>, task: F) -> AbortHandle
where
    F: Future<Output = ()> + Unpin + 'static,
{
    let gated = Gated {
        task,
        pass,
        place: Rc::default(),
    };
    metrics::spawn_unpinned(gated).abort_handle()
}

struct Gated<F> {
    task: F,
    pass: Rc<Pass>,
    place: Rc<Cell<Place>>,
}

impl<F: Future<Output = ()> + Unpin> Future for Gated<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if !self.pass.waits_its_turn() {
            return Pin::new(&mut self.task).poll(cx);
        }
        if !TURNSTILE.with(|turnstile| turnstile.lets_in(&self.place, cx)) {
            return Poll::Pending;
        }
        let began = Instant::now();
        let polled = Pin::new(&mut self.task).poll(cx);
        TURNSTILE.with(|turnstile| turnstile.spend(began.elapsed()));
        polled
    }
}

impl Turnstile {
    fn lets_in(&self, place: &Rc<Cell<Place>>, cx: &Context<'_>) -> bool {
        match place.get() {
            Place::Called => {
                place.set(Place::Nowhere);
                true
            }
            Place::InLine => false,
            Place::Nowhere if self.has_time() && self.line.borrow().is_empty() => true,
            Place::Nowhere => {
                place.set(Place::InLine);
                let waiting = (place.clone(), cx.waker().clone());
                self.line.borrow_mut().push_back(waiting);
                if let Some(turner) = self.turner.take() {
                    turner.wake();
                }
                false
            }
        }
    }

    fn has_time(&self) -> bool {
        self.used.get() < SHARE
    }

    fn spend(&self, time: Duration) {
        self.used.set(self.used.get() + time);
        if self.has_time() {
            self.call_next();
        }
    }

    /// Lets the first in line in; those that ended while they waited are passed over.
    fn call_next(&self) {
        let next = {
            let mut line = self.line.borrow_mut();
            loop {
                match line.pop_front() {
                    Some((place, _)) if Rc::strong_count(&place) == 1 => {}
                    next => break next,
                }
            }
        };
        if let Some((place, waker)) = next {
            place.set(Place::Called);
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::LocalSet;

    use super::*;
    use crate::{
        bounds::{Addresses, Seats, Standing},
        cut_io::Abort,
        options::Limits,
    };

    /// Busy for a share of a turn, so many times.
    async fn busy(times: usize, done: Rc<Cell<usize>>) {
        for _ in 0..times {
            let began = Instant::now();
            while began.elapsed() < SHARE {}
            done.set(done.get() + 1);
            let mut again = true;
            poll_fn(|cx| match std::mem::take(&mut again) {
                true => {
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }
                false => Poll::Ready(()),
            })
            .await;
        }
    }

    fn seats() -> Rc<Seats> {
        let (open, opening) = (Addresses::new(), Addresses::new());
        Seats::new(Limits::default(), open, opening, Default::default())
    }

    #[tokio::test]
    async fn a_known_task_waits_for_one_share_at_most_and_strangers_all_come_to_their_turn() {
        let tasks = LocalSet::new();
        let check = async {
            tokio::task::spawn_local(keep_turning());
            let seats = seats();
            let done = Rc::new(Cell::new(0));
            let held: Vec<_> = (0..50)
                .map(|_| {
                    let seat = seats.take(Abort::default(), None).unwrap();
                    spawn(seat.pass().clone(), busy(3, done.clone()));
                    seat
                })
                .collect();
            let known = seats.take(Abort::default(), None).unwrap();
            known.rises_to(Standing::Known);
            let (most, before) = (Rc::new(Cell::new(0)), done.clone());
            let seen = most.clone();
            let looking = async move {
                for _ in 0..20 {
                    let then = before.get();
                    yield_now().await;
                    seen.set(seen.get().max(before.get() - then));
                }
            };
            spawn(known.pass().clone(), looking);
            while done.get() < 150 {
                yield_now().await;
            }
            assert!(most.get() <= 2, "{} strangers in one turn", most.get());
            drop(held);
        };
        tasks.run_until(check).await;
    }

    #[tokio::test]
    async fn whoever_ends_in_line_holds_nobody_up() {
        let tasks = LocalSet::new();
        let check = async {
            tokio::task::spawn_local(keep_turning());
            let seats = seats();
            let seat = seats.take(Abort::default(), None).unwrap();
            let done = Rc::new(Cell::new(0));
            let spawned: Vec<_> = (0..10)
                .map(|_| spawn(seat.pass().clone(), busy(1, done.clone())))
                .collect();
            yield_now().await;
            for task in &spawned[1..9] {
                task.abort();
            }
            while done.get() < 2 {
                yield_now().await;
            }
        };
        tasks.run_until(check).await;
    }
}
