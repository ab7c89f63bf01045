use tokio_postgres::types::FromSqlOwned;

use super::expr::{Expr, Expression};
use super::piece::{Piece, Pieces};
use super::place::{Holds, Reads};
use super::scope::Anywhere;
use crate::FromRow;
use crate::statement::{OrderExpr, Writer};

/// What is selected of a statement of `S`, or what it is grouped by: a tuple of up to 16 columns and expressions, read as a tuple
/// of their types.
///
/// Columns of a table that is left joined are read as `Option`s.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be selected from a statement of `{S}`",
    label = "no tuple of columns and expressions of `{S}`",
    note = "a single one has a comma behind it: `(u::id,)`"
)]
pub trait Projection<'a, S, At> {
    /// What a row of them is read as.
    type Row: FromRow;

    /// No public interface.
    #[doc(hidden)]
    fn each(self, put: &mut dyn FnMut(Selected<'a>));
}

/// An expression that is selected, without its types. No public interface.
#[derive(Clone)]
pub struct Selected<'a> {
    pub(crate) pieces: Pieces<'a>,
    pub(crate) name: Option<&'static str>,
}

impl Selected<'_> {
    pub(crate) fn write<'t>(&'t self, out: &mut Writer<'t>) {
        self.pieces.write(out);
        if let Some(name) = self.name {
            out.push(" as ");
            out.name(name);
        }
    }

    pub(crate) fn is_column(&self) -> bool {
        matches!(self.pieces.list.as_slice(), [Piece::Column(..)])
    }

    /// What the column of the result is called, if that is known.
    pub(crate) fn called(&self) -> Option<&'static str> {
        self.name.or(match self.pieces.list.as_slice() {
            [Piece::Column(column, _)] => Some(column.name()),
            _ => None,
        })
    }
}

impl std::fmt::Debug for Selected<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Selected").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<'a, E, T, K> From<Expr<'a, E, T, K>> for Selected<'a> {
    fn from(expr: Expr<'a, E, T, K>) -> Self {
        Self { pieces: expr.pieces, name: expr.name }
    }
}

/// What an expression is read as, where it stands.
type Read<'a, X, At> = <<X as Expression<'a>>::Kind as Reads<At, <X as Expression<'a>>::Value>>::Value;

macro_rules! projections {
    ($($($kind:ident $at:ident $index:tt)+;)+) => {$(
        impl<'a, S, $($kind, $at),+> Projection<'a, S, ($($at,)+)> for ($($kind,)+)
        where
            $(
                $kind: Expression<'a>,
                S: Holds<$kind::Of, $at>,
                $kind::Kind: Reads<$at, $kind::Value, Value: FromSqlOwned + Send>,
            )+
        {
            type Row = ($(Read<'a, $kind, $at>,)+);

            fn each(self, put: &mut dyn FnMut(Selected<'a>)) {
                $(put(self.$index.expr().into());)+
            }
        }
    )+};
}

projections! {
    A A1 0;
    A A1 0 B B1 1;
    A A1 0 B B1 1 C C1 2;
    A A1 0 B B1 1 C C1 2 D D1 3;
    A A1 0 B B1 1 C C1 2 D D1 3 F F1 4;
    A A1 0 B B1 1 C C1 2 D D1 3 F F1 4 G G1 5;
    A A1 0 B B1 1 C C1 2 D D1 3 F F1 4 G G1 5 H H1 6;
    A A1 0 B B1 1 C C1 2 D D1 3 F F1 4 G G1 5 H H1 6 I I1 7;
    A A1 0 B B1 1 C C1 2 D D1 3 F F1 4 G G1 5 H H1 6 I I1 7 J J1 8;
    A A1 0 B B1 1 C C1 2 D D1 3 F F1 4 G G1 5 H H1 6 I I1 7 J J1 8 K K1 9;
    A A1 0 B B1 1 C C1 2 D D1 3 F F1 4 G G1 5 H H1 6 I I1 7 J J1 8 K K1 9 L L1 10;
    A A1 0 B B1 1 C C1 2 D D1 3 F F1 4 G G1 5 H H1 6 I I1 7 J J1 8 K K1 9 L L1 10 M M1 11;
    A A1 0 B B1 1 C C1 2 D D1 3 F F1 4 G G1 5 H H1 6 I I1 7 J J1 8 K K1 9 L L1 10 M M1 11 N N1 12;
    A A1 0 B B1 1 C C1 2 D D1 3 F F1 4 G G1 5 H H1 6 I I1 7 J J1 8 K K1 9 L L1 10 M M1 11 N N1 12 O O1 13;
    A A1 0 B B1 1 C C1 2 D D1 3 F F1 4 G G1 5 H H1 6 I I1 7 J J1 8 K K1 9 L L1 10 M M1 11 N N1 12 O O1 13 P P1 14;
    A A1 0 B B1 1 C C1 2 D D1 3 F F1 4 G G1 5 H H1 6 I I1 7 J J1 8 K K1 9 L L1 10 M M1 11 N N1 12 O O1 13 P P1 14 Q Q1 15;
}

/// What something that is selected is called, to order rows by it: by [`named`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OutputName(&'static str);

/// The column of the result that has this name, to order rows by it.
#[must_use]
pub const fn named(name: &'static str) -> OutputName {
    OutputName(name)
}

impl OutputName {
    /// Upwards; NULL comes last, unless said otherwise.
    pub fn asc<'a>(self) -> OrderExpr<'a, Anywhere> {
        OrderExpr::of(self.pieces(), " asc")
    }

    /// Downwards; NULL comes first, unless said otherwise.
    pub fn desc<'a>(self) -> OrderExpr<'a, Anywhere> {
        OrderExpr::of(self.pieces(), " desc")
    }

    pub(super) fn pieces<'a>(self) -> Pieces<'a> {
        Pieces::of(vec![Piece::Name(self.0)]).joined()
    }
}
