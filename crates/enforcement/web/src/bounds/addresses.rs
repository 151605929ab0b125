//! How much each client address has, over all traffic threads.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use super::counts::{Counted, Counts};

/// Counts by address: one of IPv4, or the /64 of one of IPv6.
#[derive(Debug)]
pub(crate) struct Addresses(Arc<Counts>);

impl Addresses {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Counts::new()))
    }

    /// Counts one more of an address, unless that is too many.
    pub(crate) fn count(&self, address: IpAddr, most: u32) -> Option<Counted> {
        self.0.count(&network(address), most)
    }

    /// How many an address has.
    pub(crate) fn of(&self, address: IpAddr) -> u32 {
        self.0.of(&network(address))
    }
}

/// What one customer of a provider has.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_so_many_and_gets_back_what_it_gives_up() {
        let addresses = Addresses::new();
        let one = address("192.0.2.1");
        let held: Vec<_> = (0..3).map(|_| addresses.count(one, 3).unwrap()).collect();
        assert!(addresses.count(one, 3).is_none());
        assert_eq!(addresses.of(one), 3);
        assert!(addresses.count(address("192.0.2.2"), 3).is_some());
        drop(held);
        assert_eq!(addresses.of(one), 0);
    }

    #[test]
    fn one_customer_is_one_address() {
        let addresses = Addresses::new();
        let _one = addresses.count(address("2001:db8:1:2::1"), 9);
        assert_eq!(addresses.of(address("2001:db8:1:2:ffff::9")), 1);
        assert_eq!(addresses.of(address("2001:db8:1:3::1")), 0);
        let _mapped = addresses.count(address("::ffff:192.0.2.7"), 9);
        assert_eq!(addresses.of(address("192.0.2.7")), 1);
    }

    #[test]
    fn whoever_fills_half_the_world_does_not_fill_it_for_others() {
        let addresses = Addresses::new();
        let crowd = |n: u32| IpAddr::from([10, (n >> 16) as u8, (n >> 8) as u8, n as u8]);
        let held: Vec<_> = (0..8_192)
            .flat_map(|n| [addresses.count(crowd(n), 9), addresses.count(crowd(n), 9)])
            .collect();
        assert!(held.iter().filter(|counted| counted.is_none()).count() < 8);
        let others = (0..200).filter(|n| addresses.of(crowd(100_000 + n)) <= 2);
        assert!(others.count() > 150);
    }
}
