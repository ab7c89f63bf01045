use std::fmt;

use pgkeel_connect::{BadIdent, Config, Ident};

use crate::Error;

/// What the demo on a private server is called.
const KEPT: &str = "pgkeel_demo";

/// What stands behind the name until the database is whole.
const UNFINISHED: &str = "_filling";

/// Which database a demo gets, and how much goes into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    name: Ident,
    unfinished: Ident,
    is_kept: bool,
    divisor: u32,
}

impl Target {
    /// The database `pgkeel_demo`, which stays and is used again: for a server that is there for demos.
    #[must_use]
    pub fn kept() -> Self {
        let target = Self::new_database(KEPT).expect("a short name");
        Self { is_kept: true, ..target }
    }

    /// A database that must not exist yet: for a server that holds other things too.
    ///
    /// # Errors
    /// [`Error::Name`]: no database can be called so, or not with the ending `_filling` that it has at first.
    pub fn new_database(name: &str) -> Result<Self, Error> {
        let bad = |source| Error::Name { most: 63 - UNFINISHED.len(), source };
        let length = |error| match error {
            BadIdent::TooLong { length } => BadIdent::TooLong { length: length - UNFINISHED.len() },
            other => other,
        };
        let unfinished = Ident::new(format!("{name}{UNFINISHED}")).map_err(length).map_err(bad)?;
        let name = Ident::new(name.to_owned()).map_err(bad)?;
        Ok(Self { name, unfinished, is_kept: false, divisor: 1 })
    }

    /// The same with fewer rows: one in `divisor`, 1 to 100. Default: 1, which makes 150 000 rows.
    ///
    /// # Panics
    /// If it is none of these numbers.
    #[must_use]
    pub fn one_in(mut self, divisor: u32) -> Self {
        assert!(
            (1..=100).contains(&divisor),
            "a demo is one in 1 to 100 of its full size, not one in {divisor}"
        );
        self.divisor = divisor;
        self
    }

    /// The database's name.
    #[must_use]
    pub fn name(&self) -> &Ident {
        &self.name
    }

    /// What the database is called until it is whole.
    #[must_use]
    pub fn unfinished(&self) -> &Ident {
        &self.unfinished
    }

    /// Whether a database that an earlier demo has made is used again.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// How to connect to the database once it is there, given how to connect to its server.
    #[must_use]
    pub fn connect(&self, server: &Config) -> Config {
        to_database(server, &self.name)
    }

    pub(crate) fn divisor(&self) -> u32 {
        self.divisor
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name.name())
    }
}

/// The same server and the same limits, another database.
pub(crate) fn to_database(server: &Config, database: &Ident) -> Config {
    Config::new(server.address().clone().with_database(database.name()))
        .with_application_name(server.application_name())
        .with_connect_timeout(server.connect_timeout())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leaves_room_for_the_ending_that_it_has_at_first() {
        assert_eq!(Target::new_database("shop").unwrap().unfinished().name(), "shop_filling");
        assert!(Target::new_database(&"a".repeat(55)).is_ok());
        let error = Target::new_database(&"a".repeat(56)).unwrap_err();
        assert!(
            matches!(error, Error::Name { most: 55, source: BadIdent::TooLong { length: 56 } }),
            "{error:?}"
        );
        assert!(matches!(Target::new_database(""), Err(Error::Name { source: BadIdent::Empty, .. })));
    }

    #[test]
    fn only_the_database_of_an_address_changes() {
        let server = Config::new("postgres://u:p@h:1/d?application_name=a".parse().unwrap());
        let demo = Target::kept().connect(&server);
        assert_eq!(demo.address().to_string(), "postgresql://u@h:1/pgkeel_demo");
        assert_eq!((demo.application_name(), demo.address().password().is_some()), ("a", true));
    }
}
