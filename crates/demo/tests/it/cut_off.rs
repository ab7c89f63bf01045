//! A filling that does not come to its end leaves nothing.

use pgkeel_connect::{Config, Executor as _};
use pgkeel_demo::{Error, Event, Step, discard, prepare};
use pgkeel_testkit::{Proxy, TestCluster, TestDatabase, eventually};

use crate::halt::{Filling, exists, is_gone, small};

const STEPS: [Step; 7] = [
    Step::Create,
    Step::Reserve,
    Step::Migrate,
    Step::Customers,
    Step::OrderLines,
    Step::Analyze,
    Step::Name,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_future_that_is_dropped_at_any_step_leaves_no_database() {
    let server = TestDatabase::empty().await;
    let admin = server.connection().await;
    let proxy = Proxy::before(server.address()).await;
    let by_proxy = Config::new(proxy.address());
    for step in STEPS {
        let target = small("dropped");
        let filling = Filling::until(step, &by_proxy, &target).await;
        // Without an answer it has to wait and is dropped there; the last step might else be done before it waits.
        proxy.black_hole();
        filling.task.abort();
        filling.go_on();
        assert!(filling.task.await.unwrap_err().is_cancelled(), "{step}");
        proxy.pass();
        eventually(&format!("{step}: nothing is left"), async || {
            is_gone(&admin, &target).await.then_some(())
        })
        .await;
        // Of the first step, "gone" may have been "not yet there".
        discard(&server.config(), &target).await.unwrap();
        assert!(is_gone(&admin, &target).await, "{step}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn discarding_waits_until_the_cut_off_filling_has_ended() {
    let server = TestDatabase::empty().await;
    let target = small("discarded");
    let filling = Filling::until(Step::Payments, &server.config(), &target).await;
    filling.task.abort();
    filling.go_on();
    discard(&server.config(), &target).await.unwrap();
    assert!(is_gone(&server.connection().await, &target).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_step_that_fails_is_named_and_nothing_is_left() {
    let server = TestDatabase::empty().await;
    let admin = server.connection().await;
    let target = small("failing");
    let filling = Filling::until(Step::Payments, &server.config(), &target).await;
    let unfinished = Config::new(server.address().clone().with_database(target.unfinished().name()));
    let other = pgkeel_connect::dial(&unfinished).await.unwrap();
    other.batch_execute("alter table payments rename to paid").await.unwrap();
    let error = filling.fails().await;
    let Error::NotMade { left: None, source } = &error else { panic!("{error:?}") };
    assert!(matches!(&**source, Error::Database { step: Step::Payments, .. }), "{source}");
    assert!(!error.is_setting_problem());
    assert!(is_gone(&admin, &target).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn when_every_session_is_ended_nothing_is_left_either() {
    let server = TestDatabase::empty().await;
    let admin = server.connection().await;
    let target = small("ended");
    let filling = Filling::until(Step::OrderLines, &server.config(), &target).await;
    let kill = "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname in ($1, $2)
        and application_name like 'pgkeel-demo%'";
    let (maintenance, unfinished) = (server.address().database(), target.unfinished().name());
    let ended: i64 = admin.query_scalar(kill, &[&maintenance, &unfinished]).await.unwrap();
    assert_eq!(ended, 2);
    let error = filling.fails().await;
    assert!(matches!(&error, Error::NotMade { left: None, .. }), "{error:?}");
    assert!(is_gone(&admin, &target).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn what_an_outage_has_left_is_dropped_by_the_next_one_which_says_so() {
    let mut server = TestCluster::start().await;
    let target = small("outage");
    let filling = Filling::until(Step::OrderLines, &server.config(), &target).await;
    server.crash().await;
    filling.task.abort();
    filling.go_on();
    let _ = filling.task.await;
    server.start_again().await;
    let mut swept = false;
    let observe = |event: Event<'_>| swept |= matches!(event, Event::Swept { .. });
    let demo = match prepare(&server.config(), &target, observe).await {
        // The cut-off one may be discarding itself just now.
        Err(Error::Filling { .. }) => prepare(&server.config(), &target, |_| {}).await.unwrap(),
        made => made.unwrap(),
    };
    assert!(demo.rows() > 2_000);
    let admin = server.connection().await;
    assert!(!exists(&admin, target.unfinished().name()).await);
    println!("swept: {swept}");
}

/// What is there between CREATE DATABASE and its comment when a process is killed just then.
#[tokio::test]
async fn a_database_that_was_only_just_created_is_known_as_ours() {
    let server = TestDatabase::empty().await;
    let admin = server.connection().await;
    let target = small("just_created");
    let created = format!(
        "create database {} template template0 allow_connections false connection limit 20250203",
        target.unfinished()
    );
    admin.batch_execute(&created).await.unwrap();
    let mut swept = false;
    let observe = |event: Event<'_>| swept |= matches!(event, Event::Swept { .. });
    prepare(&server.config(), &target, observe).await.unwrap();
    assert!(swept);
}
