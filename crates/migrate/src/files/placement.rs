//! Which directives mean nothing in which files.

use super::directives::{Directives, Phase};
use super::kind::Kind;
use super::migration::MigrationProblem;
use super::script::Script;
use super::unfit;

const ORDER: &str = "it has no place among the versions";
const WAY_BACK: &str = "it is never reverted";
const TOGETHER: &str = "its statements and the row that records them are one transaction; put what cannot be in one into a versioned file";
const ONE: &str = "it is called with a transaction";
const ALONE: &str = "it runs with the file that it verifies, and as that says";

/// What of the file's comments has no meaning in a file of this kind.
pub(super) fn check(script: &Script, kind: Kind) -> Option<MigrationProblem> {
    let directives = script.directives();
    match kind {
        Kind::Repeatable => found(script, &unrepeatable(directives)),
        Kind::Code => found(
            script,
            &[
                backfill(directives, ONE),
                named(directives.outside_transaction, "transaction=off", ONE),
                named(!directives.requires_repeatables.is_empty(), "requires=R__…", REPEATABLE),
                squashes(directives),
            ],
        ),
        Kind::Checkpoint => found(script, &unlike_a_checkpoint(directives)),
        Kind::Hook => found(script, &[unrepeatable(directives), unordered(directives)].concat()),
        Kind::Versioned => found(
            script,
            &[
                named(!directives.requires_repeatables.is_empty(), "requires=R__…", REPEATABLE),
                squashes(directives),
            ],
        ),
    }
}

const WHOLE: &str = "an empty database is brought to its version in one transaction";
const FIRST: &str = "it comes first on an empty database, and nowhere else";
const EMPTY: &str = "it is for empty databases, which nobody uses";
const CHECKPOINTS: &str = "only a checkpoint, B<version>__<name>.sql, takes the place of others";
const LAST: &str = "it comes behind all versions anyway";
const REPEATABLE: &str = "repeatables come behind all versioned files";

/// A verify file has none at all.
pub(super) fn check_verify(script: &Script) -> Option<MigrationProblem> {
    let is_other = *script.directives() != Directives::default();
    found(script, &[named(is_other, "something for pgkeel", ALONE)])
}

/// What may be mended at any time is refused as soon as it is read, whatever the database has applied.
pub(super) fn check_statements(script: &Script) -> Option<MigrationProblem> {
    let unfit = unfit::find(script)?;
    Some(MigrationProblem::Unfit { file: script.file().to_owned(), unfit })
}

type Place = Option<(&'static str, &'static str)>;

fn unrepeatable(directives: &Directives) -> Vec<Place> {
    vec![
        backfill(directives, TOGETHER),
        named(directives.outside_transaction, "transaction=off", TOGETHER),
        named(directives.out_of_order, "out_of_order=yes", ORDER),
        named(directives.irreversible.is_some(), "irreversible", WAY_BACK),
        named(!directives.requires.is_empty(), "requires=V…", LAST),
        squashes(directives),
    ]
}

/// All is there that it could require, nobody is using anything yet, and what it lists may be reverted by itself.
fn unlike_a_checkpoint(directives: &Directives) -> Vec<Place> {
    let requires = !directives.requires.is_empty() || !directives.requires_repeatables.is_empty();
    vec![
        backfill(directives, WHOLE),
        named(directives.outside_transaction, "transaction=off", WHOLE),
        named(directives.out_of_order, "out_of_order=yes", FIRST),
        named(directives.irreversible.is_some(), "irreversible", WAY_BACK),
        named(requires, "requires", FIRST),
        named(directives.phase != Phase::Expand, "phase", EMPTY),
    ]
}

fn backfill(directives: &Directives, why: &'static str) -> Place {
    named(directives.backfill.is_some(), "backfill", why)
}

fn squashes(directives: &Directives) -> Place {
    named(!directives.squashes.is_empty(), "squashes", CHECKPOINTS)
}

fn unordered(directives: &Directives) -> Vec<Place> {
    let requires = !directives.requires_repeatables.is_empty();
    vec![named(requires, "requires=R__…", ORDER), named(directives.phase != Phase::Expand, "phase", ORDER)]
}

fn named(is_there: bool, directive: &'static str, why: &'static str) -> Place {
    is_there.then_some((directive, why))
}

fn found(script: &Script, places: &[Place]) -> Option<MigrationProblem> {
    let (directive, why) = places.iter().find_map(|place| *place)?;
    Some(MigrationProblem::Misplaced { file: script.file().to_owned(), directive, why })
}

#[cfg(test)]
mod tests {
    use crate::Migrations;

    #[test]
    fn what_means_nothing_where_it_stands_is_named() {
        for (file, text, told) in [
            (
                "R__a.sql",
                "-- pgkeel: transaction=off\nselect 1",
                "R__a.sql says transaction=off, but its statements",
            ),
            (
                "R__a.sql",
                "-- pgkeel: irreversible=\"x\"\nselect 1",
                "R__a.sql says irreversible, but it is never",
            ),
            (
                "V1__a.sql",
                "-- pgkeel: requires=R__b\nselect 1",
                "V1__a.sql says requires=R__…, but repeatables",
            ),
            (
                "before_run.sql",
                "-- pgkeel: phase=contract\nselect 1",
                "before_run.sql says phase, but it has no place",
            ),
            (
                "V1__a.sql",
                "-- pgkeel: squashes=V1__a:1:0000000000000000000000000000000000000000000000000000000000000000\nselect 1",
                "V1__a.sql says squashes, but only a checkpoint",
            ),
            (
                "B1__a.sql",
                "-- pgkeel: transaction=off\nselect 1",
                "B1__a.sql says transaction=off, but an empty database",
            ),
            ("R__a.sql", "-- pgkeel: backfill\nselect 1", "R__a.sql says backfill, but its statements"),
            ("B1__a.sql", "-- pgkeel: backfill\nselect 1", "B1__a.sql says backfill, but an empty database"),
            (
                "before_run.sql",
                "-- pgkeel: backfill\nselect 1",
                "before_run.sql says backfill, but its statements",
            ),
            ("R__a.sql", "select 1; commit", "R__a.sql has COMMIT at 1:11"),
            ("after_run.sql", "vacuum", "after_run.sql has VACUUM at 1:1"),
        ] {
            let error = Migrations::from_static(&[(file, text)]).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
