//! Texts that would be something else if they were ever part of a statement.

use pgkeel_pool::{Config, CopyTarget, Pool};
use pgkeel_query::bind::MisfitReason;
use pgkeel_query::connect::{Begin as _, Connection};
use pgkeel_query::{
    AuditedSql, BadIdent, Constraints, CursorKeys, Entity, Error, Executor as _, Ident, KeysetRequest,
    Rejected, Table, col, q, sql, tenant,
};
use pgkeel_testkit::{TestDatabase, hostile_texts, scaled};

use crate::watched::Nowhere;

const BEFORE: [&str; 10] = ["", "a", "'", "''", "\"", "\\", "\\'", "$$", "{x}", "%_"];
const INSIDE: [&str; 24] = [
    "'; drop table canary; --",
    "' or '1'='1",
    "') or 1=1 --",
    "\"; drop table canary; --",
    "'||(select current_user)||'",
    "$1",
    "$1::int",
    "{name}",
    "{}",
    "$tag$ ' $tag$",
    "E'\\''",
    "U&'\\0027'",
    "/* ' */",
    "-- \n",
    "; commit; drop table canary; begin; --",
    "\\x27; drop table canary",
    "%27%20or%201=1",
    "{1,2,NULL}",
    "{\"a\":\"b\\u0041\"}",
    "pg_sleep(10)",
    "\u{2019} or 1=1",
    "\u{feff}\u{202e}\u{200b}",
    "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}e\u{301}",
    "\r\n\t\u{1}\u{7f}\u{80}\u{ffff}\u{10ffff}",
];
const AFTER: [&str; 8] = ["", "--", "/*", "'", "\"", "\\", ";", " "];

/// Our own: each alone and repeated, and by full counts any two of them behind each other, 21,120 in all. Behind these those of
/// whoever runs the tests. None has a zero byte, which no text of the server's has.
pub(crate) fn corpus() -> Vec<String> {
    let mut texts = own();
    texts.extend(hostile_texts().into_iter().filter(|text| !text.contains('\0')));
    texts
}

/// One of so many of our own, and all of whoever runs the tests.
pub(crate) fn some(one_in: usize) -> Vec<String> {
    let own_ones = own().len();
    let is_tried = |(place, _): &(usize, String)| *place >= own_ones || place % one_in == 0;
    corpus().into_iter().enumerate().filter(is_tried).map(|(_, text)| text).collect()
}

fn own() -> Vec<String> {
    let repeated = [1, scaled(2, 40)].map(|times| INSIDE.map(|inside| inside.repeat(times)));
    let pairs = INSIDE.iter().flat_map(|one| INSIDE.iter().map(move |other| format!("{one}{other}")));
    let pairs: Vec<String> = pairs.take(scaled(0, usize::MAX)).collect();
    let around = |inside: &String, after: &[&str]| {
        let each = BEFORE.iter().flat_map(|before| after.iter().map(move |after| (before, after)));
        each.map(|(before, after)| format!("{before}{inside}{after}")).collect::<Vec<_>>()
    };
    let singles = repeated.iter().flatten().flat_map(|inside| around(inside, &AFTER));
    singles.chain(pairs.iter().flat_map(|pair| around(pair, &AFTER[..3]))).collect()
}

#[tokio::test]
async fn every_value_entry_gives_them_back_byte_for_byte() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute("create table canary(id int); create domain word as varchar").await.unwrap();
    let reason = "a test of hostile texts";
    let texts = corpus();
    for text in &texts {
        let found = sql!(
            "select {text}::text, {text}::varchar, {text}::word::text, {list}::text[], {bytes}::bytea, {json}::jsonb #>> '{a}'",
            list = [text.as_str(), "'"],
            bytes = text.as_bytes(),
            json = serde_json::json!({"a": text}),
        );
        let found: (String, String, String, Vec<String>, Vec<u8>, String) =
            found.fetch_one(&connection).await.unwrap();
        let all = [&found.0, &found.1, &found.2, &found.3[0], &found.5];
        assert!(all.into_iter().all(|got| got == text) && found.4 == text.as_bytes(), "{text:?}");
        let typed = AuditedSql::new(reason, "select $1");
        assert_eq!(&typed.bind(text).scalar::<String>(&connection).await.unwrap(), text);
    }
    let back: Vec<String> = sql!("select {texts}::text[]").scalar(&connection).await.unwrap();
    assert_eq!(back, texts);
    let runs: u64 =
        AuditedSql::runs().iter().filter(|runs| runs.reason == reason).map(|runs| runs.count).sum();
    assert!(runs == texts.len() as u64 && texts.len() >= scaled(3_000, 18_000));
    sql!("select id from canary").fetch_all::<(i32,)>(&connection).await.expect("it is still there");
}

#[tokio::test]
async fn every_name_stays_a_name_or_is_refused() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute("create table canary(id int)").await.unwrap();
    let mut refused = 0;
    for text in corpus() {
        let name = match Ident::new(text.clone()) {
            Ok(name) => name,
            Err(error) => {
                assert!(matches!(error, BadIdent::TooLong { .. }), "{text:?}: {error}");
                refused += 1;
                continue;
            }
        };
        let table = Table::new(name.clone());
        let statement = format!("with {table} as (select 1 as {name}) select {name} from {table}");
        let statement = AuditedSql::new("a test of hostile names", statement);
        assert_eq!(statement.scalar::<i32>(&connection).await.unwrap(), 1, "{text:?}");
    }
    assert!(refused > 0);
    sql!("select id from canary").fetch_all::<(i32,)>(&connection).await.expect("it is still there");
}

