use std::hash::{BuildHasher as _, RandomState};

use crate::{Address, Host};

/// The hosts in the order in which they are tried.
pub(super) fn order(address: &Address) -> Vec<&Host> {
    let mut hosts: Vec<&Host> = address.hosts().iter().collect();
    if address.balances_load() {
        shuffle(&mut hosts);
    }
    hosts
}

/// Every order is as likely as any other (Fisher and Yates). The standard library draws the keys of its hash maps at
/// random, and that is all the chance that spreading load needs.
pub(super) fn shuffle<T>(items: &mut [T]) {
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
    fn hosts_stay_in_their_order_unless_load_is_balanced() {
        let address: Address = "postgresql://u@a,b,c,d,e,f,g,h/d".parse().unwrap();
        assert!(order(&address).iter().map(ToString::to_string).is_sorted());
    }
}
