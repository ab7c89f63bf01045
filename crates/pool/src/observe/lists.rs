//! Lists of values, whose lengths vary from run to run.

use super::tokens::{Token, Tokens};

/// Whether a list may be longer or shorter another time: behind IN and VALUES, and behind another row.
pub(super) fn may_vary(before: &str) -> bool {
    let before = before.trim_end();
    let word = before.strip_suffix('(').unwrap_or(before).trim_end(); // A list of rows, of which this is the first.
    let word =
        word.rsplit(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or_default();
    before.ends_with("(...),") || ["in", "values"].iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// What follows a list whose parenthesis has been read, if that has nothing but values, with casts or without.
pub(super) fn behind_values(mut list: Tokens<'_>) -> Option<Tokens<'_>> {
    let (mut has_value, mut is_cast) = (false, false);
    loop {
        match list.next()? {
            Token::Value | Token::Param(_) => has_value = true,
            Token::Sign(',') if has_value => (has_value, is_cast) = (false, false),
            Token::Sign(')') if has_value => return Some(list),
            Token::Sign('+' | '-') if !has_value => {}
            Token::Sign(':' | '.') if has_value => is_cast = true,
            Token::Word(_) if is_cast => is_cast = false,
            Token::Space => {}
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::values::without_values;

    #[test]
    fn lists_of_any_length_are_one_kind() {
        for (text, short) in [
            (
                "select a from t where id in ($1, $2,$3) and b in (1,-2)",
                "select a from t where id in (...) and b in (...)",
            ),
            ("insert into t (a, b) values ($1, $2), ($3,4)", "insert into t (a, b) values (...)"),
            ("insert into t values(1),('a') returning id", "insert into t values(...) returning id"),
            ("select 1 where (a, b) in ((1, 2), (3, 4))", "select ? where (a, b) in ((...))"),
            ("select 1 where a in ($1::int, $2::app.t)", "select ? where a in (...)"),
        ] {
            assert_eq!(without_values(text), short);
        }
        let long =
            |rows| format!("insert into t values {} returning id", vec!["($1, $2::text)"; rows].join(","));
        assert_eq!(
            without_values(&long(9_000)),
            without_values(&long(1)),
            "longer than what is kept of a text"
        );
    }

    #[test]
    fn what_has_more_than_values_stays() {
        for text in [
            "select f($1, $2) where a in (select b from c)",
            "insert into t values ($1, now()), ($2, now())",
            "select min($1), a from t where x in (",
            "select a in ($1 || b), c in ($1 + d, $2), e in ()",
        ] {
            assert_eq!(without_values(text), text);
        }
        assert_eq!(without_values("select a in ($1::numeric(10,2), b)"), "select a in ($1::numeric(?,?), b)");
    }
}
