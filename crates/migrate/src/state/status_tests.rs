use super::*;

fn row(version: i64, name: &str, checksum: u64) -> Applied {
    Applied { version, name: name.into(), applied_on: SystemTime::UNIX_EPOCH, checksum }
}

fn migrations(files: &[(&str, &str)]) -> Migrations {
    Migrations::from_static(files).unwrap()
}

fn compare(files: &[(&str, &str)], applied: Vec<Applied>, trail: &Trail) -> Status {
    Status::compare(&migrations(files), applied, trail, None)
}

#[test]
fn every_disagreement_is_named() {
    let sql = "select 1";
    let files = [
        ("V1__a.sql", sql),
        ("V2__b.sql", sql),
        ("V3__c.sql", sql),
        ("V4__d.sql", sql),
        ("V7__e.sql", "commit"),
    ];
    let checksum = migrations(&files).iter().next().unwrap().checksum();
    let applied = vec![row(1, "a", checksum), row(2, "b", 0), row(3, "x", 0), row(5, "y", 0)];
    let status = compare(&files, applied, &Trail::default());
    let pending: Vec<i64> = status.pending.iter().map(Migration::version).collect();
    assert_eq!(pending, [4, 7]);
    assert!(
        matches!(
            &status.conflicts[..],
            [
                Conflict::Edited { version: 2, .. },
                Conflict::Renamed { version: 3, .. },
                Conflict::OutOfOrder { version: 4, .. },
                Conflict::Missing { version: 5, .. },
                Conflict::Unfit { version: 7, .. },
            ]
        ),
        "{:?}",
        status.conflicts
    );
}

#[test]
fn gaps_between_versions_are_no_conflict() {
    let status =
        compare(&[("V3__a.sql", "select 1"), ("V30__b.sql", "select 1")], Vec::new(), &Trail::default());
    assert_eq!((status.pending.len(), status.conflicts.len()), (2, 0));
}

#[test]
fn a_version_that_is_required_has_to_come_before() {
    let files = [
        ("V2__a.sql", "-- pgkeel: requires=V1\nselect 1"),
        ("V3__b.sql", "-- pgkeel: requires=V2\nselect 1"),
        ("V4__c.sql", "-- pgkeel: requires=V3,V5\nselect 1"),
        ("V5__d.sql", "select 1"),
    ];
    let status = compare(&files, Vec::new(), &Trail::default());
    let lacking: Vec<_> = status.conflicts.iter().map(ToString::to_string).collect();
    assert!(
        lacking.len() == 2 && lacking[0].contains("version 1") && lacking[1].contains("version 5"),
        "{lacking:?}"
    );
}

#[test]
fn a_file_that_says_so_may_come_late() {
    let files = [("V2__a.sql", "-- pgkeel: out_of_order=yes\nselect 1"), ("V3__b.sql", "select 1")];
    let checksum = migrations(&files).get(3).unwrap().checksum();
    assert_eq!(compare(&files, vec![row(3, "b", checksum)], &Trail::default()).conflicts, []);
}

#[test]
fn comments_that_were_edited_are_told_and_are_no_conflict() {
    let old = migrations(&[("V1__a.sql", "select 1")]);
    let old = old.get(1).unwrap();
    let hashes = Hashes {
        is_code: false,
        sha256: old.up().sha256().to_string(),
        token_sha256: old.up().token_sha256().to_string(),
        refinery_checksum: old.checksum().to_string(),
        down_sha256: None,
    };
    let trail = Trail { applied: [(1, hashes)].into(), ..Trail::default() };
    let applied = || vec![row(1, "a", old.checksum())];
    let status = compare(&[("V1__a.sql", "-- why\nselect 1;")], applied(), &trail);
    assert_eq!((status.conflicts.len(), status.cosmetic.len()), (0, 1));
    let status = compare(&[("V1__a.sql", "select 2;")], applied(), &trail);
    assert_eq!((status.conflicts.len(), status.cosmetic.len()), (1, 0));
    // The row of the history was written by somebody else since.
    let status = compare(&[("V1__a.sql", "-- why\nselect 1;")], vec![row(1, "a", 7)], &trail);
    assert_eq!((status.conflicts.len(), status.cosmetic.len()), (1, 0));
}

#[test]
fn a_file_that_was_stopped_goes_on_only_behind_the_same_statements() {
    const FILE: &str = "-- pgkeel: transaction=off\nselect 1; select 2; select 3";
    let stopped_after = |done: usize| Last {
        direction: Direction::Up,
        state: State::Running,
        is_outside: true,
        done,
        total: 3,
        done_sha256: migrations(&[("V1__a.sql", FILE)])
            .get(1)
            .unwrap()
            .up()
            .token_sha256_of(done)
            .map(|it| it.to_string()),
    };
    let status = |file: &str, done: usize| {
        let trail = Trail { last: [(1, stopped_after(done))].into(), ..Trail::default() };
        compare(&[("V1__a.sql", file)], Vec::new(), &trail)
    };
    let same = status(FILE, 2);
    let resumes = |direction| same.job(same.pending[0].clone(), direction).done;
    assert_eq!((same.conflicts.len(), resumes(Direction::Up), resumes(Direction::Down)), (0, 2, 0));
    let mended = FILE.replace("select 3", "select 4; select 5");
    assert_eq!(status(&mended, 2).conflicts, []);
    let changed = FILE.replace("select 2", "select 0");
    assert!(matches!(&status(&changed, 2).conflicts[..], [Conflict::CannotResume { done: 2, now: 3, .. }]));
    assert_eq!(status(&changed, 1).conflicts, []);
    assert_eq!(status("select 1; select 2", 0).conflicts, []);
    assert_eq!(status("select 1; select 2", 1).conflicts.len(), 1);
}
