//! Changes of a column's type: which of them keep every value, whatever the type was before.

use crate::files::Tokens;

/// Whether `[SET DATA] TYPE type [COLLATE …] [USING …]` behind a column's name may change values silently. Of what has no
/// USING the server refuses values that are too long, and rounds others.
pub(super) fn may_lose(column: &str, mut tokens: Tokens<'_>) -> bool {
    tokens.take_all(&["set", "data"]);
    if !tokens.take("type") {
        return false;
    }
    let target = until(tokens, &["collate", "using"]);
    tokens.at += target.len();
    if tokens.take("collate") {
        tokens.qualified_name();
    }
    let using = tokens.take("using").then(|| until(tokens, &["cascade", "restrict"]));
    let cast =
        |target: &[String]| [vec![column.to_owned(), ":".into(), ":".into()], target.to_vec()].concat();
    let converts = using.as_ref().is_some_and(|using| *using != cast(&target) && *using != [column]);
    converts || !keeps_all(&target, using.is_some())
}

/// What stands before one of these words, in small letters.
fn until(tokens: Tokens<'_>, ends: &[&str]) -> Vec<String> {
    let texts = tokens.rest().iter().map(|token| token.text.to_lowercase());
    texts.take_while(|text| !ends.contains(&text.as_str())).collect()
}

/// Types that hold all values of those from which they are usually changed. A type that is as good as another for some
/// values only is not here; one with a length is, as long as a cast does not cut it off.
fn keeps_all(target: &[String], is_cast: bool) -> bool {
    let mut depth = 0_usize;
    let (mut words, mut has_modifier) = (Vec::new(), false);
    for text in target {
        match text.as_str() {
            "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            "array" => {}
            _ if depth > 0 => has_modifier = true,
            word => words.push(word),
        }
    }
    match words.join(" ").as_str() {
        "text" | "citext" | "bigint" | "int8" => true,
        "varchar" | "character varying" => !has_modifier || !is_cast,
        "numeric" | "decimal" | "timestamptz" | "timestamp with time zone" => !has_modifier,
        _ => false,
    }
}
