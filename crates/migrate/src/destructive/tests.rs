use super::*;

/// What each statement may lose, by its words.
fn found(sql: &str) -> Vec<(String, Loss)> {
    let script = Script::new("V1__a.sql".into(), sql).unwrap();
    find(&script, 0).into_iter().map(|it| (it.words, it.loss)).collect()
}

/// A look from each parenthesis to the end would take hours.
#[test]
fn a_list_of_very_many_values_is_judged_in_one_pass() {
    let values = "(1, 'a', lower('b')), ".repeat(50_000);
    let sql = format!("insert into t values {values}(2, 'c', 'd'); update t set a = 1");
    assert_eq!(found(&sql), [("UPDATE t without WHERE".to_owned(), Loss::Values)]);
}

#[test]
fn what_may_lose_data_is_named() {
    for (sql, words, loss) in [
        ("DROP TABLE IF EXISTS s.Orders, \"Old\"", "DROP TABLE s.orders, \"Old\"", Loss::Object),
        ("drop schema a cascade", "DROP SCHEMA a", Loss::Object),
        ("drop database if exists a", "DROP DATABASE a", Loss::Object),
        ("drop type mood", "DROP TYPE mood", Loss::Object),
        ("drop domain if exists d", "DROP DOMAIN d", Loss::Object),
        ("drop sequence s", "DROP SEQUENCE s", Loss::Object),
        ("drop extension hstore", "DROP EXTENSION hstore", Loss::Object),
        ("drop owned by app", "DROP OWNED app", Loss::Object),
        ("drop view v cascade", "DROP VIEW … CASCADE", Loss::Dependents),
        ("drop function f(int) cascade", "DROP FUNCTION … CASCADE", Loss::Dependents),
        ("alter table only s.t drop column if exists c", "ALTER TABLE s.t DROP COLUMN c", Loss::Column),
        ("alter table t drop c cascade", "ALTER TABLE t DROP COLUMN c", Loss::Column),
        ("alter table t add d int check (a in (1, 2)), drop c", "ALTER TABLE t DROP COLUMN c", Loss::Column),
        ("alter type p drop attribute if exists x", "ALTER TYPE p DROP ATTRIBUTE x", Loss::Column),
        ("alter type p alter attribute x type int", "ALTER TYPE p ALTER ATTRIBUTE x TYPE", Loss::Precision),
        ("alter table t alter c type int", "ALTER TABLE t ALTER COLUMN c TYPE", Loss::Precision),
        (
            "alter table t alter column c set data type numeric(8, 2)",
            "ALTER TABLE t ALTER COLUMN c TYPE",
            Loss::Precision,
        ),
        (
            "alter table t alter c type text using left(c, 9)",
            "ALTER TABLE t ALTER COLUMN c TYPE",
            Loss::Precision,
        ),
        (
            "alter table t alter c type varchar(9) using c::varchar(9)",
            "ALTER TABLE t ALTER COLUMN c TYPE",
            Loss::Precision,
        ),
        (
            "alter table t alter c type timestamp(3) with time zone",
            "ALTER TABLE t ALTER COLUMN c TYPE",
            Loss::Precision,
        ),
        ("truncate only a, b restart identity", "TRUNCATE a, b", Loss::Rows),
        ("truncate table a cascade", "TRUNCATE a CASCADE", Loss::Rows),
        ("delete from only s.t as x", "DELETE FROM s.t without WHERE", Loss::Rows),
        ("delete from t using (select 1 where true) x", "DELETE FROM t without WHERE", Loss::Rows),
        (
            "with gone as (delete from t returning *) insert into u select * from gone where a",
            "DELETE FROM t without WHERE",
            Loss::Rows,
        ),
        ("with x as (select 1 where true) delete from t", "DELETE FROM t without WHERE", Loss::Rows),
        ("explain analyze delete from t", "DELETE FROM t without WHERE", Loss::Rows),
        ("update t set a = (select 1 where true), (b, c) = (1, 2)", "UPDATE t without WHERE", Loss::Values),
    ] {
        assert_eq!(found(sql), [(words.to_owned(), loss)], "{sql}");
    }
}

#[test]
fn what_loses_nothing_is_not() {
    for sql in [
        "drop view v; drop index i cascade; drop trigger t on a cascade; drop function f(); drop materialized view v",
        "drop foreign table f; drop role app; drop policy p on t cascade",
        "alter table t drop constraint c cascade; alter table t alter c drop not null, alter d drop default",
        "alter table t rename c to d; alter table t add c int; alter index i rename to j; alter table t detach partition p",
        "alter table t alter c type text; alter table t alter c type character varying(9), alter d type bigint",
        "alter table t alter c type text[] using c::text[]; alter table t alter c type timestamptz, alter d type numeric",
        "alter table t alter c type text collate \"C\"; alter table t alter c type varchar using c",
        "delete from t where a; update t set a = 1 where b; with x as (delete from t where a returning *) select * from x",
        "select * from t for update; insert into t values (1) on conflict (a) do update set a = 2",
        "explain delete from t; prepare p as delete from t; select 'drop table t'; select \"delete\" from \"from\"",
        "create table c (a int references t on delete cascade on update set null)",
        "create rule r as on update to t do instead (delete from u)",
        "create trigger a before delete or update on t for each row execute function f()",
        "create function f() returns void language sql as $$ drop table t; delete from t $$",
        "create procedure p() begin atomic delete from t; update t set a = 1; end",
        "do $$ begin drop table t; end $$; /* drop table t; */ -- truncate t",
        "comment on table t is 'drop table t'; grant truncate, delete on t to app",
        "merge into t using u on t.a = u.a when matched then delete",
    ] {
        assert_eq!(found(sql), [], "{sql}");
    }
}

