use std::fmt;

use pgkeel_connect::Ident;
use pgkeel_crypto::{ColumnSpec, IndexSpec};

use super::DescriptionProblem;
use crate::Table;
use crate::sealed::SealedFacts;

/// A sealed column as it is in the database: where it is, how its values are sealed, and which indexes are beside it.
///
/// ```
/// use pgkeel_crypto::{Column, ColumnSpec};
/// use pgkeel_query::rotation::SealedColumn;
/// use pgkeel_query::{Ident, Table};
///
/// const EMAIL: Column<String> = Column::new("app.users.email");
///
/// let (table, id) = (Table::parse("app.users")?, Ident::new("id")?);
/// let column = SealedColumn::new(table, Ident::new("email")?, ColumnSpec::from(&EMAIL), vec![id]);
/// assert_eq!(column.to_string(), "app.users.email");
/// # Ok::<(), pgkeel_query::BadIdent>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedColumn {
    pub(super) table: Table,
    pub(super) column: Ident,
    pub(super) spec: ColumnSpec,
    pub(super) row: Vec<Ident>,
    pub(super) tenant: Option<Ident>,
    pub(super) indexes: Vec<SealedIndex>,
}

/// A blind index as it is in the database: which column has it, and how it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedIndex {
    pub(super) column: Ident,
    pub(super) spec: IndexSpec,
}

impl SealedIndex {
    /// In this column, of the table that the sealed column is in.
    #[must_use]
    pub fn new(column: Ident, spec: IndexSpec) -> Self {
        Self { column, spec }
    }

    /// The column that has it.
    #[must_use]
    pub fn column(&self) -> &Ident {
        &self.column
    }

    /// How it is made.
    #[must_use]
    pub fn spec(&self) -> &IndexSpec {
        &self.spec
    }
}

impl SealedColumn {
    /// The column of this table. `row` is the table's primary key, in its order: rows are gone through by it, and values are bound
    /// to it unless their column says otherwise.
    #[must_use]
    pub fn new(table: Table, column: Ident, spec: ColumnSpec, row: Vec<Ident>) -> Self {
        Self { table, column, spec, row, tenant: None, indexes: Vec::new() }
    }

    /// The column that has the tenants, if values or indexes are bound to them. They are bound as the text that the server
    /// makes of it.
    #[must_use]
    pub fn tenant(self, column: Ident) -> Self {
        Self { tenant: Some(column), ..self }
    }

    /// With this index beside it.
    #[must_use]
    pub fn index(mut self, index: SealedIndex) -> Self {
        self.indexes.push(index);
        self
    }

    /// The table.
    #[must_use]
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The column's own name.
    #[must_use]
    pub fn column(&self) -> &Ident {
        &self.column
    }

    /// How its values are sealed.
    #[must_use]
    pub fn spec(&self) -> &ColumnSpec {
        &self.spec
    }

    /// The indexes beside it.
    #[must_use]
    pub fn indexes(&self) -> &[SealedIndex] {
        &self.indexes
    }

    pub(super) fn check(&self) -> Result<(), DescriptionProblem> {
        let of_tenants =
            self.spec.is_tenant_bound() || self.indexes.iter().any(|index| index.spec.is_tenant_bound());
        if of_tenants && self.tenant.is_none() {
            return Err(DescriptionProblem::NoTenantColumn { column: self.to_string() });
        }
        Ok(())
    }
}

/// What a derive says of a column.
impl From<&SealedFacts> for SealedColumn {
    fn from(facts: &SealedFacts) -> Self {
        let name = |name: &str| Ident::new(name.to_owned()).expect("the derive has looked at names");
        let row = facts.ids().iter().map(|id| name(id.name())).collect();
        let table = Table::parse(facts.entity().table()).expect("the derive has looked at names");
        let mut column = Self::new(table, name(facts.column().name()), facts.values.column_spec(), row);
        column.tenant = facts.tenant().map(|tenant| name(tenant.name()));
        for (number, index) in facts.indexes().iter().enumerate() {
            let spec = facts.values.index_spec(facts, number);
            column = column.index(SealedIndex::new(name(index.column().name()), spec));
        }
        column
    }
}

/// Table and column, unquoted.
impl fmt::Display for SealedColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", shown(&self.table), self.column.name())
    }
}

/// A table's name, unquoted: for messages, never for statements.
pub(super) fn shown(table: &Table) -> String {
    match table.schema() {
        Some(schema) => format!("{}.{}", schema.name(), table.name().name()),
        None => table.name().name().to_owned(),
    }
}
