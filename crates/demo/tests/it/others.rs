//! One process at a time makes or uses a demo. Here each has a connection of its own, which is what counts.

use pgkeel_connect::Executor as _;
use pgkeel_demo::{Error, Step, Target, prepare};
use pgkeel_testkit::{TestCluster, TestDatabase, eventually};

use crate::halt::{Filling, small};

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn of_two_that_fill_at_once_one_is_told_of_the_other() {
    let server = TestDatabase::empty().await;
    let target = small("both");
    let filling = Filling::until(Step::Orders, &server.config(), &target).await;
    let error = prepare(&server.config(), &target, |_| {}).await.unwrap_err();
    assert!(matches!(&error, Error::Filling { holder: Some(_), .. }) && error.is_taken(), "{error:?}");
    let process = format!("pgkeel-demo of process {}", std::process::id());
    assert!(error.to_string().contains(&process), "{error}");
    filling.go_on();
    assert!(filling.task.await.unwrap().unwrap().rows() > 2_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn it_does_not_matter_by_way_of_which_database_they_come() {
    let (server, other_way) = (TestDatabase::empty().await, TestDatabase::empty().await);
    let target = small("other_way");
    let filling = Filling::until(Step::Orders, &server.config(), &target).await;
    let error = prepare(&other_way.config(), &target, |_| {}).await.unwrap_err();
    assert!(matches!(&error, Error::Filling { holder: Some(_), .. }), "{error:?}");
    filling.go_on();
    filling.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_demo_that_runs_is_not_taken_up_until_it_has_gone() {
    let server = TestCluster::start().await;
    let target = Target::kept().one_in(50);
    let first = prepare(&server.config(), &target, |_| {}).await.unwrap();
    let error = prepare(&server.config(), &target, |_| {}).await.unwrap_err();
    assert!(matches!(&error, Error::Running { holder: Some(_), .. }) && error.is_taken(), "{error:?}");
    assert!(!error.is_setting_problem());
    drop(first);
    assert!(prepare(&server.config(), &target, |_| {}).await.unwrap().is_used_again());
}

#[tokio::test]
async fn two_demos_on_one_server_do_not_know_of_each_other() {
    let server = TestDatabase::empty().await;
    let one = prepare(&server.config(), &small("one"), |_| {}).await.unwrap();
    let two = prepare(&server.config(), &small("two"), |_| {}).await.unwrap();
    assert_eq!(one.rows(), two.rows());
}

#[tokio::test]
async fn an_outage_does_not_end_a_demo_and_its_lock_is_held_again_afterwards() {
    let mut server = TestCluster::start().await;
    let target = Target::kept().one_in(50);
    let demo = prepare(&server.config(), &target, |_| {}).await.unwrap();
    server.stop().await;
    server.start_again().await;
    let admin = server.connection().await;
    let held = "select exists (select from pg_locks join pg_stat_activity using (pid)
        where locktype = 'advisory' and granted and application_name like 'pgkeel-demo%')";
    eventually("the lock is held again", async || {
        admin.query_scalar::<bool>(held, &[]).await.unwrap().then_some(())
    })
    .await;
    let error = prepare(&server.config(), &target, |_| {}).await.unwrap_err();
    assert!(matches!(error, Error::Running { .. }), "{error:?}");
    drop(demo);
}
