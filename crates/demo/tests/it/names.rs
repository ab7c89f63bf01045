//! Databases that are in the way are named and left as they are.

use pgkeel_connect::{Connection, Executor as _, dial};
use pgkeel_demo::{Error, Target, prepare};
use pgkeel_testkit::TestDatabase;

use crate::halt::{exists, is_gone, small};

async fn run(connection: &Connection, sql: &str) {
    connection.batch_execute(sql).await.expect(sql);
}

#[tokio::test]
async fn a_database_that_exists_is_refused_and_not_touched() {
    let server = TestDatabase::empty().await;
    let theirs = TestDatabase::empty().await;
    let connection = theirs.connection().await;
    run(&connection, "create table precious (id int); insert into precious values (1)").await;
    let target = Target::new_database(theirs.address().database()).unwrap().one_in(50);
    let error = prepare(&server.config(), &target, |_| {}).await.unwrap_err();
    assert!(matches!(&error, Error::Exists { is_demo: false, .. }) && error.is_setting_problem(), "{error}");
    assert!(error.to_string().contains(theirs.address().database()), "{error}");
    assert_eq!(connection.query_scalar::<i64>("select count(*) from precious", &[]).await.unwrap(), 1);
}

#[tokio::test]
async fn the_database_of_an_earlier_demo_is_refused_as_such_once_that_has_gone() {
    let server = TestDatabase::empty().await;
    let target = small("earlier");
    drop(prepare(&server.config(), &target, |_| {}).await.unwrap());
    let error = prepare(&server.config(), &target, |_| {}).await.unwrap_err();
    assert!(matches!(&error, Error::Exists { is_demo: true, .. }), "{error}");
    assert!(exists(&server.connection().await, target.name().name()).await);
}

#[tokio::test]
async fn an_unfinished_database_of_somebody_else_is_never_dropped() {
    let server = TestDatabase::empty().await;
    let admin = server.connection().await;
    let target = small("foreign");
    for (comment, is_marked) in
        [("'a shop of ours'", false), ("null", false), ("'pgkeel demo, whole: 1 rows of today'", true)]
    {
        run(&admin, &format!("create database {}", target.unfinished())).await;
        run(&admin, &format!("comment on database {} is {comment}", target.unfinished())).await;
        let error = prepare(&server.config(), &target, |_| {}).await.unwrap_err();
        assert!(
            matches!(&error, Error::Foreign { database } if database == target.unfinished()),
            "{is_marked} {error}"
        );
        assert!(exists(&admin, target.unfinished().name()).await);
        run(&admin, &format!("drop database {}", target.unfinished())).await;
    }
}

#[tokio::test]
async fn a_name_that_needs_quotes_is_kept_as_it_is() {
    let server = TestDatabase::empty().await;
    let target = small("it's \"Ours\"; drop");
    let demo = prepare(&server.config(), &target, |_| {}).await.unwrap();
    let connection = dial(demo.connect()).await.unwrap();
    let name: String = connection.query_scalar("select current_database()::text", &[]).await.unwrap();
    assert_eq!(name, target.name().name());
}

#[tokio::test]
async fn a_user_who_may_not_create_databases_is_told_how_to_allow_it() {
    let server = TestDatabase::empty().await;
    let admin = server.connection().await;
    let role = format!("clerk_{}", std::process::id());
    run(&admin, &format!("create role {role} login password 'hunter2'")).await;
    let address = server.address().clone();
    let clerk = pgkeel_connect::Address::new(address.hosts()[0].clone(), &role, address.database())
        .with_password("hunter2".to_owned().into());
    let target = small("forbidden");
    let clerk = pgkeel_connect::Config::new(clerk);
    let error = prepare(&clerk, &target, |_| {}).await.unwrap_err();
    let Error::NotMade { left: None, source } = &error else { panic!("{error:?}") };
    assert!(matches!(&**source, Error::MayNotCreate { .. }) && error.is_setting_problem(), "{source}");
    assert!(source.to_string().contains(&format!("alter role \"{role}\" createdb")), "{source}");
    assert!(is_gone(&admin, &target).await);

    run(&admin, &format!("alter role {role} createdb")).await;
    let demo = prepare(&clerk, &target, |_| {}).await.unwrap();
    assert!(demo.rows() > 2_000);
    drop(demo);
    run(&admin, &format!("drop database {} with (force)", target.name())).await;
    run(&admin, &format!("drop role {role}")).await;
}
