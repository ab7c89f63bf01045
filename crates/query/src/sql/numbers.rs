//! Which parameters a text has that is made at run time.

/// The highest number of a parameter in a text, by the lexical rules of PostgreSQL ("SQL Syntax", 4.1). `None` if it cannot be
/// known: of a text that does not end, and of a string whose end depends on `standard_conforming_strings`.
pub(super) fn highest(text: &str) -> Option<usize> {
    let (mut rest, mut highest) = (text, 0);
    while let Some(first) = rest.chars().next() {
        let token = match rest.as_bytes() {
            [b'\'', ..] => plain_string(rest)?,
            [b'e' | b'E', b'\'', ..] => 1 + escaped_string(&rest[1..])?,
            [b'"', ..] => 2 + rest[1..].find('"')?,
            [b'-', b'-', ..] => rest.find(['\n', '\r']).unwrap_or(rest.len()),
            [b'/', b'*', ..] => comment(rest)?,
            [b'$', digit, ..] if digit.is_ascii_digit() => {
                let token = 1 + digits(&rest[1..]);
                highest = highest.max(rest[1..token].parse().ok()?);
                token
            }
            [b'$', ..] => dollar_quoted(rest)?,
            [digit, ..] if digit.is_ascii_digit() => digits(rest),
            _ if is_in_word(first) => rest.find(|it| !is_in_word(it) && it != '$').unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        rest = &rest[token..];
    }
    Some(highest)
}

fn digits(text: &str) -> usize {
    text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len())
}

fn is_in_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || !letter.is_ascii()
}

/// Doubled quotes are one string behind the other, which comes to the same. A backslash in front of a quote may or may not
/// take it along.
fn plain_string(text: &str) -> Option<usize> {
    let end = text[1..].find('\'')?;
    (!text[1..=end].ends_with('\\')).then_some(end + 2)
}

/// Behind a line break it may go on without another `e`, with backslashes all the same.
fn escaped_string(text: &str) -> Option<usize> {
    let mut letters = text.char_indices().skip(1);
    loop {
        match letters.next()? {
            (_, '\\') => _ = letters.next(),
            (at, '\'') => {
                let behind = &text[at + 1..];
                let goes_on =
                    behind.trim_ascii_start().starts_with(['\'', '-']) && behind.contains(['\n', '\r']);
                return if goes_on && behind.contains('\\') { None } else { Some(at + 1) };
            }
            _ => {}
        }
    }
}

fn comment(text: &str) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        match text.as_bytes().get(at..at + 2)? {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

/// A `$` that begins no string is a letter like others.
fn dollar_quoted(text: &str) -> Option<usize> {
    let Some(close) = text[1..].find('$').filter(|close| text[1..=*close].chars().all(is_in_word)) else {
        return Some(1);
    };
    let tag = &text[..close + 2];
    text[tag.len()..].find(tag).map(|end| end + 2 * tag.len())
}

#[cfg(test)]
mod tests {
    use super::highest;

    #[test]
    fn numbers_count_where_they_are_no_text() {
        for (text, wanted) in [
            ("select 1", 0),
            ("select $1, $12 + $3", 12),
            ("select $2::int4[], a$3, \"$4\", '$5', '''$6', n'$7', b'' ", 2),
            (r"select e'\'$3', E'$4\\', $1", 1),
            ("select $1 -- $2\n, $3 /* $4 /* */ $5 */", 3),
            ("select $$ $9 $$, $tag$ $8 $$ $tag$, $1", 1),
            ("select a$b$1, größe$2, $1", 1),
            ("select 1 - $1 / $2 * 1$", 2),
        ] {
            assert_eq!(highest(text), Some(wanted), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_known_is_not_guessed() {
        let far = "select $99999999999999999999999";
        for text in
            [r"select '\', $1", "select 'a", "select \"a", "select /*", "select $a$", "e'a'\n'\\' $1'", far]
        {
            assert_eq!(highest(text), None, "{text}");
        }
    }
}
