//! What a repository does in a call each, on each executor.

use std::time::SystemTime;

use pgkeel_pool::{Begin as _, Transaction as _};
use pgkeel_query::repository::Keyed;
use pgkeel_query::{Entity, Error, Executor, NewRow, sql};
use pgkeel_testkit::{TestDatabase, in_full};

#[derive(Debug, PartialEq, Clone, Entity)]
#[pgkeel(table = "app.users", columns = u, version = "version", soft_delete = "deleted_at", tenant = "tenant")]
struct User {
    #[pgkeel(id, generated)]
    id: i64,
    tenant: i32,
    #[pgkeel(unique)]
    email: String,
    name: Option<String>,
    code: Option<String>,
    #[pgkeel(created)]
    created_at: SystemTime,
    #[pgkeel(updated)]
    updated_at: SystemTime,
    version: i16,
    deleted_at: Option<SystemTime>,
}

#[derive(NewRow)]
#[pgkeel(entity = User, columns = u)]
struct NewUser<'a> {
    tenant: i32,
    email: &'a str,
    name: Option<&'a str>,
    code: Option<&'a str>,
}

/// Neither counted nor deleted softly, and of two columns its id.
#[derive(Debug, PartialEq, Clone, Entity)]
#[pgkeel(table = "lines")]
struct Line {
    #[pgkeel(id)]
    order: i32,
    #[pgkeel(id)]
    place: String,
    count: i32,
}

#[derive(NewRow)]
#[pgkeel(entity = Line)]
struct NewLine {
    order: i32,
    place: &'static str,
    count: i32,
}

const TABLES: &str = "create schema app; create table app.users(id int8 generated always as identity primary key,
        tenant int4 not null, email text not null unique, name text, code text, created_at timestamptz not null,
        updated_at timestamptz not null, version int2 not null default 1, deleted_at timestamptz, unique (tenant, name));
    create unique index code_in_any_case on app.users (lower(code), tenant) where deleted_at is null;
    create table lines(\"order\" int4, place text, count int4 not null, primary key (\"order\", place))";

fn new(email: &str) -> NewUser<'_> {
    NewUser { tenant: 1, email, name: None, code: None }
}

async fn all_calls(db: &impl Executor) {
    let users = User::repo();
    let ann = users.insert(db, &NewUser { name: Some("Ann"), ..new("a@b") }).await.unwrap();
    assert_eq!((ann.email.as_str(), ann.version, ann.created_at), ("a@b", 1, ann.updated_at));
    let bob = users.insert(db, &new("b@b")).await.unwrap();
    assert_eq!(users.get(db, ann.id).await.unwrap().as_ref(), Some(&ann));
    assert_eq!(users.get(db, -1).await.unwrap(), None);
    let missing = users.get_or_err(db, -1).await.unwrap_err();
    assert!(
        matches!(missing, Error::NotFound { entity: "app.users" }) && missing.is_not_found(),
        "{missing}"
    );
    assert_eq!(users.find_by(db, u::email.eq("b@b")).await.unwrap().as_ref(), Some(&bob));
    let several = users.find_by(db, u::tenant.eq(1)).await.unwrap_err();
    assert!(matches!(several, Error::RowCount { found: 2, .. }), "{several:?}");
    let listed = users.list(db, (), u::email.desc(), 1).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&bob));
    let none = users.list(db, Some(u::email.eq("x")), (u::tenant.asc(), u::id.asc()), 9).await.unwrap();
    assert!(none.is_empty());
    assert!(
        users.exists(db, u::name.eq("Ann")).await.unwrap()
            && !users.exists(db, u::name.eq("x")).await.unwrap()
    );
    assert_eq!(
        (users.count(db, ()).await.unwrap(), users.count(db, u::name.is_null()).await.unwrap()),
        (2, 1)
    );
    let named = ann.change().set(u::name, "Eve").save(db).await.unwrap();
    assert_eq!((named.name.as_deref(), named.version, named.created_at), (Some("Eve"), 2, ann.created_at));

    assert!(users.delete(db, ann.id).await.unwrap());
    assert!(!users.delete(db, ann.id).await.unwrap(), "it is deleted already");
    assert_eq!(users.get(db, ann.id).await.unwrap(), None);
    assert_eq!(
        (users.count(db, ()).await.unwrap(), users.with_deleted().count(db, ()).await.unwrap()),
        (1, 2)
    );
    let deleted = users.only_deleted().get_or_err(db, ann.id).await.unwrap();
    assert_eq!(
        (deleted.version, deleted.deleted_at, deleted.email.as_str()),
        (3, Some(deleted.updated_at), "a@b")
    );
    assert_eq!(users.only_deleted().get(db, bob.id).await.unwrap(), None);
    assert_eq!(User::query().count(db).await.unwrap(), 2, "a statement does what it says and no more");
    assert!(!users.purge(db, bob.id).await.unwrap() && !users.restore(db, bob.id).await.unwrap());
    assert!(users.restore(db, ann.id).await.unwrap());
    let restored = users.get_or_err(db, ann.id).await.unwrap();
    assert_eq!((restored.version, restored.deleted_at), (4, None));
    users.delete_row(db, &restored).await.unwrap();
    users.delete(db, bob.id).await.unwrap();
    assert!(users.purge(db, ann.id).await.unwrap() && !users.purge(db, ann.id).await.unwrap());
    assert_eq!(users.purge_by(db, u::email.eq("b@b")).await.unwrap(), 1);
    assert_eq!(users.with_deleted().count(db, ()).await.unwrap(), 0);

    let lines = Line::repo();
    let line = lines.insert(db, &NewLine { order: 1, place: "a", count: 2 }).await.unwrap();
    assert_eq!(line.id(), (1, "a".to_owned()));
    assert_eq!(lines.get(db, (1, "a".to_owned())).await.unwrap().as_ref(), Some(&line));
    assert_eq!(line.change().add(line::count, 3).save(db).await.unwrap().count, 5);
    assert!(lines.delete(db, line.id()).await.unwrap() && !lines.delete(db, line.id()).await.unwrap());
    assert_eq!(lines.count(db, ()).await.unwrap(), 0);
}

