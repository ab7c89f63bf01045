//! The two traits over the driver's own types.

use pgkeel_connect::{Begin, Error, Executor, Isolation, Transaction, TxOptions};
use pgkeel_testkit::TestDatabase;

/// Written once for whatever can begin.
async fn insert_in_two_steps<B>(begin: B) -> Result<i64, <B::Tx as Executor>::Error>
where
    B: Begin,
{
    let tx = begin.begin_with(TxOptions::serializable()).await?;
    tx.execute("insert into t values (1)", &[]).await?;
    tx.execute("insert into t values (2)", &[]).await?;
    let level: String = tx.query_scalar("show transaction_isolation", &[]).await?;
    assert_eq!(level, "serializable");
    tx.commit().await?;
    Ok(2)
}

/// A plain client of the driver, as a user of this crate alone has one.
async fn plain_client(database: &TestDatabase) -> tokio_postgres::Client {
    let address = database.address();
    let pgkeel_connect::HostName::Socket(directory) = address.hosts()[0].name() else {
        panic!("test databases are behind a socket");
    };
    let mut config = tokio_postgres::Config::new();
    config.host_path(directory).user(address.user()).dbname(address.database());
    #[expect(clippy::disallowed_methods, reason = "the driver's own client is what is tested")]
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.expect("the server is there");
    tokio::spawn(connection);
    client
}

#[tokio::test]
async fn a_plain_client_begins_and_its_transaction_nests() {
    let database = TestDatabase::empty().await;
    let mut client = plain_client(&database).await;
    Executor::batch_execute(&client, "create table t(n int)").await.unwrap();
    assert_eq!(insert_in_two_steps(&mut client).await.unwrap(), 2);

    let mut tx = (&mut client).begin().await.unwrap();
    Executor::execute(&tx, "insert into t values (3)", &[]).await.unwrap();
    let nested = (&mut tx).begin().await.unwrap();
    Executor::execute(&nested, "insert into t values (4)", &[]).await.unwrap();
    Transaction::rollback(nested).await.unwrap();
    let options = TxOptions::new().isolation(Isolation::RepeatableRead);
    assert!(matches!((&mut tx).begin_with(options).await, Err(Error::SavepointOptions)));
    Transaction::commit(tx).await.unwrap();
    let sum: i64 = Executor::query_scalar(&client, "select sum(n) from t", &[]).await.unwrap();
    assert_eq!(sum, 6);
}

#[cfg(feature = "deadpool-postgres")]
#[tokio::test]
async fn a_client_of_deadpool_begins_and_runs() {
    let database = TestDatabase::empty().await;
    let address = database.address();
    let pgkeel_connect::HostName::Socket(directory) = address.hosts()[0].name() else {
        panic!("test databases are behind a socket");
    };
    let mut config = tokio_postgres::Config::new();
    config.host_path(directory).user(address.user()).dbname(address.database());
    let manager = deadpool_postgres::Manager::new(config, tokio_postgres::NoTls);
    let pool = deadpool_postgres::Pool::builder(manager).max_size(1).build().unwrap();
    let mut client = pool.get().await.unwrap();
    Executor::batch_execute(&client, "create table t(n int)").await.unwrap();
    assert_eq!(insert_in_two_steps(&mut client).await.unwrap(), 2);
    let sum: i64 = Executor::query_scalar(&client, "select sum(n) from t", &[]).await.unwrap();
    assert_eq!(sum, 3);
}
