//! Texts that are hard to take apart: the statements that are found here have to do what the server does with the whole.

use pgkeel_connect::Executor as _;
use pgkeel_migrate::{Conflict, Error, UnfitReason};
use pgkeel_testkit::TestDatabase;

use crate::{migrator, outside};

/// Each writes what it finds into the table `seen`.
const TEXTS: [&str; 11] = [
    "/* a; /* b; */ c; -- */ insert into seen values ('1;'); -- x; '\ninsert into seen values ('2'';')",
    "do $a$ begin insert into seen values ('$$;'); execute $b$insert into seen values ($$a;$$)$b$; end $a$; select 1;",
    "insert into seen values (E'a\\';b'), (U&'\\0061;'), (e'\\\\'), ('a\\'); insert into seen values (E'c'\n  'd\\';')",
    "create function f(n int) returns int begin atomic insert into seen values (';f'); select case when n > 0 then 1 else 2 end; end;
     select f(1); create procedure p() begin atomic insert into seen values ('p'); end; call p(); create table \"end;\" (id int)",
    "create table t (id int); create rule r as on insert to t do also (insert into seen values ('r1'); insert into seen values ('r2;')); insert into t values (1);",
    "insert into seen values ($tag$ $ta$; $tag$); insert into seen select 'x$$' as a$$b where 1 <> 2; insert into seen values ('é;日本')",
    "insert into seen select '1'::text||chr(59) -- ;\n; insert into seen select 2*-1 /*;*/+3 - -4;",
    "create function g() returns text language plpgsql as $$ begin return 'a;' || $q$b;$q$; end; $$; insert into seen select g();;; ;",
    "create or replace function h() returns table (a text) begin atomic; select note from seen order by 1; end; insert into seen select count(*)::text from h()",
    "insert into seen values ('a'\n'b;') ; insert into seen values (\"lower\"('C;'));",
    "prepare q(text) as insert into seen values ($1); execute q('e;'); deallocate q; insert into seen values (B'101'::text), (X'1f'::text), (N'n;')",
];

/// Nothing of an earlier text is left.
const ANEW: &str = "drop schema if exists pgkeel cascade; drop schema public cascade; create schema public";

async fn seen(database: &TestDatabase, text: &str) -> String {
    database.connection().await.batch_execute(ANEW).await.unwrap();
    let files = [("V1__a.sql", "create table seen (note text);"), ("V2__b.sql", text)];
    if let Err(error) = migrator(database, &files).without_record().up().await {
        return format!(
            "{} {}",
            error.server().expect("the server refused").code().code(),
            error.file().unwrap().at.unwrap()
        );
    }
    let sql = "select string_agg(note, '|' order by note collate \"C\") || (select string_agg(relname, ',' order by relname)
               from pg_class where relnamespace = 'public'::regnamespace) from seen";
    database.connection().await.query_scalar(sql, &[]).await.unwrap()
}

#[tokio::test]
async fn statement_by_statement_does_what_the_whole_does() {
    let database = TestDatabase::empty().await;
    for text in TEXTS {
        // A directive in place of a comment keeps the lines.
        let (whole, by_statement) =
            (seen(&database, &format!("-- whole\n{text}")).await, seen(&database, &outside(text)).await);
        assert_eq!(whole, by_statement, "{text}");
    }
}

#[tokio::test]
async fn the_texts_do_what_they_are_meant_to_do() {
    let database = TestDatabase::empty().await;
    for (text, expected) in
        [(TEXTS[0], "1;|2';seen"), (TEXTS[2], "\\|a';b|a;|a\\|cd';seen"), (TEXTS[6], "1;|5seen")]
    {
        assert_eq!(seen(&database, text).await, expected, "{text}");
    }
}

#[tokio::test]
async fn what_only_psql_can_do_is_refused_by_name_before_anything_runs() {
    let database = TestDatabase::empty().await;
    for (text, place, words, reason) in [
        ("create table t (id int);\n\\copy t from 'x'\nselect 1;", "2:1", "\\copy", UnfitReason::MetaCommand),
        ("select 1 \\gset\n", "1:10", "\\gset", UnfitReason::MetaCommand),
        ("\\restrict abc\nselect 1;", "1:1", "\\restrict", UnfitReason::MetaCommand),
        ("select 1;\ncopy t (id) from stdin;\n1\n\\.\n", "2:1", "COPY", UnfitReason::CopiesThroughClient),
        (
            "set standard_conforming_strings = off;",
            "1:1",
            "SET STANDARD_CONFORMING_STRINGS",
            UnfitReason::ChangesStrings,
        ),
        ("create table t (id int);\n vacuum t;", "2:2", "VACUUM T", UnfitReason::OutsideTransaction),
    ] {
        let Err(Error::Conflicts { conflicts }) = migrator(&database, &[("V1__a.sql", text)]).up().await
        else {
            panic!("{text}")
        };
        let [Conflict::Unfit { unfit, .. }] = &conflicts[..] else { panic!("{conflicts:?}") };
        assert_eq!((unfit.words.as_str(), unfit.reason), (words, reason));
        if reason != UnfitReason::MetaCommand || place == "1:1" {
            assert_eq!(unfit.at.to_string(), place);
        }
    }
}