#[tokio::test]
async fn every_call_works_on_every_executor() {
    let database = TestDatabase::empty().await;
    let pool = crate::pool_of(&database);
    pool.batch_execute(TABLES).await.unwrap();
    all_calls(&pool).await;
    let mut session = pool.session().await.unwrap();
    all_calls(&session).await;
    let tx = session.begin().await.unwrap();
    all_calls(&tx).await;
    tx.rollback().await.unwrap();
    drop(session);
    let connection = database.connection().await;
    all_calls(&connection).await;
    all_calls(connection.client()).await;
}

#[tokio::test]
async fn calls_run_in_other_tasks_and_are_nothing_by_themselves() {
    let database = TestDatabase::empty().await;
    let pool = crate::pool_of(&database);
    pool.batch_execute(TABLES).await.unwrap();
    let users = User::repo();
    assert_eq!((size_of_val(&users), format!("{users:?}")), (0, "Repository(app.users)".to_owned()));
    let spawned = tokio::spawn(async move {
        let ann = users.insert(&pool, &new("a@b")).await?;
        let ann = ann.change().set(u::name, "Ann").save(&pool).await?;
        users.delete_row(&pool, &ann).await?;
        users.restore(&pool, ann.id).await?;
        users.list(&pool, u::email.eq("a@b"), u::id.asc(), 3).await
    });
    assert_eq!(spawned.await.unwrap().unwrap().len(), 1);
}

async fn violations(db: &impl Executor, is_asked: bool) -> Vec<Error> {
    let (users, known) =
        (User::repo(), |columns: &'static [&'static str]| if is_asked { columns } else { &[] });
    let mut told = Vec::new();
    let insert = async |row: NewUser<'static>| users.insert(db, &row).await.unwrap_err();
    let email = insert(NewUser { tenant: 2, ..new("Zanzibar") }).await;
    told.push((email, &["email"][..], "users_email_key"));
    let code = insert(NewUser { code: Some("x"), ..new("c") }).await;
    told.push((code, known(&["tenant", "code"]), "code_in_any_case"));
    for (error, columns, constraint) in &told {
        let Error::Unique(violation) = error else { panic!("{error:?}") };
        let mut found = violation.columns().to_vec();
        found.sort_unstable();
        let mut columns = columns.to_vec();
        columns.sort_unstable();
        assert_eq!(
            (found, violation.constraint()),
            (columns.iter().map(|it| (*it).to_owned()).collect(), Some(*constraint))
        );
        assert!(
            error.is_unique_violation()
                && error.constraint() == Some(*constraint)
                && !error.is_safe_to_retry()
        );
    }
    assert!(
        matches!(&told[0].0, Error::Unique(violation) if violation.is_of(u::email) && !violation.is_of(u::name))
    );
    told.into_iter().map(|(error, ..)| error).collect()
}

