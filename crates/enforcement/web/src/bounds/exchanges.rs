//! What strangers have under way at apps: so much at once, so much of one address.
//!
//! Each may hold a connection to an app and what was read of it; behind a public app a
//! stranger could otherwise use up what everybody needs.

use std::{cell::Cell, net::IpAddr, rc::Rc, sync::Arc};

use super::{Addresses, counts::Counted};
use crate::options::Limits;

/// One traffic thread's.
pub(crate) struct Exchanges {
    by_address: Arc<Addresses>,
    under_way: Rc<Cell<usize>>,
    most: usize,
    per_address: u32,
}

/// One that is under way; no longer once dropped.
pub(crate) struct Exchange {
    _counted: Counted,
    under_way: Rc<Cell<usize>>,
}

impl Exchanges {
    pub(crate) fn new(limits: &Limits, by_address: Arc<Addresses>) -> Self {
        Self {
            by_address,
            under_way: Rc::default(),
            most: limits.stranger_exchanges_max,
            per_address: limits.stranger_exchanges_per_address,
        }
    }

    /// Begins one of an address, unless that is too many.
    pub(crate) fn begin(&self, address: IpAddr) -> Option<Exchange> {
        if self.under_way.get() >= self.most {
            return None;
        }
        let counted = self.by_address.count(address, self.per_address)?;
        self.under_way.set(self.under_way.get() + 1);
        Some(Exchange {
            _counted: counted,
            under_way: self.under_way.clone(),
        })
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.under_way.set(self.under_way.get().saturating_sub(1));
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
        let exchanges = Exchanges::new(&limits, Addresses::new());
        let begin = |last: u8| exchanges.begin(IpAddr::from([192, 0, 2, last]));
        let held = [begin(1), begin(1), begin(1), begin(2), begin(3)];
        let begun = held.each_ref().map(Option::is_some);
        assert_eq!(begun, [true, true, false, true, false]);
        drop(held);
        assert!(begin(3).is_some());
    }
}
