//! What the statements before have made: nothing is in it yet that could be lost, and nobody uses it.

use std::collections::BTreeSet;

use crate::files::{Statement, Tokens};

/// Where a name is unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Space {
    /// Tables, materialized views, indexes, sequences.
    Relation,
    /// Views and foreign tables: what is in them is somewhere else.
    Window,
    /// Types and domains.
    Type,
    Schema,
    Extension,
}

/// Objects by their names as they are written, so one that is named with its schema is another than one without.
#[derive(Debug, Clone, Default)]
pub(crate) struct Made {
    objects: BTreeSet<(Space, String)>,
    /// Table and column.
    columns: BTreeSet<(String, String)>,
    /// Relations that end with the session.
    temporary: BTreeSet<String>,
}

impl Made {
    pub(crate) fn has(&self, space: Space, name: &str) -> bool {
        let in_schema = |(schema, _): (&str, _)| self.objects.contains(&(Space::Schema, schema.to_owned()));
        self.objects.contains(&(space, name.to_owned())) || name.rsplit_once('.').is_some_and(in_schema)
    }

    pub(crate) fn has_column(&self, table: &str, column: &str) -> bool {
        self.has(Space::Relation, table) || self.columns.contains(&(table.to_owned(), column.to_owned()))
    }

    /// Forgets what ends with the session.
    #[cfg(feature = "lint")]
    pub(crate) fn end_session(&mut self) {
        let temporary = std::mem::take(&mut self.temporary);
        self.objects.retain(|(space, name)| *space != Space::Relation || !temporary.contains(name));
    }

    /// Takes in what a statement makes, renames and drops, in one transaction with the others or in one of its own.
    pub(crate) fn note(&mut self, statement: &Statement<'_>, is_alone: bool) {
        let mut tokens = Tokens::of(statement);
        if changes_meaning(statement) {
            *self = Self::default();
        } else if is_alone && statement.has("commit") {
            // ON COMMIT DROP: it is gone already.
        } else if tokens.take("create") {
            self.note_create(&mut tokens);
        } else if tokens.take("drop") {
            self.note_drop(&mut tokens);
        } else if tokens.take("alter") {
            self.note_alter(&mut tokens);
        } else if tokens.take_any(&["select", "with"]) {
            self.note_into(&mut tokens);
        }
    }

    fn note_create(&mut self, tokens: &mut Tokens<'_>) {
        let is_temporary = takes_temporary(tokens);
        tokens.take_any(&["unlogged", "unique"]);
        let Some((space, kind)) = space_of(tokens) else { return };
        tokens.take("concurrently");
        // Otherwise it may have been there before.
        let is_new = !tokens.take_all(&["if", "not", "exists"]) || is_temporary;
        let Some(name) = tokens.full_name().filter(|_| is_new) else { return };
        self.temporary.extend(is_temporary.then(|| name.clone()));
        if kind == "index" && (tokens.take_all(&["on", "only"]) || tokens.take("on")) {
            let table = tokens.full_name().unwrap_or_default();
            self.objects.insert((space, beside(&table, &name)));
        } else {
            self.objects.insert((space, name));
        }
    }

    fn note_drop(&mut self, tokens: &mut Tokens<'_>) {
        let Some((space, _)) = space_of(tokens) else { return };
        tokens.take("concurrently");
        tokens.take_all(&["if", "exists"]);
        while let Some(name) = tokens.full_name() {
            self.columns.retain(|(table, _)| *table != name);
            self.objects.remove(&(space, name));
            if !tokens.take(",") {
                return;
            }
        }
    }

    fn note_alter(&mut self, tokens: &mut Tokens<'_>) {
        let Some((space, _)) = space_of(tokens) else { return };
        tokens.take_all(&["if", "exists"]);
        tokens.take("only");
        let Some(name) = tokens.full_name() else { return };
        tokens.take("*");
        let moves = space == Space::Schema || tokens.take_all(&["set", "schema"]);
        if moves {
            // What had other names before may have these now.
            *self = Self::default();
        } else if tokens.take_all(&["rename", "to"]) {
            let new = beside(&name, &tokens.plain_name().unwrap_or_default());
            self.rename(space, &name, new);
        } else if tokens.take("rename") {
            self.columns.retain(|(table, _)| *table != name);
        } else {
            self.note_actions(tokens, &name);
        }
    }

