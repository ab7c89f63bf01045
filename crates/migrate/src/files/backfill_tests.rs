use super::*;
use crate::files::unfit;

const BATCH: &str = "limit current_setting('pgkeel.batch')::bigint";

fn found(sql: &str) -> Option<Unfit> {
    unfit::find(&Script::new("V1__a.sql".into(), &format!("-- pgkeel: backfill\n{sql}")).unwrap())
}

fn reason(sql: &str) -> Option<UnfitReason> {
    found(sql).map(|unfit| unfit.reason)
}

#[test]
fn statements_that_take_a_part_of_the_rows_are_fine() {
    for sql in [
        format!("update t set a = 1 where id in (select id from t where a is null {BATCH});"),
        format!("delete from t where ctid = any (array(select ctid from t {BATCH}))"),
        format!("insert into u select * from t where not exists (select from u where u.id = t.id) {BATCH}"),
        format!("insert into u (select id from t except select id from u {BATCH})"),
        format!("with gone as (delete from t where id in (select id from t {BATCH}) returning *) insert into u select * from gone"),
        format!("with next as (select id from t where a is null {BATCH}), update as (select 1) update t set a = 1 from next where t.id = next.id"),
        "update t set a = 1 where id in (select id from t where a is null
            FETCH FIRST (pg_catalog.current_setting('pgkeel.batch')::int) ROWS ONLY)"
            .to_owned(),
        "update t set a = 1 where id in (select id from t where a is null limit cast(current_setting('PGKEEL.batch') as int))"
            .to_owned(),
        format!("with todo as (delete from queue where id in (select id from queue {BATCH}) returning id) update t set a = 1 from todo where t.id = todo.id"),
    ] {
        assert_eq!(found(&sql), None, "{sql}");
    }
}

#[test]
fn what_is_no_backfill_is_named_with_its_place() {
    let all = format!("update t set a = 1 where id in (select id from t where a is null {BATCH})");
    for (sql, at, words) in [
        ("create table t (id int)".to_owned(), "2:1", "CREATE TABLE"),
        (format!("{all};\n{all}"), "3:1", "UPDATE T"),
        (format!("{all};\n  alter table t add b int"), "3:3", "ALTER TABLE"),
        (format!("select id from t {BATCH}"), "2:1", "SELECT ID"),
        (format!("with a as ({all} returning 1) select * from a"), "2:1", "WITH A"),
        ("merge into t using u on true when matched then delete".to_owned(), "2:1", "MERGE INTO"),
        ("insert into t values (1)".to_owned(), "2:1", "INSERT INTO"),
        ("do $$ begin end $$".to_owned(), "2:1", "DO"),
    ] {
        let found = found(&sql).unwrap_or_else(|| panic!("{sql}"));
        assert_eq!(
            (found.at.to_string().as_str(), found.words.as_str(), found.reason),
            (at, words, UnfitReason::NotBackfill),
            "{sql}"
        );
    }
}

#[test]
fn what_would_not_come_in_parts_or_not_to_an_end_is_named() {
    for (sql, told) in [
        ("update t set a = 1 where a is null".to_owned(), UnfitReason::Unlimited),
        (
            "update t set a = 1 where id in (select id from t where a is null limit 5000)".to_owned(),
            UnfitReason::Unlimited,
        ),
        ("delete from t where b = current_setting('pgkeel.batch')".to_owned(), UnfitReason::Unlimited),
        (
            "delete from t where id in (select id from t limit current_setting('x.batch')::int)".to_owned(),
            UnfitReason::Unlimited,
        ),
        (
            format!(
                "update t set a = 1 where id in (select id from t where a is null {BATCH} for update skip locked)"
            ),
            UnfitReason::SkipsLocked,
        ),
        (
            format!(
                "update t set a = 1 where a is null and id in (select id from t order by (select 1 where true) {BATCH})"
            ),
            UnfitReason::Unending,
        ),
    ] {
        assert_eq!(reason(&sql), Some(told), "{sql}");
    }
    assert_eq!(reason("commit"), Some(UnfitReason::ControlsTransaction));
}

#[test]
fn the_query_that_picks_is_known_among_others() {
    let takes = |sql: &str| takes_all(&statements(sql)[0]);
    assert!(takes(&format!("delete from t where id in (select id from t {BATCH})")));
    assert!(takes(&format!(
        "delete from t where id in (select id from (select id from t where a) x {BATCH})"
    )));
    assert!(!takes(&format!("delete from t where id in (select id from t where (a) {BATCH} for update)")));
    assert!(!takes("delete from t where id in (select id from t limit 1)"));
}
