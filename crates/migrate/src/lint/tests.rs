#[path = "cases.rs"]
mod cases;

use super::*;

fn linter(files: &[(&str, &str)]) -> Linter {
    Linter::new(Migrations::from_static(files).unwrap())
}

/// The findings in files that are pending one after the other, but for the way back that these have not.
fn pending(files: &[(&str, &str)]) -> Vec<String> {
    let migrations = Migrations::from_static(files).unwrap();
    let pending = migrations.iter().map(|migration| migration.file().to_owned()).collect();
    let linter = Linter { pending: Some(pending), ..linter(files) }.without(["irreversible"]).unwrap();
    told(&linter)
}

fn told(linter: &Linter) -> Vec<String> {
    let told = |finding: LintFinding| format!("{}:{}: {}", finding.file, finding.from, finding.rule);
    linter.lint().findings.into_iter().map(told).collect()
}

fn of(sql: &str) -> Vec<String> {
    told(&linter(&[("V1__a.sql", sql)]).without(["irreversible"]).unwrap())
}

#[test]
fn each_rule_finds_what_it_is_about_and_not_what_is_near() {
    for (rule, about, near) in cases::CASES {
        let found = |sql| {
            let linter = linter(&[("V1__a.sql", sql)]).only([*rule]).unwrap().with_server_version(19);
            linter.lint().findings.len()
        };
        assert_eq!((found(about) > 0, found(near)), (true, 0), "{rule}");
    }
}

#[test]
fn what_is_cut_off_anywhere_is_looked_at_all_the_same() {
    for (_, about, near) in cases::CASES {
        for text in [about, near] {
            for (end, _) in text.char_indices() {
                if let Ok(migrations) = Migrations::from_static(&[("V1__a.sql", &text[..end])]) {
                    let _ = Linter::new(migrations).lint();
                }
            }
        }
    }
}

#[test]
fn each_rule_has_a_case() {
    let cases: Vec<&str> = cases::CASES.iter().map(|(rule, ..)| *rule).collect();
    assert_eq!(cases, Linter::rules().map(|(rule, ..)| rule).collect::<Vec<_>>());
}

#[test]
fn a_rule_that_holds_anyway_says_so() {
    let error = |rule| linter(&[]).without([rule]).unwrap_err().to_string();
    assert_eq!(
        error("require-lock-timeout"),
        "require-lock-timeout is no rule that can be looked for: every file runs under a lock_timeout and a statement_timeout"
    );
    assert!(error("nonsense").ends_with("migrate lint --help has all"));
}

#[test]
fn what_is_new_in_the_same_file_is_used_by_nobody() {
    for sql in [
        "create table t (a bigint); create index i on t (a); alter table t add check (a > 0), alter a set not null",
        "create table s.t (a bigint); alter table only s.t add primary key (a); alter table s.t add foreign key (a) references u",
        "-- pgkeel: transaction=off\ncreate table t (a bigint); create index i on t (a); drop index i; reindex table t",
    ] {
        assert_eq!(of(sql), Vec::<String>::new(), "{sql}");
    }
    assert_eq!(of("create table if not exists t (a text); create index i on t (a)"), Vec::<String>::new());
}

#[test]
fn what_is_new_in_files_that_are_pending_together_is_used_by_nobody() {
    let files = [
        ("V1__a.sql", "create table t (a bigint); create temp table x (a bigint);"),
        ("V2__b.sql", "create index i on t (a);\ncreate index j on u (a);\ncreate index k on x (a);"),
    ];
    let alone = [
        "V2__b.sql:1:1: require-concurrent-index-creation",
        "V2__b.sql:2:1: require-concurrent-index-creation",
    ];
    let found = pending(&files);
    assert_eq!(found[0], alone[1]);
    assert_eq!(
        found[1], "V2__b.sql:3:1: require-concurrent-index-creation",
        "the temporary table is gone by then"
    );
    let each = told(&linter(&files).without(["irreversible"]).unwrap());
    assert_eq!(each[..2], alone);
}

#[test]
fn an_excused_finding_is_not_told() {
    assert_eq!(
        of("-- squawk-ignore require-concurrent-index-creation -- small\ncreate index i on t (a)"),
        Vec::<String>::new()
    );
    assert_eq!(
        of("-- squawk-ignore-file opaque, destructive\nselect 1;\ndrop type t;\ndo ''"),
        ["V1__a.sql:1:31: unused-ignore", "V1__a.sql:3:1: destructive", "V1__a.sql:3:1: ban-drop-type"]
    );
    assert_eq!(of("do ''; -- squawk-ignore opaque\n\ndo ''"), ["V1__a.sql:3:1: opaque"]);
    let file = linter(&[("V1__a.sql", "-- squawk-ignore-file irreversible\nselect 1")]);
    assert_eq!(told(&file), Vec::<String>::new());
}

