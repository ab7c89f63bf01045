//! Rows that are inserted, changed and deleted by statements that are built.

use std::time::SystemTime;

use pgkeel_query::{Entity, Error, Executor, Json, NewRow, sql};
use pgkeel_testkit::TestDatabase;
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Clone, Entity)]
#[pgkeel(table = "app.users", columns = u, version = "version")]
struct User {
    #[pgkeel(id, generated)]
    id: i64,
    #[pgkeel(unique)]
    email: String,
    name: Option<String>,
    visits: i32,
    #[pgkeel(json)]
    prefs: Option<Prefs>,
    #[pgkeel(created)]
    created_at: SystemTime,
    #[pgkeel(updated)]
    updated_at: SystemTime,
    version: i32,
}

#[derive(Debug, PartialEq, Clone, Serialize, Deserialize)]
struct Prefs {
    dark: bool,
}

#[derive(NewRow)]
#[pgkeel(entity = User, columns = u)]
struct NewUser<'a> {
    email: &'a str,
    name: Option<&'a str>,
    prefs: Option<Json<&'a Prefs>>,
}

#[derive(Debug, PartialEq, Entity)]
#[pgkeel(table = "plain")]
struct Plain {
    #[pgkeel(id)]
    id: i32,
    word: Option<String>,
}

const TABLES: &str = "create schema app; create table app.users(id int8 generated always as identity primary key,
    email text not null unique, name text, visits int4 not null default 0, prefs jsonb, created_at timestamptz not null,
    updated_at timestamptz not null, version int4 not null default 1);
    create table plain(id int4 primary key default 7, word text)";

fn new<'a>(email: &'a str, name: Option<&'a str>) -> NewUser<'a> {
    NewUser { email, name, prefs: None }
}

async fn count(on: &impl Executor) -> i64 {
    User::query().count(on).await.unwrap()
}

#[test]
fn texts_of_writes() {
    let given = new("a", None);
    let insert = User::insert().values(&given);
    assert_eq!(
        insert.clone().set(u::name, "b").returning((u::id,)).text().unwrap(),
        r#"insert into "app"."users" ("email", "name", "prefs", "created_at", "updated_at") values ($1, $2, $3, now(), now()) returning "users"."id""#,
        "what is set twice is set to the last"
    );
    let update = insert.on_conflict((u::email,)).update_changed().returning((u::id,));
    let text = update.text().unwrap();
    assert!(
        text.ends_with(
            r#" on conflict ("email") do update set "name" = excluded."name", "prefs" = excluded."prefs", "updated_at" = now(), "version" = "users"."version" + 1 where ("users"."name" is distinct from excluded."name" or "users"."prefs"::text is distinct from excluded."prefs"::text) returning "users"."id""#
        ),
        "{text}"
    );
    let update = User::update().add(u::visits, 2).set_null(u::name).filter(u::id.eq(1)).returning((u::id,));
    assert_eq!(
        update.text().unwrap(),
        r#"update "app"."users" set "visits" = "users"."visits" + $1, "name" = null, "updated_at" = now(), "version" = "users"."version" + 1 where ("users"."id" = $2) returning "users"."id""#
    );
    let delete = User::delete().and_if_some(Some(3), |id| u::id.eq(id)).returning((u::id,));
    assert_eq!(
        delete.text().unwrap(),
        r#"delete from "app"."users" where ("users"."id" = $1) returning "users"."id""#
    );
    assert_eq!(
        Plain::insert().returning((plain::id,)).text().unwrap(),
        r#"insert into "plain" default values returning "plain"."id""#
    );
    let touched =
        Plain::insert().set(plain::id, 1).on_conflict((plain::id,)).update().returning((plain::id,));
    assert_eq!(
        touched.text().unwrap(),
        r#"insert into "plain" ("id") values ($1) on conflict ("id") do update set "id" = excluded."id" returning "plain"."id""#
    );
    for shown in [format!("{given:?}"), format!("{:?}", User::delete().filter(u::email.eq("Zanzibar")))] {
        assert!(!shown.contains("Zanzibar"), "{shown}");
    }
}

impl std::fmt::Debug for NewUser<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", User::insert().values(self))
    }
}

