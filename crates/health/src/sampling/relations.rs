//! Tables and indexes: the largest of them, in order of name.

use std::cmp::Reverse;

use pgkeel_catalog::{Index, Place, Table};

/// Something that has a size and a place in a list.
pub(crate) trait Relation {
    /// How many are kept at most.
    const MOST: usize;

    fn place(&self) -> Place;
    fn bytes(&self) -> u64;
    fn schema(&self) -> &str;
}

impl Relation for Table {
    const MOST: usize = 5_000;

    fn place(&self) -> Place {
        self.place()
    }

    fn bytes(&self) -> u64 {
        self.total_bytes()
    }

    fn schema(&self) -> &str {
        &self.schema
    }
}

impl Relation for Index {
    const MOST: usize = 10_000;

    fn place(&self) -> Place {
        self.place()
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn schema(&self) -> &str {
        &self.schema
    }
}

/// What is kept of a list that may be long.
#[derive(Debug)]
pub(crate) struct Kept<T> {
    /// In order of schema and name.
    pub(crate) rows: Vec<T>,
    /// Smaller ones that there is no room for.
    pub(crate) left_out: usize,
    /// Whether the list was longer than anybody cares to walk.
    pub(crate) cut: bool,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), left_out: 0, cut: false }
    }
}

impl<T: Relation> Kept<T> {
    /// Adds a page, and throws the smallest away when there are far too many.
    pub(crate) fn add(&mut self, page: Vec<T>) {
        self.rows.extend(page);
        if self.rows.len() > T::MOST * 2 {
            self.keep_largest();
        }
    }

    /// The list to show.
    pub(crate) fn finished(mut self, cut: bool) -> Self {
        self.cut = cut;
        self.keep_largest();
        self.rows.sort_by_cached_key(Relation::place);
        self
    }

    fn keep_largest(&mut self) {
        if self.rows.len() > T::MOST {
            self.rows.sort_by_key(|row| Reverse(row.bytes()));
            self.left_out += self.rows.len() - T::MOST;
            self.rows.truncate(T::MOST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Thing(u64);

    impl Relation for Thing {
        const MOST: usize = 3;

        fn place(&self) -> Place {
            Place::after("s", format!("{:03}", self.0 % 10))
        }

        fn bytes(&self) -> u64 {
            self.0
        }

        fn schema(&self) -> &'static str {
            "s"
        }
    }

    #[test]
    fn the_largest_are_kept_in_order_of_name() {
        let mut kept = Kept::default();
        for first in [10, 21, 32, 43] {
            kept.add((0..3).map(|i| Thing(first + i)).collect());
        }
        let kept = kept.finished(false);
        let sizes: Vec<_> = kept.rows.iter().map(|thing| thing.0).collect();
        assert_eq!((sizes, kept.left_out), (vec![43, 44, 45], 9));
    }
}
