use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use pgkeel_connect::ServerError;
use tokio_postgres::error::SqlState;

use super::{Fault, FieldErrors, Rejected, Step};
use crate::Error;
use crate::entity::{Column, ColumnFacts, Entity, Selection, default_name};

/// Which fields of the entity `E` a constraint of its table is about, so that what the database refuses is told like what
/// [`check`](crate::input::check()) does.
///
/// Known by themselves are a column that must not be NULL, and constraints and unique indexes with the names that PostgreSQL
/// gives: `users_email_key`, `users_pkey`, `users_team_id_fkey`, `users_age_check`, `users_email_idx`, of several columns
/// `users_tenant_email_key`. The others are named here; so are the constraints of partitions, as the server names the partition's
/// own. Of an [`Error::Unique`] of a repository the columns are known.
///
/// ```
/// use pgkeel_query::connect::Executor;
/// use pgkeel_query::{Constraints, Entity, Rejected};
///
/// #[derive(Entity)]
/// #[pgkeel(table = "app.users", columns = u)]
/// struct User {
///     #[pgkeel(id, generated)]
///     id: i64,
///     #[pgkeel(unique)]
///     email: String,
///     age: i32,
/// }
///
/// fn constraints() -> Constraints<User> {
///     Constraints::new()
///         .on("users_email_lower", (u::email,))
///         .saying("users_grown_up", (u::age,), "has to be 18 or more")
/// }
///
/// async fn register(database: &impl Executor, email: &str, age: i32) -> Result<User, Rejected> {
///     let statement = User::insert().set(u::email, email).set(u::age, age);
///     statement.fetch_one(database).await.map_err(|error| constraints().judge(error))
/// }
/// # let _ = |user: User| (user.id, user.email, user.age);
/// ```
pub struct Constraints<E> {
    named: Vec<Named>,
    called: Vec<(&'static str, &'static str)>,
    of: PhantomData<fn() -> E>,
}

#[derive(Debug, Clone)]
struct Named {
    name: Cow<'static, str>,
    columns: Vec<&'static ColumnFacts>,
    message: Option<&'static str>,
}

/// What the server says of a row that it refuses.
struct Violation<'e> {
    server: &'e ServerError,
    fault: Fault,
}

/// Columns, and what is to be said of them.
type About = (Vec<&'static str>, Option<&'static str>);

impl<E: Entity> Constraints<E> {
    /// Those whose names PostgreSQL gave.
    #[must_use]
    pub fn new() -> Self {
        Self { named: Vec::new(), called: Vec::new(), of: PhantomData }
    }

    /// The constraint or unique index of this name is about these columns.
    #[must_use]
    pub fn on(self, name: impl Into<Cow<'static, str>>, columns: impl Selection<E>) -> Self {
        self.with(name.into(), columns.columns(), None)
    }

    /// The same; and of a check that does not hold this is told.
    #[must_use]
    pub fn saying(
        self,
        name: impl Into<Cow<'static, str>>,
        columns: impl Selection<E>,
        message: &'static str,
    ) -> Self {
        self.with(name.into(), columns.columns(), Some(message))
    }

    /// Users know the column by this name: that of the field in the JSON that they send.
    #[must_use]
    pub fn called<T>(mut self, column: Column<E, T>, name: &'static str) -> Self {
        self.called.push((column.facts().name(), name));
        self
    }

    fn with(
        mut self,
        name: Cow<'static, str>,
        columns: Vec<&'static ColumnFacts>,
        message: Option<&'static str>,
    ) -> Self {
        self.named.push(Named { name, columns, message });
        self
    }

    /// What users are told of an error, if they are told anything: that a row of this entity has no value where it must have one
    /// or has one that is taken, that it refers to nothing or is referred to, or that a check does not hold.
    ///
    /// Anything else is not theirs to mend, so it stays an error: one of another table, and of a constraint whose columns are not
    /// known.
    #[must_use]
    pub fn judge(&self, error: Error) -> Rejected {
        match self.told(&error) {
            Some(errors) => Rejected::Fields(errors),
            None => Rejected::Failed(error),
        }
    }

    fn told(&self, error: &Error) -> Option<FieldErrors> {
        let violation = Violation::of(error.server()?)?;
        let found = || Some((Self::found(error)?, None));
        let (columns, message) = self.named(&violation).or_else(found).or_else(|| Self::about(&violation))?;
        let place = |column: &&str| vec![Step::name("body"), Step::name(self.name_of(column))];
        let fault = || match (&violation.fault, message) {
            (Fault::CheckFailed { .. }, message) => Fault::CheckFailed { message },
            (fault, _) => fault.clone(),
        };
        FieldErrors::all(columns.iter().map(|column| (place(column), fault())))
    }

    /// The columns, and what is to be said of them, as the program says it.
    fn named(&self, violation: &Violation<'_>) -> Option<About> {
        let constraint = violation.server.constraint()?;
        let named = self.named.iter().find(|named| named.name == constraint)?;
        Some((named.columns.iter().map(|column| column.name()).collect(), named.message))
    }

    /// The columns that a repository has found out already.
    fn found(error: &Error) -> Option<Vec<&'static str>> {
        let Error::Unique(violation) = error else { return None };
        let is_of_this = violation.entity() == E::FACTS.table() && !violation.columns().is_empty();
        let known = |column: &String| Self::column(column);
        is_of_this.then(|| violation.columns().iter().map(known).collect())?
    }

    fn column(name: &str) -> Option<&'static str> {
        E::FACTS.columns().iter().map(ColumnFacts::name).find(|known| *known == name)
    }

    /// As PostgreSQL names things.
    fn about(violation: &Violation<'_>) -> Option<About> {
        let server = violation.server;
        if server.table() != Some(E::FACTS.name()) {
            return None;
        }
        let columns = match (&violation.fault, server.constraint()) {
            (Fault::Missing, _) => vec![Self::column(server.column()?)?],
            (_, Some(constraint)) => default_name::columns_of(constraint, E::FACTS)?,
            _ => return None,
        };
        Some((columns, None))
    }

    fn name_of<'n>(&self, column: &'n str) -> &'n str {
        self.called.iter().find(|(known, _)| *known == column).map_or(column, |(_, name)| name)
    }
}

impl<'e> Violation<'e> {
    fn of(server: &'e ServerError) -> Option<Self> {
        let fault = match *server.code() {
            SqlState::NOT_NULL_VIOLATION => Fault::Missing,
            SqlState::UNIQUE_VIOLATION | SqlState::EXCLUSION_VIOLATION => Fault::Taken,
            SqlState::FOREIGN_KEY_VIOLATION => Fault::NoSuchRow,
            SqlState::CHECK_VIOLATION => Fault::CheckFailed { message: None },
            _ => return None,
        };
        Some(Self { server, fault })
    }
}

impl<E: Entity> Default for Constraints<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> Clone for Constraints<E> {
    fn clone(&self) -> Self {
        Self { named: self.named.clone(), called: self.called.clone(), of: PhantomData }
    }
}

impl<E> fmt::Debug for Constraints<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut constraints = f.debug_map();
        constraints.entries(self.named.iter().map(|named| {
            (&named.name, named.columns.iter().map(|column| column.name()).collect::<Vec<_>>())
        }));
        constraints.finish()
    }
}