#[tokio::test]
async fn an_insert_gives_back_the_row_with_what_the_server_made() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLES).await.unwrap();
    let prefs = Prefs { dark: true };
    let given = NewUser { email: "a@b", name: Some("Ann"), prefs: Some(Json(&prefs)) };
    let ann = User::insert().values(&given).fetch_one(&connection).await.unwrap();
    assert_eq!((ann.id, ann.email.as_str(), ann.name.as_deref(), ann.visits), (1, "a@b", Some("Ann"), 0));
    assert_eq!((ann.prefs, ann.version, ann.created_at), (Some(prefs), 1, ann.updated_at));
    let statement =
        User::insert().set(u::email, String::from("c@d")).set(u::name, None::<&str>).set(u::visits, 3);
    let (id, visits) = statement.returning((u::id, u::visits)).fetch_one(&connection).await.unwrap();
    assert_eq!((id, visits), (2, 3));
    let error = User::insert().values(&new("a@b", None)).execute(&connection).await.unwrap_err();
    assert!(error.is_unique_violation(), "{error:?}");
    let error =
        User::insert().set(u::id, 9).values(&new("e@f", None)).execute(&connection).await.unwrap_err();
    assert_eq!(
        error.code().map(tokio_postgres::error::SqlState::code),
        Some("428C9"),
        "the server says who makes ids"
    );
    assert_eq!(count(&connection).await, 2);
    assert_eq!(Plain::insert().fetch_one(&connection).await.unwrap(), Plain { id: 7, word: None });
}

#[derive(Debug, PartialEq, Entity)]
#[pgkeel(table = "notes", columns = note)]
struct Note {
    #[pgkeel(id)]
    id: i32,
    old: serde_json::Value,
    #[pgkeel(json)]
    new: Option<Prefs>,
}

#[derive(Debug, PartialEq, Clone, Entity)]
#[pgkeel(table = "excluded", columns = ex, version = "version")]
struct Excluded {
    #[pgkeel(id)]
    id: i32,
    word: String,
    version: i32,
}

#[tokio::test]
async fn a_table_that_is_called_as_the_row_that_was_to_be_inserted_is_one_like_any_other() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let table = "create table excluded(id int4 primary key, word text, version int4 not null default 1)";
    connection.batch_execute(table).await.unwrap();
    let row =
        |word: &'static str| Excluded::insert().set(ex::id, 1).set(ex::word, word).on_conflict((ex::id,));
    let stored = |word: &str, version| Excluded { id: 1, word: word.into(), version };
    assert_eq!(row("a").update_changed().fetch_one(&connection).await.unwrap(), stored("a", 1));
    assert_eq!(row("a").update_changed().fetch_opt(&connection).await.unwrap(), None);
    assert_eq!(row("b").update_changed().fetch_one(&connection).await.unwrap(), stored("b", 2));
    assert_eq!(row("c").update().returning((ex::version,)).fetch_one(&connection).await.unwrap(), (3,));
    assert_eq!(row("d").update().execute(&connection).await.unwrap(), 1);
    assert_eq!(row("e").do_nothing().execute(&connection).await.unwrap(), 0);
    assert_eq!(Excluded::query().fetch_one(&connection).await.unwrap(), stored("d", 4));
}

#[tokio::test]
async fn json_that_is_the_same_is_no_change_in_columns_of_either_type() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute("create table notes(id int4 primary key, old json, new jsonb)").await.unwrap();
    let note = |old: &str, dark| {
        Note::insert()
            .set(note::id, 1)
            .set(note::old, serde_json::json!({ "b": old, "a": [1, 2.5] }))
            .set(note::new, Some(Json(Prefs { dark })))
            .on_conflict((note::id,))
            .update_changed()
    };
    let cases = [
        ("x", true, 1),
        ("x", true, 0),
        ("y'\u{0001}", true, 1),
        ("y'\u{0001}", true, 0),
        ("y'\u{0001}", false, 1),
    ];
    for (old, dark, rows) in cases {
        assert_eq!(note(old, dark).execute(&connection).await.unwrap(), rows, "{old} {dark}");
    }
    let cleared = note("z", false).execute(&connection).await.unwrap();
    assert_eq!(cleared, 1);
    let stored = Note::query().fetch_one(&connection).await.unwrap();
    assert_eq!((stored.old["b"].as_str(), stored.new), (Some("z"), Some(Prefs { dark: false })));
}

