use super::clauses::{Join, Unmatched};
use super::scope::{Joined, Source, TableRef};
use super::whole::{Grow, Whole, WholeOf};
use crate::statement::{Filter, List, Select};

/// Tables that are joined. What is said of a statement's rows by filters and orders stays.
impl<'a, S, R: WholeOf<S>> Select<'a, S, R> {
    /// With the rows of another table for which this holds: rows that have none are left out.
    ///
    /// ```
    /// use pgkeel_query::connect::Executor;
    /// use pgkeel_query::{Entity, Error};
    ///
    /// #[derive(Entity)]
    /// #[pgkeel(table = "users", columns = u)]
    /// struct User {
    ///     id: i64,
    ///     team: Option<i64>,
    /// }
    ///
    /// #[derive(Entity)]
    /// #[pgkeel(table = "teams", columns = t)]
    /// struct Team {
    ///     id: i64,
    ///     name: String,
    /// }
    ///
    /// async fn members(database: &impl Executor, team: &str) -> Result<Vec<(User, Team)>, Error> {
    ///     let statement = User::query().inner_join::<Team>(u::team.eq_expr(t::id)).filter(t::name.eq(team));
    ///     statement.order_by(u::id.asc()).fetch_all(database).await
    /// }
    /// # let _ = |user: User, team: Team| (user.id, user.team, team.id, team.name);
    /// ```
    pub fn inner_join<J: Source>(
        self,
        on: impl Into<Filter<'a, Joined>>,
    ) -> Select<'a, <S as Grow<J>>::With, Whole>
    where
        S: Grow<J>,
    {
        self.join(Unmatched::Neither, TableRef::of::<J>(), on.into())
    }

    /// With the rows of another table for which this holds, or none: its columns are read as `Option`s, and the whole row as an
    /// `Option` of its entity. Its rows cannot be locked: the server refuses `for_update` then, but for
    /// [other tables alone](Select::lock_only).
    ///
    /// ```
    /// # use pgkeel_query::connect::Executor;
    /// # use pgkeel_query::{Entity, Error};
    /// # #[derive(Entity)]
    /// # #[pgkeel(table = "users", columns = u)]
    /// # struct User { id: i64, team: Option<i64> }
    /// # #[derive(Entity)]
    /// # #[pgkeel(table = "teams", columns = t)]
    /// # struct Team { id: i64, name: String }
    /// async fn all(database: &impl Executor) -> Result<Vec<(User, Option<Team>)>, Error> {
    ///     User::query().left_join::<Team>(u::team.eq_expr(t::id)).fetch_all(database).await
    /// }
    ///
    /// async fn names(database: &impl Executor) -> Result<Vec<(i64, Option<String>)>, Error> {
    ///     let statement = User::query().left_join::<Team>(u::team.eq_expr(t::id));
    ///     statement.select((u::id, t::name)).fetch_all(database).await
    /// }
    /// # let _ = |user: User, team: Team| (user.id, user.team, team.id, team.name);
    /// ```
    pub fn left_join<J: Source>(
        self,
        on: impl Into<Filter<'a, Joined>>,
    ) -> Select<'a, <S as Grow<Option<J>>>::With, Whole>
    where
        S: Grow<Option<J>>,
    {
        self.join(Unmatched::Left, TableRef::of::<J>(), on.into())
    }

    /// With all rows of another table, and those of this statement for which this holds, or none: what was there before is read
    /// as `Option`s, as [`left_join`](Self::left_join) says it of the other table.
    ///
    /// ```
    /// # use pgkeel_query::connect::Executor;
    /// # use pgkeel_query::{Entity, Error};
    /// # #[derive(Entity)]
    /// # #[pgkeel(table = "users", columns = u)]
    /// # struct User { id: i64, team: Option<i64> }
    /// # #[derive(Entity)]
    /// # #[pgkeel(table = "teams", columns = t)]
    /// # struct Team { id: i64, name: String }
    /// async fn all(database: &impl Executor) -> Result<Vec<(Option<User>, Team)>, Error> {
    ///     User::query().right_join::<Team>(u::team.eq_expr(t::id)).fetch_all(database).await
    /// }
    /// # let _ = |user: User, team: Team| (user.id, user.team, team.id, team.name);
    /// ```
    pub fn right_join<J: Source>(
        self,
        on: impl Into<Filter<'a, Joined>>,
    ) -> Select<'a, <S as Grow<J>>::Beside, Whole>
    where
        S: Grow<J>,
    {
        self.join(Unmatched::Right, TableRef::of::<J>(), on.into())
    }

    /// With all rows of another table, and all of this statement: where this holds of none, either is missing. The server
    /// joins so by conditions that it can hash or merge by, such as that columns are equal.
    ///
    /// ```
    /// # use pgkeel_query::connect::Executor;
    /// # use pgkeel_query::{Entity, Error};
    /// # #[derive(Entity)]
    /// # #[pgkeel(table = "users", columns = u)]
    /// # struct User { id: i64, team: Option<i64> }
    /// # #[derive(Entity)]
    /// # #[pgkeel(table = "teams", columns = t)]
    /// # struct Team { id: i64, name: String }
    /// async fn all(database: &impl Executor) -> Result<Vec<(Option<User>, Option<Team>)>, Error> {
    ///     User::query().full_join::<Team>(u::team.eq_expr(t::id)).fetch_all(database).await
    /// }
    /// # let _ = |user: User, team: Team| (user.id, user.team, team.id, team.name);
    /// ```
    pub fn full_join<J: Source>(
        self,
        on: impl Into<Filter<'a, Joined>>,
    ) -> Select<'a, <S as Grow<Option<J>>>::Beside, Whole>
    where
        S: Grow<Option<J>>,
    {
        self.join(Unmatched::Both, TableRef::of::<J>(), on.into())
    }

    fn join<S2, R2>(
        mut self,
        stay: Unmatched,
        table: TableRef,
        on: Filter<'a, Joined>,
    ) -> Select<'a, S2, R2> {
        let parts = &mut self.parts;
        parts.clauses.is_joined = true;
        parts.clauses.joins.push(Join { stay, table, on: on.condition });
        if let List::Whole(named) = parts.list {
            parts.list = named.list();
        }
        if let List::Tables(tables) = &mut parts.list {
            tables.push(table);
        }
        Select::new(self.parts)
    }
}
