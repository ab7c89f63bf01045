use crate::entity::{EntityFacts, Role};
use crate::statement::{By, Parts};

/// A table of a statement, whose rows have to be told apart.
pub(super) struct Table {
    facts: &'static EntityFacts,
    /// What it is called, if not by its own name.
    alias: Option<&'static str>,
    /// Whether there are rows without one of it, with NULL in all of its columns.
    is_outer: bool,
}

impl Table {
    pub(super) fn all(parts: &Parts<'_>) -> Vec<Self> {
        let clauses = &parts.clauses;
        let joined = clauses.joins.iter().map(|join| (join.table.facts, join.table.alias));
        let all = std::iter::once((parts.from, clauses.alias)).chain(joined).enumerate();
        all.map(|(place, (facts, alias))| Self { facts, alias, is_outer: clauses.may_lack(place) }).collect()
    }

    fn has(&self, by: By) -> bool {
        by.table() == self.alias.unwrap_or(self.facts.alias)
    }

    /// Whether NULL has a place in this column, if it is one of the table: by its type, or for want of a row.
    pub(super) fn may_lack(&self, by: By) -> bool {
        self.has(by) && (by.is_nullable || self.is_outer)
    }

    /// Upwards.
    pub(super) fn ids(&self) -> impl Iterator<Item = By> {
        self.facts.columns_for(Role::Id).map(|id| By::ascending(id, self.alias))
    }

    /// Whether no two rows of it are alike in these columns.
    pub(super) fn is_told_by(&self, keys: &[By]) -> bool {
        let is_unique = |by: &By| self.has(*by) && by.column.is(Role::Unique) && !by.is_nullable;
        let has_id = self.ids().next().is_some() && self.ids().all(|id| has(keys, id));
        has_id || keys.iter().any(is_unique)
    }
}

/// By name, as the facts of a column, being a constant, may be at several addresses.
pub(super) fn has(keys: &[By], by: By) -> bool {
    keys.iter().any(|key| key.table() == by.table() && key.column.bare == by.column.bare)
}