/// What the insert does not say gets its default, and that is compared, of whatever type.
#[tokio::test]
async fn a_column_that_the_insert_does_not_say_is_changed_to_its_default_or_not_at_all() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let table = "create table notes(id int4 primary key, old json default '[]', new jsonb default '{\"dark\": true}')";
    connection.batch_execute(table).await.unwrap();
    let note = || Note::insert().set(note::id, 1).on_conflict((note::id,));
    let changed = || note().update_only_changed((note::old, note::new));
    assert_eq!(changed().execute(&connection).await.unwrap(), 1);
    assert_eq!(changed().execute(&connection).await.unwrap(), 0);
    connection.batch_execute("update notes set old = '[1]', new = null").await.unwrap();
    assert_eq!(changed().execute(&connection).await.unwrap(), 1);
    let stored = Note::query().fetch_one(&connection).await.unwrap();
    assert_eq!((stored.old, stored.new), (serde_json::json!([]), Some(Prefs { dark: true })));
}

#[tokio::test]
async fn a_conflict_does_nothing_or_updates_what_it_says() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLES).await.unwrap();
    let row = |email, name| User::insert().set(u::email, email).set(u::name, name);
    let first = row("a", Some("Ann")).set(u::visits, 5).fetch_one(&connection).await.unwrap();
    let skipped = row("a", Some("Bob")).on_conflict((u::email,)).do_nothing();
    assert_eq!(skipped.clone().fetch_opt(&connection).await.unwrap(), None);
    assert!(skipped.clone().fetch_one(&connection).await.unwrap_err().is_not_found());
    assert_eq!(skipped.execute(&connection).await.unwrap(), 0);
    let same = row("a", Some("Ann")).on_conflict((u::email,)).update_changed();
    assert_eq!(same.fetch_opt(&connection).await.unwrap(), None, "it is as it was");
    assert_eq!(User::query().fetch_one(&connection).await.unwrap(), first);
    let changed =
        row("a", None).on_conflict((u::email,)).update_changed().fetch_one(&connection).await.unwrap();
    assert_eq!((changed.id, changed.name, changed.version), (first.id, None, 2));
    assert_eq!(changed.created_at, first.created_at);
    assert!(changed.updated_at > first.updated_at);
    let only = row("a", Some("Eve")).set(u::visits, 9).on_conflict((u::email,));
    let only = only.update_only((u::visits,)).fetch_one(&connection).await.unwrap();
    assert_eq!((only.name, only.visits, only.version), (None, 9, 3));
    let all = row("a", Some("Eve"))
        .set(u::visits, 10)
        .on_conflict((u::email,))
        .update()
        .fetch_one(&connection)
        .await;
    assert_eq!(all.map(|all| (all.name, all.visits, all.version)).unwrap(), (Some("Eve".into()), 10, 4));
    let unchanged =
        row("a", Some("Ida")).set(u::visits, 10).on_conflict((u::email,)).update_only_changed((u::visits,));
    assert_eq!(unchanged.execute(&connection).await.unwrap(), 0);
    assert_eq!(count(&connection).await, 1);
    let keys = || Plain::insert().set(plain::id, 1).on_conflict((plain::id,));
    assert_eq!(keys().update().fetch_one(&connection).await.unwrap(), Plain { id: 1, word: None });
    assert_eq!(
        keys().update().fetch_one(&connection).await.unwrap(),
        Plain { id: 1, word: None },
        "it is given back"
    );
    assert_eq!(keys().update_changed().fetch_opt(&connection).await.unwrap(), None);
}

