use std::sync::Arc;

use super::clauses::Common;
use super::scope::TableRef;
use crate::entity::Entity;
use crate::statement::{Parts, Select};

/// Statements under names.
impl<'a, S, R> Select<'a, S, R> {
    /// `with`: in this statement the entity `C` is no table, but the rows of another statement, which selects what `C` has
    /// under the names of its columns.
    ///
    /// ```
    /// use pgkeel_query::connect::Executor;
    /// use pgkeel_query::{Entity, Error};
    /// use pgkeel_query::relation::sum;
    ///
    /// #[derive(Entity)]
    /// #[pgkeel(table = "orders", columns = o)]
    /// struct Order {
    ///     buyer: i64,
    ///     cents: i32,
    /// }
    ///
    /// #[derive(Entity)]
    /// #[pgkeel(table = "spent", columns = s)]
    /// struct Spent {
    ///     buyer: i64,
    ///     total: Option<i64>,
    /// }
    ///
    /// async fn spent(database: &impl Executor) -> Result<Vec<Spent>, Error> {
    ///     let each = Order::select((o::buyer, sum(o::cents).named("total"))).group_by((o::buyer,));
    ///     Spent::query().with::<Spent>(each).filter(s::total.gt(1_000)).fetch_all(database).await
    /// }
    /// # let _ = |order: Order, spent: Spent| (order.buyer, order.cents, spent.buyer, spent.total);
    /// ```
    pub fn with<C: Entity>(self, query: Select<'a, impl Sized, impl Sized>) -> Self {
        self.with_parts(TableRef::of::<C>(), false, query.parts)
    }

    /// `with recursive`: as [`with`](Self::with), of a [`union`](Self::union) whose second half names `C` itself: that half is
    /// repeated with the rows that it gave, until it gives none that are new. With [`union_all`](Self::union_all) all are new: a
    /// cycle in the data never ends.
    ///
    /// ```
    /// use pgkeel_query::connect::Executor;
    /// use pgkeel_query::{Entity, Error};
    ///
    /// #[derive(Entity)]
    /// #[pgkeel(table = "parts", columns = p)]
    /// struct Part {
    ///     id: i64,
    ///     inside: Option<i64>,
    /// }
    ///
    /// #[derive(Entity)]
    /// #[pgkeel(table = "tree", columns = t)]
    /// struct Tree {
    ///     id: i64,
    /// }
    ///
    /// async fn all_in(database: &impl Executor, part: i64) -> Result<Vec<Tree>, Error> {
    ///     let first = Part::select((p::id,)).filter(p::id.eq(part));
    ///     let next = Part::query().inner_join::<Tree>(p::inside.eq_expr(t::id)).select((p::id,));
    ///     Tree::query().with_recursive::<Tree>(first.union(next)).fetch_all(database).await
    /// }
    /// # let _ = |part: Part, tree: Tree| (part.id, part.inside, tree.id);
    /// ```
    pub fn with_recursive<C: Entity>(self, query: Select<'a, impl Sized, impl Sized>) -> Self {
        self.with_parts(TableRef::of::<C>(), true, query.parts)
    }

    fn with_parts(mut self, table: TableRef, is_recursive: bool, query: Parts<'a>) -> Self {
        self.parts.clauses.is_joined = true;
        self.parts.clauses.common.push(Common { table, is_recursive, query: Arc::new(query) });
        self
    }
}
