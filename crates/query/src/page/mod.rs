//! Pages: some of the rows of a statement, and how many there are.

mod request;
mod problem;
mod offset;
mod estimate;
mod result;

pub use self::offset::Paged;
pub use self::problem::PageProblem;
pub use self::request::{CountMode, PageRequest};
pub use self::result::{Page, Total};
