//! Texts of statements, without anybody's values in them.

use pgkeel_connect::{Error, Executor};

use crate::columns::Columns;
use crate::{Capabilities, MARKER, Reading};

/// The text of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatementText {
    /// The server's number for it.
    pub id: i64,
    /// Its text without comments and values; of what is no query only the first two words.
    pub text: String,
    /// Whether it is one of this crate's own.
    pub is_own: bool,
}

/// Longer texts are cut there: in characters.
const MOST_CHARACTERS: i32 = 4000;

/// Asks for the texts of these statements. The server reads a file that may be large, so ask only for what is new.
///
/// `pg_stat_statements` writes `$1` for a value, but not in utility statements, which may hold passwords, nor in an
/// entry that was thrown out while its statement ran. So nothing here relies on it.
///
/// # Errors
/// Those of the executor.
///
/// # Cancellation
/// As for any statement of the executor.
pub async fn statement_texts<E: Executor>(
    executor: &E,
    capabilities: &Capabilities,
    ids: &[i64],
) -> Result<Reading<Vec<StatementText>>, E::Error> {
    let source = match capabilities.statements() {
        Reading::Known(source) => source,
        Reading::Skipped(skipped) => return Ok(Reading::Skipped(skipped.clone())),
    };
    let sql = format!(
        "select /* pgkeel:statement_texts */ distinct on (s.queryid)
            s.queryid, pg_catalog.left(s.query, $2), pg_catalog.strpos(s.query, $3) > 0
          from {}.pg_stat_statements(true) as s
          where s.queryid = any ($1::pg_catalog.int8[]) and s.query is not null
            and s.dbid = (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database())
          order by s.queryid",
        source.schema
    );
    // sql: the schema is an `Ident`, which is quoted
    let rows = executor.query(&sql, &[&ids, &MOST_CHARACTERS, &MARKER]).await?;
    let text = |row: &tokio_postgres::Row| {
        let mut columns = Columns::of(row);
        let (id, text): (i64, String) = (columns.take()?, columns.take()?);
        Ok(StatementText { id, text: shown(&text), is_own: columns.take()? })
    };
    let texts: Result<Vec<_>, Error> = rows.iter().map(text).collect();
    Ok(Reading::Known(texts?))
}

/// What a query begins with. Everything else is a utility statement.
const QUERIES: [&str; 8] = ["select", "insert", "update", "delete", "merge", "with", "values", "table"];

fn shown(sql: &str) -> String {
    let masked = masked(sql);
    let first: String =
        masked.chars().skip_while(|c| *c == '(').take_while(char::is_ascii_alphabetic).collect();
    if QUERIES.contains(&&*first.to_ascii_lowercase()) {
        return masked;
    }
    let words: Vec<_> = masked.split_whitespace().take(3).collect();
    if words.len() > 2 { format!("{} {} …", words[0], words[1]) } else { words.join(" ") }
}

/// The text with every string and number as `?`, without comments, and with single blanks.
///
/// Whether a backslash escapes depends on a setting of the session that ran it. It is taken to escape: at worst a
/// string seems to end too late, and less is shown.
fn masked(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(next) = rest.chars().next() {
        let (shown, length) = match next {
            '\'' => ("?", string_end(rest)),
            '"' => {
                let end = name_end(rest);
                (&rest[..end], end)
            }
            '$' => dollar(rest),
            '-' if rest.starts_with("--") => (" ", rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => (" ", comment_end(rest)),
            '0'..='9' => ("?", word_end(rest, |c| c.is_alphanumeric() || c == '.' || c == '_')),
            c if c.is_alphabetic() || c == '_' => {
                let end = word_end(rest, |c| c.is_alphanumeric() || c == '_' || c == '$');
                (&rest[..end], end)
            }
            c if c.is_whitespace() => (" ", c.len_utf8()),
            c => (&rest[..c.len_utf8()], c.len_utf8()),
        };
        if shown != " " || !(out.is_empty() || out.ends_with(' ')) {
            out.push_str(shown);
        }
        rest = &rest[length..];
    }
    out.truncate(out.trim_end().len());
    out
}

fn word_end(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// Behind the quote that ends the string; a doubled one is seen as two strings side by side, which comes to the same.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\'' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn name_end(text: &str) -> usize {
    text[1..].find('"').map_or(text.len(), |at| at + 2)
}

/// `$1` stays, `$tag$ … $tag$` is a string.
fn dollar(text: &str) -> (&str, usize) {
    let tag = 1 + word_end(&text[1..], |c| c.is_alphanumeric() || c == '_');
    if text[tag..].starts_with('$') && !text[1..].starts_with(|c: char| c.is_ascii_digit()) {
        let quote = &text[..=tag];
        let end = text[tag + 1..].find(quote).map_or(text.len(), |at| tag + 1 + at + quote.len());
        return ("?", end);
    }
    (&text[..tag], tag)
}

/// Comments nest.
fn comment_end(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_comments_are_taken_out_and_names_stay() {
        for (sql, expected) in [
            ("select * from t1 where a = $1 and b = 'it''s'", "select * from t1 where a = $1 and b = ??"),
            ("select 1.5e3, -7, 0x1F -- 'secret\nfrom \"My 7\"", "select ?, -?, ? from \"My 7\""),
            ("/* a /* nested 'x' */ b */ select  $tag$ a 'b $x$ $tag$,\n $$q$$", "select ?, ?"),
            (r"select E'a\'b', 'c'", "select E?, ?"),
            ("select 'unfinished", "select ?"),
            ("select $$unfinished", "select ?"),
            ("select /* unfinished", "select"),
            ("select 'ä', ü2 from ö", "select ?, ü2 from ö"),
        ] {
            assert_eq!(masked(sql), expected, "{sql}");
        }
    }

    #[test]
    fn of_a_utility_statement_the_first_words_are_shown() {
        assert_eq!(shown("alter role bob password 'hush'"), "alter role …");
        assert_eq!(shown("/* x */ COMMIT"), "COMMIT");
        assert_eq!(shown("set x = 5"), "set x …");
        assert_eq!(shown("(select a from b)"), "(select a from b)");
    }
}
