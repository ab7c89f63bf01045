//! Counting what is done.

use std::sync::atomic::{AtomicU64, Ordering};

use super::report::Report;

/// A number that only grows.
#[derive(Debug, Default)]
pub(super) struct Total(AtomicU64);

impl Total {
    pub(super) fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a task can do. Counted when it came to its end and there was something to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    SignIn,
    LookAtOrders,
    Search,
    ReadOrder,
    AskForSales,
    Place,
    Cancel,
    ClearOut,
    Capture,
    Ship,
    Deliver,
    TrimAudit,
    Overview,
    Monthly,
    DuplicateNumber,
    NegativeAmount,
    MissingCustomer,
    Typo,
}

impl Action {
    pub(super) const ALL: [(Self, &'static str); 18] = [
        (Self::SignIn, "sign-ins"),
        (Self::LookAtOrders, "looks at one's orders"),
        (Self::Search, "searches"),
        (Self::ReadOrder, "orders read"),
        (Self::AskForSales, "sales of an article"),
        (Self::Place, "orders placed"),
        (Self::Cancel, "orders cancelled"),
        (Self::ClearOut, "clearances of old orders"),
        (Self::Capture, "captures of payments"),
        (Self::Ship, "shipments"),
        (Self::Deliver, "deliveries"),
        (Self::TrimAudit, "clearances of the audit log"),
        (Self::Overview, "overviews"),
        (Self::Monthly, "monthly reports"),
        (Self::DuplicateNumber, "duplicate numbers"),
        (Self::NegativeAmount, "negative amounts"),
        (Self::MissingCustomer, "missing customers"),
        (Self::Typo, "misspelt tables"),
    ];
}

/// All counts of one workload.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) transactions: Total,
    pub(super) reads: Total,
    pub(super) expected_errors: Total,
    pub(super) failures: Total,
    pub(super) slow_reports: Total,
    actions: [Total; Action::ALL.len()],
}

impl Tally {
    pub(super) fn did(&self, action: Action) {
        self.actions[action as usize].add_one();
    }

    /// All but what is counted elsewhere: by the pool, and at the end.
    pub(super) fn report(&self) -> Report {
        let Self { transactions, reads, expected_errors, failures, slow_reports, actions } = self;
        Report {
            transactions: transactions.value(),
            reads: reads.value(),
            expected_errors: expected_errors.value(),
            failures: failures.value(),
            slow_reports: slow_reports.value(),
            actions: Action::ALL
                .iter()
                .map(|(action, name)| (*name, actions[*action as usize].value()))
                .collect(),
            ..Report::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_counted_under_its_own_name() {
        let tally = Tally::default();
        for (position, (action, name)) in Action::ALL.into_iter().enumerate() {
            assert_eq!(action as usize, position, "{name}");
            tally.did(action);
        }
        assert!(tally.report().actions.iter().all(|(_, count)| *count == 1));
    }
}
