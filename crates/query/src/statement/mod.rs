//! Statements that are put together from parts: each is a small tree of names and values, and becomes pieces of text and
//! parameters in one walk when it is run. By the pieces its text is found, or built.

mod shape;
mod texts;
mod writer;
mod condition;
mod filter;
mod compare;
mod like;
mod order;
mod sort;
mod list;
mod parts;
mod select;
mod assignment;
#[cfg(feature = "sealed")]
mod unsealed;
mod insert;
mod conflict;
mod scope;
mod update;
mod delete;
mod calls;
#[cfg(feature = "explain")]
mod explained;
mod named;

pub(crate) use self::assignment::{Assignments, write_managed};
pub use self::assignment::{Given, NewRow, Values};
pub(crate) use self::calls::{Site, number, opt_row, rows};
pub(crate) use self::condition::{Condition, Operator, Term, write_where};
pub use self::conflict::OnConflict;
pub use self::delete::Delete;
pub use self::filter::Filter;
pub use self::insert::Insert;
pub(crate) use self::list::List;
pub use self::named::{
    IntoName, IntoNames, IntoTable, Name, Named, NamedColumn, NamedOrder, NamedSelect, col, q,
};
pub(crate) use self::order::By;
pub use self::order::{Order, OrderBy};
pub(crate) use self::parts::{Answer, Distinct, Parts, Slice, Sorts};
pub use self::scope::{Bounded, Runnable, Unbounded};
pub use self::select::Select;
pub use self::sort::OrderExpr;
pub(crate) use self::sort::Sort;
pub use self::texts::StatementTexts;
pub use self::update::Update;
pub(crate) use self::writer::{Writer, Written, describe};
