//! What a role may not see is said, with what would mend it.

use pgkeel_catalog::{Reason, StatementOrder, StatementQuery, activity, database_size, statements};
use pgkeel_connect::Executor as _;
use pgkeel_testkit::{TestCluster, TestDatabase};

use crate::{Sample, plain_role};

#[tokio::test]
async fn other_roles_sessions_are_hidden_until_the_grant_of_the_remedy() {
    let test = TestDatabase::empty().await;
    let admin = test.connection().await;
    let (connection, _) = plain_role(&test).await;
    let sample = Sample::over(connection).await;
    let seen = activity(&sample.connection, &sample.capabilities, 10).await.unwrap();
    assert!(seen.hidden >= 1, "{seen:?}");
    let skipped = sample.capabilities.hidden_sessions().unwrap();
    assert_eq!(skipped.reason, Reason::NoPrivilege);

    admin.batch_execute(&skipped.remedy).await.unwrap();
    sample.connection.batch_execute("commit").await.unwrap();
    let sample = Sample::over(sample.connection).await;
    assert!(sample.capabilities.hidden_sessions().is_none());
    assert_eq!(activity(&sample.connection, &sample.capabilities, 10).await.unwrap().hidden, 0);
}

#[tokio::test]
async fn the_size_of_a_closed_database_is_skipped_until_the_grant_of_the_remedy() {
    let test = TestDatabase::empty().await;
    let admin = test.connection().await;
    let (connection, _) = plain_role(&test).await;
    let close = format!("revoke connect on database {} from public", test.address().database());
    admin.batch_execute(&close).await.unwrap();
    let sample = Sample::over(connection).await;
    let size = database_size(&sample.connection, &sample.capabilities).await.unwrap();
    admin.batch_execute(&size.skipped().unwrap().remedy).await.unwrap();
    assert!(database_size(&sample.connection, &sample.capabilities).await.unwrap().known().is_some());
}

#[tokio::test]
async fn statements_of_others_are_counted_as_hidden() {
    let test = TestDatabase::empty().await;
    let admin = test.connection().await;
    admin.batch_execute("create extension pg_stat_statements; create table others ()").await.unwrap();
    admin.query("select * from others", &[]).await.unwrap();
    let (connection, _) = plain_role(&test).await;
    let sample = Sample::over(connection).await;
    let query = StatementQuery::new(StatementOrder::Total, 10);
    let seen = statements(&sample.connection, &sample.capabilities, &query).await.unwrap().known().unwrap();
    assert!(seen.hidden >= 1, "{seen:?}");
}

#[tokio::test]
async fn statistics_of_statements_are_skipped_with_a_remedy_that_mends_it() {
    let test = TestDatabase::empty().await;
    let admin = test.connection().await;
    let sample = Sample::of(&test).await;
    let skipped = sample.capabilities.no_statements().unwrap();
    assert_eq!(skipped.reason, Reason::ExtensionMissing);
    sample.connection.batch_execute("commit").await.unwrap();
    admin.batch_execute(&skipped.remedy).await.unwrap();
    assert!(Sample::of(&test).await.capabilities.no_statements().is_none());

    admin
        .batch_execute("create schema apart; alter extension pg_stat_statements set schema apart")
        .await
        .unwrap();
    let (connection, _) = plain_role(&test).await;
    let sample = Sample::over(connection).await;
    let skipped = sample.capabilities.no_statements().unwrap();
    assert_eq!(skipped.reason, Reason::NoPrivilege);
    admin.batch_execute(&skipped.remedy).await.unwrap();
    admin
        .batch_execute("revoke execute on function apart.pg_stat_statements(boolean) from public")
        .await
        .unwrap();
    sample.connection.batch_execute("commit").await.unwrap();
    let sample = Sample::over(sample.connection).await;
    admin.batch_execute(&sample.capabilities.no_statements().unwrap().remedy).await.unwrap();
    sample.connection.batch_execute("commit").await.unwrap();
    assert!(Sample::over(sample.connection).await.capabilities.no_statements().is_none());
}

#[tokio::test]
async fn a_library_that_is_not_loaded_is_said_before_and_after_the_extension_is_made() {
    let cluster = TestCluster::start_with(|options| options.setting("shared_preload_libraries", "")).await;
    let sample = Sample::over(cluster.connection().await).await;
    let skipped = sample.capabilities.no_statements().unwrap();
    assert_eq!(skipped.reason, Reason::LibraryNotLoaded);
    assert!(skipped.remedy.contains("create extension"), "{skipped}");
    cluster.connection().await.batch_execute("create extension pg_stat_statements").await.unwrap();
    sample.connection.batch_execute("commit").await.unwrap();
    let sample = Sample::over(sample.connection).await;
    let skipped = sample.capabilities.no_statements().unwrap();
    assert!(!skipped.remedy.contains("create extension"), "{skipped}");
    let query = StatementQuery::new(StatementOrder::Total, 10);
    let seen = statements(&sample.connection, &sample.capabilities, &query).await.unwrap();
    assert_eq!(seen.skipped().unwrap().reason, Reason::LibraryNotLoaded);
}
