use pgkeel_connect::BadIdent;
use pgkeel_crypto::BadSpec;

/// What is wrong with a description of sealed columns.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DescriptionProblem {
    /// A description of columns cannot be read.
    #[error("the description of sealed columns cannot be read")]
    Document(#[source] toml::de::Error),
    /// A description has a name that PostgreSQL does not have.
    #[error("{name:?} of the sealed column {column} is no name")]
    Name {
        /// The column that is described.
        column: String,
        /// What it says.
        name: String,
        /// Why.
        #[source]
        source: BadIdent,
    },
    /// A description says of a column what cannot be.
    #[error("the sealed column {column} cannot be as it is described")]
    Spec {
        /// Which.
        column: String,
        /// What is wrong.
        #[source]
        source: BadSpec,
    },
    /// A description has a figure that is outside of its bounds.
    #[error("the sealed column {column} has {figure} = {found}, expected {expected}")]
    Figure {
        /// Which.
        column: String,
        /// Which figure.
        figure: &'static str,
        /// What it says.
        found: i64,
        /// What it may be, in words.
        expected: &'static str,
    },
    /// A description binds values to tenants, and has no column of tenants.
    #[error("the values of {column} are bound to tenants: say which column has them, as `tenant`")]
    NoTenantColumn {
        /// Which.
        column: String,
    },
}
