//! What in a statement is code and what is text, by the lexical rules of PostgreSQL ("SQL Syntax", 4.1), with
//! `standard_conforming_strings` on, as it is by default.

/// Either ends a line, and a comment with it.
const LINE_BREAKS: [char; 2] = ['\n', '\r'];

/// A statement taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Scanned {
    /// With `$1`, `$2`, … in place of the names.
    pub(crate) text: String,
    /// The names in the order of their numbers; each has one, however often it is used.
    pub(crate) names: Vec<String>,
}

/// Finds the names in braces. Braces in strings, quoted names and comments are text.
pub(crate) fn scan(sql: &str) -> Result<Scanned, String> {
    if sql.contains('\0') {
        return Err("a statement has no zero byte".to_owned());
    }
    let mut scanner = Scanner { rest: sql, scanned: Scanned::default() };
    while !scanner.rest.is_empty() {
        scanner.token()?;
    }
    Ok(scanner.scanned)
}

struct Scanner<'a> {
    rest: &'a str,
    scanned: Scanned,
}

impl Scanner<'_> {
    fn token(&mut self) -> Result<(), String> {
        let word = word(self.rest);
        if word > 0 {
            let is_escaped = matches!(&self.rest[..word], "e" | "E");
            self.take(word);
            return if is_escaped && self.rest.starts_with('\'') { self.escaped_string() } else { Ok(()) };
        }
        let length = match self.rest.as_bytes() {
            [b'{', ..] => return self.placeholder(),
            [b'}', ..] => return Err("there is no name in front of `}`".to_owned()),
            [b'\'', ..] => quoted(self.rest, '\'').ok_or("a string does not end")?,
            [b'"', ..] => quoted(self.rest, '"').ok_or("a quoted name does not end")?,
            [b'-', b'-', ..] => self.rest.find(LINE_BREAKS).unwrap_or(self.rest.len()),
            [b'/', b'*', ..] => comment(self.rest).ok_or("a comment does not end")?,
            [b'$', digit, ..] if digit.is_ascii_digit() => {
                return Err("parameters have names here: write `{name}` in place of `$1`".to_owned());
            }
            [b'$', ..] => dollar_quoted(self.rest)?,
            _ => self.rest.chars().next().map_or(0, char::len_utf8),
        };
        self.take(length);
        Ok(())
    }

    fn take(&mut self, length: usize) {
        let (taken, rest) = self.rest.split_at(length);
        self.scanned.text.push_str(taken);
        self.rest = rest;
    }

    /// A string with backslashes in it. After a line break it goes on, if there is another quote.
    fn escaped_string(&mut self) -> Result<(), String> {
        loop {
            let mut letters = self.rest.char_indices().skip(1);
            let end = loop {
                match letters.next() {
                    Some((_, '\\')) => _ = letters.next(),
                    Some((at, '\'')) => break at + 1, // Two of them are one string behind the other, which is as good.
                    Some(_) => {}
                    None => return Err("a string does not end".to_owned()),
                }
            };
            self.take(end);
            let between = self.rest.len() - behind_space(self.rest).len();
            let goes_on = between == 0 || self.rest[..between].contains(LINE_BREAKS);
            if !goes_on || !self.rest[between..].starts_with('\'') {
                return Ok(());
            }
            self.take(between);
        }
    }

    fn placeholder(&mut self) -> Result<(), String> {
        let end =
            self.rest.find('}').ok_or("`{` is not closed; braces that are no name belong into quotes")?;
        let name = &self.rest[1..end];
        let mut letters = name.chars();
        let is_name = letters.next().is_some_and(|first| first == '_' || first.is_alphabetic())
            && letters.all(|letter| letter == '_' || letter.is_alphanumeric())
            && name != "_";
        if !is_name {
            return Err(format!(
                "`{{{name}}}` has to be `{{name}}`: of a variable, or of an argument `name = …`"
            ));
        }
        let behind = self.rest[end + 1..].chars().next();
        let before = self.scanned.text.chars().next_back();
        if [before, behind].into_iter().flatten().any(|letter| is_in_word(letter) || letter == '$') {
            return Err(format!("`{{{name}}}` needs a space between it and the word or number beside it"));
        }
        let names = &mut self.scanned.names;
        let known = names.iter().position(|known| known == name);
        let index = known.unwrap_or_else(|| {
            names.push(name.to_owned());
            names.len() - 1
        });
        self.scanned.text.push('$');
        self.scanned.text.push_str(&(index + 1).to_string());
        self.rest = &self.rest[end + 1..];
        Ok(())
    }
}

