//! The names that PostgreSQL gives to constraints and indexes that have none: table, columns and a word, with `_` between, and a
//! number if there is one of that name already (`ChooseIndexName` and `ChooseConstraintName` of its sources).

use super::{ColumnFacts, EntityFacts, Role};

/// The longest name that PostgreSQL keeps, in bytes (`NAMEDATALEN` - 1).
const MOST_BYTES: usize = 63;
/// What the names end with, but for primary keys.
const WORDS: [&str; 5] = ["key", "fkey", "check", "excl", "idx"];

/// The columns of a unique constraint, if the entity says itself that rows are told apart by them.
pub(crate) fn unique_columns_of(constraint: &str, of: &EntityFacts) -> Option<Vec<&'static str>> {
    let is_said = |columns: &Vec<&str>| match columns[..] {
        [column] => of.columns_for(Role::Unique).any(|unique| unique.name() == column),
        _ => false,
    };
    let columns = columns_of(constraint, of)?;
    (constraint == primary_key(of) || is_said(&columns)).then_some(columns)
}

/// The columns that a constraint of this name is about, if it has one of those names and no other columns would give it the
/// same one.
pub(crate) fn columns_of(constraint: &str, of: &EntityFacts) -> Option<Vec<&'static str>> {
    if constraint == primary_key(of) {
        return some(of.columns_for(Role::Id).map(ColumnFacts::name).collect());
    }
    let names: Vec<&'static str> = of.columns().iter().map(ColumnFacts::name).collect();
    let constraint = without_number(constraint);
    let is_of = |columns: &str| WORDS.iter().any(|word| made(of.name(), Some(columns), word) == constraint);
    let mut single = names.iter().filter(|name| is_of(name));
    if let (Some(name), None) = (single.next(), single.next()) {
        return Some(vec![name]);
    }
    let inside = constraint.strip_prefix(of.name())?.strip_prefix('_')?;
    let inside = WORDS.iter().find_map(|word| inside.strip_suffix(word)?.strip_suffix('_'))?;
    let mut found = Vec::new();
    split(inside, &names, &mut Vec::new(), &mut found);
    if found.len() == 1 { found.pop() } else { None }
}

/// Whether a unique constraint or index of that one column is called so.
#[cfg(feature = "sealed")]
pub(crate) fn is_of_column(constraint: &str, of: &EntityFacts, column: &str) -> bool {
    let constraint = without_number(constraint);
    ["key", "idx"].iter().any(|word| made(of.name(), Some(column), word) == constraint)
}

fn primary_key(of: &EntityFacts) -> String {
    made(of.name(), None, "pkey")
}

fn some(columns: Vec<&'static str>) -> Option<Vec<&'static str>> {
    (!columns.is_empty()).then_some(columns)
}

/// All ways to read it as columns with `_` between, each of them once; two are as bad as many.
fn split(
    text: &str,
    names: &[&'static str],
    taken: &mut Vec<&'static str>,
    found: &mut Vec<Vec<&'static str>>,
) {
    for name in names {
        let Some(rest) = text.strip_prefix(name).filter(|_| found.len() < 2 && !taken.contains(name)) else {
            continue;
        };
        taken.push(name);
        if rest.is_empty() {
            found.push(taken.clone());
        } else if let Some(rest) = rest.strip_prefix('_') {
            split(rest, names, taken, found);
        }
        taken.pop();
    }
}

/// Without the number that a second one of the name has: `users_age_check1`.
fn without_number(constraint: &str) -> &str {
    let bare = constraint.trim_end_matches(|letter: char| letter.is_ascii_digit());
    if WORDS.iter().any(|word| bare.ends_with(word)) { bare } else { constraint }
}

/// As `makeObjectName` of PostgreSQL's sources puts it together: what is too long loses of its longer part first.
pub(crate) fn made(table: &str, columns: Option<&str>, word: &str) -> String {
    let (mut first, mut second) = (table.len(), columns.map_or(0, str::len));
    let room = MOST_BYTES - word.len() - 1 - usize::from(columns.is_some());
    while first + second > room {
        if first > second { first -= 1 } else { second -= 1 }
    }
    let cut = |text: &str, length: usize| text[..text.floor_char_boundary(length)].to_owned();
    match columns {
        Some(columns) => format!("{}_{}_{word}", cut(table, first), cut(columns, second)),
        None => format!("{}_{word}", cut(table, first)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn column(name: &'static str, roles: &'static [Role]) -> ColumnFacts {
        ColumnFacts { name, bare: "", sql: "", path: "", roles }
    }

    const LONG: &str = "a_column_whose_name_is_as_long_as_that_of_a_column_may_be_at_all";
    static FACTS: EntityFacts = EntityFacts {
        table: "app.users",
        sql: "",
        alias: "",
        columns: &[
            column("id", &[Role::Id]),
            column("a", &[]),
            column("b", &[]),
            column("a_b", &[]),
            column("email", &[Role::Unique]),
            column(LONG, &[]),
        ],
    };

    #[test]
    fn names_are_read_as_columns_where_only_some_columns_have_them() {
        let of = |name: &str| columns_of(name, &FACTS);
        assert_eq!(of("users_pkey"), Some(vec!["id"]));
        assert_eq!(of("users_email_key"), Some(vec!["email"]));
        assert_eq!(of("users_email_check12"), Some(vec!["email"]));
        assert_eq!(of("users_email_a_fkey"), Some(vec!["email", "a"]));
        assert_eq!(of("users_email_a_b_key"), None, "a and b, or a_b");
        for other in [
            "users_key",
            "users_emails_key",
            "others_email_key",
            "users_email",
            "",
            "users__key",
            "users_id_",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
        assert_eq!(of("users_b_a_idx"), Some(vec!["b", "a"]));
    }

    #[test]
    fn what_the_entity_says_is_unique_needs_no_question() {
        let of = |name: &str| unique_columns_of(name, &FACTS);
        assert_eq!(of("users_pkey"), Some(vec!["id"]));
        assert_eq!(of("users_email_key"), Some(vec!["email"]));
        for other in ["users_a_key", "users_email_a_key", "users_email", "email_key"] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
