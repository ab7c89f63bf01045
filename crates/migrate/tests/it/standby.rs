//! A server that only reads.

use pgkeel_migrate::{Against, Error, Gate, Migrations, Migrator, Readiness, Unsuitable, Verifier};
use pgkeel_testkit::TestCluster;

const FILES: [(&str, &str); 4] = [
    ("V1__a.sql", "create table a (id int);"),
    ("V2__b.sql", "create table b (id int);"),
    ("V2__b.down.sql", "drop table b;"),
    ("V3__c.sql", "create table c (id int);"),
];

/// A hot standby of a primary that has gone, on which the first two files were applied.
async fn standby() -> TestCluster {
    let mut cluster = TestCluster::start().await;
    let migrations = Migrations::from_static(&FILES[..3]).unwrap();
    Migrator::new(cluster.config(), migrations).up().await.unwrap();
    cluster.stop().await;
    std::fs::write(cluster.data_dir().join("standby.signal"), "").unwrap();
    cluster.start_again().await;
    cluster
}

#[tokio::test]
async fn on_a_standby_all_that_only_looks_answers_and_what_would_write_says_why_not() {
    let standby = standby().await;
    let migrator =
        |files: &[(&str, &str)]| Migrator::new(standby.config(), Migrations::from_static(files).unwrap());
    let status = migrator(&FILES).status().await.unwrap();
    assert_eq!((status.applied.len(), status.pending.len(), status.conflicts.len()), (2, 1, 0));
    assert_eq!(migrator(&FILES).plan().await.unwrap().files.len(), 1);
    assert!(migrator(&FILES).lock_holder().await.unwrap().is_none());
    assert!(migrator(&FILES[..3]).up().await.unwrap().done.is_empty());
    let error = migrator(&FILES).up().await.unwrap_err();
    assert!(matches!(error, Error::Unsuitable { reason: Unsuitable::Standby }), "{error:?}");
    let error = migrator(&FILES).down(pgkeel_migrate::Back::Steps(1)).await.unwrap_err();
    assert!(matches!(error, Error::Unsuitable { reason: Unsuitable::Standby }), "{error:?}");
    let error = migrator(&FILES).mark_applied(&[3], "by hand").await.unwrap_err();
    assert!(matches!(error, Error::Unsuitable { reason: Unsuitable::Standby }), "{error:?}");

    let ready = |files: &[(&str, &str)]| Gate::new(standby.config(), Migrations::from_static(files).unwrap());
    let readiness = ready(&FILES).check().await.unwrap();
    assert!(matches!(readiness, Readiness::Pending { .. }), "{readiness:?}");
    let readiness = ready(&FILES[..3]).check().await.unwrap();
    assert!(matches!(readiness, Readiness::Ready { .. }), "{readiness:?}");
    let verifier = Verifier::new(standby.config(), Migrations::from_static(&FILES[..3]).unwrap());
    assert!(verifier.verify(&Against::Recorded).await.unwrap().is_clean());
    // A database to compare with cannot be made there.
    let error = verifier.verify(&Against::Shadow).await.unwrap_err();
    assert!(error.server().is_some_and(|it| it.code().code() == "25006"), "{error:?}");
}