#[test]
fn what_the_file_made_itself_may_go() {
    for sql in [
        "create table t (a int); insert into t values (1); update t set a = 2; delete from t; truncate t; drop table t",
        "create temporary table if not exists t as select 1; drop table t",
        "select 1 as a into temp t; drop table t",
        "create unlogged table s.\"t\" (a int); alter table s.t drop a; drop table s.t",
        "create schema s; create table s.t (a int); drop table s.t; drop schema s",
        "create temp table t on commit drop as select 1; update t set a = 1; drop table t cascade",
        "create type m as enum ('a'); drop type m; create domain d as int; drop domain d; create sequence q; drop sequence q",
        "create table a (i int); alter table a rename to b; drop table b",
        "alter table t add column c int, add d int; update t set c = a, (d) = (b); alter table t drop c",
        "alter table t add c int; alter table t rename to u; alter table u drop c",
        "create extension hstore; drop extension hstore",
    ] {
        assert_eq!(found(sql), [], "{sql}");
    }
}

#[test]
fn what_only_looks_like_made_here_may_not() {
    for (sql, words) in [
        ("create table if not exists t (a int); drop table t", "DROP TABLE t"),
        ("create table t (a int); drop table u, t", "DROP TABLE u"),
        ("create table t (a int); drop table s.t", "DROP TABLE s.t"),
        ("create table t (a int); set search_path = s; drop table t", "DROP TABLE t"),
        ("create table t (a int); select set_config('search_path', 's', true); drop table t", "DROP TABLE t"),
        ("savepoint x; create table t (a int); rollback to x; drop table t", "DROP TABLE t"),
        ("create table t (a int); drop table t; alter table u rename to t; drop table t", "DROP TABLE t"),
        (
            "create table u (a int); alter table t rename to v; alter table u rename to t; drop table v",
            "DROP TABLE v",
        ),
        (
            "create table p (a int) partition by list (a); alter table p attach partition t default; drop table p",
            "DROP TABLE p",
        ),
        ("create table t (a int); truncate t cascade", "TRUNCATE t CASCADE"),
        ("create schema s; alter table t set schema s; drop schema s", "DROP SCHEMA s"),
        (
            "create table s.t (a int); alter schema s rename to r; alter schema u rename to s; drop table s.t",
            "DROP TABLE s.t",
        ),
        ("create type m as enum (); alter table t alter c type text; drop type m cascade", "DROP TYPE m"),
        ("create view v as select * from t; delete from v", "DELETE FROM v without WHERE"),
        ("create foreign table f (a int) server s; update f set a = 1", "UPDATE f without WHERE"),
        (
            "-- pgkeel: transaction=off\ncreate temp table t (a int) on commit drop; drop table t",
            "DROP TABLE t",
        ),
        (
            "alter table t add b int; alter table t rename a to b; alter table t drop b",
            "ALTER TABLE t DROP COLUMN b",
        ),
        ("alter table t add if not exists b int; update t set b = 1", "UPDATE t without WHERE"),
        ("alter table t add b int; update t set b = 1, a = 2", "UPDATE t without WHERE"),
        ("drop type \"T\"; create type t as (a int); drop type t", "DROP TYPE \"T\""),
    ] {
        let words_of: Vec<_> = found(sql).into_iter().map(|it| it.0).collect();
        assert_eq!(words_of, [words], "{sql}");
    }
}

#[test]
fn places_are_those_of_the_part_that_does_it() {
    let script =
        Script::new("V1__a.sql".into(), "-- é\nselect 'é';\n  alter table t add c int,\n    drop d;")
            .unwrap();
    let [found] = &find(&script, 0)[..] else { panic!() };
    assert_eq!(found.to_string(), "V1__a.sql:4:5: ALTER TABLE t DROP COLUMN d: its values are lost");
}

#[test]
fn statements_that_have_run_already_are_not_judged_again() {
    let sql = "create table t (a int); drop table u; drop table t; drop table v";
    let script = Script::new("V1__a.sql".into(), sql).unwrap();
    let words = |from| find(&script, from).into_iter().map(|it| it.words).collect::<Vec<_>>();
    assert_eq!(words(0), ["DROP TABLE u", "DROP TABLE v"]);
    assert_eq!(words(2), ["DROP TABLE v"]);
}
