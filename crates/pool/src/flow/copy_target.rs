use std::fmt;

use pgkeel_connect::Ident;

/// A table and those of its columns that a copy fills, in the order of the values of its rows.
///
/// ```
/// use pgkeel_pool::{CopyTarget, connect::Ident};
///
/// let target = CopyTarget::new(Ident::new("stock")?, [Ident::new("item")?, Ident::new("left")?])
///     .in_schema(Ident::new("shop")?);
/// assert_eq!(target.to_string(), r#""shop"."stock" ("item", "left")"#);
/// # Ok::<(), pgkeel_pool::connect::BadIdent>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyTarget {
    schema: Option<Ident>,
    table: Ident,
    columns: Vec<Ident>,
}

impl CopyTarget {
    /// These columns of a table that is found by the session's `search_path`.
    #[must_use]
    pub fn new(table: Ident, columns: impl IntoIterator<Item = Ident>) -> Self {
        Self { schema: None, table, columns: columns.into_iter().collect() }
    }

    /// The same in this schema.
    #[must_use]
    pub fn in_schema(self, schema: Ident) -> Self {
        Self { schema: Some(schema), ..self }
    }

    pub(super) fn columns(&self) -> &[Ident] {
        &self.columns
    }

    /// Gives no row, but has the types of the columns.
    pub(super) fn shape_sql(&self) -> String {
        format!("SELECT {} FROM {} WHERE false", self.column_list(), self.relation())
    }

    pub(super) fn copy_sql(&self) -> String {
        format!("COPY {self} FROM STDIN (FORMAT binary)")
    }

    fn column_list(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(ToString::to_string).collect();
        names.join(", ")
    }

    fn relation(&self) -> String {
        let table = &self.table;
        self.schema.as_ref().map_or_else(|| table.to_string(), |schema| format!("{schema}.{table}"))
    }
}

impl fmt::Display for CopyTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.relation(), self.column_list())
    }
}
