//! Statements in a word or two, as OpenTelemetry has them.

/// The operations that are told apart: few, so that each may have its own metric. Everything else is the last.
pub(super) const OPERATIONS: [&str; 13] = [
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "MERGE",
    "WITH",
    "COPY",
    "CALL",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT",
    "RELEASE",
    "OTHER",
];

/// Which of them a statement is, by its first word.
pub(super) fn operation(text: &str) -> usize {
    let first = words(text).next().unwrap_or_default();
    let known = OPERATIONS.iter().position(|operation| first.eq_ignore_ascii_case(operation));
    known.unwrap_or(OPERATIONS.len() - 1)
}

/// The first word, and the table or what else comes first behind COPY, FROM, INTO, UPDATE or TABLE.
pub(super) fn summary(text: &str) -> String {
    const BEFORE: [&str; 5] = ["copy", "from", "into", "update", "table"];
    let is_before = |word: &str| BEFORE.iter().any(|before| word.eq_ignore_ascii_case(before));
    let is_target = |word: &str| !word.starts_with(['?', '$']);
    let mut pairs = words(text).zip(words(text).skip(1));
    let first = words(text).next().unwrap_or_default().to_uppercase();
    match pairs.find(|(before, word)| is_before(before) && is_target(word)) {
        Some((_, target)) => format!("{first} {target}"),
        None => first,
    }
}

/// Names and key words.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| letter.is_whitespace() || "();,".contains(letter))
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_summed_up_by_operation_and_table() {
        for (sql, wanted) in [
            ("select a, b from users where id = $1", "SELECT users"),
            ("insert into orders(item) values ($1)", "INSERT orders"),
            ("UPDATE public.stock set a = 1", "UPDATE public.stock"),
            ("COPY stock (item, left) FROM STDIN", "COPY stock"),
            ("select a is distinct from $1 from t", "SELECT t"),
            ("commit", "COMMIT"),
            ("", ""),
        ] {
            assert_eq!(summary(sql), wanted);
        }
        let named = ["with a as (select 1) select 2", "vacuum t", ""].map(|sql| OPERATIONS[operation(sql)]);
        assert_eq!(named, ["WITH", "OTHER", "OTHER"]);
    }
}
