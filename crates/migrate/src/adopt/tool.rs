use std::fmt;
use std::str::FromStr;

/// A tool for migrations whose files and history can be taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Tool {
    /// refinery for Rust, on its own.
    Refinery,
    /// sqlx for Rust, and its command line.
    Sqlx,
    /// diesel for Rust, and its command line.
    Diesel,
    /// goose, of pressly, for Go.
    Goose,
    /// golang-migrate for Go.
    GolangMigrate,
    /// dbmate.
    Dbmate,
    /// Flyway.
    Flyway,
}

impl Tool {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Refinery,
        Self::Sqlx,
        Self::Diesel,
        Self::Goose,
        Self::GolangMigrate,
        Self::Dbmate,
        Self::Flyway,
    ];

    /// What it is called, as in `migrate import --from`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Refinery => "refinery",
            Self::Sqlx => "sqlx",
            Self::Diesel => "diesel",
            Self::Goose => "goose",
            Self::GolangMigrate => "golang-migrate",
            Self::Dbmate => "dbmate",
            Self::Flyway => "flyway",
        }
    }

    /// The table that it keeps its history in, unless it is told otherwise.
    #[must_use]
    pub fn table(self) -> &'static str {
        match self {
            Self::Refinery => "refinery_schema_history",
            Self::Sqlx => "_sqlx_migrations",
            Self::Diesel => "__diesel_schema_migrations",
            Self::Goose => "goose_db_version",
            Self::GolangMigrate | Self::Dbmate => "schema_migrations",
            Self::Flyway => "flyway_schema_history",
        }
    }

    /// What to do about a version that it has noted as failed.
    pub(super) fn remedy(self) -> &'static str {
        match self {
            Self::GolangMigrate => {
                "put right what it left, then run migrate force with the version that is there"
            }
            Self::Flyway => "put right what it left, then run flyway repair",
            _ => "put right what it left, then delete its row, or set success to true if all of it is there",
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is none of those of [`Tool::ALL`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is none of {}", Tool::ALL.map(Tool::name).join(", "))]
#[non_exhaustive]
pub struct UnknownTool {
    /// The name.
    pub name: String,
}

impl FromStr for Tool {
    type Err = UnknownTool;

    fn from_str(name: &str) -> Result<Self, UnknownTool> {
        let found = Self::ALL.into_iter().find(|tool| tool.name() == name);
        found.ok_or_else(|| UnknownTool { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_others_are_told_the_right_ones() {
        for tool in Tool::ALL {
            assert_eq!(tool.name().parse(), Ok(tool));
        }
        let error = "liquibase".parse::<Tool>().unwrap_err();
        assert!(error.to_string().starts_with("\"liquibase\" is none of refinery, sqlx, "), "{error}");
    }
}
