use std::sync::Arc;

use super::expr::Expr;
use super::kind::Exact;
use super::nullable::Nullable;
use super::piece::{Piece, Pieces};
use super::scope::Joined;
use crate::statement::{Filter, Select};

impl<'a, S, R> Select<'a, S, R> {
    pub(crate) fn into_piece(self) -> Pieces<'a> {
        Pieces::of(vec![Piece::Query(Arc::new(self.parts))]).joined()
    }
}

/// `exists (select …)`: whether the statement has a row. It may name columns of the statement that it is in.
///
/// ```
/// # use pgkeel_query::Entity;
/// # use pgkeel_query::relation::exists;
/// # #[derive(Entity)]
/// # #[pgkeel(table = "users", columns = u)]
/// # struct User { id: i64 }
/// # #[derive(Entity)]
/// # #[pgkeel(table = "orders", columns = o)]
/// # struct Order { id: i64, buyer: i64 }
/// let with_orders = User::query().filter(exists(Order::query().filter(o::buyer.eq_expr(u::id))));
/// let without = User::query().filter(!exists(Order::query().filter(o::buyer.eq_expr(u::id))));
/// # assert!(with_orders.text().is_ok() && without.text().is_ok());
/// ```
pub fn exists<S, R>(query: Select<'_, S, R>) -> Filter<'_, Joined> {
    Expr::<Joined, bool, Exact>::filtered(query.into_piece().inside("exists (", ")"))
}

/// `(select …)`: the value of the only row; `None` if there is none. More rows than one are an error of the server's.
///
/// It may name columns of the statement that it is in.
pub fn scalar<S, T: Nullable>(query: Select<'_, S, (T,)>) -> Expr<'_, Joined, T::Out, Exact> {
    Expr::new(query.into_piece().inside("(", ")"))
}
