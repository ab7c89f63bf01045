use super::kind::{Aggregate, Exact, Plain};
use super::nullable::Nullable;
use super::scope::{Anywhere, Joined, Scope, Source};

/// Whether a statement of `Self` has the table `F`, and where: at `At`, which the compiler finds out.
#[diagnostic::on_unimplemented(
    message = "the statement is of `{Self}`, which has no `{F}`",
    label = "of a table that is not in the statement",
    note = "a table is joined first: `.inner_join::<…>(…)` or `.left_join::<…>(…)`"
)]
pub trait Holds<F, At> {}

/// It is the only table, or none is named.
#[derive(Debug)]
#[non_exhaustive]
pub struct Only;

/// It is the `N`th, and always there.
#[derive(Debug)]
#[non_exhaustive]
pub struct At<const N: usize>;

/// It is the `N`th, and may be missing: all of its columns may be NULL.
#[derive(Debug)]
#[non_exhaustive]
pub struct Maybe<const N: usize>;

/// That is looked at when the statement is written.
#[derive(Debug)]
#[non_exhaustive]
pub struct Unseen;

#[diagnostic::do_not_recommend]
impl<E: Source> Holds<E, Only> for E {}
#[diagnostic::do_not_recommend]
impl<S> Holds<Anywhere, Only> for S {}
#[diagnostic::do_not_recommend]
impl<S: Scope> Holds<Joined, Unseen> for S {}

macro_rules! held {
    ($(($($before:ident)*) $this:ident $at:literal ($($behind:ident)*);)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($before,)* $this, $($behind),*> Holds<$this, At<$at>> for ($($before,)* $this, $($behind,)*) {}
        #[diagnostic::do_not_recommend]
        impl<$($before,)* $this, $($behind),*> Holds<$this, Maybe<$at>>
            for ($($before,)* Option<$this>, $($behind,)*) {}
    )+};
}

held! {
    () A 0 (B); (A) B 1 ();
    () A 0 (B C); (A) B 1 (C); (A B) C 2 ();
    () A 0 (B C D); (A) B 1 (C D); (A B) C 2 (D); (A B C) D 3 ();
    () A 0 (B C D E); (A) B 1 (C D E); (A B) C 2 (D E); (A B C) D 3 (E); (A B C D) E 4 ();
    () A 0 (B C D E F); (A) B 1 (C D E F); (A B) C 2 (D E F); (A B C) D 3 (E F); (A B C D) E 4 (F); (A B C D E) F 5 ();
}

/// What an expression of this kind with the value `T` is read as, of a table at `At`.
#[diagnostic::on_unimplemented(
    message = "a `{T}` of a table that may be missing cannot be read",
    label = "not known what it is when it is NULL",
    note = "for a type of your own: `impl pgkeel_query::entity::ColumnValue for {T} {{}}`, with an `impl BindType`"
)]
pub trait Reads<At, T> {
    /// The type in the row.
    type Value;
}

#[diagnostic::do_not_recommend]
impl<T> Reads<Only, T> for Plain {
    type Value = T;
}

#[diagnostic::do_not_recommend]
impl<T, const N: usize> Reads<At<N>, T> for Plain {
    type Value = T;
}

impl<T: Nullable, const N: usize> Reads<Maybe<N>, T> for Plain {
    type Value = T::Out;
}

impl<T: Nullable> Reads<Unseen, T> for Plain {
    type Value = T::Out;
}

#[diagnostic::do_not_recommend]
impl<At, T> Reads<At, T> for Exact {
    type Value = T;
}

#[diagnostic::do_not_recommend]
impl<At, T> Reads<At, T> for Aggregate {
    type Value = T;
}
