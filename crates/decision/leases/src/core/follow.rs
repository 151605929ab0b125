//! Following the engine: wakes when facts move or time is up, and works in short turns.

use std::time::{Duration, Instant};

use gw_engine::Follower;
use gw_model::{Epoch, Timestamp};

use super::{Core, sweep::Sweep};

/// How long a turn may take before other work of the thread gets one.
const TURN: Duration = Duration::from_micros(400);

/// What a turn came to.
pub(super) struct Turn {
    /// Everything is judged at this epoch or later, and whoever had to be is told and woken.
    pub(super) reached: Option<Epoch>,
    /// Nothing is left to do.
    pub(super) is_last: bool,
}

impl Core {
    /// Follows the engine for as long as the thread lives: judges again what a change or the
    /// passing of time may have touched, cuts what no longer holds, and tells the engine.
    pub async fn follow(self, mut follower: Follower) {
        let mut sweep = Sweep::default();
        loop {
            let turn = self.turn(&mut sweep, TURN);
            if let Some(epoch) = turn.reached {
                follower.decided(epoch);
            }
            if !turn.is_last {
                tokio::task::yield_now().await;
            } else if !self.wait(&mut follower).await {
                return;
            }
        }
    }

    /// Works for about as long as `at_most`, from the newest view.
    pub(super) fn turn(&self, sweep: &mut Sweep, at_most: Duration) -> Turn {
        let began = Instant::now();
        let is_over = || began.elapsed() >= at_most;
        let view = self.0.engine.view();
        let now = self.0.engine.clock().now();
        sweep.catch_up(&view, &self.0.table.borrow());
        let is_through = loop {
            let next = sweep.next(&self.0.table.borrow(), now);
            let Some(hold) = next else { break true };
            self.look_at(hold, &view, now, sweep, &is_over);
            if is_over() {
                break false;
            }
        };
        let all_woken = sweep.wake_some();
        Turn {
            reached: if all_woken { sweep.reached() } else { None },
            is_last: is_through && all_woken,
        }
    }

    /// Waits until facts moved or time is up; false once the engine is gone.
    async fn wait(&self, follower: &mut Follower) -> bool {
        loop {
            let due = self.0.table.borrow().first_due();
            self.0.due.set(due.map_or(Timestamp::NEVER, |(due, _)| due));
            tokio::select! {
                moved = follower.moved() => return moved,
                () = self.until_due() => return true,
                () = self.0.due_sooner.notified() => {}
            }
        }
    }

    async fn until_due(&self) {
        let due = self.0.due.get();
        if due == Timestamp::NEVER {
            return std::future::pending().await;
        }
        self.0.engine.reach(due).await;
    }
}
