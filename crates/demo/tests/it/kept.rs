//! The demo that stays on a server of its own.

use pgkeel_connect::{Executor as _, dial};
use pgkeel_demo::{Error, Target, prepare, schema};
use pgkeel_testkit::TestCluster;

fn kept() -> Target {
    Target::kept().one_in(50)
}

#[tokio::test]
async fn it_is_filled_once_and_used_again_with_what_was_done_to_it() {
    let server = TestCluster::start().await;
    let first = prepare(&server.config(), &kept(), |_| {}).await.unwrap();
    let connection = dial(first.connect()).await.unwrap();
    connection.batch_execute("update customers set full_name = 'Somebody Else' where id = 1").await.unwrap();
    let rows = first.rows();
    drop(first);
    let mut events = 0;
    let second = prepare(&server.config(), &kept(), |_| events += 1).await.unwrap();
    assert!(second.is_used_again() && events == 0);
    assert_eq!((second.rows(), second.filled_on().len()), (rows, "2025-06-11".len()));
    let name = connection.query_scalar::<String>("select full_name from customers where id = 1", &[]).await;
    assert_eq!(name.unwrap(), "Somebody Else");
}

#[tokio::test]
async fn a_database_of_its_name_that_no_demo_made_is_left_alone() {
    let server = TestCluster::start().await;
    let admin = server.connection().await;
    admin.batch_execute("create database pgkeel_demo").await.unwrap();
    let error = prepare(&server.config(), &kept(), |_| {}).await.unwrap_err();
    assert!(matches!(&error, Error::Foreign { .. }) && error.is_setting_problem(), "{error}");
    assert!(error.to_string().contains("\"pgkeel_demo\""), "{error}");
}

#[tokio::test]
async fn one_with_another_schema_is_refused_with_what_to_do() {
    let server = TestCluster::start().await;
    drop(prepare(&server.config(), &kept(), |_| {}).await.unwrap());
    let connection = dial(&kept().connect(&server.config())).await.unwrap();
    let newest = schema().unwrap().iter().last().unwrap().version();
    for (change, has_conflicts) in [
        ("update pgkeel.refinery_schema_history set checksum = '1' where version = $1", true),
        ("update pgkeel.refinery_schema_history set version = version + 1 where version = $1", true),
        ("delete from pgkeel.refinery_schema_history where version >= $1", false),
    ] {
        connection.execute(change, &[&newest]).await.unwrap();
        let error = prepare(&server.config(), &kept(), |_| {}).await.unwrap_err();
        let Error::OtherSchema { source, .. } = &error else { panic!("{error:?}") };
        assert_eq!(source.is_some(), has_conflicts, "{change}");
        assert!(error.to_string().contains("drop database \"pgkeel_demo\" with (force)"), "{error}");
    }
}