/// The length of the name, keyword or number that comes first. In names there may be a `$`, which begins no string.
fn word(text: &str) -> usize {
    let is_number = text.starts_with(|first: char| first.is_ascii_digit());
    let goes_on = |letter: char| is_in_word(letter) || letter == '$' && !is_number;
    let ends = text.find(|letter| !goes_on(letter)).unwrap_or(text.len());
    if text.starts_with(is_in_word) { ends } else { 0 }
}

/// Letters of names, keywords and numbers.
fn is_in_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || !letter.is_ascii()
}

/// The length of what stands in these quotes. Doubled they are one string behind the other, which comes to the same.
fn quoted(text: &str, quote: char) -> Option<usize> {
    text[1..].find(quote).map(|end| end + 2)
}

/// Comments of this kind may hold others.
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

/// From `$tag$` to `$tag$`; a `$` with no such thing behind it is a letter like others.
fn dollar_quoted(text: &str) -> Result<usize, String> {
    let Some(close) = text[1..].find('$') else { return Ok(1) };
    let tag = &text[..close + 2];
    if !tag[1..=close].chars().all(is_in_word) {
        return Ok(1);
    }
    let body = text[tag.len()..].find(tag).ok_or_else(|| format!("the string in `{tag}` does not end"))?;
    Ok(body + 2 * tag.len())
}

/// Without the white space and the comments up to the ends of lines in front.
fn behind_space(text: &str) -> &str {
    let text = text.trim_ascii_start();
    match text.strip_prefix("--").and_then(|comment| comment.find(LINE_BREAKS).map(|end| &comment[end..])) {
        Some(next_line) => behind_space(next_line),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(sql: &str) -> String {
        scan(sql).unwrap().text
    }

    #[test]
    fn a_name_has_one_number_wherever_it_stands() {
        let scanned = scan("select {b}, {a} + {b} where ({a})").unwrap();
        assert_eq!(scanned.text, "select $1, $2 + $1 where ($2)");
        assert_eq!(scanned.names, ["b", "a"]);
        assert_eq!(scan("select {größe}").unwrap().names, ["größe"]);
    }

    #[test]
    fn braces_in_quotes_and_comments_are_text() {
        for sql in [
            "select '{a}', 'it''s {a}', '\\', '{a}'",
            r"select e'\'{a}', E'{a}\\', e'''{a}'",
            "select e'a'\n  '\\'{a}'",
            "select e'a' -- '\n '\\'{a}'",
            "select e'a'\r'\\'{a}'",
            r#"select "{a}", "a""{b}""#,
            "select $${a}$$, $tag$ $$ {a} $other$ $tag$",
            "select 1 -- {a} ' \"\n, 2",
            "select /* {a} /* ' */ {b} */ 1",
            "select U&'{a}', b'{a}', x'{a}', n'{a}'",
            "select type'{a}', a$b$c from a$ where b = 'ä{a}'",
        ] {
            let scanned = scan(sql).unwrap();
            assert_eq!((scanned.text.as_str(), scanned.names.len()), (sql, 0), "{sql}");
        }
    }

    #[test]
    fn what_looks_like_a_string_and_is_none_hides_nothing() {
        assert_eq!(text_of(r"select '\', {a}"), r"select '\', $1");
        assert_eq!(text_of("select fee'x\\', {a}"), "select fee'x\\', $1");
        assert_eq!(text_of("select e'a' '\\', {a}"), "select e'a' '\\', $1"); // the server refuses the second string
        assert_eq!(text_of("select 1 -- it's\r, {a}"), "select 1 -- it's\r, $1");
        assert_eq!(text_of("select a$b, {a}, c$b"), "select a$b, $1, c$b");
        assert_eq!(text_of("select 1 - {a} / {a} * -{a}"), "select 1 - $1 / $1 * -$1");
        assert_eq!(text_of("select {a}::int[], '{1,2}'::int[]"), "select $1::int[], '{1,2}'::int[]");
    }

    #[test]
    fn what_is_no_name_is_told() {
        for (sql, word) in [
            ("select $1", "`{name}` in place of `$1`"),
            ("select a where b=$12", "`{name}` in place of `$1`"),
            ("select {}", "has to be"),
            ("select {0}", "has to be"),
            ("select {a b}", "has to be"),
            ("select {{a}}", "has to be"),
            ("select {a", "not closed"),
            ("select a}", "no name in front"),
            ("select {a}1", "needs a space"),
            ("select a{a}", "needs a space"),
            ("select a${a}", "needs a space"),
            ("select 'a", "a string does not end"),
            ("select e'a\\'", "a string does not end"),
            ("select \"a", "a quoted name does not end"),
            ("select /* /* */", "a comment does not end"),
            ("select $a$ $b$", "in `$a$` does not end"),
            ("select \0", "zero byte"),
        ] {
            let told = scan(sql).unwrap_err();
            assert!(told.contains(word), "{sql}: {told}");
        }
    }
}
