//! What one statement may lose.

use super::made::{Made, Space, space_of};
use super::{Harm, Loss, conversion, rows};
use crate::files::{Statement, Tokens};

/// Kinds of objects whose loss is more than that of a definition.
const HOLDERS: [&str; 8] =
    ["table", "schema", "database", "type", "domain", "sequence", "extension", "owned"];

/// Kinds of objects on which no column depends, so that CASCADE takes none along.
const LEAVES: [&str; 9] =
    ["index", "trigger", "policy", "rule", "event", "publication", "statistics", "role", "user"];

/// All that the statement may lose of what was not made before.
pub(super) fn losses(statement: &Statement<'_>, made: &Made) -> Vec<Harm> {
    let mut tokens = Tokens::of(statement);
    if tokens.take("drop") {
        drops(statement, tokens, made).into_iter().collect()
    } else if tokens.take_all(&["alter", "table"]) {
        of_table(tokens, made)
    } else if tokens.take_all(&["alter", "type"]) {
        of_type(tokens, made)
    } else if tokens.take("truncate") {
        truncates(statement, tokens, made).into_iter().collect()
    } else {
        rows::losses(statement, made)
    }
}

fn drops(statement: &Statement<'_>, mut tokens: Tokens<'_>, made: &Made) -> Option<Harm> {
    let kind = tokens.rest().first()?.text.to_ascii_lowercase();
    let at = statement.start;
    let takes_along = statement.words.last().is_some_and(|word| word.eq_ignore_ascii_case("cascade"));
    if !HOLDERS.contains(&kind.as_str()) {
        let words = format!("DROP {} … CASCADE", kind.to_ascii_uppercase());
        return (takes_along && !LEAVES.contains(&kind.as_str())).then_some(Harm {
            at,
            words,
            loss: Loss::Dependents,
        });
    }
    let space = space_of(&mut tokens).map(|(space, _)| space);
    if space.is_none() {
        tokens.next();
    }
    tokens.take("by");
    tokens.take_all(&["if", "exists"]);
    // Of other kinds, what depends on them may be older than they.
    let lost = names_but(tokens, made, space.filter(|space| *space == Space::Relation || !takes_along));
    let words = format!("DROP {} {}", kind.to_ascii_uppercase(), lost.join(", "));
    (!lost.is_empty()).then_some(Harm { at, words, loss: Loss::Object })
}

/// The names in a list, but for those of objects that were made before.
fn names_but(mut tokens: Tokens<'_>, made: &Made, space: Option<Space>) -> Vec<String> {
    let mut names = Vec::new();
    while let Some(name) = tokens.full_name() {
        if !space.is_some_and(|space| made.has(space, &name)) {
            names.push(name);
        }
        tokens.take("*");
        if !tokens.take(",") {
            break;
        }
        tokens.take("only");
    }
    names
}

fn truncates(statement: &Statement<'_>, mut tokens: Tokens<'_>, made: &Made) -> Option<Harm> {
    tokens.take("table");
    tokens.take("only");
    let takes_along = statement.has("cascade");
    let lost = names_but(tokens, made, Some(Space::Relation).filter(|_| !takes_along));
    let more = if takes_along { " CASCADE" } else { "" };
    let words = format!("TRUNCATE {}{more}", lost.join(", "));
    (!lost.is_empty()).then_some(Harm { at: statement.start, words, loss: Loss::Rows })
}

fn of_table(mut tokens: Tokens<'_>, made: &Made) -> Vec<Harm> {
    tokens.take_all(&["if", "exists"]);
    tokens.take("only");
    let Some(table) = tokens.full_name() else { return Vec::new() };
    tokens.take("*");
    let mut found = Vec::new();
    for mut action in tokens.parts() {
        let Some(at) = action.rest().first().map(|token| token.at) else { continue };
        let words = |what: &str, column: &str| format!("ALTER TABLE {table} {what} {column}");
        if action.take("drop") && !action.is_next("constraint") {
            action.take("column");
            action.take_all(&["if", "exists"]);
            let column = action.plain_name().unwrap_or_default();
            if !made.has_column(&table, &column) {
                found.push(Harm { at, words: words("DROP COLUMN", &column), loss: Loss::Column });
            }
        } else if action.take("alter") {
            action.take("column");
            let column = action.plain_name().unwrap_or_default();
            if conversion::may_lose(&column, action) && !made.has_column(&table, &column) {
                let words = words("ALTER COLUMN", &format!("{column} TYPE"));
                found.push(Harm { at, words, loss: Loss::Precision });
            }
        }
    }
    found
}

fn of_type(mut tokens: Tokens<'_>, made: &Made) -> Vec<Harm> {
    let Some(name) = tokens.full_name().filter(|name| !made.has(Space::Type, name)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for mut action in tokens.parts() {
        let Some(at) = action.rest().first().map(|token| token.at) else { continue };
        if action.take_all(&["drop", "attribute"]) {
            action.take_all(&["if", "exists"]);
            let attribute = action.plain_name().unwrap_or_default();
            let words = format!("ALTER TYPE {name} DROP ATTRIBUTE {attribute}");
            found.push(Harm { at, words, loss: Loss::Column });
        } else if action.take_all(&["alter", "attribute"]) {
            let attribute = action.plain_name().unwrap_or_default();
            if conversion::may_lose(&attribute, action) {
                let words = format!("ALTER TYPE {name} ALTER ATTRIBUTE {attribute} TYPE");
                found.push(Harm { at, words, loss: Loss::Precision });
            }
        }
    }
    found
}
