//! Orders on their way, known without asking the database, which has no index for this.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Those beyond are forgotten: they stay "shipped" until their customer's old orders are cleared out.
const MOST: usize = 256;

/// How many one round delivers.
const LOAD: usize = 12;

/// What was shipped and not delivered, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Parcels(Mutex<VecDeque<i64>>);

impl Parcels {
    pub(super) fn add(&self, orders: Vec<i64>) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.extend(orders);
        let beyond = waiting.len().saturating_sub(MOST);
        waiting.drain(..beyond);
    }

    pub(super) fn take(&self) -> Vec<i64> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let load = waiting.len().min(LOAD);
        waiting.drain(..load).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first_and_too_many_are_forgotten() {
        let parcels = Parcels::default();
        parcels.add((0..300).collect());
        assert_eq!(parcels.take(), (44..56).collect::<Vec<i64>>());
        for _ in 0..40 {
            parcels.take();
        }
        assert!(parcels.take().is_empty());
    }
}
