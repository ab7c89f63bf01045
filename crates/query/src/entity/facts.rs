/// What a derive says of a struct that is a table.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "`#[derive(Entity)]` writes it out")]
pub struct EntityFacts {
    /// No public interface: use [`table`](Self::table).
    #[doc(hidden)]
    pub table: &'static str,
    /// No public interface: the table, quoted.
    #[doc(hidden)]
    pub sql: &'static str,
    /// No public interface: what the table is called in a statement, quoted.
    #[doc(hidden)]
    pub alias: &'static str,
    /// No public interface: use [`columns`](Self::columns).
    #[doc(hidden)]
    pub columns: &'static [ColumnFacts],
}

/// What a derive says of a column.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "`#[derive(Entity)]` writes it out")]
pub struct ColumnFacts {
    /// No public interface: use [`name`](Self::name).
    #[doc(hidden)]
    pub name: &'static str,
    /// No public interface: the name, quoted.
    #[doc(hidden)]
    pub bare: &'static str,
    /// No public interface: table and column, quoted.
    #[doc(hidden)]
    pub sql: &'static str,
    /// No public interface: table and column, as errors name them.
    #[doc(hidden)]
    pub path: &'static str,
    /// No public interface: use [`is`](Self::is).
    #[doc(hidden)]
    pub roles: &'static [Role],
}

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// The primary key, or a part of it.
    Id,
    /// The database makes the value.
    Generated,
    /// When the row was made.
    Created,
    /// When the row was changed last.
    Updated,
    /// No two rows have the same value.
    Unique,
    /// A count, one more with each update.
    Version,
    /// When the row was deleted.
    SoftDelete,
    /// Whose row it is.
    Tenant,
}

impl EntityFacts {
    /// The table, as the struct says it: `app.users`.
    #[must_use]
    pub const fn table(&self) -> &'static str {
        self.table
    }

    /// The table's own name, without its schema.
    pub(crate) fn name(&self) -> &'static str {
        self.table.split_once('.').map_or(self.table, |(_, name)| name)
    }

    /// The columns that the struct has constants for, in the order of the fields.
    #[must_use]
    pub const fn columns(&self) -> &'static [ColumnFacts] {
        self.columns
    }

    /// The columns of this role.
    pub fn columns_for(&self, role: Role) -> impl Iterator<Item = &'static ColumnFacts> + use<> {
        self.columns.iter().filter(move |column| column.is(role))
    }
}

impl ColumnFacts {
    /// What its table is called in a statement, quoted.
    pub(crate) fn table(&self) -> &'static str {
        self.sql.strip_suffix(self.bare).and_then(|front| front.strip_suffix('.')).unwrap_or_default()
    }

    /// Its name, unquoted.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether it is for this.
    #[must_use]
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}
