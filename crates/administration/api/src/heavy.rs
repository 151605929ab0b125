//! What takes long to compute: few at once, one for each who asks, in a line that ends.
//!
//! Whoever may look may have much computed. What they ask for stands in their own line first, so
//! that nobody's flood is in front of anybody else, and each computation has its time. Where
//! nobody waits for an answer any more, a place in the line is free at once, and what is being
//! computed stops at its next look.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use gw_model::Principal;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::types::Problem;

/// Computed at once in this process.
const AT_ONCE: usize = 2;
/// What one who asks has computed and waiting at most.
const OF_ONE_MAX: usize = 8;
/// What all have computed and waiting at most.
const OF_ALL_MAX: usize = 64;
/// How long one computation may take, as far as it can be stopped.
const TIME_MAX: Duration = Duration::from_secs(20);
/// When it is worth asking again.
const AGAIN_SECS: u16 = 5;

/// The line before what takes long.
#[derive(Debug, Clone)]
pub(crate) struct Heavy {
    slots: Arc<Semaphore>,
    line: Arc<Mutex<Line>>,
}

#[derive(Debug, Default)]
struct Line {
    all: usize,
    of: HashMap<Principal, OfOne>,
}

/// What one who asks has in the line.
#[derive(Debug)]
struct OfOne {
    count: usize,
    turn: Arc<Semaphore>,
}

impl Default for Heavy {
    fn default() -> Self {
        Self {
            slots: Arc::new(Semaphore::new(AT_ONCE)),
            line: Arc::default(),
        }
    }
}

impl Heavy {
    /// Computes, once it is its turn. Dropped before that, it was never there.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        of: Principal,
        compute: impl FnOnce(&Patience) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let place = self.place(of)?;
        let closed = |_| Problem::failed("the administration is stopping");
        let turn = Arc::clone(&place.turn)
            .acquire_owned()
            .await
            .map_err(closed)?;
        let slots = Arc::clone(&self.slots);
        let slot = slots.acquire_owned().await.map_err(closed)?;
        let patience = Patience::of(TIME_MAX);
        let _gone = WhenGone(Arc::clone(&patience.gone));
        let computing = tokio::task::spawn_blocking(move || {
            let _held = (slot, turn, place);
            compute(&patience)
        });
        computing
            .await
            .map_err(|_| Problem::failed("the computation failed"))
    }

    /// Waits for one's own turn, for what is not computed here. Others do not wait for it.
    pub(crate) async fn turn(&self, of: Principal) -> Result<Turn, Problem> {
        let place = self.place(of)?;
        let turn = Arc::clone(&place.turn).acquire_owned().await;
        let turn = turn.map_err(|_| Problem::failed("the administration is stopping"))?;
        Ok(Turn(turn, place))
    }

    fn place(&self, of: Principal) -> Result<Place, Problem> {
        let mut line = held(&self.line);
        let all = line.all;
        let own = line.of.entry(of).or_insert_with(OfOne::new);
        if own.count >= OF_ONE_MAX {
            return Err(Problem::busy_with_yours(AGAIN_SECS));
        }
        if all >= OF_ALL_MAX {
            return Err(Problem::busy(AGAIN_SECS));
        }
        own.count += 1;
        let turn = Arc::clone(&own.turn);
        line.all += 1;
        Ok(Place {
            line: Arc::clone(&self.line),
            of,
            turn,
        })
    }
}

impl OfOne {
    fn new() -> Self {
        Self {
            count: 0,
            turn: Arc::new(Semaphore::new(1)),
        }
    }
}

fn held(line: &Mutex<Line>) -> MutexGuard<'_, Line> {
    line.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One's turn until it is dropped.
#[expect(dead_code, reason = "they are held")]
pub(crate) struct Turn(OwnedSemaphorePermit, Place);

/// A place in the line until it is dropped.
struct Place {
    line: Arc<Mutex<Line>>,
    of: Principal,
    turn: Arc<Semaphore>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut line = held(&self.line);
        line.all = line.all.saturating_sub(1);
        if let Some(own) = line.of.get_mut(&self.of) {
            own.count = own.count.saturating_sub(1);
            if own.count == 0 {
                line.of.remove(&self.of);
            }
        }
    }
}

/// How long a computation may go on.
#[derive(Debug)]
pub(crate) struct Patience {
    until: Instant,
    gone: Arc<AtomicBool>,
}

impl Patience {
    pub(crate) fn of(time: Duration) -> Self {
        Self {
            until: Instant::now() + time,
            gone: Arc::default(),
        }
    }

    /// Whether its time is up, or nobody waits for its answer any more.
    pub(crate) fn is_over(&self) -> bool {
        self.gone.load(Ordering::Relaxed) || Instant::now() >= self.until
    }
}

