use std::fmt;

/// One object of a schema, by kind and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Object {
    kind: String,
    name: String,
    of: String,
}

/// All kinds, in the words of [`Object::kind`].
pub(crate) const KINDS: [&str; 45] = [
    "access method",
    "aggregate",
    "attribute",
    "cast",
    "collation",
    "column",
    "composite type",
    "constraint",
    "conversion",
    "default privileges",
    "domain",
    "enum",
    "event trigger",
    "extension",
    "foreign table",
    "foreign-data wrapper",
    "function",
    "index",
    "language",
    "materialized view",
    "operator",
    "operator class",
    "operator family",
    "policy",
    "procedure",
    "publication",
    "publication schema",
    "publication table",
    "range",
    "rule",
    "schema",
    "sequence",
    "server",
    "statistics",
    "subscription",
    "table",
    "text search configuration",
    "text search dictionary",
    "text search parser",
    "text search template",
    "transform",
    "trigger",
    "type",
    "user mapping",
    "view",
];

impl Object {
    pub(crate) fn new(kind: String, name: String, of: String) -> Self {
        Self { kind, name, of }
    }

    /// What it is, in the words of SQL: `table`, `column`, `foreign-data wrapper`. An attribute of a composite type is
    /// an `attribute`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Its name as SQL would have it: with its schema if it is in one, with quotes where they are needed, functions and
    /// operators with the types that they take. Parts have their own name alone.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is a part of: the table of a column or an index, the server of a user mapping.
    #[must_use]
    pub fn of(&self) -> Option<&str> {
        Some(self.of.as_str()).filter(|of| !of.is_empty())
    }

    pub(crate) fn fields(&self) -> [&str; 3] {
        [&self.kind, &self.name, &self.of]
    }

    /// Its kind and name if others may be parts of it.
    pub(crate) fn as_whole(&self) -> Option<(&str, &str)> {
        let kind = match self.kind.as_str() {
            kind @ ("publication" | "server") => kind,
            _ => "",
        };
        self.of.is_empty().then_some((kind, self.name.as_str()))
    }

    /// What it is a part of, as [`as_whole`](Self::as_whole) has that.
    pub(crate) fn whole(&self) -> Option<(&str, &str)> {
        let kind = match self.kind.as_str() {
            "publication table" | "publication schema" => "publication",
            "user mapping" => "server",
            _ => "",
        };
        self.of().map(|of| (kind, of))
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)?;
        self.of().map_or(Ok(()), |of| write!(f, " of {of}"))
    }
}
