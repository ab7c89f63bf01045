//! What statements are about, and whether that is new, so that nobody uses it yet.

use std::ops::Range;

use crate::destructive::{Made, Space, changes_meaning, space_of};
use crate::files::{Script, Statement, Tokens, statements};

/// Files that are applied one after the other.
#[derive(Default)]
pub(super) struct Batch {
    made: Made,
}

/// The parts of a file that are about what is new only.
pub(super) struct Fresh(Vec<Range<usize>>);

impl Batch {
    /// Takes in the next file.
    pub(super) fn take(&mut self, script: &Script) -> Fresh {
        let (mut fresh, statements) = (Vec::new(), statements(script.sql()));
        for statement in &statements {
            let subjects = subjects(statement);
            if !subjects.is_empty() && subjects.iter().all(|(space, name)| self.made.has(*space, name)) {
                fresh.push(statement.start..statement.end);
            }
            self.made.note(statement, script.directives().outside_transaction);
        }
        // Each file finds the session as new, so what was made in another schema has another name in the next.
        self.made.end_session();
        if statements.iter().any(changes_meaning) {
            self.made = Made::default();
        }
        Fresh(fresh)
    }
}

impl Fresh {
    pub(super) fn is_at(&self, byte: usize) -> bool {
        self.0.iter().any(|part| part.contains(&byte))
    }
}

/// The objects that a statement changes, locks or takes away; none if that is not known.
fn subjects(statement: &Statement<'_>) -> Vec<(Space, String)> {
    let mut tokens = Tokens::of(statement);
    if tokens.take("alter") {
        subject(&mut tokens).into_iter().collect()
    } else if tokens.take_all(&["create", "unique", "index"]) || tokens.take_all(&["create", "index"]) {
        while !tokens.take("on") {
            if tokens.next().is_none() {
                return Vec::new();
            }
        }
        tokens.take("only");
        tokens.full_name().map(|table| (Space::Relation, table)).into_iter().collect()
    } else if tokens.take("drop") {
        let Some(first) = subject(&mut tokens) else { return Vec::new() };
        let space = first.0;
        let mut all = vec![first];
        while tokens.take(",") {
            all.extend(tokens.full_name().map(|name| (space, name)));
        }
        all
    } else if tokens.take_any(&["reindex", "truncate"]) {
        tokens.take("table");
        tokens.full_name().map(|table| (Space::Relation, table)).into_iter().collect()
    } else {
        Vec::new()
    }
}

/// The object whose kind comes next.
fn subject(tokens: &mut Tokens<'_>) -> Option<(Space, String)> {
    let (space, _) = space_of(tokens)?;
    tokens.take("concurrently");
    tokens.take_all(&["if", "exists"]);
    tokens.take("only");
    Some((space, tokens.full_name()?))
}
