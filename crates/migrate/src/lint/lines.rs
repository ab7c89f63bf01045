use super::LintFix;
use crate::Location;

impl LintFix {
    /// The lines of the file's text that it changes, as they are then, without the end of the last one.
    #[must_use]
    pub fn lines(&self, sql: &str) -> String {
        let mut edits: Vec<_> = self.edits.iter().collect();
        edits.sort_by_key(|edit| edit.from);
        let Some((first, last)) = edits.first().zip(edits.last()) else { return String::new() };
        let start = Location { line: first.from.line, column: 1 }.byte_in(sql);
        let rest = last.to.byte_in(sql);
        let end = sql[rest..].find('\n').map_or(sql.len(), |newline| rest + newline);
        let (mut made, mut at) = (String::new(), start);
        for edit in edits {
            made.push_str(&sql[at..edit.from.byte_in(sql).max(at)]);
            made.push_str(&edit.text);
            at = edit.to.byte_in(sql).max(at);
        }
        made + &sql[at..end.max(at)]
    }
}