#[test]
fn of_two_rules_the_more_precise_one_is_told() {
    let sql = "alter table t add constraint k foreign key (a) references u, add check (a > 0)";
    assert_eq!(
        of(sql),
        ["V1__a.sql:1:19: adding-foreign-key-constraint", "V1__a.sql:1:62: constraint-missing-not-valid"]
    );
}

#[test]
fn whether_a_file_runs_in_a_transaction_counts() {
    let sql = "alter table t add constraint k check (a > 0) not valid; alter table t validate constraint k";
    assert_eq!(of(sql), ["V1__a.sql:1:71: constraint-missing-not-valid"]);
    assert_eq!(of(&format!("-- pgkeel: transaction=off\n{sql}")), Vec::<String>::new());
}

#[test]
fn the_version_of_the_server_counts() {
    let vacuum =
        linter(&[("V1__a.sql", "-- pgkeel: transaction=off irreversible=\"\u{20}x\"\nvacuum full t")]);
    let files = |version| told(&vacuum.clone().with_server_version(version)).len();
    assert_eq!((files(18), files(19)), (0, 1));
}

#[test]
fn a_fix_is_shown_as_the_line_that_it_makes() {
    let sql = "-- é\nselect 'é'; create index i\n  on t (a);\n";
    let report = linter(&[("V1__a.sql", sql)]).only(["require-concurrent-index-creation"]).unwrap().lint();
    let [finding] = &report.findings[..] else { panic!("{report:?}") };
    assert_eq!((finding.from.to_string(), finding.to.to_string()), ("2:13".into(), "3:12".into()));
    let fix = finding.fix.as_ref().unwrap();
    assert_eq!(fix.lines(sql), "select 'é'; create index concurrently i");
    assert_eq!((fix.title.as_str(), &fix.edits[0].text), ("Add `concurrently`", &" concurrently".to_owned()));
}

#[test]
fn several_edits_make_one_text() {
    let sql = "update t set a = 1,\n  a = 2,\n  a = 3 where b;";
    let report = linter(&[("V1__a.sql", sql)]).only(["ban-duplicate-column-assignments"]).unwrap().lint();
    let fix = report.findings.iter().find_map(|finding| finding.fix.as_ref()).unwrap();
    assert_eq!(fix.lines(sql), "update t set a = 3 where b;");
}

#[test]
fn the_worst_and_the_numbers_are_known() {
    let report = linter(&[("V1__a.sql", "drop table t; create table u (a int)")]).lint();
    let counts = [LintLevel::Error, LintLevel::Warning, LintLevel::Info].map(|level| report.count(level));
    assert_eq!((counts, report.files), ([1, 2, 1], 1));
    let report = linter(&[("V1__a.sql", "create table u (a int)")]).lint();
    assert!(report.has(LintLevel::Warning) && !report.has(LintLevel::Error));
}

#[test]
fn the_way_back_is_asked_for() {
    let files = [("V1__a.sql", "select 1"), ("V1__a.down.sql", "select 1"), ("V2__b.sql", "select 1")];
    let report = linter(&files).lint();
    let [finding] = &report.findings[..] else { panic!("{report:?}") };
    assert_eq!(
        finding.to_string(),
        "V2__b.sql:1:1: warning: irreversible: There is no way back, and nothing says why"
    );
    assert!(finding.help.as_ref().unwrap().starts_with("Write V2__b.down.sql, or "));
}

#[test]
fn a_way_back_is_held_against_what_blocks_a_database_in_use() {
    let back = |down| {
        let files = [
            ("V1__a.sql", "-- pgkeel: destructive=accepted\nalter table t drop a"),
            ("V1__a.down.sql", down),
        ];
        let of_back = |found: &String| found.starts_with("V1__a.down.sql:");
        told(&linter(&files)).into_iter().filter(of_back).collect::<Vec<_>>()
    };
    assert_eq!(back("create index i on t (a)"), ["V1__a.down.sql:1:1: require-concurrent-index-creation"]);
    assert_eq!(back("alter table t alter a type int")[0], "V1__a.down.sql:1:23: changing-column-type");
    assert_eq!(
        back("do ''; create table (a int)").len(),
        2,
        "what cannot be looked into, or not be read, is told"
    );
    assert_eq!(back("-- squawk-ignore require-concurrent-index-creation\ncreate index i on t (a)"), [""; 0]);
    for fine in [
        "drop table t; alter table u drop b; drop view v; drop function f(); truncate u",
        "create table t (a int, b char(2), c timestamp); create index i on t (a)",
        "alter table t add a varchar(9)",
    ] {
        assert_eq!(back(fine), [""; 0], "{fine}");
    }
}

#[test]
fn a_way_back_finds_in_use_what_its_file_made() {
    let files = [
        ("V1__a.sql", "create table t (a bigint)"),
        ("V1__a.down.sql", "alter table t rename to u; reindex table t"),
    ];
    assert_eq!(pending(&files), ["V1__a.down.sql:1:28: require-concurrent-reindex"]);
    assert_eq!(linter(&files).lint().files, 2);
}
