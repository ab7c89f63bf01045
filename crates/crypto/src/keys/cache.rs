//! What is derived of keys, kept for the next call, without a lock and within a bound.

use std::hash::BuildHasher as _;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::{ArcSwapOption, Guard};
use hashbrown::DefaultHashBuilder;

use super::{KeyId, Purpose, Task};
use crate::suite::Suite;

/// Where one thing may be.
const WAYS: usize = 4;
const SETS: usize = 256;

/// At most `SETS` times `WAYS` things: more columns than a program has, or the tenants that it serves at a time. Where more are
/// asked for one makes room, and is derived again when it is next asked for.
pub(crate) struct Cache<V> {
    sets: Box<[[ArcSwapOption<Entry<V>>; WAYS]]>,
    hasher: DefaultHashBuilder,
    turn: AtomicUsize,
}

struct Entry<V> {
    key: KeyId,
    task: OwnTask,
    context: Box<str>,
    tenant: Option<Box<str>>,
    value: V,
}

/// A [`Task`] whose name is its own.
enum OwnTask {
    Seal(Suite),
    Index { name: Box<str>, form: [u8; 15] },
}

impl<V> Entry<V> {
    fn new(key: KeyId, &Purpose { task, context, tenant }: &Purpose<'_>, value: V) -> Self {
        let task = match task {
            Task::Seal(suite) => OwnTask::Seal(suite),
            Task::Index { name, form } => OwnTask::Index { name: name.into(), form },
        };
        Self { key, task, context: context.into(), tenant: tenant.map(Into::into), value }
    }

    fn is_for(&self, key: KeyId, &Purpose { task, context, tenant }: &Purpose<'_>) -> bool {
        let is_task = match (&self.task, task) {
            (OwnTask::Seal(own), Task::Seal(suite)) => *own == suite,
            (OwnTask::Index { name: own, form: own_form }, Task::Index { name, form }) => {
                **own == *name && *own_form == form
            }
            _ => false,
        };
        is_task && self.key == key && *self.context == *context && self.tenant.as_deref() == tenant
    }
}

/// Something of the cache, which lives at least as long as this.
pub(crate) struct Cached<V>(Guard<Option<Arc<Entry<V>>>>);

impl<V> Deref for Cached<V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.0.as_ref().expect("made of an entry").value
    }
}

impl<V> Cache<V> {
    pub(crate) fn new() -> Self {
        let sets = (0..SETS).map(|_| std::array::from_fn(|_| ArcSwapOption::empty())).collect();
        Self { sets, hasher: DefaultHashBuilder::default(), turn: AtomicUsize::new(0) }
    }

    /// What is kept for this key and purpose, or what `make` makes. Two calls at a time may both make it.
    pub(crate) fn get(&self, key: KeyId, purpose: &Purpose<'_>, make: impl FnOnce() -> V) -> Cached<V> {
        let set = &self.sets[self.place(key, purpose)];
        let is_it = |entry: &Arc<Entry<V>>| entry.is_for(key, purpose);
        let found = set.iter().map(ArcSwapOption::load).find(|entry| entry.as_ref().is_some_and(is_it));
        if let Some(entry) = found {
            return Cached(entry);
        }
        let entry = Some(Arc::new(Entry::new(key, purpose, make())));
        self.slot(set).store(entry.clone());
        Cached(Guard::from_inner(entry))
    }

    fn place(&self, key: KeyId, purpose: &Purpose<'_>) -> usize {
        let hash = self.hasher.hash_one((key, purpose));
        usize::try_from(hash % SETS as u64).expect("a few sets")
    }

    /// An empty one, or one after the other.
    fn slot<'s>(&self, set: &'s [ArcSwapOption<Entry<V>>; WAYS]) -> &'s ArcSwapOption<Entry<V>> {
        let empty = set.iter().find(|slot| slot.load().is_none());
        empty.unwrap_or_else(|| &set[self.turn.fetch_add(1, Ordering::Relaxed) % WAYS])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purpose<'t>(context: &'t str, tenant: Option<&'t str>) -> Purpose<'t> {
        Purpose { task: Task::Seal(Suite::KcXaes256Gcm), context, tenant }
    }

    fn kept<V>(cache: &Cache<V>) -> usize {
        cache.sets.iter().flatten().filter(|slot| slot.load().is_some()).count()
    }

    #[test]
    fn a_thing_is_made_once_for_each_key_and_purpose() {
        let cache = Cache::new();
        let key = |id| KeyId::new(id).unwrap();
        let get = |id, context, tenant| *cache.get(key(id), &purpose(context, tenant), || kept(&cache));
        let asked =
            [(1, "a", None), (1, "b", None), (2, "a", None), (1, "a", Some("a")), (1, "a", Some("b"))];
        for _ in 0..2 {
            assert_eq!(asked.map(|(id, context, tenant)| get(id, context, tenant)), [0, 1, 2, 3, 4]);
        }
    }

    #[test]
    fn what_shares_a_place_with_a_few_others_stays() {
        let cache = Cache::new();
        let key = KeyId::new(1).unwrap();
        let tenants: Vec<_> = (0..8 * SETS).map(|number| number.to_string()).collect();
        let place = |tenant: &&String| cache.place(key, &purpose("a", Some(tenant)));
        let alike: Vec<_> = tenants.iter().filter(|tenant| place(tenant) == 0).take(WAYS).collect();
        let mut elsewhere = tenants.iter().filter(|tenant| place(tenant) != 0);
        let get = |tenant: &str| *cache.get(key, &purpose("a", Some(tenant)), || kept(&cache));
        for tenant in &alike {
            get(tenant);
            elsewhere.by_ref().take(WAYS - 1).for_each(|tenant| _ = get(tenant));
        }
        let made: Vec<_> = alike.iter().map(|tenant| get(tenant)).collect();
        assert_eq!(made, [0, WAYS, 2 * WAYS, 3 * WAYS]);
    }

    #[test]
    fn however_many_are_asked_for_no_more_are_kept_than_the_bound() {
        let cache = Cache::new();
        let key = KeyId::new(1).unwrap();
        for number in 0..3 * SETS * WAYS {
            let tenant = number.to_string();
            let found = cache.get(key, &purpose("a", Some(&tenant)), || number);
            assert_eq!(*found, number);
        }
        assert!(kept(&cache) <= SETS * WAYS);
        assert!(kept(&cache) > SETS * WAYS / 2);
    }
}
