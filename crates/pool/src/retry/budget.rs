use std::sync::atomic::{AtomicU32, Ordering};

/// What may be run again in one pool: every call earns a tenth of a retry, and what is saved up is spent.
///
/// So where everything fails, retries add a tenth to the load and not a multiple of it. 10 % is the budget that "The Site
/// Reliability Workbook" and Finagle (20 %) are about; what can be saved lets a pool that is used little, or that lost all
/// its sessions at once, retry as well.
#[derive(Debug)]
pub(crate) struct Budget(AtomicU32);

/// What one retry costs, in the tenths that calls earn.
const RETRY: u32 = 10;

/// What can be saved up, and is there at the beginning: 100 retries.
const MOST: u32 = 100 * RETRY;

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicU32::new(MOST))
    }
}

impl Budget {
    /// A call was made.
    pub(crate) fn earn(&self) {
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |saved| (saved < MOST).then(|| saved + 1));
    }

    /// Whether something may be run again.
    pub(crate) fn spend(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |saved| saved.checked_sub(RETRY)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_the_savings_are_spent_a_tenth_of_the_calls_is_run_again() {
        let budget = Budget::default();
        while budget.spend() {}
        let spent = (0..1000).filter(|_| {
            budget.earn();
            budget.spend()
        });
        assert_eq!(spent.count(), 100);
    }

    #[test]
    fn no_more_is_saved_than_at_the_beginning() {
        let budget = Budget::default();
        (0..5000).for_each(|_| budget.earn());
        assert_eq!((0..5000).filter(|_| budget.spend()).count(), 100);
    }
}
