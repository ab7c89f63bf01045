//! The changes in `changes.txt`.

/// One paragraph of `changes.txt`.
pub(crate) struct Case {
    pub(crate) from: u32,
    pub(crate) told: String,
    pub(crate) change: String,
    pub(crate) undo: Option<String>,
}

/// All changes that a server of this version knows, with the names of roles filled in.
pub(crate) fn cases(major: u32, role: &str, me: &str) -> Vec<Case> {
    let text = include_str!("changes.txt").replace("$role", role).replace("$me", me);
    let paragraphs = text.split("\n\n").filter(|paragraph| !paragraph.starts_with('#'));
    paragraphs.map(case).filter(|case| case.from <= major).collect()
}

fn case(paragraph: &str) -> Case {
    let (told, rest) = paragraph.split_once('\n').unwrap();
    let (from, told) = match told.strip_prefix("from ").and_then(|told| told.split_once(": ")) {
        Some((from, told)) => (from.parse().unwrap(), told),
        None => (0, told),
    };
    let (change, undo) = match rest.split_once("undo: ") {
        Some((change, undo)) => (change, Some(undo.to_owned())),
        None => (rest, None),
    };
    Case { from, told: told.to_owned(), change: change.to_owned(), undo }
}
