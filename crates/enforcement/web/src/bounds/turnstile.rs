//! Strangers are worked on in turns: so much time in each turn of a thread's loop.
//!
//! A turn takes whatever sockets have become ready. What belongs to people who are signed in
//! runs at once; what belongs to strangers, their handshakes first of all, runs until the
//! turn's share is used, and then waits in line for the next. When nobody else has anything
//! to do, the next turn comes at once: strangers lose nothing but their place in front.
//!
//! There is a line for each thing that a connection has shown, and each line has its turn:
//! who fills one of them, with handshakes that never end, say, holds up nobody in another.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    future::poll_fn,
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use tokio::task::{AbortHandle, yield_now};

use super::pass::{Line, Pass};
use crate::{cut_io::Abort, metrics};

/// What strangers may use of one turn.
const SHARE: Duration = Duration::from_micros(250);

#[derive(Default)]
struct Turnstile {
    used: Cell<Duration>,
    lines: RefCell<Lines>,
    /// Keeps the loop turning.
    turner: RefCell<Option<Waker>>,
}

/// One who waits.
type Waiting = (Rc<Cell<Place>>, Waker);

/// Who waits, each in their line.
#[derive(Default)]
struct Lines {
    /// A task's waker stays the same, so that one kept here still wakes it.
    lines: [VecDeque<Waiting>; Line::COUNT],
    /// Whose turn it is.
    next: usize,
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

/// Takes time from strangers' share of this turn that was spent on them elsewhere.
pub(crate) fn charge(time: Duration) {
    TURNSTILE.with(|turnstile| turnstile.used.set(turnstile.used.get() + time));
}

/// A task that works now for this one and now for that: in turns while it is for a stranger. Its
/// end, once it is aborted, has its turn too: many that end at once would be long for the others.
pub(crate) async fn in_turns(
    for_stranger: Rc<Cell<bool>>,
    abort: Abort,
    task: impl Future<Output = ()>,
) {
    let mut task = pin!(task);
    let place = Rc::default();
    poll_fn(
        |cx| match for_stranger.get() && abort.poll_aborted(cx).is_pending() {
            true => poll_in_turn(Line::Stranger, &place, cx, |cx| task.as_mut().poll(cx)),
            false => task.as_mut().poll(cx),
        },
    )
    .await;
}

/// Polls what is done for a stranger, if it is its turn.
fn poll_in_turn(
    line: Line,
    place: &Rc<Cell<Place>>,
    cx: &mut Context<'_>,
    poll: impl FnOnce(&mut Context<'_>) -> Poll<()>,
) -> Poll<()> {
    if !TURNSTILE.with(|turnstile| turnstile.lets_in(line, place, cx)) {
        return Poll::Pending;
    }
    let began = Instant::now();
    let polled = poll(cx);
    TURNSTILE.with(|turnstile| turnstile.spend(began.elapsed()));
    polled
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
            if turnstile.lines.borrow().are_empty() {
                *turnstile.turner.borrow_mut() = Some(cx.waker().clone());
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
    })
    .await;
}

/// Spawns the task that owns a connection onto this thread's set: in turns while it is a
/// stranger's, and at once when it is aborted, even before it has ever run.
pub(crate) fn spawn_owner<F: Future<Output = ()> + 'static>(pass: Rc<Pass>, task: F) {
    metrics::spawn_unpinned(Gated {
        task: Box::pin(task),
        pass,
        place: Rc::default(),
        is_owner: true,
    });
}

/// Spawns another task of a connection: in turns while it is a stranger's.
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
        is_owner: false,
    };
    metrics::spawn_unpinned(gated).abort_handle()
}

struct Gated<F> {
    task: F,
    pass: Rc<Pass>,
    place: Rc<Cell<Place>>,
    /// It is woken when the connection is aborted.
    is_owner: bool,
}

impl<F: Future<Output = ()> + Unpin> Future for Gated<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // Closing a connection comes at once; what was under way on it ends in turns.
        let ends = self.is_owner && self.pass.abort.poll_aborted(cx).is_ready();
        if ends || self.pass.is_known() {
            return Pin::new(&mut self.task).poll(cx);
        }
        let (line, place) = (self.pass.line(), self.place.clone());
        poll_in_turn(line, &place, cx, |cx| Pin::new(&mut self.task).poll(cx))
    }
}

