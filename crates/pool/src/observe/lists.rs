//! Lists of values, whose lengths vary from run to run.

/// In place of each list of nothing but values behind IN and VALUES, `(...)`, once for any number of rows.
pub(super) fn without_lists(text: &str) -> String {
    let (mut short, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find('(') {
        short.push_str(&rest[..at]);
        rest = &rest[at..];
        if may_vary(&short)
            && let Some(behind) = behind_values(rest)
        {
            let row_before = short.trim_end().strip_suffix("(...),").map(str::len);
            short.truncate(row_before.unwrap_or(short.len()));
            short.push_str("(...)");
            rest = behind;
        } else {
            short.push('(');
            rest = &rest[1..];
        }
    }
    short.push_str(rest);
    short
}

/// What follows a list in parentheses, if that has nothing but values.
fn behind_values(list: &str) -> Option<&str> {
    let (items, behind) = list.strip_prefix('(')?.split_once(')')?;
    let is_value = |item: &str| item.trim_start().trim_start_matches(['-', '+']).starts_with(['?', '$']);
    items.split(',').all(is_value).then_some(behind)
}

/// Whether a list may be longer or shorter another time: behind IN and VALUES, and behind another row.
fn may_vary(before: &str) -> bool {
    let before = before.trim_end();
    let last =
        before.rsplit(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or_default();
    before.ends_with("(...),") || ["in", "values"].iter().any(|word| last.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_any_length_are_one_kind() {
        for (text, short) in [
            (
                "select a from t where id in ($1, $2,$3) and b in (?,-?)",
                "select a from t where id in (...) and b in (...)",
            ),
            ("insert into t (a, b) values ($1, $2), ($3,?)", "insert into t (a, b) values (...)"),
            ("insert into t values(?),(?) returning id", "insert into t values(...) returning id"),
            ("select f($1, ?) where a in (select b from c)", "select f($1, ?) where a in (select b from c)"),
            ("insert into t values (?, now()), (?, now())", "insert into t values (?, now()), (?, now())"),
            ("select min(?), a from t where x in (", "select min(?), a from t where x in ("),
        ] {
            assert_eq!(without_lists(text), short);
        }
    }
}
