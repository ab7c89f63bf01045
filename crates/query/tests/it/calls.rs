//! The calls of a statement, on each executor.

use std::time::Duration;

use pgkeel_pool::{Begin as _, Config, Pool, Transaction as _};
use pgkeel_query::{Error, Executor, FromRow, sql};
use pgkeel_testkit::TestDatabase;

#[derive(Debug, PartialEq, FromRow)]
struct Item {
    id: i32,
    name: String,
}

fn item(id: i32, name: &str) -> Item {
    Item { id, name: name.into() }
}

async fn all_calls(on: &impl Executor) {
    let (id, name) = (1, "a");
    let insert = sql!("insert into items values ({id}, {name}), ({other}, {name})", other = id + 1);
    assert_eq!(insert.text(), "insert into items values ($1, $2), ($3, $2)");
    assert_eq!(insert.execute(on).await.unwrap(), 2);
    let all = sql!("select * from items order by id").fetch_all::<Item>(on).await.unwrap();
    assert_eq!(all, [item(1, "a"), item(2, "a")]);
    let one = sql!("select name, id from items where id = {id}");
    assert_eq!(one.fetch_one::<Item>(on).await.unwrap(), item(1, "a"));
    assert_eq!(one.fetch_opt::<Item>(on).await.unwrap(), Some(item(1, "a")), "it may run again");
    assert_eq!(sql!("select count(*) from items").scalar::<i64>(on).await.unwrap(), 2);
    let none = sql!("select * from items where id = any({ids})", ids = [] as [i32; 0]);
    assert_eq!(none.fetch_opt::<Item>(on).await.unwrap(), None);
    assert!(none.fetch_one::<Item>(on).await.unwrap_err().is_not_found());
    let error = sql!("select * from items").fetch_opt::<Item>(on).await.unwrap_err();
    assert!(matches!(error, Error::RowCount { found: 2, .. }), "{error:?}");
    assert_eq!(sql!("delete from items").execute(on).await.unwrap(), 2);
}

#[tokio::test]
async fn every_call_works_on_every_executor() {
    let database = TestDatabase::empty().await;
    let pool = crate::pool_of(&database);
    sql!("create table items(id int4, name text)").execute(&pool).await.unwrap();
    all_calls(&pool).await;
    let mut session = pool.session().await.unwrap();
    all_calls(&session).await;
    let tx = session.begin().await.unwrap();
    all_calls(&tx).await;
    tx.rollback().await.unwrap();
    drop(session);
    let mut connection = database.connection().await;
    all_calls(&connection).await;
    all_calls(connection.client()).await;
    let tx = connection.begin().await.unwrap();
    all_calls(&tx).await;
}

#[tokio::test]
async fn a_future_runs_in_another_task_and_a_statement_outlives_its_let() {
    let database = TestDatabase::empty().await;
    let pool = crate::pool_of(&database);
    let spawned = {
        let pool = pool.clone();
        tokio::spawn(async move {
            let name = String::from("a");
            let statement = sql!("select {name}::text || {more}::text", more = format!("{name}b"));
            statement.scalar::<String>(&pool).await
        })
    };
    assert_eq!(spawned.await.unwrap().unwrap(), "aab");
}

#[tokio::test]
async fn braces_in_quotes_and_comments_are_the_servers() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let word = "x";
    let statement = sql!(
        r#"select '{a,b}'::text[] as "{word}", $${word}$$ || $q${word}$q$, e'\'{word}' /* {word} */, {word} -- {word}"#
    );
    let (list, dollars, escaped, bound): (Vec<String>, String, String, String) =
        statement.fetch_one(&connection).await.unwrap();
    assert_eq!(
        (list, dollars, escaped, bound),
        (
            vec!["a".to_owned(), "b".to_owned()],
            "{word}{word}".to_owned(),
            "'{word}".to_owned(),
            "x".to_owned()
        )
    );
}

#[tokio::test]
async fn the_place_of_the_call_is_known_to_the_pool_and_texts_are_prepared_once() {
    let database = TestDatabase::empty().await;
    let config = Config::new(database.address().clone()).with_size(1, 0).unwrap();
    let pool = Pool::lazy(config.with_slow_query_threshold(Some(Duration::ZERO)));
    for id in 0..5_i32 {
        sql!("select {id} + 1").scalar::<i32>(&pool).await.unwrap();
    }
    let slow = pool.slow_queries();
    let site = slow.iter().find_map(|slow| slow.site).expect("a place");
    assert!(site.file().ends_with("calls.rs"), "{site}");
    let kept = sql!("select count(*) from pg_prepared_statements where statement like '%+ 1'");
    assert_eq!(kept.scalar::<i64>(&pool).await.unwrap(), 1);
}
