use crate::entity::ColumnValue;

/// A value that may be made NULL: any [`ColumnValue`], and an `Option` of whatever, which stays what it is.
#[diagnostic::on_unimplemented(
    message = "it is not known what a `{Self}` is when it is NULL",
    label = "no value of a column",
    note = "for a type of your own: `impl pgkeel_query::entity::ColumnValue for {Self} {{}}`, with an `impl BindType`"
)]
pub trait Nullable {
    /// Without the `Option`.
    type Inner;
    /// With it.
    type Out;
    /// Another type, NULL where this one is.
    type As<U>;
}

#[diagnostic::do_not_recommend]
impl<T: ColumnValue> Nullable for T {
    type Inner = T;
    type Out = Option<T>;
    type As<U> = U;
}

#[diagnostic::do_not_recommend]
impl<T> Nullable for Option<T> {
    type Inner = T;
    type Out = Self;
    type As<U> = Option<U>;
}
