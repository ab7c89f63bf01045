use super::{CellMismatch, Cells, FromRow, Plan};

/// What may be missing as a whole: the side of an outer join that found nothing. All of its columns NULL is `None`; if one is
/// not, it is read, and what it cannot read of it is an error as ever.
///
/// The columns have to be there, as for `T` itself: which columns a statement has does not depend on its rows. Columns that
/// `T` can do without (`default`) may be missing and say nothing of the row; if all are missing, it is `None`. A `T` of
/// which every field may be NULL is `None` too where all of them are; give it a column that cannot be, such as its key.
///
/// ```
/// use pgkeel_query::FromRow;
///
/// #[derive(FromRow)]
/// struct User {
///     id: i64,
///     #[pgkeel(flatten)]
///     address: Option<Address>, // `select id, street, floor from users left join addresses on …`
/// }
///
/// #[derive(FromRow)]
/// struct Address {
///     street: String,
///     floor: Option<i32>,
/// }
/// # let _ = |user: User| (user.id, user.address.map(|it| (it.street, it.floor)));
/// ```
impl<T: FromRow> FromRow for Option<T> {
    fn resolve(plan: &mut Plan<'_>) {
        plan.optional(T::resolve);
    }

    fn from_row(cells: &mut Cells<'_>) -> Result<Self, CellMismatch> {
        if cells.skips_null() { Ok(None) } else { T::from_row(cells).map(Some) }
    }
}
