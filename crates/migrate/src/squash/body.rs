//! The text of a checkpoint: those of the files one behind the other, so that they do the same in one transaction.

use std::fmt::Write as _;
use std::ops::Range;
use std::time::Duration;

use super::SquashProblem;
use super::session::reset;
use crate::files::{
    BATCH_SETTING, MARK, Script, Statement, cannot_be_in_transaction, line_comments, statements, unfit,
};
use crate::run::CHECK_CONSTRAINTS;
use crate::{Kind, Location, Migration, Squashed};

const HEAD: &str = "\
-- A checkpoint: brings an empty database where the files that it lists bring it, and records them as applied.
-- Written and proved by pgkeel migrate squash; do not edit it.
";

/// Longer ones than by default are for statements that take their time, also on an empty database.
const STATEMENT: Duration = Duration::from_hours(1);

pub(super) struct Body {
    pub(super) text: String,
    /// The files, each with the line at which it begins.
    parts: Vec<(usize, String)>,
}

impl Body {
    pub(super) fn of(chain: &[Migration]) -> Result<Self, Vec<SquashProblem>> {
        let problems: Vec<SquashProblem> = chain.iter().flat_map(problems).collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        let (mut text, mut parts, mut may_defer) = (head(chain), Vec::new(), false);
        for migration in chain {
            text.push('\n');
            parts.push((text.lines().count() + 1, migration.file().to_owned()));
            may_defer |= migration.sql().to_ascii_lowercase().contains("deferr");
            add(&mut text, migration, may_defer);
        }
        Ok(Self { text, parts })
    }

    /// The file that a line comes from.
    pub(super) fn source(&self, line: usize) -> Option<&str> {
        self.parts.iter().rev().find(|(first, _)| *first <= line).map(|(_, file)| file.as_str())
    }
}

fn problems(migration: &Migration) -> Vec<SquashProblem> {
    let (script, file) = (migration.up(), || migration.file().to_owned());
    if migration.kind() == Kind::Code {
        return vec![SquashProblem::Code { file: file() }];
    }
    let unfit = unfit::find(script).map(|unfit| SquashProblem::Unfit { file: file(), unfit });
    let outside =
        |statement: &&Statement<'_>| cannot_be_in_transaction(statement) && concurrently(statement).is_none();
    let outside = statements(script.sql())
        .iter()
        .filter(outside)
        .map(|statement| SquashProblem::Outside {
            file: file(),
            at: Location::of_byte(script.sql(), statement.start),
            words: statement.words[..statement.words.len().min(3)].join(" ").to_ascii_uppercase(),
        })
        .collect::<Vec<_>>();
    unfit.into_iter().chain(outside).collect()
}

/// What is listed, and how long a statement may take.
fn head(chain: &[Migration]) -> String {
    let mut squashed: Vec<Squashed> = chain.iter().flat_map(listed).collect();
    squashed.sort_by_key(|squashed| squashed.version);
    let mut head = HEAD.to_owned();
    for squashed in squashed {
        let _ = writeln!(head, "-- {MARK} squashes={squashed}");
    }
    let longest = chain.iter().filter_map(|migration| migration.directives().statement_timeout).max();
    if let Some(limit) = longest.filter(|limit| *limit > STATEMENT) {
        let _ = writeln!(head, "-- {MARK} statement_timeout={}ms", limit.as_millis());
    }
    head
}

fn listed(migration: &Migration) -> Vec<Squashed> {
    match migration.kind() {
        Kind::Checkpoint => migration.squashes().to_vec(),
        _ => vec![Squashed::of(migration)],
    }
}

