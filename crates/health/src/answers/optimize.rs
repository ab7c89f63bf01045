//! `/api/v1/health/database/optimize`: a place that is kept for what will change things.

use crate::http::{Ask, Problem, Reply};

const DONE: &str = "this version maintains nothing, and nothing was done; \
                    /api/v1/health/database/statistics shows what vacuum and analyze have left";

pub(crate) fn answer(_ask: &Ask<'_>) -> Result<Reply, Problem> {
    Err(Problem::NotImplemented { done: DONE })
}
