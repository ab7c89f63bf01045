use std::hash::BuildHasher as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::{ArcSwapOption, Guard};
use hashbrown::DefaultHashBuilder;

use super::entry::Entry;
use crate::keys::{KeyId, Purpose};

/// Where one thing may be.
pub(super) const WAYS: usize = 4;
pub(super) const SETS: usize = 256;

/// At most `SETS` times `WAYS` things. Where more are kept one makes room.
pub(super) struct Turning<V> {
    pub(super) sets: Box<[[ArcSwapOption<Entry<V>>; WAYS]]>,
    hasher: DefaultHashBuilder,
    turn: AtomicUsize,
}

impl<V> Turning<V> {
    pub(super) fn new() -> Self {
        let sets = (0..SETS).map(|_| std::array::from_fn(|_| ArcSwapOption::empty())).collect();
        Self { sets, hasher: DefaultHashBuilder::default(), turn: AtomicUsize::new(0) }
    }

    pub(super) fn find(&self, key: KeyId, purpose: &Purpose<'_>) -> Option<Guard<Option<Arc<Entry<V>>>>> {
        let set = &self.sets[self.place(key, purpose)];
        let is_it = |entry: &Arc<Entry<V>>| entry.is_for(key, purpose);
        set.iter().map(ArcSwapOption::load).find(|entry| entry.as_ref().is_some_and(is_it))
    }

    /// In place of nothing, or of one after the other.
    pub(super) fn keep(
        &self,
        key: KeyId,
        purpose: &Purpose<'_>,
        entry: Arc<Entry<V>>,
    ) -> Guard<Option<Arc<Entry<V>>>> {
        let entry = Some(entry);
        let set = &self.sets[self.place(key, purpose)];
        let empty = set.iter().find(|slot| slot.load().is_none());
        let slot = empty.unwrap_or_else(|| &set[self.turn.fetch_add(1, Ordering::Relaxed) % WAYS]);
        slot.store(entry.clone());
        Guard::from_inner(entry)
    }

    pub(super) fn place(&self, key: KeyId, purpose: &Purpose<'_>) -> usize {
        let hash = self.hasher.hash_one((key, purpose));
        usize::try_from(hash % SETS as u64).expect("a few sets")
    }
}
