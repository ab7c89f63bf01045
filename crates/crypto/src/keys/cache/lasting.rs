use std::sync::{Arc, OnceLock};

use super::entry::Entry;
use crate::keys::{KeyId, Purpose, Task};

pub(super) const PLACES: usize = 256;
/// Where one thing may be.
const WAYS: usize = 4;

/// At most `PLACES` things, which stay for as long as this does.
pub(super) struct Lasting<V>(Box<[OnceLock<Arc<Entry<V>>>; PLACES]>);

impl<V> Lasting<V> {
    pub(super) fn new() -> Self {
        Self(Box::new([const { OnceLock::new() }; PLACES]))
    }

    pub(super) fn find(&self, key: KeyId, purpose: &Purpose<'_>) -> Option<&V> {
        let mut entries = self.places(key, purpose).map_while(OnceLock::get);
        entries.find(|entry| entry.is_for(key, purpose)).map(|entry| &entry.value)
    }

    /// Gives it back if all its places are taken.
    pub(super) fn keep(
        &self,
        key: KeyId,
        purpose: &Purpose<'_>,
        mut entry: Arc<Entry<V>>,
    ) -> Result<&V, Arc<Entry<V>>> {
        for place in self.places(key, purpose) {
            match place.set(entry) {
                Ok(()) => return Ok(&place.get().expect("it was put there").value),
                Err(refused) => entry = refused,
            }
        }
        Err(entry)
    }

    /// By where its names are in memory, as they are constants; an equal one elsewhere is kept besides.
    fn places(&self, key: KeyId, purpose: &Purpose<'_>) -> impl Iterator<Item = &OnceLock<Arc<Entry<V>>>> {
        let task = match purpose.task {
            Task::Seal(suite) => suite.code().into(),
            Task::Index { name, .. } => name.as_ptr().addr().rotate_left(7),
        };
        let mixed = (purpose.context.as_ptr().addr() ^ task ^ key.get() as usize).wrapping_mul(MIX);
        let first = mixed >> (usize::BITS - PLACES.ilog2());
        (first..first + WAYS).map(|place| &self.0[place % PLACES])
    }
}

/// 2^N divided by the golden ratio (Knuth, "The Art of Computer Programming", volume 3, 6.4): spreads what differs in few bits.
#[cfg(target_pointer_width = "64")]
const MIX: usize = 0x9e37_79b9_7f4a_7c15;
#[cfg(not(target_pointer_width = "64"))]
const MIX: usize = 0x9e37_79b9;
