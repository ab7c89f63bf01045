//! A database beside what it should be.

use pgkeel_connect::Executor as _;
use pgkeel_migrate::{
    Against, Error, LockFile, Migrations, Prover, Scope, Snapshot, Verification, Verifier, VerifyError,
};
use pgkeel_testkit::TestDatabase;

use crate::migrator;
use crate::snapshot::told;

const FILES: [(&str, &str); 3] = [
    ("V1__orders.sql", "create table orders (id bigint primary key, price numeric(10,2));"),
    (
        "V2__customers.sql",
        "create table customers (id bigint primary key); create view all_orders as select * from orders;",
    ),
    ("V3__later.sql", "alter table orders add note text;"),
];

const DRIFT: &str = "alter table orders alter price type numeric(12,2) using price, add x int";
const NO_VIEW: &str = "drop view all_orders";

fn verifier(database: &TestDatabase, files: &[(&str, &str)]) -> Verifier {
    Verifier::new(database.config(), Migrations::from_static(files).unwrap())
}

async fn lock(database: &TestDatabase) -> LockFile {
    Prover::new(database.config(), Migrations::from_static(&FILES).unwrap()).lock().await.unwrap()
}

fn names(verification: &Verification) -> Vec<String> {
    told(verification.differences.as_ref().expect("they are named"))
}

#[tokio::test]
async fn drift_from_the_migrations_is_named_and_pending_ones_do_not_count() {
    let database = TestDatabase::empty().await;
    migrator(&database, &FILES[..2]).up().await.unwrap();
    let verifier = verifier(&database, &FILES);
    let clean = verifier.verify(&Against::Shadow).await.unwrap();
    assert!(clean.is_clean(), "{clean}");
    assert_eq!(clean.to_string(), "the schema agrees with the migrations at version 2\n");

    database.connection().await.batch_execute(&format!("{NO_VIEW}; {DRIFT}")).await.unwrap();
    let drifted = verifier.verify(&Against::Shadow).await.unwrap();
    assert!(!drifted.is_clean());
    assert_eq!(
        names(&drifted),
        [
            "column price of public.orders: type",
            "column x of public.orders: extra",
            "view public.all_orders: missing"
        ]
    );
    assert_eq!(
        drifted.to_string(),
        "3 differences from the migrations at version 2\n\
         column price of public.orders is another\n  type: expected numeric(10,2), found numeric(12,2)\n\
         column x of public.orders is not expected\nview public.all_orders is missing\n"
    );
    assert!(
        drifted
            .to_markdown()
            .contains("| `column price of public.orders` | `type` | `numeric(10,2)` | `numeric(12,2)` |")
    );
    let json = drifted.to_json();
    assert_eq!(
        (&json["clean"], &json["version"], &json["against"]),
        (&false.into(), &2.into(), &"the migrations".into())
    );
    assert_eq!(json["differences"][0]["found"], "numeric(12,2)");
}

#[tokio::test]
async fn a_pattern_ignores_and_one_that_ignores_nothing_is_noted() {
    let database = TestDatabase::empty().await;
    migrator(&database, &FILES).up().await.unwrap();
    let sql = "create table orders_2024 (id int); create index on orders_2024 (id)";
    database.connection().await.batch_execute(sql).await.unwrap();
    let scope = Scope::default()
        .ignoring("table public.orders_2*".parse().unwrap())
        .ignoring("view audit.*".parse().unwrap());
    let verified = verifier(&database, &FILES).with_scope(scope).verify(&Against::Shadow).await.unwrap();
    assert!(verified.is_clean(), "{verified}");
    assert!(verified.to_string().ends_with("note: no object is ignored by \"view audit.*\"\n"), "{verified}");
}

#[tokio::test]
async fn a_lock_file_verifies_with_nothing_else_and_a_shadow_or_a_record_names_what_differs() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let lock = lock(&database).await;
    assert_eq!(lock.entries().len(), 3);
    let directory = tempfile::tempdir().unwrap();
    lock.write(directory.path()).unwrap();
    assert_eq!(LockFile::read(directory.path()).unwrap().unwrap(), lock);

    let verifier = verifier(&database, &FILES);
    let against = Against::LockFile(lock.clone());
    assert!(matches!(verifier.verify(&against).await, Err(VerifyError::NothingApplied)));
    for applied in 1..=3 {
        migrator(&database, &FILES[..applied]).up().await.unwrap();
        let clean = verifier.verify(&against).await.unwrap();
        assert!(clean.is_clean(), "{clean}");
    }
    Snapshot::take(&connection, lock.scope()).await.unwrap().record(&connection, lock.scope()).await.unwrap();
    connection.batch_execute("create table stray (id int)").await.unwrap();
    assert_eq!(names(&verifier.verify(&against).await.unwrap()), ["table public.stray: extra"]);

    connection.batch_execute("drop table pgkeel.schema_snapshot").await.unwrap();
    let unexplained = verifier.verify(&against).await.unwrap();
    assert!(!unexplained.is_clean() && unexplained.differences.is_none());
    assert!(unexplained.to_string().contains("compare with a shadow to see in what"), "{unexplained}");
    let explained = verifier.clone().with_shadows_on(database.config()).verify(&against).await.unwrap();
    assert_eq!(names(&explained), ["table public.stray: extra"]);
    assert!(!explained.lock_is_stale);
}

