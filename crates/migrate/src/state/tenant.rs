use std::fmt;

use pgkeel_connect::{BadIdent, Ident};

/// A schema of its own for one of many tenants that all get the same migrations.
///
/// ```
/// # use pgkeel_migrate::{BadTenant, Tenant};
/// let tenant = Tenant::new("acme")?.seeing("extensions")?;
/// assert_eq!(tenant.schema().name(), "acme");
/// # Ok::<(), BadTenant>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tenant {
    schema: Ident,
    seen: Vec<Ident>,
}

impl Tenant {
    /// The tenant whose schema has this name, unquoted: any that PostgreSQL takes, in capitals, with spaces or quotes.
    ///
    /// # Errors
    /// [`BadTenant`] for a name that PostgreSQL would change, and for a schema of PostgreSQL's or of this crate.
    pub fn new(schema: impl Into<String>) -> Result<Self, BadTenant> {
        let schema = Ident::new(schema.into())?;
        if is_reserved(schema.name()) {
            return Err(BadTenant::Reserved { schema: schema.name().to_owned() });
        }
        Ok(Self { schema, seen: Vec::new() })
    }

    /// The same, with another schema behind its own on the search path of the files: for what tenants share, such as
    /// extensions. By default files see their tenant's schema and PostgreSQL's own alone, so that what a tenant lacks is not
    /// taken from elsewhere.
    ///
    /// # Errors
    /// [`BadTenant`], as [`new`](Self::new).
    pub fn seeing(mut self, schema: impl Into<String>) -> Result<Self, BadTenant> {
        self.seen.push(Self::new(schema)?.schema);
        Ok(self)
    }

    /// Its schema.
    #[must_use]
    pub fn schema(&self) -> &Ident {
        &self.schema
    }

    /// The schemas behind its own.
    #[cfg(feature = "cli")]
    pub(crate) fn seen(&self) -> &[Ident] {
        &self.seen
    }

    /// The search path of its files, as SQL writes it.
    pub(crate) fn search_path(&self) -> String {
        let schemas = std::iter::once(&self.schema).chain(&self.seen);
        schemas.map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}

/// The name of its schema, unquoted.
impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.schema.name())
    }
}

/// Of PostgreSQL's own ("System Catalog Schema" of its documentation: names that begin in `pg_`), or ours.
pub(crate) fn is_reserved(schema: &str) -> bool {
    schema.starts_with("pg_") || ["information_schema", "pgkeel"].contains(&schema)
}

/// A name that no tenant's schema can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadTenant {
    /// PostgreSQL would change it.
    #[error("a schema cannot have this name")]
    Name(#[from] BadIdent),
    /// There is none where one should be named.
    #[error("the query answers null where it should name a schema; leave such rows out")]
    Null,
    /// It is a schema of PostgreSQL's, or of this crate.
    #[error("{schema} is not a tenant's schema: it belongs to PostgreSQL or to pgkeel itself")]
    Reserved {
        /// The schema.
        schema: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_is_quoted_and_what_is_not_a_tenants_is_refused() {
        let tenant = Tenant::new("O'Neill \"Inc\"").unwrap().seeing("public").unwrap();
        assert_eq!(tenant.search_path(), r#""O'Neill ""Inc""", "public""#);
        for reserved in ["pg_catalog", "pg_toast_temp_3", "information_schema", "pgkeel"] {
            assert!(matches!(Tenant::new(reserved), Err(BadTenant::Reserved { .. })), "{reserved}");
        }
        assert!(matches!(Tenant::new(""), Err(BadTenant::Name(_))));
        assert!(Tenant::new("a".repeat(63)).is_ok() && Tenant::new("a".repeat(64)).is_err());
        assert!(Tenant::new("pgkeel2").is_ok() && Tenant::new("PG_a").is_ok());
    }
}
