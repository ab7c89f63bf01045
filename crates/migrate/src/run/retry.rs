//! When a file, or one statement of it, is tried again.

use std::time::Duration;

use tokio_postgres::error::SqlState;

/// Before the first time again. Each further pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Whether another time may go well: a lock was not had in time, or others were in the way. Nothing of what failed stays.
pub(crate) fn is_worth_it(code: &SqlState) -> bool {
    [SqlState::LOCK_NOT_AVAILABLE, SqlState::T_R_DEADLOCK_DETECTED, SqlState::T_R_SERIALIZATION_FAILURE]
        .contains(code)
}

/// The pause after this attempt, counted from 1: from half to the whole of a span that doubles, so that those who failed
/// together do not come back together.
pub(crate) fn pause_after(attempt: u32) -> Duration {
    let longest = FIRST_PAUSE.saturating_mul(1 << (attempt - 1).min(16)).min(LONGEST_PAUSE);
    longest.mul_f64(0.5 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_bound() {
        for (attempt, longest) in [(1, 500), (2, 1000), (6, 16_000), (7, 30_000), (90, 30_000)] {
            let (pause, longest) = (pause_after(attempt), Duration::from_millis(longest));
            assert!(pause >= longest / 2 && pause <= longest, "{attempt}: {pause:?}");
        }
    }
}
