/// What is wrong with a table, as the catalog has it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableProblem {
    /// The table is not there, or in a schema that is not in the search path.
    #[error(
        "there is no table {table}: name it with its schema, or withdraw the column if the table is gone"
    )]
    NoTable {
        /// As the description has it.
        table: String,
    },
    /// It is a view, a foreign table, or something else that has no rows of its own.
    #[error("{table} is no table with rows of its own")]
    NotATable {
        /// Which.
        table: String,
    },
    /// The table has no column of this name.
    #[error("{table} has no column {column}")]
    NoColumn {
        /// Which table.
        table: String,
        /// Which column.
        column: String,
    },
    /// The table has no primary key, by which rows are gone through and values bound to them.
    #[error("{table} has no primary key: add one")]
    NoPrimaryKey {
        /// Which.
        table: String,
    },
    /// The table has another primary key than the one that its values are bound to.
    #[error(
        "the primary key of {table} is ({}), and the values are bound to ({}): mend the description if it is wrong, or the key",
        .found.join(", "), .described.join(", ")
    )]
    OtherPrimaryKey {
        /// Which table.
        table: String,
        /// The columns of its primary key.
        found: Vec<String>,
        /// Those of the description.
        described: Vec<String>,
    },
    /// A column of the primary key is of a type that values cannot be bound to.
    #[error("{table}.{column} is of type {found}: keys are integers, uuid, text, varchar or bytea")]
    KeyType {
        /// Which table.
        table: String,
        /// Which column.
        column: String,
        /// Its type.
        found: String,
    },
    /// The sealed column is of a type that envelopes do not go into.
    #[error("{table}.{column} is of type {found}: sealed values are bytea, or text")]
    ColumnType {
        /// Which table.
        table: String,
        /// Which column.
        column: String,
        /// Its type.
        found: String,
    },
    /// The server computes the column of others (`generated always as`), so nothing can be written to it.
    #[error("{table}.{column} is computed by the server: describe the column that it is computed of")]
    Computed {
        /// Which table.
        table: String,
        /// Which column.
        column: String,
    },
    /// The column of an index is of a type that its values do not go into.
    #[error("{table}.{column} is of type {found}: blind indexes are bytea")]
    IndexType {
        /// Which table.
        table: String,
        /// Which column.
        column: String,
        /// Its type.
        found: String,
    },
    /// The plaintext column has values of another type than the sealed one.
    #[error("{table}.{column} is of type {found}: what is sealed is of {}", .expected.join(", "))]
    PlaintextType {
        /// Which table.
        table: String,
        /// Which column.
        column: String,
        /// Its type.
        found: String,
        /// Which types it may have.
        expected: &'static [&'static str],
    },
    /// The plaintext column cannot be emptied.
    #[error("{table}.{column} is not null: `alter table {table} alter column {column} drop not null`")]
    NotNull {
        /// Which table.
        table: String,
        /// Which column.
        column: String,
    },
    /// The role lacks a right.
    #[error("the role lacks the right to {right} {table}: `grant {right} on {table} to` it")]
    Privilege {
        /// Which table.
        table: String,
        /// `select` or `update`.
        right: &'static str,
    },
    /// Row-level security may hide rows from the role: they would be left under the old key, unseen.
    #[error(
        "row-level security of {table} may hide rows from this role: use one with BYPASSRLS, or the owner if it is not forced"
    )]
    RowSecurity {
        /// Which table.
        table: String,
    },
}
