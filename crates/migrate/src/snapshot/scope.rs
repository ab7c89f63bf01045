use std::collections::BTreeSet;
use std::fmt;

use super::Pattern;

/// What of a schema a snapshot has. By default all schemas but the system's and `pgkeel`, with comments, privileges and
/// the order of columns; without owners, tablespaces, and whether materialized views are populated, as these differ
/// between a shadow and production.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    aspects: BTreeSet<Aspect>,
    schemas: Option<BTreeSet<String>>,
    ignored: Vec<Pattern>,
}

/// A side of objects that can be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Aspect {
    /// In which order the columns of a table are, and the attributes of a composite type. On by default.
    ColumnOrder,
    /// On by default.
    Comments,
    /// Off by default.
    Owners,
    /// Whether materialized views hold rows. Off by default.
    Population,
    /// What was granted and revoked, default privileges included; the owner of an object is called so, whoever that is.
    /// On by default.
    Privileges,
    /// Off by default.
    Tablespaces,
}

impl Aspect {
    const ALL: [Self; 6] = [
        Self::ColumnOrder,
        Self::Comments,
        Self::Owners,
        Self::Population,
        Self::Privileges,
        Self::Tablespaces,
    ];

    /// The aspect that an attribute is about.
    fn of(attribute: &str) -> Option<Self> {
        match attribute {
            "column order" | "attribute order" => Some(Self::ColumnOrder),
            "comment" | "index comment" => Some(Self::Comments),
            "owner" => Some(Self::Owners),
            "populated" => Some(Self::Population),
            "tablespace" => Some(Self::Tablespaces),
            _ if attribute.starts_with("privileges of ") => Some(Self::Privileges),
            _ => None,
        }
    }
}

impl fmt::Display for Aspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ColumnOrder => "column order",
            Self::Comments => "comments",
            Self::Owners => "owners",
            Self::Population => "population",
            Self::Privileges => "privileges",
            Self::Tablespaces => "tablespaces",
        })
    }
}

impl Default for Scope {
    fn default() -> Self {
        let scope = Self::bare();
        scope.with(Aspect::ColumnOrder).with(Aspect::Comments).with(Aspect::Privileges)
    }
}

impl Scope {
    /// All schemas, no aspect.
    #[must_use]
    pub fn bare() -> Self {
        Self { aspects: BTreeSet::new(), schemas: None, ignored: Vec::new() }
    }

    /// The same with this aspect.
    #[must_use]
    pub fn with(mut self, aspect: Aspect) -> Self {
        self.aspects.insert(aspect);
        self
    }

    /// The same without this aspect.
    #[must_use]
    pub fn without(mut self, aspect: Aspect) -> Self {
        self.aspects.remove(&aspect);
        self
    }

    /// The same with objects in this schema alone, besides those for which it was called before. What is in no schema,
    /// such as extensions, publications and casts, is left out then. The name is not quoted.
    #[must_use]
    pub fn in_schema(mut self, schema: impl Into<String>) -> Self {
        self.schemas.get_or_insert_default().insert(schema.into());
        self
    }

    /// The same without these objects.
    #[must_use]
    pub fn ignoring(mut self, pattern: Pattern) -> Self {
        self.ignored.push(pattern);
        self.ignored.sort_unstable();
        self.ignored.dedup();
        self
    }

    /// Whether it has this aspect.
    #[must_use]
    pub fn has(&self, aspect: Aspect) -> bool {
        self.aspects.contains(&aspect)
    }

    pub(crate) fn wants(&self, attribute: &str) -> bool {
        Aspect::of(attribute).is_none_or(|aspect| self.has(aspect))
    }

    pub(crate) fn schemas(&self) -> Option<Vec<&str>> {
        self.schemas.as_ref().map(|schemas| schemas.iter().map(String::as_str).collect())
    }

    pub(crate) fn ignored(&self) -> &[Pattern] {
        &self.ignored
    }

    /// What it says, in lines that [`read`](Self::read) takes.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        let aspects = self.aspects.iter().map(|aspect| format!("with {aspect}"));
        let schemas = self.schemas.iter().flatten().map(|schema| format!("in schema {schema}"));
        aspects.chain(schemas).chain(self.ignored.iter().map(|pattern| format!("ignore {pattern}")))
    }

    /// Adds what a line says; starts from [`bare`](Self::bare).
    pub(crate) fn read(self, line: &str) -> Result<Self, BadScope> {
        let bad = || BadScope { line: line.to_owned() };
        if let Some(name) = line.strip_prefix("with ") {
            let aspect = Aspect::ALL.into_iter().find(|aspect| aspect.to_string() == name);
            aspect.map(|aspect| self.with(aspect)).ok_or_else(bad)
        } else if let Some(schema) = line.strip_prefix("in schema ") {
            Ok(self.in_schema(schema))
        } else if let Some(pattern) = line.strip_prefix("ignore ") {
            pattern.parse().map(|pattern| self.ignoring(pattern)).map_err(|_| bad())
        } else {
            Err(bad())
        }
    }
}

/// A line that says nothing about what a snapshot has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line:?} says nothing about what is looked at")]
#[non_exhaustive]
pub struct BadScope {
    /// The line.
    pub line: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_reads_back_from_its_lines() {
        let scope = Scope::default()
            .with(Aspect::Owners)
            .without(Aspect::Comments)
            .in_schema("a b")
            .ignoring("table x.*".parse().unwrap());
        let lines: Vec<String> = scope.lines().collect();
        assert_eq!(
            lines,
            ["with column order", "with owners", "with privileges", "in schema a b", "ignore table x.*"]
        );
        let read = lines.iter().try_fold(Scope::bare(), |scope, line| scope.read(line));
        assert_eq!(read.unwrap(), scope);
        for bad in ["", "with everything", "ignore tables", "schema a"] {
            assert!(Scope::bare().read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_aspect_has_its_attributes() {
        let all = Aspect::ALL.into_iter().fold(Scope::bare(), Scope::with);
        for attribute in ["owner", "privileges of app", "tablespace", "comment", "column order", "populated"]
        {
            assert!(all.wants(attribute) && !Scope::bare().wants(attribute), "{attribute}");
        }
        assert!(Scope::bare().wants("type"));
    }
}
