//! DELETE and UPDATE without WHERE, also inside WITH.

use super::made::{Made, Space};
use super::{Harm, Loss};
use crate::files::{Statement, Token, Tokens, depth_behind, takes_all};

/// How statements begin that change rows when they run. In others, the words are about triggers, keys and the like.
const RUNNERS: [&str; 7] = ["with", "delete", "update", "insert", "select", "merge", "explain"];

pub(super) fn losses(statement: &Statement<'_>, made: &Made) -> Vec<Harm> {
    let is_only_explained = statement.begins_with(&["explain"]) && !statement.mentions("analyze");
    if is_only_explained || !RUNNERS.iter().any(|word| statement.begins_with(&[word])) {
        return Vec::new();
    }
    beginnings(statement).filter_map(|at| loss(at, made)).collect()
}

/// DELETE that is repeated until its table is empty: its WHERE only says that a batch at a time is picked.
pub(super) fn lost_in_batches(statement: &Statement<'_>) -> Vec<Harm> {
    if !takes_all(statement) {
        return Vec::new();
    }
    let harm = |mut tokens: Tokens<'_>| {
        let at = tokens.rest().first()?.at;
        if !tokens.take_all(&["delete", "from"]) {
            return None;
        }
        tokens.take("only");
        let words = format!("DELETE FROM {} in batches without WHERE", tokens.full_name()?);
        Some(Harm { at, words, loss: Loss::Rows })
    };
    beginnings(statement).filter_map(harm).collect()
}

/// Where a statement may begin, also in WITH: each with what is in the same parentheses.
fn beginnings<'a>(statement: &'a Statement<'_>) -> impl Iterator<Item = Tokens<'a>> {
    let all = &statement.tokens;
    // The words come first, as a list of values has parentheses without end.
    let begins = move |at: &usize| {
        let before = at.checked_sub(1).and_then(|before| all.get(before));
        is(&all[*at], &["delete", "update"])
            && before.is_none_or(|it| is(it, &["(", ")", "analyze", "verbose"]))
    };
    (0..all.len()).filter(begins).map(|at| Tokens { all: level(&all[at..]), at: 0 })
}

fn is(token: &Token<'_>, words: &[&str]) -> bool {
    words.iter().any(|word| token.text.eq_ignore_ascii_case(word))
}

/// What is in the same parentheses as the first token.
fn level<'a, 'b>(tokens: &'a [Token<'b>]) -> &'a [Token<'b>] {
    let mut depth = 1_usize;
    let end = tokens.iter().position(|token| {
        depth = depth_behind(depth, token);
        depth == 0
    });
    &tokens[..end.unwrap_or(tokens.len())]
}

fn loss(mut tokens: Tokens<'_>, made: &Made) -> Option<Harm> {
    let at = tokens.rest().first()?.at;
    let (verb, loss) = if tokens.take_all(&["delete", "from"]) {
        ("DELETE FROM", Loss::Rows)
    } else if tokens.take("update") {
        ("UPDATE", Loss::Values)
    } else {
        return None;
    };
    tokens.take("only");
    let table = tokens.full_name()?;
    let keeps = match loss {
        Loss::Values => sets_only_new(tokens, &table, made)?,
        _ => made.has(Space::Relation, &table),
    };
    let words = format!("{verb} {table} without WHERE");
    (!keeps && !has_at_level(tokens, "where")).then_some(Harm { at, words, loss })
}

/// Whether the word is there outside of inner parentheses.
fn has_at_level(tokens: Tokens<'_>, word: &str) -> bool {
    let mut depth = 0_usize;
    tokens.rest().iter().any(|token| {
        depth = depth_behind(depth, token);
        depth == 0 && token.text.eq_ignore_ascii_case(word)
    })
}

/// Whether an UPDATE sets only columns that were made before; `None` if it is none.
fn sets_only_new(mut tokens: Tokens<'_>, table: &str, made: &Made) -> Option<bool> {
    while !tokens.take("set") {
        tokens.next()?;
    }
    Some(tokens.parts().into_iter().all(|mut assignment| {
        let is_list = assignment.take("(");
        let mut columns = assignment.plain_name().into_iter().collect::<Vec<_>>();
        while is_list && assignment.take(",") {
            columns.extend(assignment.plain_name());
        }
        columns.iter().all(|column| made.has_column(table, column))
    }))
}