/// The file as it is run by itself: as whom, if what holds, what it does, what COMMIT checks, and nothing of what it has
/// set.
fn add(text: &mut String, migration: &Migration, may_defer: bool) {
    let (script, directives) = (migration.up(), migration.directives());
    if migration.kind() == Kind::Versioned {
        let _ = writeln!(text, "-- {}", migration.file());
    }
    if let Some(role) = &directives.role {
        let _ = writeln!(text, "set role {role};");
    }
    if directives.backfill.is_some() {
        // In one transaction there is nothing to be had from batches.
        let _ = writeln!(text, "set {BATCH_SETTING} = {};", i32::MAX);
    }
    for query in &directives.prechecks {
        text.push_str(&precheck(query, migration.file()));
    }
    text.push_str(rewritten(script).trim_end_matches('\n'));
    text.push_str(end(script));
    if may_defer {
        text.push_str(CHECK_CONSTRAINTS);
    }
    let statements = statements(script.sql());
    let mut resets: Vec<String> = statements.iter().filter_map(reset).collect();
    resets.extend(directives.role.iter().map(|_| "reset role".to_owned()));
    resets.extend(directives.backfill.map(|_| format!("reset {BATCH_SETTING}")));
    resets.sort_unstable();
    resets.dedup();
    for reset in resets {
        let _ = writeln!(text, "{reset};");
    }
}

/// The last statement may have no semicolon of its own.
fn end(script: &Script) -> &'static str {
    let sql = script.sql();
    let behind = statements(sql).last().map_or("", |last| &sql[last.end..]);
    if behind.trim_start().starts_with(';') { "\n" } else { "\n;\n" }
}

fn precheck(query: &str, file: &str) -> String {
    let literal = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let tag = (0..=query.len()).map(|n| format!("$pgkeel{n}$")).find(|tag| !query.contains(tag.as_str()));
    let tag = tag.unwrap_or_default();
    format!(
        "do {tag} declare holds boolean; begin execute {} into holds; if holds is not true then \
         raise exception 'what % checks first does not hold', {}; end if; end {tag};\n",
        literal(query),
        literal(file)
    )
}

/// Without what means something to us at the top of a file only, and without CONCURRENTLY.
fn rewritten(script: &Script) -> String {
    let (sql, mut text) = (script.sql(), script.sql().to_owned());
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    for (at, comment) in line_comments(sql) {
        let is_head = HEAD.lines().any(|line| line == comment);
        match comment.trim_start_matches('-').trim().strip_prefix(MARK).map(str::trim) {
            Some(said) if !said.starts_with("squashes=") => {
                edits.push((at..at + comment.len(), format!("-- as a file: {said}")));
            }
            None if !is_head => {}
            Some(_) | None => edits.push((at..(at + comment.len() + 1).min(sql.len()), String::new())),
        }
    }
    edits.extend(statements(sql).iter().filter_map(concurrently).map(|range| (range, String::new())));
    edits.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    for (range, by) in edits {
        text.replace_range(range, &by);
    }
    text.trim_start_matches('\n').to_owned()
}

