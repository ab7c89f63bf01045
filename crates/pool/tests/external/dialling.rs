//! What a connection by way of `PgBouncer` is, and what it says where there is none.

use std::sync::Arc;

use pgkeel_pool::connect::{
    Address, Config, Connection, Credentials, Error, Executor as _, Occasion, PasswordFuture, Target, dial,
};
use pgkeel_testkit::{Bouncer, TestDatabase};
use tokio_postgres::error::SqlState;

async fn open(bouncer: &Bouncer, keywords: &str) -> Result<Connection, Error> {
    let (address, port) = (bouncer.address(), bouncer.address().hosts()[0].port());
    let text = format!(
        "host=127.0.0.1 port={port} user={} dbname={} password={} {keywords}",
        address.user(),
        address.database(),
        Bouncer::PASSWORD,
    );
    dial(&Config::new(text.parse::<Address>().unwrap())).await
}

#[tokio::test]
async fn what_is_sent_at_start_up_is_what_it_takes() {
    let database = TestDatabase::empty().await;
    for mode in ["session", "transaction"] {
        let bouncer = Bouncer::before(database.address(), mode, &[]).await;
        let connection = open(&bouncer, "application_name=keel").await.unwrap();
        let name: String = connection.query_scalar("show application_name", &[]).await.unwrap();
        assert_eq!(name, "keel");
        assert!(connection.parameter("server_version").is_some());
        connection.close().await;
    }
}

#[tokio::test]
async fn options_are_refused_by_name_unless_it_ignores_them() {
    let database = TestDatabase::empty().await;
    let with_options = "options='-c statement_timeout=1234'";
    let strict = Bouncer::before(database.address(), "session", &[]).await;
    let error = open(&strict, with_options).await.unwrap_err();
    let Error::Refused { source, .. } = &error else { panic!("{error:?}") };
    assert_eq!(*source.code(), SqlState::PROTOCOL_VIOLATION);
    assert!(source.to_string().contains("unsupported startup parameter"), "{source}");
    assert!(!error.is_safe_to_retry());

    let lenient = [("ignore_startup_parameters", "options")];
    let lenient = Bouncer::before(database.address(), "session", &lenient).await;
    let connection = open(&lenient, with_options).await.unwrap();
    let timeout: String = connection.query_scalar("show statement_timeout", &[]).await.unwrap();
    assert_eq!(timeout, "0", "ignored means without effect");
}

#[tokio::test]
async fn refusals_have_its_words() {
    let database = TestDatabase::empty().await;
    let bouncer = Bouncer::before(database.address(), "session", &[]).await;
    let wrong = bouncer.address().clone().with_password("hunter2".into());
    let error = dial(&Config::new(wrong)).await.unwrap_err();
    // 28P01 of newer ones, 08P01 of older ones.
    let Error::Refused { source, .. } = &error else { panic!("{error:?}") };
    assert!(source.to_string().contains("authentication failed"), "{source}");
    assert!(!format!("{error:?} {error}").contains("hunter2"));

    let missing = bouncer.address().clone().with_database("no_such_database");
    let error = dial(&Config::new(missing)).await.unwrap_err();
    let Error::Refused { source, .. } = &error else { panic!("{error:?}") };
    assert!(source.to_string().contains("no_such_database"), "{source}");
}

#[tokio::test]
async fn its_end_is_the_end_of_the_connection() {
    let database = TestDatabase::empty().await;
    let bouncer = Bouncer::before(database.address(), "session", &[]).await;
    let connection = open(&bouncer, "").await.unwrap();
    connection.batch_execute("select 1").await.unwrap();
    drop(bouncer);
    let error = connection.batch_execute("select 1").await.unwrap_err();
    assert!(error.is_disconnected(), "{error:?}");
}

/// The first password is an old one, and so on.
#[derive(Debug)]
struct Renewed;

impl Credentials for Renewed {
    fn password<'a>(&'a self, _: Target<'a>, occasion: Occasion) -> PasswordFuture<'a> {
        let password = if occasion == Occasion::First { "hunter2" } else { Bouncer::PASSWORD };
        Box::pin(async move { Ok(password.into()) })
    }
}

#[tokio::test]
async fn a_password_that_it_refuses_is_asked_for_once_more() {
    let database = TestDatabase::empty().await;
    let bouncer = Bouncer::before(database.address(), "session", &[]).await;
    let config = Config::new(bouncer.address().clone()).with_credentials(Arc::new(Renewed));
    dial(&config).await.unwrap();
}