    fn note_actions(&mut self, tokens: &mut Tokens<'_>, table: &str) {
        for mut action in tokens.parts() {
            if action.take_all(&["attach", "partition"]) || action.take("inherit") {
                // Dropping one of them drops the other, or what is in it.
                self.objects.remove(&(Space::Relation, table.to_owned()));
                self.objects.remove(&(Space::Relation, action.full_name().unwrap_or_default()));
            } else if action.take("add") {
                let is_column = action.take("column") || !action.take_any(&CONSTRAINTS);
                let is_new = !action.take_all(&["if", "not", "exists"]);
                let column = action.plain_name().filter(|_| is_column && is_new);
                self.columns.extend(column.map(|column| (table.to_owned(), column)));
            } else if action.take("drop") {
                action.take("column");
                action.take_all(&["if", "exists"]);
                self.columns.remove(&(table.to_owned(), action.plain_name().unwrap_or_default()));
            }
        }
    }

    fn rename(&mut self, space: Space, old: &str, new: String) {
        let columns = std::mem::take(&mut self.columns);
        let moved = columns.into_iter().filter(|(table, _)| *table != new);
        self.columns = moved
            .map(|(table, column)| if table == old { (new.clone(), column) } else { (table, column) })
            .collect();
        if self.temporary.remove(old) {
            self.temporary.insert(new.clone());
        }
        if self.objects.remove(&(space, old.to_owned())) {
            self.objects.insert((space, new));
        } else {
            self.objects.remove(&(space, new));
        }
    }

    /// `SELECT … INTO table`, but not `INSERT INTO` or `MERGE INTO`.
    fn note_into(&mut self, tokens: &mut Tokens<'_>) {
        while !tokens.take("into") {
            if tokens.take_any(&["insert", "merge"]) {
                return;
            }
            if tokens.next().is_none() {
                return;
            }
        }
        let is_temporary = takes_temporary(tokens);
        tokens.take("unlogged");
        tokens.take("table");
        let Some(name) = tokens.full_name() else { return };
        self.temporary.extend(is_temporary.then(|| name.clone()));
        self.objects.insert((Space::Relation, name));
    }
}

/// What stands behind ADD without being the name of a column; all of them are reserved words.
const CONSTRAINTS: [&str; 7] = ["constraint", "check", "unique", "primary", "foreign", "exclude", "not"];

/// Whether names may mean something else from here on, or what was made may be gone again.
pub(crate) fn changes_meaning(statement: &Statement<'_>) -> bool {
    let sets = ["set", "select", "with", "reset"].iter().any(|word| statement.begins_with(&[word]));
    let is_whose =
        |text: &str| ["role", "authorization", "schema"].iter().any(|it| text.eq_ignore_ascii_case(it));
    let of_names = |text: &str| text.to_ascii_lowercase().contains("search_path");
    sets && statement.tokens.iter().any(|token| of_names(token.text))
        || statement.begins_with(&["set"]) && statement.words.iter().any(|word| is_whose(word))
        || ["reset", "discard", "rollback"].iter().any(|word| statement.begins_with(&[word]))
}

/// The name in the schema of another.
fn beside(other: &str, name: &str) -> String {
    other.rsplit_once('.').map_or_else(|| name.to_owned(), |(schema, _)| format!("{schema}.{name}"))
}

fn takes_temporary(tokens: &mut Tokens<'_>) -> bool {
    tokens.take_any(&["global", "local"]);
    tokens.take_any(&["temp", "temporary"])
}

/// The kind of object that comes next, and its word.
pub(crate) fn space_of(tokens: &mut Tokens<'_>) -> Option<(Space, &'static str)> {
    if tokens.take_all(&["foreign", "table"]) {
        return Some((Space::Window, "table"));
    }
    if tokens.take_all(&["materialized", "view"]) {
        return Some((Space::Relation, "view"));
    }
    let kinds = [
        ("table", Space::Relation),
        ("view", Space::Window),
        ("index", Space::Relation),
        ("sequence", Space::Relation),
        ("type", Space::Type),
        ("domain", Space::Type),
        ("schema", Space::Schema),
        ("extension", Space::Extension),
    ];
    kinds.into_iter().find_map(|(word, space)| tokens.take(word).then_some((space, word)))
}
