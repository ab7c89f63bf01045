//! What CREATE INDEX CONCURRENTLY and REINDEX CONCURRENTLY are about, so that what a failed one leaves can be found.

use super::statements::Statement;
use super::tokens::Tokens;

/// A CREATE INDEX CONCURRENTLY, taken apart into pieces of its own text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IndexBuild {
    pub(crate) is_unique: bool,
    pub(crate) tolerates_existing: bool,
    /// The name of the index, as it is kept; `None` if the server is to find one.
    pub(crate) name: Option<String>,
    /// The table, as it is written: perhaps with its schema, perhaps quoted.
    pub(crate) table: String,
    /// All behind the table.
    pub(crate) definition: String,
}

impl IndexBuild {
    /// From a statement of this text; `None` if it is another kind of statement.
    pub(crate) fn of(sql: &str, statement: &Statement<'_>) -> Option<Self> {
        let mut tokens = Tokens::of(statement);
        tokens.take("create").then_some(())?;
        let is_unique = tokens.take("unique");
        (tokens.take("index") && tokens.take("concurrently")).then_some(())?;
        let tolerates_existing = tokens.take("if") && tokens.take("not") && tokens.take("exists");
        let name = if tokens.take("on") { None } else { Some(tokens.name()?) };
        if name.is_some() {
            tokens.take("on").then_some(())?;
        }
        tokens.take("only");
        let table = tokens.qualified_name()?;
        let definition = sql[tokens.all.get(tokens.at)?.at..statement.end].to_owned();
        Some(Self { is_unique, tolerates_existing, name, table, definition })
    }
}

/// A REINDEX CONCURRENTLY of one index or of the indexes of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IndexRebuild {
    /// The index or the table, as it is written.
    pub(crate) relation: String,
}

impl IndexRebuild {
    /// `None` if it is another kind of statement.
    pub(crate) fn of(statement: &Statement<'_>) -> Option<Self> {
        let is_concurrent = statement.mentions("concurrently");
        let mut tokens = Tokens::of(statement);
        (tokens.take("reindex") && is_concurrent).then_some(())?;
        if tokens.take("(") {
            tokens.at += tokens.all[tokens.at..].iter().position(|token| token.text == ")")? + 1;
        }
        (tokens.take("index") || tokens.take("table")).then_some(())?;
        tokens.take("concurrently");
        Some(Self { relation: tokens.qualified_name()? })
    }
}

#[cfg(test)]
mod tests {
    use super::super::statements::statements;
    use super::*;

    fn build(sql: &str) -> Option<IndexBuild> {
        IndexBuild::of(sql, &statements(sql)[0])
    }

    #[test]
    fn builds_are_taken_apart() {
        let found = build(
            "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"A\"\"b\" ON ONLY s.\"T\" USING btree (lower(x)) WHERE y",
        );
        assert_eq!(
            found,
            Some(IndexBuild {
                is_unique: true,
                tolerates_existing: true,
                name: Some("A\"b".into()),
                table: "s.\"T\"".into(),
                definition: "USING btree (lower(x)) WHERE y".into(),
            })
        );
        let plain = build("create index concurrently T_Idx on t (a)").unwrap();
        assert_eq!(
            (plain.name.as_deref(), plain.table.as_str(), plain.is_unique),
            (Some("t_idx"), "t", false)
        );
        assert_eq!(build("create index concurrently on t (a)").unwrap().name, None);
        assert_eq!(build("create index a on t (a)"), None);
    }

    #[test]
    fn rebuilds_are_taken_apart() {
        let relation = |sql| IndexRebuild::of(&statements(sql)[0]).map(|rebuild| rebuild.relation);
        assert_eq!(relation("reindex index concurrently s.a").as_deref(), Some("s.a"));
        assert_eq!(relation("reindex (concurrently, verbose) table \"T\"").as_deref(), Some("\"T\""));
        assert_eq!(relation("reindex table t"), None);
        assert_eq!(relation("reindex schema concurrently s"), None);
    }
}
