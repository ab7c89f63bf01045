use std::hash::{BuildHasher as _, RandomState};
use std::net::SocketAddr;

use crate::{Address, Host};

/// The hosts in the order in which they are tried.
pub(super) fn order(address: &Address) -> Vec<&Host> {
    let mut hosts: Vec<&Host> = address.hosts().iter().collect();
    if address.balances_load() {
        shuffle(&mut hosts);
    }
    hosts
}

/// The IP addresses of one host in the order in which they are tried.
pub(super) fn order_ips(mut found: Vec<SocketAddr>, address: &Address) -> Vec<SocketAddr> {
    if address.balances_load() {
        shuffle(&mut found);
    }
    found
}

/// Every order is as likely as any other (Fisher and Yates). The standard library draws the keys of its hash maps at
/// random, and that is all the chance that spreading load needs.
fn shuffle<T>(items: &mut [T]) {
    for last in (1..items.len()).rev() {
        let drawn = RandomState::new().hash_one(last);
        let other = drawn % (last as u64 + 1);
        items.swap(last, usize::try_from(other).expect("no more than `last`"));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn shuffling_keeps_every_item_and_brings_each_to_the_front_about_as_often() {
        let mut first = BTreeMap::new();
        for _ in 0..3000 {
            let mut items = [0, 1, 2];
            shuffle(&mut items);
            *first.entry(items[0]).or_insert(0) += 1;
            items.sort_unstable();
            assert_eq!(items, [0, 1, 2]);
        }
        // 1000 each would be even; 800 is more than seven standard deviations away.
        assert!(first.values().all(|count| *count > 800), "{first:?}");
    }

    #[test]
    fn the_addresses_of_one_name_are_tried_in_any_order_if_load_is_balanced_and_in_that_of_the_name_if_not() {
        let found: Vec<SocketAddr> = (1..=4).map(|last| ([127, 0, 0, last], 5432).into()).collect();
        let orders = |text: &str| {
            let address: Address = text.parse().unwrap();
            let orders = (0..200).map(|_| order_ips(found.clone(), &address));
            orders.collect::<std::collections::BTreeSet<_>>()
        };
        let as_found = orders("host=a user=u");
        assert!(as_found.len() == 1 && as_found.contains(&found), "{as_found:?}");
        let shuffled = orders("host=a user=u load_balance_hosts=random");
        // There are 24; that so many of them do not come up in 200 draws is less likely than one in 10^8.
        assert!(shuffled.len() > 16, "{}", shuffled.len());
        for mut order in shuffled {
            order.sort_unstable();
            assert_eq!(order, found);
        }
    }

    #[test]
    fn hosts_stay_in_their_order_unless_load_is_balanced() {
        let address: Address = "postgresql://u@a,b,c,d,e,f,g,h/d".parse().unwrap();
        assert!(order(&address).iter().map(ToString::to_string).is_sorted());
    }
}