/// Where CREATE or DROP INDEX says CONCURRENTLY, and a space behind that.
fn concurrently(statement: &Statement<'_>) -> Option<Range<usize>> {
    let kinds = [&["create", "index"][..], &["create", "unique", "index"], &["drop", "index"]];
    let of_index = kinds.iter().find(|kind| statement.begins_with(kind))?.len();
    let token = statement.tokens.get(of_index)?;
    let next = statement.tokens.get(of_index + 1)?;
    token.text.eq_ignore_ascii_case("concurrently").then_some(token.at..next.at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Migrations;

    fn body(files: &[(&str, &str)]) -> Result<Body, Vec<String>> {
        let migrations = Migrations::from_static(files).unwrap();
        let chain: Vec<Migration> = migrations.iter().cloned().collect();
        Body::of(&chain).map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    /// Behind the head.
    fn text(files: &[(&str, &str)]) -> String {
        body(files).unwrap().text.split_once("\n\n").unwrap().1.to_owned()
    }

    #[test]
    fn files_come_one_behind_the_other_each_with_an_end() {
        let files = [
            ("V1__a.sql", "-- why\ncreate table a ();"),
            ("V2__b.sql", "create table b () -- no end;\n"),
            ("V3__c.sql", "create table c () ;\n-- done\n"),
        ];
        assert_eq!(
            text(&files),
            "-- V1__a.sql\n-- why\ncreate table a ();\n\n-- V2__b.sql\ncreate table b () -- no end;\n;\n\n\
             -- V3__c.sql\ncreate table c () ;\n-- done\n"
        );
        let body = body(&files).unwrap();
        let line = |part: &str| body.text.lines().position(|line| line.starts_with(part)).unwrap() + 1;
        assert_eq!(body.source(line("create table b")), Some("V2__b.sql"));
        assert_eq!(body.source(line("-- V1__a.sql")), Some("V1__a.sql"));
        assert_eq!(body.source(1), None);
    }

    #[test]
    fn indexes_are_not_built_concurrently_and_nothing_else_is_touched() {
        let index = "-- pgkeel: transaction=off\ncreate unique index Concurrently if not exists i on t (concurrently);\n\
                     DROP INDEX CONCURRENTLY j;\nrefresh materialized view concurrently v;";
        assert_eq!(
            text(&[("V1__a.sql", index)]),
            "-- V1__a.sql\n-- as a file: transaction=off\ncreate unique index if not exists i on t (concurrently);\n\
             DROP INDEX j;\nrefresh materialized view concurrently v;\n"
        );
        let outside =
            "-- pgkeel: transaction=off\nselect 1;\n  vacuum (analyze) t;\nreindex table concurrently t;";
        let told = body(&[("V1__a.sql", outside)]).err().unwrap();
        assert!(told[0].starts_with("V1__a.sql:3:3: VACUUM T cannot run in a transaction"), "{told:?}");
        assert!(told[1].starts_with("V1__a.sql:4:1: REINDEX TABLE CONCURRENTLY cannot run"), "{told:?}");
    }

    #[test]
    fn roles_prechecks_and_settings_become_statements() {
        let file =
            "-- pgkeel: role=\"Owner\" precheck=\"select 'it''s' <> ''\"\nset search_path = x;\nselect 1";
        let text = text(&[("V1__a.sql", file)]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!((lines[0], lines[1]), ("-- V1__a.sql", "set role \"Owner\";"));
        assert!(lines[2].contains("execute 'select ''it''''s'' <> ''''' into holds"), "{text}");
        assert_eq!(lines[lines.len() - 3..], [";", "reset role;", "reset search_path;"]);
    }

    #[test]
    fn a_backfill_takes_all_rows_at_once() {
        let statement =
            "delete from t where id in (select id from t limit current_setting('pgkeel.batch')::int);";
        let file = format!("-- pgkeel: backfill batch=5\n{statement}");
        assert_eq!(
            text(&[("V1__a.sql", &file)]),
            format!(
                "-- V1__a.sql\nset pgkeel.batch = 2147483647;\n-- as a file: backfill batch=5\n{statement}\nreset pgkeel.batch;\n"
            )
        );
    }

    #[test]
    fn a_checkpoint_is_part_of_the_next_without_its_head() {
        let files = [("V1__a.sql", "-- pgkeel: statement_timeout=2h\nselect 1;"), ("V2__b.sql", "select 2;")];
        let first = body(&files).unwrap().text;
        assert!(first.contains("-- pgkeel: statement_timeout=7200000ms\n\n-- V1__a.sql\n"), "{first}");
        let later = [("B2__x.sql", first.as_str()), ("V3__c.sql", "select 3;")];
        let chain = Migrations::from_static(&later).unwrap().for_empty(i64::MAX);
        let second = Body::of(&chain).unwrap().text;
        assert_eq!(second.matches("-- A checkpoint").count(), 1, "{second}");
        assert_eq!(second.matches("squashes=V").count(), 3, "{second}");
        let parts = ["-- V1__a.sql", "select 1;", "-- V2__b.sql", "select 2;", "-- V3__c.sql", "select 3;"];
        let at: Vec<usize> = parts.iter().map(|part| second.find(part).unwrap()).collect();
        assert!(at.is_sorted(), "{second}");
    }
}
