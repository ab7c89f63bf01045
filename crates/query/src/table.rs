use std::fmt;

use pgkeel_connect::{BadIdent, Ident};

/// A table's name, with or without its schema, quoted wherever it is shown.
///
/// ```
/// use pgkeel_query::{Ident, Table};
///
/// let table = Table::new(Ident::new("us\"ers")?).in_schema(Ident::new("app")?);
/// assert_eq!(format!("select count(*) from {table}"), "select count(*) from \"app\".\"us\"\"ers\"");
/// assert_eq!(Table::parse("app.users")?.to_string(), "\"app\".\"users\"");
/// # Ok::<(), pgkeel_query::BadIdent>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Table {
    schema: Option<Ident>,
    name: Ident,
}

impl Table {
    /// The table of this name that the search path leads to.
    #[must_use]
    pub fn new(name: Ident) -> Self {
        Self { schema: None, name }
    }

    /// The table of this name in a schema.
    #[must_use]
    pub fn in_schema(self, schema: Ident) -> Self {
        Self { schema: Some(schema), ..self }
    }

    /// `users` or `app.users`, as the names are: neither quoted nor folded to small letters. All behind the first point is
    /// the table's name.
    ///
    /// # Errors
    /// [`BadIdent`] of either name.
    pub fn parse(text: &str) -> Result<Self, BadIdent> {
        match text.split_once('.') {
            Some((schema, name)) => {
                Ok(Self::new(Ident::new(name.to_owned())?).in_schema(Ident::new(schema.to_owned())?))
            }
            None => Ok(Self::new(Ident::new(text.to_owned())?)),
        }
    }

    /// The schema, if one is said.
    #[must_use]
    pub fn schema(&self) -> Option<&Ident> {
        self.schema.as_ref()
    }

    /// The table's own name.
    #[must_use]
    pub fn name(&self) -> &Ident {
        &self.name
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.schema.as_ref().map_or(Ok(()), |schema| write!(f, "{schema}."))?;
        self.name.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_names_are_checked() {
        assert_eq!(Table::parse("app.").unwrap_err(), BadIdent::Empty);
        assert_eq!(Table::parse(".users").unwrap_err(), BadIdent::Empty);
        assert_eq!(Table::parse("a\0.b").unwrap_err(), BadIdent::ZeroByte);
        assert_eq!(Table::parse("a.b.c").unwrap().to_string(), "\"a\".\"b.c\"");
    }
}
