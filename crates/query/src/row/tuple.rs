use std::any::type_name;

use tokio_postgres::types::FromSqlOwned;

use super::{CellMismatch, Cells, FieldName, FromRow, Plan};

/// The only column, as `(T,)` has it.
pub(super) fn resolve_scalar<T: FromSqlOwned>(plan: &mut Plan<'_>) {
    let of = type_name::<(T,)>();
    if plan.expect_columns(of, 1) {
        plan.field_at::<T>(0, FieldName { of, table: None, field: "0", column: "" });
    }
}

pub(super) fn scalar_from_row<T: FromSqlOwned>(cells: &mut Cells<'_>) -> Result<T, CellMismatch> {
    cells.read()
}

macro_rules! tuples {
    ($($count:literal: $($kind:ident $index:literal)+;)+) => {$(
        impl<$($kind: FromSqlOwned + Send),+> FromRow for ($($kind,)+) {
            fn resolve(plan: &mut Plan<'_>) {
                let of = type_name::<Self>();
                if plan.expect_columns(of, $count) {
                    $(plan.field_at::<$kind>($index, FieldName { of, table: None, field: stringify!($index), column: "" });)+
                }
            }

            fn from_row(cells: &mut Cells<'_>) -> Result<Self, CellMismatch> {
                Ok(($(cells.read::<$kind>()?,)+))
            }
        }
    )+};
}

tuples! {
    1: A 0;
    2: A 0 B 1;
    3: A 0 B 1 C 2;
    4: A 0 B 1 C 2 D 3;
    5: A 0 B 1 C 2 D 3 E 4;
    6: A 0 B 1 C 2 D 3 E 4 F 5;
    7: A 0 B 1 C 2 D 3 E 4 F 5 G 6;
    8: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7;
    9: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8;
    10: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9;
    11: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10;
    12: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11;
    13: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12;
    14: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13;
    15: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13 O 14;
    16: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13 O 14 P 15;
}
