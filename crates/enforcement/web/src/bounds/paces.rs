//! How fast one person may ask, over all traffic threads, without a lock.
//!
//! What a person may still ask is one number: the time at which all that they asked would be
//! due at the steady pace (GCRA). It lies in two places under a hash, as counts do. A
//! connection draws from it in advance, more the faster it is used, so that a request that
//! follows another touches nothing that threads share.

use std::{
    cell::Cell,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use super::{counts::Places, pass::Caller};

/// At once, so many seconds' worth may be asked.
const AT_ONCE_SECS: u64 = 10;
/// And no less than that.
const AT_ONCE_MIN: u64 = 100;

/// A connection draws so much in advance at most.
const DRAWN_MAX: u32 = 32;
/// What was drawn is worth nothing after that long: nobody saves it up on many connections.
const DRAWN_FOR: Duration = Duration::from_secs(1);

/// All people's.
#[derive(Debug)]
pub(crate) struct Paces {
    places: Places,
    rows: [Box<[AtomicU64]>; 2],
    began: Instant,
    /// What one costs, in nanoseconds; nothing where there is no bound.
    each: u64,
    ahead: u64,
}

/// On whose account a request goes.
///
/// What an app's page has a person's browser send, to its own origin or another's, keeps them
/// waiting at apps at most: what they ask of Gatewright's own pages is counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Account {
    pub(crate) caller: Caller,
    pub(crate) what: Asks,
}

/// What is asked, as far as it is counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Asks {
    /// An app.
    App,
    /// A page of Gatewright's own.
    OurPages,
    /// Anything, by a page of another origin.
    ByAnotherOrigin,
}

/// More than one person may ask. It would be let through after that long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooFast(pub(crate) Duration);

impl Paces {
    /// With so many each second; none is no bound.
    pub(crate) fn new(each_second: u32) -> Arc<Self> {
        let each = 1_000_000_000_u64
            .checked_div(each_second.into())
            .unwrap_or_default();
        let at_once = (u64::from(each_second) * AT_ONCE_SECS).max(AT_ONCE_MIN);
        Arc::new(Self {
            places: Places::default(),
            rows: Places::rows(AtomicU64::default),
            began: Instant::now(),
            each,
            ahead: each.saturating_mul(at_once),
        })
    }

    const fn is_bound(&self) -> bool {
        self.each > 0
    }

    fn draw(&self, account: Account, many: u32, now: Instant) -> Result<(), TooFast> {
        let since = now.saturating_duration_since(self.began).as_nanos();
        let now = u64::try_from(since).unwrap_or(u64::MAX);
        let price = self.each.saturating_mul(many.into());
        let at = self.places.of(&account);
        let places = || self.rows.iter().zip(at).filter_map(|(row, at)| row.get(at));
        let due = places().map(|due| due.load(Ordering::Relaxed)).min();
        let due = due.unwrap_or_default().max(now).saturating_add(price);
        let early = due.saturating_sub(now).saturating_sub(self.ahead);
        if early > 0 {
            return Err(TooFast(Duration::from_nanos(early)));
        }
        for due in places() {
            let later = |due: u64| Some(due.max(now).saturating_add(price));
            // It always has something to set.
            let _ = due.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later);
        }
        Ok(())
    }
}

/// What a connection has drawn of its person's.
#[derive(Debug, Default)]
pub(crate) struct Allowance {
    drawn: Cell<Option<Drawn>>,
}

#[derive(Debug, Clone, Copy)]
struct Drawn {
    account: Account,
    left: u32,
    last: u32,
    until: Instant,
}

impl Allowance {
    /// Takes the price of one request.
    pub(crate) fn spend(
        &self,
        paces: &Paces,
        account: Account,
        price: u32,
        now: Instant,
    ) -> Result<(), TooFast> {
        if !paces.is_bound() {
            return Ok(());
        }
        let drawn = self.drawn.get();
        let drawn = drawn.filter(|drawn| drawn.account == account && now < drawn.until);
        let left = drawn.map_or(0, |drawn| drawn.left);
        if let Some(enough) = drawn.filter(|drawn| drawn.left >= price) {
            let left = left - price;
            self.drawn.set(Some(Drawn { left, ..enough }));
            return Ok(());
        }
        let missing = price - left;
        let ahead = drawn.map_or(1, |drawn| drawn.last.saturating_mul(2).min(DRAWN_MAX));
        let many = missing.max(ahead);
        let last = match paces.draw(account, many, now) {
            Ok(()) => many,
            Err(_) => paces.draw(account, missing, now).map(|()| missing)?,
        };
        self.drawn.set(Some(Drawn {
            account,
            left: left + last - price,
            last,
            until: now + DRAWN_FOR,
        }));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: Account = of(1, Asks::App);
    const BO: Account = of(2, Asks::App);

    const fn of(person: u64, what: Asks) -> Account {
        Account {
            caller: Caller::Person(gw_model::UserId::from_bits(person)),
            what,
        }
    }

    /// How many of so many requests at one time are let through.
    fn asked(allowance: &Allowance, paces: &Paces, account: Account, now: Instant) -> usize {
        let spent = |_: &i32| allowance.spend(paces, account, 1, now).is_ok();
        (0..20_000).filter(spent).count()
    }

    #[test]
    fn a_person_asks_so_much_at_once_and_then_at_a_steady_pace_on_however_many_connections() {
        let paces = Paces::new(500);
        let [one, other] = [(); 2].map(|()| Allowance::default());
        let now = paces.began;
        assert_eq!(asked(&one, &paces, ANA, now), 5_000);
        assert_eq!(asked(&other, &paces, ANA, now), 0);
        let refused = other.spend(&paces, ANA, 1, now).unwrap_err();
        assert_eq!(refused, TooFast(Duration::from_millis(2)));
        let later = now + Duration::from_secs(1);
        assert_eq!(asked(&one, &paces, ANA, later), 500);
        assert_eq!(asked(&other, &paces, BO, later), 5_000, "another person");
        for what in [Asks::OurPages, Asks::ByAnotherOrigin] {
            let apart = asked(&other, &paces, of(1, what), later);
            assert_eq!(apart, 5_000, "{what:?}");
        }
        let much_later = later + Duration::from_secs(1_000);
        assert_eq!(asked(&other, &paces, ANA, much_later), 5_000);
    }

    #[test]
    fn what_is_drawn_in_advance_is_little_and_not_saved_up() {
        let paces = Paces::new(500);
        let now = paces.began;
        let connections: Vec<_> = (0..200).map(|_| Allowance::default()).collect();
        let all = |now| {
            let spent = |one: &&Allowance| one.spend(&paces, ANA, 1, now).is_ok();
            connections.iter().filter(spent).count()
        };
        // Whoever asks once on each connection pays for no more than that.
        assert_eq!((0..15).map(|_| all(now)).sum::<usize>(), 3_000);
        let later = now + Duration::from_secs(20);
        assert_eq!(asked(&connections[0], &paces, ANA, later), 5_000);
        let saved: usize = connections[1..]
            .iter()
            .map(|one| asked(one, &paces, ANA, later))
            .sum();
        assert_eq!(saved, 0);
    }

    #[test]
    fn a_price_is_paid_in_full_and_no_bound_asks_for_none() {
        let paces = Paces::new(10);
        let allowance = Allowance::default();
        let dear = |paces: &Paces| {
            let spent = |_: &i32| allowance.spend(paces, ANA, 9, paces.began).is_ok();
            (0..1_000).filter(spent).count()
        };
        assert_eq!(dear(&paces), 11);
        assert_eq!(dear(&Paces::new(0)), 1_000);
    }
}
