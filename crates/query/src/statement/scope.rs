/// Says that an update or delete has a filter, or is meant to be of all rows: it can be run.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Bounded;

/// Says that it has neither.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Unbounded;

/// Whether an update or delete can be run.
#[diagnostic::on_unimplemented(
    message = "without a filter this is all rows of the table",
    label = "a statement of all rows",
    note = "say which rows by `.filter(…)`, or that all are meant by `.all_rows()`"
)]
pub trait Runnable {}

impl Runnable for Bounded {}

/// An update or delete of the entity, what its rows are read as, and whether it can be run.
pub(super) type Of<E, R, S> = fn() -> (E, R, S);