/// Says that nobody waits any more once it is dropped.
struct WhenGone(Arc<AtomicBool>);

impl Drop for WhenGone {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::task::JoinSet;

    use super::*;

    const ANA: Principal = Principal::Local(1);
    const BO: Principal = Principal::Local(2);

    /// A computation that says that it has begun, and ends when it is told to.
    struct Held {
        begun: mpsc::Receiver<()>,
        end: mpsc::Sender<()>,
    }

    fn begin(heavy: &Heavy, of: Principal, all: &mut JoinSet<Result<bool, Problem>>) -> Held {
        let (tell, begun) = mpsc::channel();
        let (end, ended) = mpsc::channel::<()>();
        let heavy = heavy.clone();
        all.spawn(async move {
            let compute = move |patience: &Patience| {
                let _ = tell.send(());
                let _ = ended.recv();
                patience.is_over()
            };
            heavy.run(of, compute).await
        });
        Held { begun, end }
    }

    const SOON: Duration = Duration::from_secs(20);

    #[tokio::test(flavor = "multi_thread")]
    async fn one_of_each_who_asks_is_computed_at_a_time_and_the_line_of_one_holds_up_nobody() {
        let (heavy, mut all) = (Heavy::default(), JoinSet::new());
        let first = begin(&heavy, ANA, &mut all);
        first.begun.recv_timeout(SOON).unwrap();
        let waiting: Vec<_> = (1..OF_ONE_MAX)
            .map(|_| begin(&heavy, ANA, &mut all))
            .collect();
        wait_for(|| held(&heavy.line).all == OF_ONE_MAX).await;
        let refused = heavy.run(ANA, |_| ()).await.unwrap_err();
        assert_eq!(
            (refused.status, refused.retry_after),
            (429, Some(AGAIN_SECS))
        );
        assert!(waiting.iter().all(|held| held.begun.try_recv().is_err()));
        heavy.run(BO, |_| ()).await.unwrap();
        drop(first.end);
        drop(waiting);
        while let Some(done) = all.join_next().await {
            assert_eq!(done.unwrap(), Ok(false));
        }
        assert_eq!(held(&heavy.line).all, 0);
        assert!(held(&heavy.line).of.is_empty());
    }

    #[tokio::test]
    async fn ones_own_turn_is_waited_for_and_nobody_elses() {
        let heavy = Heavy::default();
        let first = heavy.turn(ANA).await.unwrap();
        tokio::select! {
            biased;
            _ = heavy.turn(ANA) => panic!("two at a time"),
            () = std::future::ready(()) => {}
        }
        drop(heavy.turn(BO).await.unwrap());
        drop(first);
        drop(heavy.turn(ANA).await.unwrap());
        assert_eq!(held(&heavy.line).all, 0);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn so_many_are_in_line_and_no_more() {
        let (heavy, mut all) = (Heavy::default(), JoinSet::new());
        let of = |number: usize| Principal::Local(u32::try_from(number).unwrap());
        let held_open: Vec<_> = (0..OF_ALL_MAX)
            .map(|number| begin(&heavy, of(number), &mut all))
            .collect();
        wait_for(|| held(&heavy.line).all == OF_ALL_MAX).await;
        let refused = heavy.run(of(OF_ALL_MAX), |_| ()).await.unwrap_err();
        assert_eq!(
            (refused.status, refused.retry_after),
            (503, Some(AGAIN_SECS))
        );
        let begun = |held: &&Held| held.begun.recv_timeout(Duration::from_millis(1)).is_ok();
        assert!(held_open.iter().filter(begun).count() <= AT_ONCE);
        drop(held_open);
        while all.join_next().await.is_some() {}
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_goes_leaves_the_line_and_is_computed_for_no_longer() {
        let (heavy, mut all) = (Heavy::default(), JoinSet::new());
        let first = begin(&heavy, ANA, &mut all);
        first.begun.recv_timeout(SOON).unwrap();
        let second = begin(&heavy, ANA, &mut all);
        wait_for(|| held(&heavy.line).all == 2).await;
        all.shutdown().await;
        wait_for(|| held(&heavy.line).all == 1).await;
        assert!(second.begun.try_recv().is_err());
        drop(first.end);
        wait_for(|| held(&heavy.line).all == 0).await;
        let patience = Patience::of(TIME_MAX);
        assert!(!patience.is_over());
        drop(WhenGone(Arc::clone(&patience.gone)));
        assert!(patience.is_over());
        assert!(Patience::of(Duration::ZERO).is_over());
    }

    async fn wait_for(mut condition: impl FnMut() -> bool) {
        while !condition() {
            tokio::task::yield_now().await;
        }
    }
}
