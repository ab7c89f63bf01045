use super::place::Holds;
use super::projection::{OutputName, Projection};
use super::scope::Scope;
use super::whole::Output;
use crate::FromRow;
use crate::statement::{Filter, List, Select};

/// What is computed of rows and groups.
impl<'a, S: Scope, R> Select<'a, S, R> {
    /// Reads these columns and expressions instead of whole rows.
    pub fn select<X: Projection<'a, S, At>, At>(mut self, items: X) -> Select<'a, S, X::Row> {
        let mut list = Vec::new();
        items.each(&mut |item| list.push(item));
        self.parts.clauses.is_joined |= list.iter().any(|item| item.pieces.is_joined || item.name.is_some());
        self.parts.list = List::Items(list);
        Select::new(self.parts)
    }

    /// One row for all that are alike in these columns and expressions; said twice, in all of them.
    ///
    /// What is selected besides is an aggregate: the server refuses others. As a value in an expression is another parameter
    /// wherever it is written, an expression with values is selected under a name, and grouped
    /// [by that](Self::group_by_name).
    pub fn group_by<X: Projection<'a, S, At>, At>(mut self, keys: X) -> Self {
        let clauses = &mut self.parts.clauses;
        keys.each(&mut |key| {
            clauses.is_joined |= key.pieces.is_joined;
            clauses.keys.push(key);
        });
        self
    }

    /// One row for all that are alike in what is selected under this name. A column of a table goes before it, if it has the
    /// name.
    pub fn group_by_name(mut self, name: OutputName) -> Self {
        self.parts.clauses.is_joined = true;
        self.parts.clauses.keys.push(name.pieces().into());
        self
    }

    /// Groups for which this holds, besides all that was said before.
    pub fn having<F, At>(mut self, filter: Filter<'a, F>) -> Self
    where
        S: Holds<F, At>,
    {
        self.parts.clauses.is_joined |= filter.is_joined;
        self.parts.clauses.having.push(filter.condition);
        self
    }
}

impl<'a, S, R: Output<S>> Select<'a, S, R> {
    /// Rows are read as this struct, by the names of what was selected: columns have theirs, the rest what `named` says.
    ///
    /// ```
    /// use pgkeel_query::connect::Executor;
    /// use pgkeel_query::{Entity, Error, FromRow};
    /// use pgkeel_query::relation::{avg, count};
    ///
    /// #[derive(Entity)]
    /// #[pgkeel(table = "orders", columns = o)]
    /// struct Order {
    ///     city: String,
    ///     price: f64,
    /// }
    ///
    /// #[derive(FromRow)]
    /// struct City {
    ///     city: String,
    ///     orders: i64,
    ///     mean: Option<f64>,
    /// }
    ///
    /// async fn cities(database: &impl Executor) -> Result<Vec<City>, Error> {
    ///     let statement = Order::select((o::city, count().named("orders"), avg(o::price).named("mean")));
    ///     statement.group_by((o::city,)).rows_as::<City>().fetch_all(database).await
    /// }
    /// # let _ = |order: Order, city: City| (order.city, order.price, city.city, city.orders, city.mean);
    /// ```
    pub fn rows_as<T: FromRow>(self) -> Select<'a, S, T> {
        Select::new(self.parts)
    }
}
