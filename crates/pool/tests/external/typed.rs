//! Typed statements in front of `PgBouncer` in transaction mode: 8 clients share 2 server sessions, and each text is new.

use std::time::Duration;

use futures_util::future::join_all;
use pgkeel_pool::{Config, Error, Executor, Pool, PoolerMode, Type};
use pgkeel_testkit::{Bouncer, Random, TestDatabase, scaled};

use crate::config_of;

const SCHEMA: &str = "create type mood as enum ('sad', 'glad');
    create table people (id int primary key, mood mood not null, moods mood[])";

const CLIENTS: i32 = 8;

async fn before(database: &TestDatabase) -> Bouncer {
    let sessions = [("default_pool_size", "2"), ("max_client_conn", "200")];
    Bouncer::before(database.address(), "transaction", &sessions).await
}

fn config(bouncer: &Bouncer) -> Config {
    config_of(bouncer, CLIENTS.unsigned_abs()).with_pooler(PoolerMode::Transaction)
}

/// Writes a row and reads it back, by texts that nobody has run before.
async fn write_and_read<E: Executor<Error = Error>>(on: &E, id: i32) -> Result<(), Error> {
    let insert = format!("insert into people(id, mood) values ($1, $2) /* {id} */");
    let params = [(&id as _, Type::INT4), (&"glad" as _, Type::UNKNOWN)];
    assert_eq!(on.execute_typed(&insert, &params).await?, 1);
    let read = format!("select $1 + 1 as \"n{id}\", mood, moods from people where id = $1");
    let row = on.query_one_typed(&read, &[(&id, Type::INT4)]).await?;
    assert_eq!(row.get::<_, i32>(0), id + 1);
    // Without its type the parameter would be a text.
    let same: i64 = on.query_scalar_typed(&format!("select $1 /* {id} */"), &[(&7_i64, Type::INT8)]).await?;
    assert_eq!(same, 7);
    Ok(())
}

async fn one_client(pool: Pool, client: i32, rounds: i32, mut random: Random) {
    for round in 0..rounds {
        let id = client * 100_000 + round;
        match round % 3 {
            0 => pool.transaction(async |tx| write_and_read(&tx, id).await).await.unwrap(),
            1 => write_and_read(&pool.session().await.unwrap(), id).await.unwrap(),
            _ => write_and_read(&pool, id).await.unwrap(),
        }
        // Given up: of what is only carried out nothing is learned, which would be left half done.
        let sql = format!("update people set moods = null where id = $1 /* {id} */");
        let patience = Duration::from_micros(random.below(1500));
        let _ = tokio::time::timeout(patience, pool.execute_typed(&sql, &[(&id, Type::INT4)])).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_clients_on_two_sessions_see_no_error_and_leave_nothing_prepared() {
    let database = TestDatabase::empty().await;
    database.connection().await.batch_execute(SCHEMA).await.unwrap();
    let bouncer = before(&database).await;
    let pool = Pool::lazy(config(&bouncer));
    let (random, rounds) = (Random::seeded(), scaled(30, 300));
    let clients = (0..CLIENTS).map(|client| {
        let random = random.fork(client.unsigned_abs().into());
        tokio::spawn(one_client(pool.clone(), client, rounds, random))
    });
    for client in join_all(clients).await {
        client.unwrap();
    }
    let count: i64 = pool.query_scalar_typed("select count(*) from people", &[]).await.unwrap();
    assert_eq!(count, i64::from(CLIENTS * rounds));
    let left = "select count(*) from pg_prepared_statements";
    for session in join_all((0..CLIENTS).map(|_| pool.session())).await {
        assert_eq!(session.unwrap().query_scalar_typed::<i64>(left, &[]).await.unwrap(), 0);
    }
}