#[tokio::test]
async fn an_update_changes_the_rows_of_its_filter_and_counts_versions() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLES).await.unwrap();
    let mut users = Vec::new();
    for email in ["a", "b", "c"] {
        users.push(User::insert().values(&new(email, Some("x"))).fetch_one(&connection).await.unwrap());
    }
    let first = User::update()
        .add(u::visits, 4)
        .set(u::name, "Ann")
        .filter(u::id.eq(1))
        .fetch_one(&connection)
        .await
        .unwrap();
    assert_eq!((first.visits, first.name.as_deref(), first.version), (4, Some("Ann"), 2));
    assert!(first.updated_at > users[0].updated_at && first.created_at == users[0].created_at);
    let stale =
        User::update().add(u::visits, -1).filter(u::id.eq(1) & u::version.eq(1)).fetch_opt(&connection).await;
    assert_eq!(stale.unwrap(), None);
    let rest = || User::update().filter(u::id.ne(1));
    assert_eq!(rest().set_null(u::name).execute(&connection).await.unwrap(), 2);
    let names = rest()
        .set_if_some(u::name, None::<&str>)
        .set_if_some(u::visits, Some(7))
        .returning((u::name, u::visits));
    assert_eq!(names.fetch_all(&connection).await.unwrap(), [(None, 7), (None, 7)]);
    let prefs = Prefs { dark: false };
    let set =
        rest().set(u::prefs, Json(&prefs)).set(u::version, 40).set(u::updated_at, SystemTime::UNIX_EPOCH);
    let set = set.filter(u::id.eq(2)).fetch_one(&connection).await.unwrap();
    assert_eq!((set.prefs, set.version, set.updated_at), (Some(prefs), 40, SystemTime::UNIX_EPOCH));
    assert_eq!(User::update().set(u::visits, 0).all_rows().execute(&connection).await.unwrap(), 3);
    assert_eq!(User::query().filter(u::visits.eq(0)).count(&connection).await.unwrap(), 3);
    let nothing = Plain::update().set_if_some(plain::word, None::<&str>).all_rows();
    assert!(matches!(nothing.execute(&connection).await.unwrap_err(), Error::NothingToSet));
}

#[tokio::test]
async fn a_delete_takes_the_rows_of_its_filter() {
    let database = TestDatabase::empty().await;
    let pool = crate::pool_of(&database);
    pool.batch_execute(TABLES).await.unwrap();
    for id in 0..6 {
        Plain::insert()
            .set(plain::id, id)
            .set(plain::word, (id > 2).then_some("w"))
            .execute(&pool)
            .await
            .unwrap();
    }
    let gone = Plain::delete().filter(plain::word.is_null()).and_if_some(Some(1), |id| plain::id.ge(id));
    let mut gone = gone.returning((plain::id,)).fetch_all(&pool).await.unwrap();
    gone.sort_unstable();
    assert_eq!(gone, [(1,), (2,)]);
    assert_eq!(
        Plain::delete().filter(plain::id.eq(0)).fetch_opt(&pool).await.unwrap(),
        Some(Plain { id: 0, word: None })
    );
    assert_eq!(Plain::delete().filter(plain::id.eq(0)).execute(&pool).await.unwrap(), 0);
    assert_eq!(Plain::delete().all_rows().execute(&pool).await.unwrap(), 3);
}

#[tokio::test]
async fn hostile_texts_are_values_like_any_other() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLES).await.unwrap();
    let texts = [
        "'; drop table plain; --",
        "\\",
        "$1",
        "\"",
        "%",
        "_",
        "\u{202e}",
        "a'||(select 1)||'b",
        "{word}",
        "\r\n",
        "",
    ];
    for (id, text) in (1..).zip(texts) {
        let given =
            Plain::insert().set(plain::id, id).set(plain::word, text).fetch_one(&connection).await.unwrap();
        assert_eq!(given.word.as_deref(), Some(text));
        let filter = plain::word.eq(text) & plain::word.contains(text) & plain::word.any_of([text]);
        let found = Plain::select((plain::id,)).filter(filter).fetch_one(&connection).await.unwrap();
        assert_eq!(found, (id,), "{text}");
        let moved = Plain::update()
            .set(plain::word, text)
            .filter(plain::word.same_as(Some(text)))
            .execute(&connection)
            .await;
        assert_eq!(moved.unwrap(), 1);
    }
    let all: i64 = sql!("select count(*) from plain").scalar(&connection).await.unwrap();
    assert_eq!(usize::try_from(all).unwrap(), texts.len());
}
