//! Texts that would be something else if they were ever part of a statement.

use pgkeel_query::{AuditedSql, BadIdent, Executor as _, Ident, Table, sql};
use pgkeel_testkit::{TestDatabase, scaled};

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

pub(crate) fn corpus() -> Vec<String> {
    let repeated = [1, scaled(2, 40)].map(|times| INSIDE.map(|inside| inside.repeat(times)));
    let each = |inside: &String| {
        let around = BEFORE.iter().flat_map(|before| AFTER.iter().map(move |after| (before, after)));
        around.map(|(before, after)| format!("{before}{inside}{after}")).collect::<Vec<_>>()
    };
    repeated.iter().flatten().flat_map(each).collect()
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
    assert!(runs == texts.len() as u64 && texts.len() > 3_000);
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
