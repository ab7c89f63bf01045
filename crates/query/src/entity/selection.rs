use tokio_postgres::types::FromSqlOwned;

use super::{Column, ColumnFacts, Entity};
use crate::FromRow;

/// Columns of an entity: a tuple of up to 16, read as a tuple of their types.
#[diagnostic::on_unimplemented(
    message = "`{Self}` are no columns of `{E}`",
    label = "no tuple of columns of `{E}`",
    note = "a single column has a comma behind it: `(u::id,)`"
)]
pub trait Selection<E> {
    /// What a row of them is read as.
    type Row: FromRow;

    /// No public interface.
    #[doc(hidden)]
    fn columns(self) -> Vec<&'static ColumnFacts>;
}

macro_rules! selections {
    ($($($kind:ident $index:tt)+;)+) => {$(
        #[diagnostic::do_not_recommend]
        impl<E: Entity, $($kind: FromSqlOwned + Send),+> Selection<E> for ($(Column<E, $kind>,)+) {
            type Row = ($($kind,)+);

            fn columns(self) -> Vec<&'static ColumnFacts> {
                vec![$(self.$index.facts),+]
            }
        }
    )+};
}

selections! {
    A 0;
    A 0 B 1;
    A 0 B 1 C 2;
    A 0 B 1 C 2 D 3;
    A 0 B 1 C 2 D 3 F 4;
    A 0 B 1 C 2 D 3 F 4 G 5;
    A 0 B 1 C 2 D 3 F 4 G 5 H 6;
    A 0 B 1 C 2 D 3 F 4 G 5 H 6 I 7;
    A 0 B 1 C 2 D 3 F 4 G 5 H 6 I 7 J 8;
    A 0 B 1 C 2 D 3 F 4 G 5 H 6 I 7 J 8 K 9;
    A 0 B 1 C 2 D 3 F 4 G 5 H 6 I 7 J 8 K 9 L 10;
    A 0 B 1 C 2 D 3 F 4 G 5 H 6 I 7 J 8 K 9 L 10 M 11;
    A 0 B 1 C 2 D 3 F 4 G 5 H 6 I 7 J 8 K 9 L 10 M 11 N 12;
    A 0 B 1 C 2 D 3 F 4 G 5 H 6 I 7 J 8 K 9 L 10 M 11 N 12 O 13;
    A 0 B 1 C 2 D 3 F 4 G 5 H 6 I 7 J 8 K 9 L 10 M 11 N 12 O 13 P 14;
    A 0 B 1 C 2 D 3 F 4 G 5 H 6 I 7 J 8 K 9 L 10 M 11 N 12 O 13 P 14 Q 15;
}
