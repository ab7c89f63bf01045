//! The texts of statements that were built, kept by their shapes for the whole process.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::shape::{Kept, Shape};
use crate::Error;

/// Texts are spread over so many places, each with a lock of its own: a power of two.
const PLACES: usize = 64;
/// As many in a place. With few shapes, which is what programs have, no place is ever full.
const MOST_TEXTS: usize = 16;
/// As many bytes in a place, shapes included.
const MOST_BYTES: usize = 128 * 1024;
/// A text that would take more of its place than this is not kept.
const MOST_OF_ONE: usize = MOST_BYTES / 4;
/// For so many sweeps a text can outlast its last use.
const MOST_USES: u8 = 7;

static TEXTS: [Mutex<Place>; PLACES] = [const { Mutex::new(Place::new()) }; PLACES];

/// How often the text of a statement that is built was there already, in this process, and how many are kept.
///
/// ```
/// let texts = pgkeel_query::StatementTexts::now();
/// println!("{} of {} statements had their text", texts.hits, texts.hits + texts.misses);
/// ```
///
/// A program whose statements have few shapes has few misses, and as many texts. Misses that go on growing are statements whose
/// parts differ from one to the next, such as a filter for each item of a list: use one array instead
/// ([`any_of`](crate::Column::any_of)), as a pool cannot keep these prepared either.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatementTexts {
    /// Statements whose text was there, so that none was built.
    pub hits: u64,
    /// Texts that were built.
    pub misses: u64,
    /// Texts that are kept now: at most 1 024.
    pub texts: usize,
    /// The memory that they take with what they are found by, in bytes: at most 8 MiB.
    pub bytes: usize,
}

impl StatementTexts {
    /// As it is now.
    #[must_use]
    pub fn now() -> Self {
        TEXTS.iter().map(locked).fold(Self::default(), |sum, place| Self {
            hits: sum.hits + place.hits,
            misses: sum.misses + place.misses,
            texts: sum.texts + place.texts.len(),
            bytes: sum.bytes + place.bytes,
        })
    }
}

/// The text of this shape: the one that is kept, or else a new one, which is kept from now on.
///
/// # Errors
/// That a literal of it is no name; then it is not kept.
pub(super) fn text_of(shape: &Shape) -> Result<Arc<str>, Error> {
    let place = place_of(shape);
    if let Some(text) = locked(place).find(shape) {
        return Ok(text);
    }
    // Nobody waits for this one to be written; should two write the same, the first is kept.
    let text: Arc<str> = shape.spelled()?.into();
    locked(place).keep(shape, &text);
    Ok(text)
}

fn place_of(shape: &Shape) -> &'static Mutex<Place> {
    // The upper bits are mixed best.
    let place = shape.hash() >> (u64::BITS - PLACES.trailing_zeros());
    &TEXTS[usize::try_from(place).unwrap_or_default()]
}

fn locked(place: &Mutex<Place>) -> MutexGuard<'_, Place> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Texts whose shapes have hashes in common.
///
/// What makes room is found by a hand that goes round (the algorithm CLOCK, with counters as in "generalized CLOCK", Smith
/// 1978): it passes each text as often as it was used lately. So one that is used once in a turn of the hand outlasts any number
/// of those that are used once, and making room takes no more steps than there are uses noted.
#[derive(Debug)]
struct Place {
    texts: Vec<Entry>,
    hand: usize,
    bytes: usize,
    hits: u64,
    misses: u64,
}

#[derive(Debug)]
struct Entry {
    hash: u64,
    uses: u8,
    shape: Kept,
    text: Arc<str>,
}

impl Place {
    const fn new() -> Self {
        Self { texts: Vec::new(), hand: 0, bytes: 0, hits: 0, misses: 0 }
    }

    fn find(&mut self, shape: &Shape) -> Option<Arc<str>> {
        let hash = shape.hash();
        let is_it = |entry: &&mut Entry| entry.hash == hash && entry.shape.is(shape);
        let Some(entry) = self.texts.iter_mut().find(is_it) else {
            self.misses += 1;
            return None;
        };
        self.hits += 1;
        entry.uses = (entry.uses + 1).min(MOST_USES);
        Some(Arc::clone(&entry.text))
    }

    fn keep(&mut self, shape: &Shape, text: &Arc<str>) {
        let entry = Entry { hash: shape.hash(), uses: 0, shape: shape.kept(), text: Arc::clone(text) };
        let is_there = self.texts.iter().any(|kept| kept.hash == entry.hash && kept.shape.is(shape));
        if is_there || entry.bytes() > MOST_OF_ONE {
            return;
        }
        while self.texts.len() >= MOST_TEXTS || self.bytes + entry.bytes() > MOST_BYTES {
            self.make_room();
        }
        self.bytes += entry.bytes();
        self.texts.insert(self.hand, entry);
        self.hand += 1;
    }

    fn make_room(&mut self) {
        loop {
            self.hand = if self.hand < self.texts.len() { self.hand } else { 0 };
            let Some(entry) = self.texts.get_mut(self.hand) else { return };
            if entry.uses == 0 {
                self.bytes -= self.texts.remove(self.hand).bytes();
                return;
            }
            entry.uses -= 1;
            self.hand += 1;
        }
    }
}

impl Entry {
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.shape.bytes() + self.text.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: [&str; 4] = ["select ", "a", ", ", "b"];

    /// One of as many shapes as there are numbers.
    fn shape(mut number: u64) -> Shape {
        let mut shape = Shape::new();
        loop {
            shape.text(WORDS[usize::try_from(number % 4).unwrap()]);
            number /= 4;
            if number == 0 {
                return shape;
            }
        }
    }

    fn put(place: &mut Place, number: u64) -> bool {
        let shape = shape(number);
        let is_there = place.find(&shape).is_some();
        if !is_there {
            place.keep(&shape, &shape.spelled().unwrap().into());
        }
        is_there
    }

    #[test]
    fn what_is_used_between_whiles_outlasts_those_that_are_used_once() {
        let mut place = Place::new();
        for number in 10..100_000 {
            put(&mut place, number);
            if number % 10 == 0 {
                assert_eq!((put(&mut place, 1), put(&mut place, 2)), (number > 10, number > 10), "{number}");
            }
        }
        assert!(place.texts.len() == MOST_TEXTS && place.bytes <= MOST_BYTES);
        assert_eq!(place.bytes, place.texts.iter().map(Entry::bytes).sum::<usize>());
    }

    #[test]
    fn what_is_not_used_any_more_makes_room_for_what_is() {
        let mut place = Place::new();
        for number in (1_000..1_016).cycle().take(200) {
            put(&mut place, number);
        }
        for number in (2_000..2_008).cycle().take(1_000) {
            put(&mut place, number);
        }
        assert!((2_000..2_008).all(|number| put(&mut place, number)));
    }

    #[test]
    fn large_texts_have_a_bound_in_bytes_and_those_too_large_are_not_kept() {
        let mut place = Place::new();
        let large = |pieces: usize, last| {
            let mut large = shape(last);
            (0..pieces).for_each(|_| large.text(WORDS[0]));
            large
        };
        let mut most = 0;
        for last in 0..100 {
            let large = large(1_000, last);
            place.keep(&large, &large.spelled().unwrap().into());
            most = most.max(place.bytes);
        }
        assert!(most > MOST_BYTES / 2 && most <= MOST_BYTES, "{most}");
        let (kept, larger) = (place.texts.len(), large(10_000, 0));
        place.keep(&larger, &larger.spelled().unwrap().into());
        assert_eq!(place.texts.len(), kept);
    }
}
