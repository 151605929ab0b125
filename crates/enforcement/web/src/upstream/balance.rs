//! Which of an app's servers gets a request: of two at random, by weight, the less busy one.

use std::{
    cell::Cell,
    hash::{BuildHasher as _, RandomState},
    rc::Rc,
    time::Instant,
};

use super::{fault::UpstreamFault, server::Server};

/// A thread's own chance; it need not be hard to guess.
pub(super) struct Balance(Cell<u64>);

impl Balance {
    pub(super) fn new() -> Self {
        Self(Cell::new(RandomState::new().hash_one(0) | 1))
    }

    /// One of those that were not tried yet; its number beside it.
    pub(super) fn pick<'s>(
        &self,
        servers: &'s [Rc<Server>],
        tried: u64,
    ) -> Result<(usize, &'s Rc<Server>), UpstreamFault> {
        if let [only] = servers {
            return Ok((0, only));
        }
        self.among(servers, tried)
            .or_else(|| longest_well(servers, tried))
            .ok_or(UpstreamFault::NoServer)
    }

    /// Whether there is none left to try.
    pub(super) fn is_over(&self, servers: &[Rc<Server>], tried: u64) -> bool {
        let all = u64::MAX >> (64 - servers.len().clamp(1, 64));
        tried & all == all
    }

    fn among<'s>(&self, servers: &'s [Rc<Server>], tried: u64) -> Option<(usize, &'s Rc<Server>)> {
        let now = Instant::now();
        let mut left = 0;
        for (index, server) in untried(servers, tried) {
            if server.is_available(now) {
                left |= 1 << index;
            }
        }
        let first = self.by_weight(servers, !left)?;
        let Some(second) = self.by_weight(servers, !left | (1 << first.0)) else {
            return Some(first);
        };
        Some(if second.1.is_less_busy_than(first.1) {
            second
        } else {
            first
        })
    }

    /// One at random, each as often as its weight says.
    fn by_weight<'s>(
        &self,
        servers: &'s [Rc<Server>],
        except: u64,
    ) -> Option<(usize, &'s Rc<Server>)> {
        let total: u64 = untried(servers, except).map(|(_, s)| s.weight()).sum();
        let mut at = self.next().checked_rem(total)?;
        untried(servers, except).find(|(_, server)| {
            let here = at < server.weight();
            at = at.saturating_sub(server.weight());
            here
        })
    }

    /// Xorshift, by Marsaglia.
    fn next(&self) -> u64 {
        let mut x = self.0.get();
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.0.set(x);
        x
    }
}

fn untried(servers: &[Rc<Server>], tried: u64) -> impl Iterator<Item = (usize, &Rc<Server>)> {
    let each = servers.iter().enumerate().take(64);
    each.filter(move |(index, _)| tried & (1 << index) == 0)
}

/// Where all are put aside the one that failed least recently is tried, rather than none.
fn longest_well(servers: &[Rc<Server>], tried: u64) -> Option<(usize, &Rc<Server>)> {
    untried(servers, tried).min_by_key(|(_, server)| server.last_failed())
}
