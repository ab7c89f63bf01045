//! Whatever a text is, the server runs the statements that it runs for a harmless one, and nothing else changes.

use std::collections::BTreeSet;

use pgkeel_query::bind::{Param, ParamName};
use pgkeel_query::connect::Connection;
use pgkeel_query::input::Request;
use pgkeel_query::{AuditedSql, Bind, Entity, Error, Executor as _, FieldSet, Filter, Json, fields, sql};
use pgkeel_testkit::{TestDatabase, harmless_texts, scaled};
use serde_json::json;

use crate::hostile::some;

#[derive(Entity)]
#[pgkeel(table = "notes", columns = n)]
#[expect(dead_code, reason = "only the columns matter")]
struct Note {
    #[pgkeel(id)]
    id: i32,
    text: String,
    other: Option<String>,
    words: Option<Vec<String>>,
    #[pgkeel(json)]
    extra: Option<serde_json::Value>,
}

static LIST: FieldSet<Note> = fields! {
    "id" => n::id [eq, range, sort],
    "text" => n::text [eq, any_of, contains, starts_with, ends_with, contains_ignore_case, eq_ignore_case, sort],
};

/// Those of `LIST`'s text.
const OPERATORS: [&str; 7] =
    ["eq", "any_of", "contains", "starts_with", "ends_with", "contains_ignore_case", "eq_ignore_case"];

const TABLES: &str =
    "create extension pg_stat_statements; create table canary(id int); insert into canary values (7);
    create table notes(id int4 primary key, text text not null, other text, words text[], extra jsonb);";

/// The shapes of all statements that this database has run.
async fn shapes(watcher: &Connection) -> BTreeSet<String> {
    let rows = watcher.query_typed(
        "select query from pg_stat_statements where dbid = (select oid from pg_database where datname = current_database())
            and query not like '%pg_stat_statements%' and query not like '%pg_catalog.%'",
        &[],
    );
    rows.await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// All objects that are not the server's own, their owners and rights, and what is in the table that nothing is to touch.
async fn catalog(watcher: &Connection) -> String {
    let text = "select md5(string_agg(line, e'\\n' order by line collate \"C\")) from (
        select format('%s %s %s %s %s', c.oid::regclass, c.relkind, c.relowner, c.relacl, c.relnatts) as line
            from pg_catalog.pg_class c where c.relnamespace not in
                ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'pg_toast'::regnamespace)
        union all select format('%s %s', p.oid::regprocedure, p.proowner) from pg_catalog.pg_proc p
        union all select format('%s %s', s.nspname, s.nspacl) from pg_catalog.pg_namespace s
            where s.nspname not like 'pg\\_%temp\\_%'
        union all select format('%s %s', n.oid, n.typname) from pg_catalog.pg_type n
        union all select format('canary %s', id) from canary) as lines";
    watcher.query_scalar_typed(text, &[]).await.unwrap()
}

/// A text that the server refuses as a pattern is refused, and no more than that.
fn or_no_pattern<T>(ran: Result<T, Error>) {
    if let Err(error) = ran {
        assert_eq!(error.code().map(tokio_postgres::error::SqlState::code), Some("22025"), "{error:?}");
    }
}

