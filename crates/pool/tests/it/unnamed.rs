//! Behind a pooler in transaction mode nothing is prepared under a name. What that looks like on a server without one;
//! the pooler itself is in the `external` tests.

use std::time::Duration;

use pgkeel_pool::connect::Error as StatementError;
use pgkeel_pool::{
    Begin as _, Config, Error, Executor as _, Pool, PoolerMode, Reset, Session, Transaction as _,
};
use pgkeel_testkit::{TestDatabase, eventually};
use tokio_postgres::error::SqlState;

use crate::config_of;

fn config(database: &TestDatabase, size: u32) -> Config {
    config_of(database, size, 0).with_pooler(PoolerMode::Transaction)
}

fn pool(database: &TestDatabase, size: u32) -> Pool {
    Pool::lazy(config(database, size))
}

async fn moods(database: &TestDatabase) {
    let schema = "create type mood as enum ('sad', 'glad');
        create domain age as int check (value >= 0);
        create type pair as (a mood, b int);
        create table people (id int primary key, mood mood not null, age age, pair pair, moods mood[])";
    database.connection().await.batch_execute(schema).await.unwrap();
}

/// What is prepared on this session.
async fn left(session: &Session) -> Vec<String> {
    let rows = session.query("select name from pg_prepared_statements", &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn nothing_stays_prepared() {
    let database = TestDatabase::empty().await;
    moods(&database).await;
    let pool = pool(&database, 1);
    let session = pool.session().await.unwrap();
    for id in 1..4_i32 {
        let sql = "insert into people values ($1, 'glad', 3, row('sad', 2), '{sad}') returning mood, age, pair, moods";
        assert_eq!(session.query(sql, &[&id]).await.unwrap().len(), 1);
        let sql = "select mood, $2::text from people where id = $1";
        assert_eq!(session.query(sql, &[&id, &"x"]).await.unwrap()[0].get::<_, &str>(1), "x");
        session.execute("update people set age = $1::int4 where id = $2", &[&id, &id]).await.unwrap();
    }
    assert_eq!(left(&session).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_type_that_was_made_anew_is_asked_for_again() {
    let database = TestDatabase::empty().await;
    moods(&database).await;
    let (pool, other) = (pool(&database, 2), database.connection().await);
    let insert = "insert into people(id, mood) values ($1, $2::text::mood) returning mood::text, mood";
    let by_mood = "select id, mood from people where mood = $1::text::mood or moods = $2";
    let none: Option<Vec<String>> = None;
    for (round, id) in (1..6_i32).enumerate() {
        assert_eq!(pool.query(insert, &[&id, &"glad"]).await.unwrap().len(), 1, "{round}");
        let rows = pool.query(by_mood, &[&"glad", &none]).await;
        // The array of moods is a parameter: the driver takes a list of texts for it only if it is NULL.
        assert!(rows.is_ok() || matches!(rows, Err(Error::Statement(StatementError::Driver(_)))), "{rows:?}");
        let anew = "alter type mood rename to old; create type mood as enum ('glad', 'sad', 'mad');
            alter table people alter moods type mood[] using null, alter pair type text,
                alter mood type mood using mood::text::mood;
            drop type if exists pair; drop type old";
        other.batch_execute(anew).await.unwrap();
    }
    let count: i64 = pool.query_scalar("select count(*) from people", &[]).await.unwrap();
    assert_eq!(count, 5, "each was carried out once");
}

#[tokio::test]
async fn a_column_that_has_another_type_now_takes_the_values_of_that() {
    let database = TestDatabase::empty().await;
    let (pool, other) = (pool(&database, 1), database.connection().await);
    other.batch_execute("create table t(n int)").await.unwrap();
    let (insert, find) = ("insert into t values ($1)", "select n from t where n = $1");
    pool.execute(insert, &[&1_i32]).await.unwrap();
    assert_eq!(pool.query(find, &[&1_i32]).await.unwrap().len(), 1);
    other.batch_execute("alter table t alter n type text").await.unwrap();
    pool.execute(insert, &[&"two"]).await.unwrap();
    let found: String = pool.query_scalar(find, &[&"two"]).await.unwrap();
    assert_eq!(found, "two");
    let wrong = pool.execute(insert, &[&3_i32]).await.unwrap_err();
    assert!(matches!(wrong, Error::Statement(StatementError::Driver(_))), "{wrong:?}");
}

#[tokio::test]
async fn in_a_transaction_statements_are_asked_about_there() {
    let database = TestDatabase::empty().await;
    moods(&database).await;
    let pool = pool(&database, 1);
    let tx = pool.begin().await.unwrap();
    // Nobody else can see it.
    tx.batch_execute("create type colour as enum ('red'); create table things(c colour, n int)")
        .await
        .unwrap();
    let insert = "insert into things values ('red', $1) returning c, n";
    assert_eq!(tx.query(insert, &[&7_i32]).await.unwrap()[0].get::<_, i32>(1), 7);
    assert_eq!(tx.query("select mood from people where id = $1", &[&1_i32]).await.unwrap().len(), 0);
    tx.commit().await.unwrap();
    let session = pool.session().await.unwrap();
    assert_eq!(session.query("select c from things", &[]).await.unwrap().len(), 1);
    assert_eq!(left(&session).await, Vec::<String>::new());
}

#[tokio::test]
async fn an_error_has_the_servers_words_and_leaves_nothing_open() {
    let database = TestDatabase::empty().await;
    moods(&database).await;
    let pool = pool(&database, 1);
    let session = pool.session().await.unwrap();
    for _ in 0..2 {
        let missing = session.query("select * from missing where id = $1", &[&1]).await.unwrap_err();
        assert_eq!(missing.code(), Some(&SqlState::UNDEFINED_TABLE));
        let insert = "insert into people(id, mood) values (1, 'glad'), (1, 'sad') returning mood";
        let twice = session.query(insert, &[]).await.unwrap_err();
        assert_eq!(twice.constraint(), Some("people_pkey"));
        let none = session.query("select $1::int", &[]).await.unwrap_err();
        let expected = StatementError::ParameterCount { expected: 1, found: 0 }.to_string();
        assert_eq!(none.to_string(), expected);
        session.connection().settle().await.unwrap();
        assert_eq!(session.transaction_status(), pgkeel_pool::TransactionStatus::Idle);
    }
    let mut session = session;
    let tx = session.begin().await.unwrap();
    assert!(tx.query("select * from missing where id = $1", &[&1]).await.is_err());
    let aborted = tx.commit().await.unwrap_err();
    assert!(matches!(aborted, Error::Aborted { first: Some(_) }), "{aborted:?}");
}

#[tokio::test]
async fn what_would_change_the_session_is_refused_and_not_sent() {
    let database = TestDatabase::empty().await;
    let pool = pool(&database, 1);
    for sql in ["set search_path = app", "listen jobs", "select pg_advisory_lock(1)", "create temp table t()"]
    {
        let refused = [
            pool.execute(sql, &[]).await.map(drop),
            pool.query(sql, &[]).await.map(drop),
            pool.batch_execute(sql).await,
        ];
        for refused in refused {
            assert!(matches!(refused, Err(Error::SessionState { .. })), "{sql}: {refused:?}");
        }
    }
    let path: String = pool.query_scalar("show search_path", &[]).await.unwrap();
    assert_ne!(path, "app");
    let seen: Result<String, Error> = pool
        .transaction(async |tx| {
            tx.execute("set local search_path = app", &[]).await?;
            tx.query_scalar("show search_path", &[]).await
        })
        .await;
    assert_eq!(seen.unwrap(), "app");
}

#[tokio::test]
async fn what_comes_back_is_rolled_back_and_nothing_else() {
    let database = TestDatabase::empty().await;
    for reset in [Reset::Smart, Reset::DiscardAll] {
        let config = config(&database, 1).with_reset(reset);
        assert_eq!(config.reset(), Reset::Rollback);
        let pool = Pool::lazy(config);
        let session = pool.session().await.unwrap();
        // By a way on which nothing is looked at.
        session.connection().batch_execute("set my.mark = 'here'").await.unwrap();
        session.connection().batch_execute("begin").await.unwrap();
        drop(session);
        let session = eventually("a session is free", async || pool.session().await.ok()).await;
        let mark: String = session.query_scalar("select current_setting('my.mark')", &[]).await.unwrap();
        assert_eq!(mark, "here");
        assert_eq!(session.transaction_status(), pgkeel_pool::TransactionStatus::Idle);
    }
}

/// However far each came, none leaves a transaction open that the next one on the session would get into.
#[tokio::test]
async fn statements_that_are_dropped_half_way_are_rolled_back() {
    let database = TestDatabase::empty().await;
    moods(&database).await;
    let pool = pool(&database, 1);
    let session = pool.session().await.unwrap();
    let sleepy =
        "insert into people(id, mood) select $1, 'glad' from pg_sleep(0.01) returning mood, $2::int4";
    let mut late = 0;
    for round in 0..60_i32 {
        // Another text each time, so that asking for types is dropped as well.
        let sql = format!("{sleepy} as n{}", round / 2);
        let patience = Duration::from_micros(400 * u64::try_from(round).unwrap());
        let dropped = tokio::time::timeout(patience, async { session.query(&sql, &[&round, &round]).await });
        late += i32::from(dropped.await.is_err());
        session.execute("insert into people(id, mood) values ($1, 'sad')", &[&(1000 + round)]).await.unwrap();
    }
    assert!(late > 5, "{late} were dropped");
    drop(session);
    let count = "select count(*) from people where mood = 'sad'";
    assert_eq!(
        pool.query_scalar::<i64>(count, &[]).await.unwrap(),
        60,
        "none was rolled back with a dropped one"
    );
}

/// Statements of one session that run at the same time do not get into the transaction that another one has.
#[tokio::test]
async fn statements_at_the_same_time_keep_apart() {
    let database = TestDatabase::empty().await;
    moods(&database).await;
    let pool = pool(&database, 1);
    let session = pool.session().await.unwrap();
    let simple = "insert into people(id, mood) values ($1, 'glad')";
    for round in 0..30_i32 {
        let twice = format!(
            "insert into people(id, mood) values ($1, 'sad'), ($1, 'sad') returning mood as m{round}"
        );
        let once = format!("insert into people(id, mood) values ($1, 'glad') returning id as m{round}");
        let plain = format!("insert into people(id, mood) values ({}, 'glad')", 3000 + round);
        let (fails, works, too, also) = tokio::join!(
            async { session.query(&twice, &[&round]).await },
            async { session.execute(simple, &[&(1000 + round)]).await },
            async { session.query(&once, &[&(2000 + round)]).await },
            async { session.batch_execute(&plain).await },
        );
        assert!(
            fails.is_err() && works.is_ok() && too.is_ok() && also.is_ok(),
            "{fails:?} {works:?} {too:?} {also:?}"
        );
    }
    let count = "select count(*) from people";
    assert_eq!(session.query_scalar::<i64>(count, &[]).await.unwrap(), 90);
}