/// Schema, table, column, index, constraint and enum, each called so, beside others that are not called so by chance; and the
/// search path that leads to them.
async fn named(on: &Connection, text: &str, name: &Ident) -> Result<(), Error> {
    let reason = "a test of hostile names";
    let table = Table::new(name.clone()).in_schema(name.clone());
    let made = format!(
        "create schema {name}; create schema \"the side\"; create type \"the side\".{name} as enum ('a');
         create table {table}(\"the id\" int4, {name} \"the side\".{name} not null, constraint {name} check (\"the id\" < 9));
         create table \"the side\".\"the other\"(id int4); create index {name} on \"the side\".\"the other\" (id)"
    );
    on.batch_execute(&made).await?;
    let insert = format!("insert into {table} values ($1, 'a')");
    AuditedSql::new(reason, &insert).bind(&7_i32).execute(on).await?;
    let by_name =
        q(&table).select((name, "the id")).filter(col("the id").eq(7_i32)).order_by([col(name).asc()]);
    assert_eq!(by_name.count(on).await?, 1);
    let path = name.to_string();
    let led: String = sql!("select set_config('search_path', {path}, true)").scalar(on).await?;
    assert_eq!(led, path);
    assert_eq!(q(Table::new(name.clone())).select(["the id"]).fetch_all::<(i32,)>(on).await?, [(7,)]);
    let error = AuditedSql::new(reason, &insert).bind(&9_i32).execute(on).await.unwrap_err();
    let constraint = error.server().and_then(|server| server.constraint());
    assert_eq!(constraint, Some(text));
    let known = Constraints::<Cursor>::new().on(text.to_owned(), (c::id,)).judge(error);
    assert!(matches!(known, Rejected::Fields(_)), "{known:?}");
    Ok(())
}

/// Whether a schema or a column of every table is called so already, or the server keeps such names for itself.
async fn is_of_the_server(on: &Connection, text: &str) -> bool {
    let taken = sql!(
        "select starts_with({text}, 'pg_') or exists (select from pg_namespace where nspname = {text})
            or exists (select from pg_attribute where attname = {text} and attnum < 0)"
    );
    taken.scalar(on).await.unwrap()
}

#[tokio::test]
async fn whatever_is_called_by_a_hostile_name_is_found_by_it() {
    let database = TestDatabase::empty().await;
    let mut connection = database.connection().await;
    connection.batch_execute("create table canary(id int)").await.unwrap();
    let mut tried = 0;
    for text in some(scaled(60, 4)) {
        let Ok(name) = Ident::new(text.clone()) else { continue };
        if is_of_the_server(&connection, &text).await {
            continue;
        }
        connection.batch_execute("begin").await.unwrap();
        named(&connection, &text, &name).await.unwrap_or_else(|error| panic!("{text:?}: {error:?}"));
        connection.batch_execute("rollback").await.unwrap();
        tried += 1;
    }
    let tx = connection.begin().await.unwrap();
    for text in some(scaled(20, 1)) {
        tenant::enter(&tx, &text).await.unwrap();
        let entered = sql!("select current_setting('pgkeel.tenant')").scalar::<String>(&tx).await.unwrap();
        assert_eq!(entered, text);
    }
    tx.rollback().await.unwrap();
    assert!(tried > 20, "{tried}");
    sql!("select id from canary").fetch_all::<(i32,)>(&connection).await.expect("it is still there");
}

#[tokio::test]
async fn a_copy_takes_each_as_it_is() {
    let database = TestDatabase::empty().await;
    let pool = Pool::lazy(Config::new(database.address().clone()).with_size(1, 0).unwrap());
    pool.batch_execute("create table copied(id int4, text text, words text[])").await.unwrap();
    let texts = corpus();
    let names = ["id", "text", "words"].map(|name| Ident::new(name).unwrap());
    let mut session = pool.session().await.unwrap();
    let mut copy = session.copy_in(&CopyTarget::new(Ident::new("copied").unwrap(), names)).await.unwrap();
    for (id, text) in (0_i32..).zip(&texts) {
        copy.write(&[&id, text, &[text.as_str(), "\\."].as_slice()]).await.unwrap();
    }
    copy.finish().await.unwrap();
    let copied = sql!("select text, words[1] from copied order by id");
    let back: Vec<(String, String)> = copied.fetch_all(&session).await.unwrap();
    let sent: Vec<(String, String)> = texts.iter().map(|text| (text.clone(), text.clone())).collect();
    assert!(back == sent, "byte for byte");
}

#[derive(Entity)]
#[pgkeel(table = "cursors", columns = c)]
#[expect(dead_code, reason = "no row is read")]
struct Cursor {
    #[pgkeel(id)]
    id: i32,
    text: String,
}

#[tokio::test]
async fn none_is_a_cursor_and_with_a_zero_byte_none_is_a_value() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute("create table cursors(id int4, text text)").await.unwrap();
    let keys = CursorKeys::new(&[7; 32]).unwrap();
    let refused_as_it_is = hostile_texts().into_iter().filter(|text| text.contains('\0'));
    let with_zero = some(100).into_iter().map(|text| format!("{text}\0")).chain(refused_as_it_is);
    for text in with_zero {
        assert!(Ident::new(text.clone()).is_err());
        let error = Cursor::query().filter(c::text.eq(&text)).fetch_all(&connection).await.err();
        let Some(Error::Parameter(bad)) = error else { panic!("{text:?}: {error:?}") };
        assert_eq!(bad.misfit().reason(), MisfitReason::ZeroByte);
    }
    for text in corpus() {
        let page = Cursor::query().keyset(&keys, KeysetRequest::first(3).after(&*text));
        let error = page.fetch(&Nowhere).await.err();
        assert!(matches!(error, Some(Error::Cursor(_))), "{text:?}: {error:?}");
    }
}