/// Every place that takes a text.
async fn everywhere(on: &Connection, text: &str) {
    let row = Note::insert()
        .set(n::id, 1)
        .set(n::text, text)
        .set(n::other, Some(text))
        .set(n::words, [text, "'"].map(str::to_owned))
        .set(n::extra, Some(Json(json!({ text: text }))));
    let upsert = row.clone().on_conflict((n::id,)).update_only((n::text, n::other));
    row.execute(on).await.unwrap();
    upsert.execute(on).await.unwrap();
    Note::update().set(n::text, text).filter(n::other.eq(text)).execute(on).await.unwrap();
    let filters: [Filter<'_, Note>; 8] = [
        n::text.eq(text),
        n::text.contains(text),
        n::text.starts_with(text),
        n::text.ends_with(text),
        n::text.eq_ignore_case(text),
        n::text.any_of([text]),
        n::other.same_as(Some(text)),
        !n::text.lt(text),
    ];
    for filter in filters {
        let (back,) = Note::select((n::text,)).filter(filter).fetch_one(on).await.unwrap();
        assert_eq!(back, text);
    }
    or_no_pattern(Note::query().filter(n::text.like_pattern(text)).count(on).await);
    asked(on, text).await;
    let found = sql!("select text, other, words[1], extra ->> {text} from notes where text = {text}");
    let back: (String, String, String, String) = found.fetch_one(on).await.unwrap();
    assert_eq!(back, (text.to_owned(), text.to_owned(), text.to_owned(), text.to_owned()));
    let audited = AuditedSql::new("a test of injection", "select convert_from($1, 'UTF8') || $2::varchar");
    let twice: String = audited.bind(&text.as_bytes()).bind(&text).scalar(on).await.unwrap();
    assert_eq!(twice, text.repeat(2));
    let value: &dyn Bind = &text;
    let param = Param { number: 1, name: ParamName::Column(text), value };
    let back: String = on.query_scalar("select $1::text", &[&param]).await.unwrap();
    assert_eq!(back, text);
    assert_eq!(Note::delete().filter(n::text.eq(text)).execute(on).await.unwrap(), 1);
}

/// Whether it is a name or an operator of the list, or one behind the other as in a query string.
fn is_known(text: &str) -> bool {
    let is_field = |word: &str| ["id", "text"].contains(&word.strip_prefix('-').unwrap_or(word));
    text.split("][").all(|word| is_field(word) || OPERATORS.contains(&word))
}

/// As a user sends it: values are found, names are refused.
async fn asked(on: &Connection, text: &str) {
    let is_short = text.len() <= 256;
    for operator in OPERATORS {
        let pairs = [
            (format!("filter[text][{operator}]"), text.to_owned()),
            ("sort".to_owned(), "-text,id".to_owned()),
        ];
        match Note::query().apply(&LIST, &Request::pairs(&pairs)) {
            Ok(statement) => assert_eq!(statement.count(on).await.unwrap(), 1, "{operator} {text:?}"),
            Err(errors) => assert!(!is_short, "{errors}"),
        }
    }
    if is_known(text) {
        return;
    }
    let names = [
        vec![("sort".to_owned(), format!("{text},"))],
        vec![(format!("filter[{text}]"), "x".to_owned())],
        vec![(format!("filter[text][{text}]"), "x".to_owned())],
    ];
    for pairs in &names {
        assert!(LIST.read(&Request::pairs(pairs)).is_err(), "{pairs:?}");
    }
    let objects =
        [json!({"sort": [text]}), json!({"filter": {text: 1}}), json!({"filter": {"text": {text: "x"}}})];
    for object in &objects {
        assert!(LIST.read(&Request::json(object)).is_err(), "{object}");
    }
}

#[tokio::test]
async fn a_hostile_text_runs_the_same_statements_as_a_harmless_one() {
    let database = TestDatabase::empty().await;
    let (connection, watcher) = (database.connection().await, database.connection().await);
    connection.batch_execute(TABLES).await.unwrap();
    let before = catalog(&watcher).await;
    everywhere(&connection, "harmless").await;
    let registered = shapes(&watcher).await;
    assert!(registered.len() >= 18, "{registered:?}");
    for text in some(scaled(25, 1)) {
        everywhere(&connection, &text).await;
    }
    let others: Vec<String> = shapes(&watcher).await.difference(&registered).cloned().collect();
    assert_eq!(others, Vec::<String>::new());
    assert_eq!(catalog(&watcher).await, before);
}

/// Names, sentences and notes that have quotes, words of SQL and signs in them.
#[tokio::test]
async fn a_harmless_text_that_looks_like_sql_is_a_value_like_any_other() {
    let own: Vec<&str> = include_str!("../harmless.txt").lines().collect();
    assert!(own.len() >= 443, "{}", own.len());
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLES).await.unwrap();
    for text in &own {
        let pairs = [("filter[text][eq]".to_owned(), (*text).to_owned())];
        LIST.read(&Request::pairs(&pairs)).unwrap_or_else(|errors| panic!("{text}: {errors}"));
    }
    let given = harmless_texts();
    for text in own.into_iter().step_by(scaled(5, 1)).chain(given.iter().map(String::as_str)) {
        everywhere(&connection, text).await;
    }
}