#[tokio::test]
async fn a_unique_violation_names_the_columns_and_no_values() {
    let database = TestDatabase::empty().await;
    let pool = crate::pool_of(&database);
    pool.batch_execute(TABLES).await.unwrap();
    let users = User::repo();
    let first = NewUser { name: Some("Zanzibar"), code: Some("X"), ..new("Zanzibar") };
    let first = users.insert(&pool, &first).await.unwrap();
    let mut errors = violations(&pool, true).await;
    errors.extend(violations(&database.connection().await, true).await);

    let second = users.insert(&pool, &new("b@b")).await.unwrap();
    let twice = second.change().set(u::name, "Zanzibar").save(&pool).await.unwrap_err();
    assert_eq!(twice.to_string(), "another row of app.users has the same tenant, name");
    errors.push(twice);
    users.delete(&pool, first.id).await.unwrap();
    users.insert(&pool, &NewUser { code: Some("x"), ..new("d@b") }).await.unwrap();
    let taken = users.restore(&pool, first.id).await.unwrap_err();
    assert!(matches!(&taken, Error::Unique(violation) if violation.is_of(u::code)), "{taken:?}");
    errors.push(taken);
    let line = NewLine { order: 1, place: "a", count: 2 };
    Line::repo().insert(&pool, &line).await.unwrap();
    let line = Line::repo().insert(&pool, &line).await.unwrap_err();
    assert_eq!(line.to_string(), "another row of lines has the same order, place");
    for error in errors {
        assert!(
            !in_full(&error).contains("Zanzibar") && !format!("{error:?}").contains("Zanzibar"),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_transaction_that_failed_tells_columns_by_the_servers_own_names() {
    let database = TestDatabase::empty().await;
    let pool = crate::pool_of(&database);
    pool.batch_execute(TABLES).await.unwrap();
    let users = User::repo();
    let first = users.insert(&pool, &NewUser { name: Some("n"), code: Some("c"), ..new("a") }).await.unwrap();
    for (row, wanted) in [
        (new("a"), vec!["email"]),
        (NewUser { name: Some("n"), ..new("b") }, vec!["tenant", "name"]),
        (NewUser { code: Some("C"), ..new("b") }, vec![]),
    ] {
        let failed = pool.transaction(|tx| async move { users.insert(&tx, &row).await });
        let error = failed.await.unwrap_err();
        let Error::Unique(violation) = error else { panic!("{error:?}") };
        assert_eq!(violation.columns(), wanted);
    }
    assert_eq!(users.list(&pool, (), u::id.asc(), 9).await.unwrap(), [first]);
}

#[tokio::test]
async fn a_violation_in_a_partition_or_in_another_table_is_told_apart() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection
        .batch_execute(
            "create table lines(\"order\" int4, place text, count int4) partition by list (\"order\");
             create unique index on lines (\"order\", place, count);
             create table lines_of_one partition of lines for values in (1);
             create table audit(count int4 unique);
             create function audit() returns trigger language plpgsql as
                $$ begin insert into audit values (new.count); return new; end $$;
             create trigger audit after insert on lines for each row execute function audit()",
        )
        .await
        .unwrap();
    let insert =
        async |place, count| Line::repo().insert(&connection, &NewLine { order: 1, place, count }).await;
    insert("a", 7).await.unwrap();
    let columns = |error| match error {
        Error::Unique(violation) => violation.columns().to_vec(),
        error => panic!("{error:?}"),
    };
    assert!(columns(insert("b", 7).await.unwrap_err()).is_empty(), "that is the other table");
    sql!("truncate audit").execute(&connection).await.unwrap();
    assert_eq!(columns(insert("a", 7).await.unwrap_err()), ["order", "place", "count"]);
}
