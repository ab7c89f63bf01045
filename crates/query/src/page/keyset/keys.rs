use super::tables::{Table, has};
use crate::page::PageProblem;
use crate::statement::{By, Parts, Sort};

/// What the columns of an order are called behind those of the entity; so there are as many as an order can have.
pub(super) const NAMES: [&str; 16] = [
    r#""pgkeel:1""#,
    r#""pgkeel:2""#,
    r#""pgkeel:3""#,
    r#""pgkeel:4""#,
    r#""pgkeel:5""#,
    r#""pgkeel:6""#,
    r#""pgkeel:7""#,
    r#""pgkeel:8""#,
    r#""pgkeel:9""#,
    r#""pgkeel:10""#,
    r#""pgkeel:11""#,
    r#""pgkeel:12""#,
    r#""pgkeel:13""#,
    r#""pgkeel:14""#,
    r#""pgkeel:15""#,
    r#""pgkeel:16""#,
];

/// What ranges are called: at most two for each of those columns.
pub(super) const RANGES: [&str; 2 * NAMES.len()] = [
    r#""pgkeel:range 1""#,
    r#""pgkeel:range 2""#,
    r#""pgkeel:range 3""#,
    r#""pgkeel:range 4""#,
    r#""pgkeel:range 5""#,
    r#""pgkeel:range 6""#,
    r#""pgkeel:range 7""#,
    r#""pgkeel:range 8""#,
    r#""pgkeel:range 9""#,
    r#""pgkeel:range 10""#,
    r#""pgkeel:range 11""#,
    r#""pgkeel:range 12""#,
    r#""pgkeel:range 13""#,
    r#""pgkeel:range 14""#,
    r#""pgkeel:range 15""#,
    r#""pgkeel:range 16""#,
    r#""pgkeel:range 17""#,
    r#""pgkeel:range 18""#,
    r#""pgkeel:range 19""#,
    r#""pgkeel:range 20""#,
    r#""pgkeel:range 21""#,
    r#""pgkeel:range 22""#,
    r#""pgkeel:range 23""#,
    r#""pgkeel:range 24""#,
    r#""pgkeel:range 25""#,
    r#""pgkeel:range 26""#,
    r#""pgkeel:range 27""#,
    r#""pgkeel:range 28""#,
    r#""pgkeel:range 29""#,
    r#""pgkeel:range 30""#,
    r#""pgkeel:range 31""#,
    r#""pgkeel:range 32""#,
];

/// An order in which no two rows are alike.
#[derive(Debug, Clone)]
pub(crate) struct Keys(Vec<By>);

impl Keys {
    /// The order of the statement up to where it tells each row from all others; if it does not, the id behind it, in the
    /// direction of the last column, so that one index does for both. Rows of joined tables are told apart by those of each.
    pub(crate) fn of(parts: &Parts<'_>) -> Result<Self, PageProblem> {
        if parts.limit.is_some() || parts.offset.is_some() {
            return Err(PageProblem::AlreadyCut);
        }
        if parts.lock.is_some() || !parts.has_rows_of_tables() {
            return Err(PageProblem::NotPaged);
        }
        let tables = Table::all(parts);
        let mut keys = Self::said(parts, &tables)?;
        let is_down = keys.last().is_some_and(|last| last.is_down());
        for table in &tables {
            if table.is_told_by(&keys) {
                continue;
            }
            let missing: Vec<By> = table.ids().filter(|id| !has(&keys, *id)).collect();
            if missing.is_empty() {
                return Err(PageProblem::NoIdentity);
            }
            keys.extend(missing.into_iter().map(|id| if is_down { id.reversed() } else { id }));
        }
        for by in &mut keys {
            by.is_nullable = tables.iter().any(|table| table.may_lack(*by));
        }
        Self::counted(keys)
    }

    /// What the statement says of its order, up to where that tells all rows apart.
    fn said(parts: &Parts<'_>, tables: &[Table]) -> Result<Vec<By>, PageProblem> {
        let mut keys = Vec::with_capacity(parts.order.len() + tables.len());
        for sort in &parts.order {
            if tables.iter().all(|table| table.is_told_by(&keys)) {
                break;
            }
            let Sort::Column(by) = sort else { return Err(PageProblem::OrderedByExpression) };
            if !has(&keys, *by) {
                keys.push(*by);
            }
        }
        Ok(keys)
    }

    fn counted(keys: Vec<By>) -> Result<Self, PageProblem> {
        if keys.len() > NAMES.len() {
            Err(PageProblem::TooManyKeys { most: NAMES.len() })
        } else {
            Ok(Self(keys))
        }
    }

    /// The same from the end.
    #[cfg(feature = "cursor")]
    pub(crate) fn reversed(&self) -> Self {
        Self(self.0.iter().map(|by| by.reversed()).collect())
    }

    pub(crate) fn each(&self) -> &[By] {
        &self.0
    }

    /// Whether a row comparison tells what is behind a position: all go in one direction, and none may be NULL.
    pub(super) fn are_uniform(&self) -> bool {
        let is_down = self.0.first().is_some_and(|by| by.is_down());
        self.0.iter().all(|by| by.is_down() == is_down && !by.is_nullable)
    }
}
