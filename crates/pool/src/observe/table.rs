use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use hashbrown::HashMap;

use super::summary::{OPERATIONS, operation};
use super::values::without_values;
use super::{Figures, StatementStats};
use crate::recent::Recent;

/// Kinds of statements that are told apart. More than most programs have, and bounded for those that make theirs up.
const MOST: usize = 1_000;

/// Texts that are found without being looked through again.
const MOST_TEXTS: usize = 1_024;

/// Longer ones are looked through at each run, so that no memory goes into them.
const LONGEST_TEXT: usize = 4_096;

/// The figures of statements, by their text without values.
///
/// When it is full, the one that was not run for longest, and that no session keeps prepared, makes room. Its figures go to
/// those of all others of its operation, so that nothing that was counted is lost.
pub(crate) struct Table {
    kinds: Mutex<HashMap<Box<str>, Arc<Figures>>>,
    /// Of statements that are not prepared: the kind of a text, if it is still there.
    by_text: Recent<Weak<Figures>>,
    /// For each operation.
    others: [Arc<Figures>; OPERATIONS.len()],
}

impl Default for Table {
    fn default() -> Self {
        Self {
            kinds: Mutex::default(),
            by_text: Recent::at_most(MOST_TEXTS),
            others: std::array::from_fn(|_| Arc::default()),
        }
    }
}

impl Table {
    /// The figures of this statement's kind.
    pub(crate) fn figures(&self, sql: &str) -> Arc<Figures> {
        if let Some(figures) = self.by_text.get(sql).and_then(|figures| figures.upgrade()) {
            return figures;
        }
        let text = without_values(sql);
        let Some(figures) = self.of_kind(&text) else {
            return Arc::clone(&self.others[operation(&text)]); // There may be room the next time.
        };
        if sql.len() <= LONGEST_TEXT {
            self.by_text.put(sql, Arc::downgrade(&figures));
        }
        figures
    }

    /// The same for a text that may never come again: it takes no place among those that are found again.
    pub(crate) fn figures_once(&self, sql: &str) -> Arc<Figures> {
        let text = without_values(sql);
        self.of_kind(&text).unwrap_or_else(|| Arc::clone(&self.others[operation(&text)]))
    }

    /// Those that took the most time together first; what has no room comes last.
    pub(crate) fn list(&self) -> Vec<StatementStats> {
        let kinds = self.lock();
        let told = |text: &str, figures: &Figures| figures.stats(OPERATIONS[operation(text)], Some(text));
        let mut list: Vec<_> = kinds.iter().map(|(text, figures)| told(text, figures)).collect();
        let others = OPERATIONS.iter().zip(&self.others).filter(|(_, figures)| !figures.is_empty());
        let others: Vec<_> = others.map(|(operation, figures)| figures.stats(operation, None)).collect();
        drop(kinds);
        list.sort_by_key(|kind| std::cmp::Reverse(kind.times.sum()));
        list.extend(others);
        list
    }

    /// `None` if there is no room.
    fn of_kind(&self, text: &str) -> Option<Arc<Figures>> {
        let mut kinds = self.lock();
        if let Some(known) = kinds.get(text) {
            return Some(Arc::clone(known));
        }
        if kinds.len() >= MOST && !self.make_room(&mut kinds) {
            return None;
        }
        let figures = Arc::new(Figures::default());
        kinds.insert(text.into(), Arc::clone(&figures));
        Some(figures)
    }

