//! What becomes of the calls for a session: each is counted once, also one that is dropped.

use crate::Error;
use crate::stats::{Total, Totals};

/// A call that had to wait. Dropped without an outcome, its caller gave up.
pub(crate) struct Call<'a> {
    totals: &'a Totals,
    outcome: &'a Total,
}

impl<'a> Call<'a> {
    pub(crate) fn begin(totals: &'a Totals) -> Self {
        Self { totals, outcome: &totals.abandoned }
    }

    pub(crate) fn end<T>(mut self, got: &Result<T, Error>) {
        let Self { totals, outcome } = &mut self;
        *outcome = match got {
            Ok(_) => &totals.acquires,
            Err(Error::AcquireTimeout { .. }) => &totals.timeouts,
            Err(Error::Overloaded { .. }) => &totals.overloaded,
            Err(Error::Closed) => &totals.found_closed,
            Err(_) => &totals.refused, // Nothing else comes of it than that connecting does not work.
        };
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.outcome.add_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_counts_as_what_became_of_it() {
        let totals = Totals::default();
        Call::begin(&totals).end(&Ok(()));
        Call::begin(&totals).end::<()>(&Err(Error::Closed));
        drop(Call::begin(&totals));
        let counted = [&totals.acquires, &totals.found_closed, &totals.abandoned, &totals.refused];
        assert_eq!(counted.map(Total::value), [1, 1, 1, 0]);
    }
}
