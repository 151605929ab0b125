//! What is under way at apps: of strangers so much at once and so much of one address, and so much of
//! one person.
//!
//! Each may hold a connection to an app and what was read of it: a stranger behind a public app, or
//! one person, could otherwise use up what everybody needs.

use std::{cell::Cell, net::IpAddr, rc::Rc, sync::Arc};

use super::{
    Addresses, Caller,
    counts::{Counted, Counts},
};
use crate::options::Limits;

/// One traffic thread's.
pub(crate) struct Exchanges {
    by_address: Arc<Addresses>,
    by_caller: Arc<Counts>,
    under_way: Rc<Cell<usize>>,
    most: usize,
    per_address: u32,
    per_person: u32,
}

/// One that is under way; no longer once dropped.
pub(crate) struct Exchange {
    _counted: Counted,
    /// Where strangers' are counted together.
    strangers: Option<Rc<Cell<usize>>>,
}

impl Exchanges {
    pub(crate) fn new(limits: &Limits, by_address: Arc<Addresses>, by_caller: Arc<Counts>) -> Self {
        Self {
            by_address,
            by_caller,
            under_way: Rc::default(),
            most: limits.stranger_exchanges_max,
            per_address: limits.stranger_exchanges_per_address,
            per_person: limits.exchanges_per_person,
        }
    }

    /// Begins one of a person or a program, unless that is too many.
    pub(crate) fn begin_of(&self, caller: Caller) -> Option<Exchange> {
        let counted = self.by_caller.count(&caller, self.per_person)?;
        Some(Exchange {
            _counted: counted,
            strangers: None,
        })
    }

    /// Begins one of a stranger's address, unless that is too many.
    pub(crate) fn begin(&self, address: IpAddr) -> Option<Exchange> {
        if self.under_way.get() >= self.most {
            return None;
        }
        let counted = self.by_address.count(address, self.per_address)?;
        self.under_way.set(self.under_way.get() + 1);
        Some(Exchange {
            _counted: counted,
            strangers: Some(self.under_way.clone()),
        })
    }
}

impl Exchange {
    pub(crate) const fn is_strangers(&self) -> bool {
        self.strangers.is_some()
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if let Some(under_way) = &self.strangers {
            under_way.set(under_way.get().saturating_sub(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_at_once_and_of_one_address() {
        let limits = Limits {
            stranger_exchanges_max: 3,
            stranger_exchanges_per_address: 2,
            ..Limits::default()
        };
        let exchanges = Exchanges::new(&limits, Addresses::new(), Counts::new());
        let begin = |last: u8| exchanges.begin(IpAddr::from([192, 0, 2, last]));
        let held = [begin(1), begin(1), begin(1), begin(2), begin(3)];
        let begun = held.each_ref().map(Option::is_some);
        assert_eq!(begun, [true, true, false, true, false]);
        drop(held);
        assert!(begin(3).is_some());
    }

    #[test]
    fn so_many_of_one_person_and_none_of_them_counts_for_strangers() {
        let limits = Limits {
            stranger_exchanges_max: 1,
            exchanges_per_person: 2,
            ..Limits::default()
        };
        let exchanges = Exchanges::new(&limits, Addresses::new(), Counts::new());
        let person = |bits| Caller::Person(gw_model::UserId::from_bits(bits));
        let held = [1, 1, 1, 2].map(|bits| exchanges.begin_of(person(bits)));
        let begun = held.each_ref().map(Option::is_some);
        assert_eq!(begun, [true, true, false, true]);
        assert!(exchanges.begin(IpAddr::from([192, 0, 2, 1])).is_some());
        drop(held);
        assert!(exchanges.begin_of(person(1)).is_some());
    }
}
