use std::time::Duration;

use super::options::Options;
use super::*;
use crate::cli::arguments::command;
use crate::cli::checks::Page;
use crate::cli::schemas::Side;
use crate::cli::squash::Words as SquashWords;
use crate::{Back, DryRun, Phase, Removal, Target};

fn parsed(words: &[&str]) -> Request {
    let words = ["migrate"].iter().chain(words);
    Request::of(&command().try_get_matches_from(words).unwrap())
}

#[test]
fn the_command_line_is_well_formed() {
    command().debug_assert();
}

#[test]
fn every_verb_has_its_defaults() {
    let up = parsed(&["up", "--lock-wait", "250ms"]);
    assert_eq!((up.verb, up.directory, up.json), (Verb::Up, "./migrations".into(), false));
    let options = Options {
        lock_wait: Some(Duration::from_millis(250)),
        lock_timeout: Some(Duration::from_secs(5)),
        statement_timeout: Some(Duration::from_hours(1)),
        retries: Some(5),
        ..Options::default()
    };
    assert_eq!(up.options, options);
    let status = parsed(&["status", "--check", "--json", "--dir", "db"]);
    assert_eq!(
        (status.verb, status.directory, status.json),
        (Verb::Status { check: true }, "db".into(), true)
    );
    assert_eq!(parsed(&["down"]).verb, Verb::Down(Back::Steps(1)));
    assert_eq!(
        parsed(&["plan", "--down", "--to", "V7"]).verb,
        Verb::Plan { down: Some(Back::To(7)), sql: false }
    );
}

#[test]
fn how_far_and_how_are_read() {
    assert_eq!(
        parsed(&["up", "--to", "V20250317082000"]).options.target,
        Target::Version(20_250_317_082_000)
    );
    assert_eq!(parsed(&["up", "--steps", "2"]).options.target, Target::Steps(2));
    assert_eq!(parsed(&["down", "--to", "0"]).verb, Verb::Down(Back::To(0)));
    assert_eq!(parsed(&["plan", "--phase", "expand"]).options.phase, Some(Phase::Expand));
    assert_eq!(parsed(&["up", "--dry-run"]).options.dry_run, Some(DryRun::Rollback));
    assert_eq!(parsed(&["redo", "--dry-run=shadow"]).options.dry_run, Some(DryRun::Shadow));
    assert_eq!(
        parsed(&["repair", "7", "--continue-at", "3"]).verb,
        Verb::Repair { version: 7, statement: 3 }
    );
}

#[test]
fn what_to_lint_is_read() {
    let Verb::Lint(lint) =
        parsed(&["lint", "--all", "--rules", "a,b", "--exclude", "c", "--server-version", "17"]).verb
    else {
        panic!("another verb")
    };
    assert!(lint.all && !lint.strict && !lint.github);
    assert_eq!(
        (lint.rules, lint.exclude, lint.server),
        (vec!["a".into(), "b".into()], vec!["c".into()], Some(17))
    );
    assert!(parsed(&["lint", "--format", "json"]).json);
}

#[test]
fn looking_verbs_are_read() {
    let (applied, limit) = (true, Duration::from_secs(90));
    assert_eq!(parsed(&["wait", "--applied", "--timeout", "90s"]).verb, Verb::Wait { applied, limit });
    assert_eq!(parsed(&["snapshot", "--output", "a"]).verb, Verb::Snapshot { output: Some("a".into()) });
    let sides = [Side::Files, Side::Other("host=h user=u dbname=d".into())];
    assert_eq!(
        parsed(&["diff", "files", "host=h user=u dbname=d"]).verb,
        Verb::Diff { sides, page: Page::Text }
    );
    let sides = [Side::Written("a.schema".into()), Side::Database];
    assert_eq!(
        parsed(&["diff", "a.schema", "database", "--markdown"]).verb,
        Verb::Diff { sides, page: Page::Markdown }
    );
    assert_eq!(parsed(&["doctor"]).verb, Verb::Doctor);
    let (removal, dry_run) = (Some(Removal::Replaced), true);
    assert_eq!(
        parsed(&["squash", "--to", "V7", "--remove", "--dry-run"]).verb,
        Verb::Squash(SquashWords { version: 7, name: "checkpoint".into(), removal, dry_run })
    );
    let up = parsed(&["up", "--pooler-safe", "--no-record"]).options;
    assert!(up.pooler_safe && up.no_record);
}

#[test]
fn what_contradicts_itself_is_refused() {
    for words in [
        &["new"][..],
        &["up", "--lock-wait", "0"],
        &["up", "--to", "1", "--steps", "1"],
        &["up", "--to", "next"],
        &["up", "--dry-run=maybe"],
        &["new", "a", "--down", "--irreversible"],
        &["new", "a", "--down", "--repeatable"],
        &["new", "a", "--repeatable", "--not-null", "t(c)"],
        &["new", "a", "--repeatable", "--backfill", "t"],
        &["new", "a", "--not-null", "t(c)", "--concurrent-index", "t(c)"],
        &["new", "a", "--code", "--repeatable"],
        &["new", "a", "--code", "--not-null", "t(c)"],
        &["repair", "7"],
        &["lint", "--json", "--format", "github"],
        &["lint", "--server-version", "9"],
        &["up", "--pooler-safe", "--dry-run"],
        &["diff", "files"],
        &["squash"],
        &["squash", "--to", "7", "--remove=some"],
    ] {
        let words = ["migrate"].iter().chain(words);
        assert!(command().try_get_matches_from(words.clone()).is_err(), "{words:?}");
    }
}
