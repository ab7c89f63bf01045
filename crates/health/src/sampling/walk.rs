//! A walk through a long list, a page at a time.

use std::time::Instant;

use pgkeel_catalog::Place;
use pgkeel_connect::Error;

use crate::sampling::ask::failed;
use crate::sampling::{Kept, Relation, Section};

/// Tables or indexes asked for at a time.
pub(super) const PAGE: u32 = 1000;

/// Pages walked; a list longer than that is cut, and says so.
const MOST_PAGES: u32 = 200;

/// A list that is asked for page by page.
pub(super) struct Walk<'a, T> {
    section: &'a Section<Kept<T>>,
    /// Where the next page begins.
    pub(super) next: Option<Place>,
    kept: Kept<T>,
    pages: u32,
    start: Instant,
}

impl<'a, T: Relation> Walk<'a, T> {
    /// `None` if the list rests this round.
    pub(super) fn begin(section: &'a Section<Kept<T>>) -> Option<Self> {
        let (next, kept) = (Some(Place::start()), Kept::default());
        (!section.rests()).then(|| Self { section, next, kept, pages: 0, start: Instant::now() })
    }

    /// Takes a page; the last one ends the walk, as does one that failed.
    pub(super) fn add(&mut self, page: Result<Vec<T>, Error>) -> Result<(), Error> {
        let page = match page {
            Err(error) if error.is_disconnected() => return Err(error),
            Err(error) => {
                failed(self.section, &error, self.start.elapsed());
                return Ok(());
            }
            Ok(page) => page,
        };
        self.pages += 1;
        let is_full = page.len() == PAGE as usize;
        let last = page.last().map(Relation::place).filter(|_| is_full);
        self.kept.add(page);
        let is_cut = last.is_some() && self.pages >= MOST_PAGES;
        self.next = last.filter(|_| !is_cut);
        if self.next.is_none() {
            let kept = std::mem::take(&mut self.kept).finished(is_cut);
            self.section.found(kept, self.start.elapsed());
        }
        Ok(())
    }
}