impl Turnstile {
    fn lets_in(&self, line: Line, place: &Rc<Cell<Place>>, cx: &Context<'_>) -> bool {
        match place.get() {
            Place::Called => {
                place.set(Place::Nowhere);
                true
            }
            Place::InLine => false,
            Place::Nowhere if self.has_time() && self.lines.borrow().are_empty() => true,
            Place::Nowhere => {
                place.set(Place::InLine);
                let waiting = (place.clone(), cx.waker().clone());
                self.lines.borrow_mut().join(line, waiting);
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

    /// Lets the next in.
    fn call_next(&self) {
        let next = self.lines.borrow_mut().next();
        if let Some((place, waker)) = next {
            place.set(Place::Called);
            waker.wake();
        }
    }
}

impl Lines {
    fn are_empty(&self) -> bool {
        self.lines.iter().all(VecDeque::is_empty)
    }

    fn join(&mut self, line: Line, waiting: Waiting) {
        if let Some(line) = self.lines.get_mut(line as usize) {
            line.push_back(waiting);
        }
    }

    /// The first of the line whose turn it is.
    fn next(&mut self) -> Option<Waiting> {
        for _ in 0..Line::COUNT {
            let first = self.lines.get_mut(self.next).and_then(first_left);
            self.next = (self.next + 1) % Line::COUNT;
            if first.is_some() {
                return first;
            }
        }
        None
    }
}

/// The first in a line; those that ended while they waited are passed over.
fn first_left(line: &mut VecDeque<Waiting>) -> Option<Waiting> {
    loop {
        match line.pop_front()? {
            (place, _) if Rc::strong_count(&place) == 1 => {}
            first => return Some(first),
        }
    }
}

#[cfg(test)]
mod tests {
    use gw_model::{SessionId, UserId};
    use tokio::task::LocalSet;

    use super::*;
    use crate::{
        bounds::{Caller, Connected, Seats, Whose, pass::Standing},
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
        Seats::new(Limits::default(), Connected::new(), Default::default())
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
            known.is_asked_by(Whose {
                caller: Caller::Person(UserId::from_bits(1)),
                session: Some(SessionId::from_bits(1)),
            });
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
    async fn a_line_that_is_full_holds_up_nobody_in_another() {
        let tasks = LocalSet::new();
        let check = async {
            tokio::task::spawn_local(keep_turning());
            let seats = seats();
            let done = Rc::new(Cell::new(0));
            let take = || seats.take(Abort::default(), None).unwrap();
            let crowd: Vec<_> = (0..100).map(|_| take()).collect();
            for seat in &crowd {
                spawn(seat.pass().clone(), busy(1, done.clone()));
            }
            let further = take();
            further.rises_to(Standing::Silent);
            let came = Rc::new(Cell::new(0));
            spawn(further.pass().clone(), busy(1, came.clone()));
            while came.get() == 0 {
                yield_now().await;
            }
            assert!(done.get() <= 4, "{} were before it", done.get());
        };
        tasks.run_until(check).await;
    }

    #[tokio::test]
    async fn what_is_done_for_strangers_elsewhere_has_its_turn_and_for_others_runs_at_once() {
        let tasks = LocalSet::new();
        let check = async {
            let for_stranger = Rc::new(Cell::new(true));
            let done = Rc::new(Cell::new(0));
            charge(SHARE);
            let strangers = in_turns(
                for_stranger.clone(),
                Abort::default(),
                busy(1, done.clone()),
            );
            let strangers = tokio::task::spawn_local(strangers);
            yield_now().await;
            assert_eq!(done.get(), 0, "the share of this turn is used");
            in_turns(Rc::default(), Abort::default(), busy(1, done.clone())).await;
            assert_eq!(done.get(), 1);
            tokio::task::spawn_local(keep_turning());
            strangers.await.unwrap();
            assert_eq!(done.get(), 2);
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
