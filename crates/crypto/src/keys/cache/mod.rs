//! What is derived of keys, kept for the next call, without a lock and within a bound.

mod entry;
mod lasting;
mod turning;

use std::ops::Deref;
use std::sync::Arc;

use arc_swap::Guard;

use self::entry::Entry;
use self::lasting::Lasting;
use self::turning::Turning;
use super::{KeyId, Purpose};
use crate::Error;
use crate::stack::wiped_after;

/// What is derived for columns and indexes that the program declares stays, as it has few of them: finding it takes no more than
/// reading. What is derived for tenants, and for columns that are described at run time, makes room for that of others, and is derived again when it is next asked for.
pub(crate) struct Cache<V> {
    lasting: Lasting<V>,
    turning: Turning<V>,
}

/// Something of the cache, which lives at least as long as this.
pub(crate) enum Cached<'c, V> {
    Lasting(&'c V),
    Turning(Guard<Option<Arc<Entry<V>>>>),
}

impl<V> Deref for Cached<'_, V> {
    type Target = V;

    fn deref(&self) -> &V {
        match self {
            Self::Lasting(value) => value,
            Self::Turning(entry) => &entry.as_ref().expect("made of an entry").value,
        }
    }
}

impl<V> Cache<V> {
    pub(crate) fn new() -> Self {
        Self { lasting: Lasting::new(), turning: Turning::new() }
    }

    /// What is kept for this key and purpose, or what `make` makes. Two calls at a time may both make it.
    ///
    /// # Errors
    /// Those of `make`; then nothing is kept.
    pub(crate) fn get(
        &self,
        key: KeyId,
        purpose: &Purpose<'_>,
        make: impl FnOnce() -> Result<V, Error>,
    ) -> Result<Cached<'_, V>, Error> {
        if lasts(purpose)
            && let Some(value) = self.lasting.find(key, purpose)
        {
            return Ok(Cached::Lasting(value));
        }
        if let Some(entry) = self.turning.find(key, purpose) {
            return Ok(Cached::Turning(entry));
        }
        wiped_after(|| Ok(self.keep(key, purpose, make()?)))
    }

    fn keep(&self, key: KeyId, purpose: &Purpose<'_>, value: V) -> Cached<'_, V> {
        let mut entry = Arc::new(Entry::new(key, purpose, value)); // where it stays, as moving it would leave a copy
        if lasts(purpose) {
            match self.lasting.keep(key, purpose, entry) {
                Ok(value) => return Cached::Lasting(value),
                Err(refused) => entry = refused,
            }
        }
        Cached::Turning(self.turning.keep(key, purpose, entry))
    }
}

fn lasts(purpose: &Purpose<'_>) -> bool {
    purpose.is_constant && purpose.tenant.is_none()
}

#[cfg(test)]
mod tests;
