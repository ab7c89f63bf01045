/// A place in a list ordered by schema and name, from which the next page begins. Both are compared byte by byte, as
/// the server compares names.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    schema: String,
    name: String,
}

impl Place {
    /// Before everything: where the first page begins.
    #[must_use]
    pub fn start() -> Self {
        Self::default()
    }

    /// Behind the object of this name, which need not exist any more.
    #[must_use]
    pub fn after(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { schema: schema.into(), name: name.into() }
    }

    /// The schema of the last object of the page before.
    #[must_use]
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}
