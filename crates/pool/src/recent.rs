//! What was used most recently, by the text of its statement.

use std::sync::{Mutex, MutexGuard, PoisonError};

use hashbrown::HashMap;

/// Keeps at most so many; the one that was not asked for longest makes room.
#[derive(Debug)]
pub(crate) struct Recent<V> {
    most: usize,
    kept: Mutex<Kept<V>>,
}

#[derive(Debug)]
struct Kept<V> {
    by_text: HashMap<Box<str>, Used<V>>,
    /// How often one was asked for so far.
    clock: u64,
}

#[derive(Debug)]
struct Used<V> {
    value: V,
    /// The clock when it was asked for last.
    at: u64,
    /// The clock when it was put there.
    since: u64,
}

impl<V> Kept<V> {
    /// Finding the one that makes room takes a look at all: next to nothing beside the round trip that each new one has
    /// just cost, while all others are spared the upkeep of an order.
    fn make_room(&mut self) {
        let oldest = self.by_text.iter().min_by_key(|(_, used)| used.at);
        if let Some(text) = oldest.map(|(text, _)| text.clone()) {
            self.by_text.remove(&text);
        }
    }
}

impl<V: Clone> Recent<V> {
    pub(crate) fn at_most(most: usize) -> Self {
        Self { most, kept: Mutex::new(Kept { by_text: HashMap::new(), clock: 0 }) }
    }

    pub(crate) fn get(&self, sql: &str) -> Option<V> {
        let mut kept = self.lock();
        kept.clock += 1;
        let clock = kept.clock;
        let used = kept.by_text.get_mut(sql)?;
        used.at = clock;
        Some(used.value.clone())
    }

    pub(crate) fn put(&self, sql: &str, value: V) {
        if self.most == 0 {
            return;
        }
        let mut kept = self.lock();
        if kept.by_text.len() >= self.most && !kept.by_text.contains_key(sql) {
            kept.make_room();
        }
        let at = kept.clock;
        kept.by_text.insert(sql.into(), Used { value, at, since: at });
    }

    /// Whether it is there. That does not count as asking for it.
    pub(crate) fn has(&self, sql: &str) -> bool {
        self.lock().by_text.contains_key(sql)
    }

    /// Whether it was there.
    pub(crate) fn forget(&self, sql: &str) -> bool {
        self.lock().by_text.remove(sql).is_some()
    }

    /// Forgets it if it has been asked for since it was put there. Whether it was.
    pub(crate) fn forget_if_used(&self, sql: &str) -> bool {
        let mut kept = self.lock();
        let was_used = kept.by_text.get(sql).is_some_and(|used| used.at > used.since);
        was_used && kept.by_text.remove(sql).is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Kept<V>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_that_was_not_asked_for_longest_makes_room() {
        let recent = Recent::at_most(2);
        recent.put("a", 1);
        recent.put("b", 2);
        assert_eq!(recent.get("a"), Some(1));
        recent.put("c", 3);
        assert_eq!((recent.get("a"), recent.get("b"), recent.get("c")), (Some(1), None, Some(3)));
        recent.put("c", 4);
        assert_eq!((recent.get("a"), recent.get("c")), (Some(1), Some(4)), "the same text needs no room");
    }

    #[test]
    fn what_was_only_put_there_is_not_what_was_used() {
        let recent = Recent::at_most(2);
        assert_eq!((recent.get("a"), recent.has("a"), recent.forget_if_used("a")), (None, false, false));
        recent.put("a", 1);
        assert_eq!((recent.has("a"), recent.forget_if_used("a")), (true, false));
        assert_eq!((recent.get("a"), recent.forget_if_used("a"), recent.has("a")), (Some(1), true, false));
    }

    #[test]
    fn with_no_room_nothing_is_kept() {
        let recent = Recent::at_most(0);
        recent.put("a", 1);
        assert_eq!((recent.get("a"), recent.forget("a")), (None, false));
    }
}