    /// Whether there is room now. What somebody else has got hold of is still counted in, so it stays.
    fn make_room(&self, kinds: &mut HashMap<Box<str>, Arc<Figures>>) -> bool {
        let unused = kinds.iter().filter(|(_, figures)| Arc::strong_count(figures) == 1);
        let Some(text) = unused.min_by_key(|(_, figures)| figures.last()).map(|(text, _)| text.clone())
        else {
            return false;
        };
        let Some((text, figures)) = kinds.remove_entry(&text) else { return false };
        match Arc::try_unwrap(figures) {
            Ok(figures) => {
                self.others[operation(&text)].add(&figures);
                true
            }
            Err(used) => {
                kinds.insert(text, used);
                false
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Arc<Figures>>> {
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("kinds", &self.lock().len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::moment::Moment;

    fn at(nanos: u64) -> Moment {
        Moment::of_number(nanos + 1).expect("more than zero")
    }

    fn run(table: &Table, sql: &str, nanos: u64) {
        table.figures(sql).ended(Duration::from_millis(1), 2, false, at(nanos));
    }

    #[test]
    fn statements_that_differ_in_values_only_are_one_kind() {
        let table = Table::default();
        for id in 0..10 {
            run(&table, &format!("select * from t where id = {id}"), id);
        }
        run(&table, "select * from t where id in (1, 2, 3)", 11);
        let list = table.list();
        let seen: Vec<_> =
            list.iter().map(|kind| (kind.text.as_deref(), kind.times.count(), kind.rows)).collect();
        let wanted = [
            (Some("select * from t where id = ?"), 10, 20),
            (Some("select * from t where id in (...)"), 1, 2),
        ];
        assert_eq!(seen, wanted);
        assert_ne!(list[0].fingerprint, list[1].fingerprint);
    }

    #[test]
    fn what_has_no_room_is_counted_all_the_same() {
        let table = Table::default();
        let kept = table.figures("select kept");
        for name in 0..3 * MOST as u64 {
            run(&table, &format!("select c{name}"), name + 1);
        }
        kept.ended(Duration::from_secs(1), 0, true, at(0));
        let list = table.list();
        assert_eq!(list.len(), MOST + 1);
        assert_eq!(list.iter().map(|kind| kind.times.count()).sum::<u64>(), 3 * MOST as u64 + 1);
        assert_eq!(
            (list[0].text.as_deref(), list[0].failed),
            (Some("select kept"), 1),
            "somebody still counts in it"
        );
        assert_eq!(list.last().map(|others| &others.text), Some(&None));
        let newest = format!("select c{}", 3 * MOST - 1);
        assert!(list.iter().any(|kind| kind.text.as_deref() == Some(&newest)), "the oldest make room");
    }

    #[test]
    fn without_any_that_can_make_room_the_rest_is_counted_together() {
        let table = Table::default();
        let held: Vec<_> = (0..MOST).map(|name| table.figures(&format!("select c{name}"))).collect();
        run(&table, "select one_more", 1);
        assert_eq!(table.list().last().map(|others| others.times.count()), Some(1));
        drop(held);
        run(&table, "select one_more", 2);
        let list = table.list();
        let apart = list.iter().find(|kind| kind.text.as_deref() == Some("select one_more"));
        assert_eq!(apart.map(|kind| kind.times.count()), Some(1), "once there is room it is told apart");
    }

    #[test]
    fn nothing_is_lost_or_counted_twice_while_several_threads_make_room() {
        const EACH: u64 = 1_500;
        let (table, ended) = (Table::default(), AtomicUsize::new(0));
        let many = |thread: u64| {
            let kept = table.figures(&format!("delete from kept{thread}"));
            for number in 0..EACH {
                run(&table, &format!("insert into t{}", (number * 7 + thread) % 1_300), number);
                run(&table, "commit", number);
                kept.ended(Duration::from_micros(1), 1, true, at(number));
            }
            ended.fetch_add(1, Ordering::Relaxed);
        };
        let counts = || {
            let mut counts = BTreeMap::new();
            for kind in table.list() {
                *counts.entry(kind.operation).or_insert(0) += kind.times.count();
            }
            counts
        };
        std::thread::scope(|threads| {
            (0..4).for_each(|thread| drop(threads.spawn(move || many(thread))));
            let mut before = BTreeMap::new();
            while ended.load(Ordering::Relaxed) < 4 {
                let now = counts();
                assert!(before.iter().all(|(operation, count)| now.get(operation) >= Some(count)));
                before = now;
            }
        });
        let all = 4 * EACH;
        assert_eq!(counts(), BTreeMap::from([("INSERT", all), ("COMMIT", all), ("DELETE", all)]));
    }
}