#[tokio::test]
async fn a_lock_file_that_is_behind_its_files_is_told_from_drift() {
    let database = TestDatabase::empty().await;
    let lock = lock(&database).await;
    let mut files = FILES.to_vec();
    files[2].1 = "alter table orders add note varchar(10);";
    migrator(&database, &files).up().await.unwrap();
    let verifier = verifier(&database, &files).with_shadows_on(database.config());
    let stale = verifier.verify(&Against::LockFile(lock.clone())).await.unwrap();
    assert!(
        !stale.is_clean() && stale.lock_is_stale && stale.differences.as_ref().unwrap().is_empty(),
        "{stale}"
    );
    assert_eq!(lock.check(&Migrations::from_static(&files).unwrap()).len(), 1);

    files.push(("V4__more.sql", "create table more (id int);"));
    migrator(&database, &files).up().await.unwrap();
    let unknown = Verifier::new(database.config(), Migrations::from_static(&files).unwrap());
    let error = unknown.verify(&Against::LockFile(lock)).await.unwrap_err();
    assert!(matches!(error, VerifyError::NotLocked { version: 4 }), "{error:?}");
}

#[tokio::test]
async fn what_was_recorded_is_held_against_without_files_or_shadows() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    migrator(&database, &FILES).without_record().up().await.unwrap();
    let verifier = verifier(&database, &FILES);
    assert!(matches!(verifier.verify(&Against::Recorded).await, Err(VerifyError::NotRecorded)));
    let scope = Scope::default().ignoring("table public.ignored".parse().unwrap());
    for _ in 0..2 {
        Snapshot::take(&connection, &scope).await.unwrap().record(&connection, &scope).await.unwrap();
    }
    connection.batch_execute("create table ignored (id int)").await.unwrap();
    assert!(verifier.verify(&Against::Recorded).await.unwrap().is_clean());
    connection.batch_execute("create unique index stray on orders (price)").await.unwrap();
    let drifted = verifier.verify(&Against::Recorded).await.unwrap();
    assert_eq!(names(&drifted), ["index public.stray of public.orders: extra"]);

    connection.batch_execute("update pgkeel.schema_snapshot set snapshot = 'x'").await.unwrap();
    assert!(matches!(verifier.verify(&Against::Recorded).await, Err(VerifyError::BadRecord(Some(_)))));
}

#[tokio::test]
async fn files_that_are_not_those_that_were_applied_are_no_measure() {
    let database = TestDatabase::empty().await;
    migrator(&database, &FILES).up().await.unwrap();
    let mut files = FILES;
    files[1].1 = "create table customers (id int primary key);";
    let error = verifier(&database, &files).verify(&Against::Shadow).await.unwrap_err();
    assert!(matches!(error, VerifyError::Migrate(Error::Conflicts { .. })), "{error:?}");
}

#[tokio::test]
async fn another_major_version_is_not_mistaken_for_drift() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    migrator(&database, &FILES).up().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let lock = lock(&database).await;
    lock.write(directory.path()).unwrap();
    let path = directory.path().join(LockFile::NAME);
    let text = std::fs::read_to_string(&path).unwrap();
    let other = text.replace(&format!("postgresql {}", lock.major()), "postgresql 11");
    std::fs::write(&path, other).unwrap();
    let other = Against::LockFile(LockFile::read(directory.path()).unwrap().unwrap());
    let verifier = verifier(&database, &FILES);
    assert!(verifier.verify(&other).await.unwrap().is_clean());
    connection.batch_execute("create table stray (id int)").await.unwrap();
    let error = verifier.verify(&other).await.unwrap_err();
    assert!(matches!(error, VerifyError::OtherMajor { expected: 11, .. }), "{error:?}");
}

#[tokio::test]
async fn settings_of_the_database_count_in_the_shadow() {
    let database = TestDatabase::empty().await;
    let name = database.address().database();
    let settings = format!(
        "create schema \"app one\"; alter database {name} set search_path = \"app one\", public;
         alter database {name} set timezone = 'Asia/Tokyo'; alter database {name} set default_transaction_read_only = on;
         alter database {name} set shop.mode = 'it''s'"
    );
    database.connection().await.batch_execute(&settings).await.unwrap();
    let files = [
        (
            "V1__a.sql",
            "create schema if not exists \"app one\"; create table a (at timestamptz default '2020-01-01');",
        ),
        ("V1__a.down.sql", "drop table a; drop schema \"app one\";"),
    ];
    migrator(&database, &files).up().await.unwrap();
    let verified = verifier(&database, &files).verify(&Against::Shadow).await.unwrap();
    assert!(verified.is_clean(), "{verified}");
    let proof =
        Prover::new(database.config(), Migrations::from_static(&files).unwrap()).prove().await.unwrap();
    assert!(proof.is_sound(), "{proof}");
}
