//! One change after the other, and none.

use pgkeel_connect::Executor as _;
use pgkeel_migrate::Snapshot;
use pgkeel_testkit::{Random, TestDatabase, scaled};

use crate::cases::{Case, cases};
use crate::shuffled::run_shuffled;
use crate::{dump, everything, snapshot};

/// What a dump of the schema does not tell: what is left of a build that failed, what is in rows, and anything about what
/// every new database has.
const NOT_IN_DUMPS: [&str; 6] = [
    ": valid",
    ": populated",
    ": triggers",
    ": attached to",
    "extension plpgsql: ",
    "type shop.unfinished: ",
];

#[tokio::test]
async fn a_snapshot_and_a_dump_agree_on_every_change() {
    let database = everything().await;
    let connection = database.connection().await;
    let (schema, dumped) = (snapshot(&connection).await, dump(database.address(), &connection).await);
    let role = format!("other_of_{}", database.address().database());
    connection.batch_execute(&format!("create role {role}")).await.unwrap();
    let me: String = connection.query_scalar("select quote_ident(current_user)", &[]).await.unwrap();
    // A copy and a dump each.
    let cases: Vec<Case> = cases(schema.major(), &role, &me).into_iter().step_by(scaled(8, 1)).collect();
    let mut wrong = Vec::new();
    for case in &cases {
        let (is_seen, is_dumped) = verdicts(case, &schema, &dumped).await;
        let may_differ = NOT_IN_DUMPS.iter().any(|part| case.told.contains(part));
        if is_seen != is_dumped && !may_differ {
            wrong.push(format!("{}: snapshot {is_seen}, dump {is_dumped}", case.told));
        }
    }
    let cleaned = connection.batch_execute(&format!("drop role {role}")).await;
    println!("check 7: {} single changes, each seen by both or by neither", cases.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    cleaned.unwrap();
}

/// Whether the one and the other see that a copy was changed.
async fn verdicts(case: &Case, schema: &Snapshot, dumped: &str) -> (bool, bool) {
    let copy = everything().await;
    let connection = copy.connection().await;
    connection.batch_execute(&case.change).await.unwrap();
    let (after, dump) = (snapshot(&connection).await, dump(copy.address(), &connection).await);
    // A database with a subscription cannot be dropped.
    if case.told.starts_with("subscription") {
        connection.batch_execute(case.undo.as_ref().unwrap()).await.unwrap();
    }
    (after.fingerprint() != schema.fingerprint(), dump != dumped)
}

#[tokio::test]
async fn they_agree_that_another_order_makes_no_difference() {
    let database = everything().await;
    let connection = database.connection().await;
    let (schema, dumped) = (snapshot(&connection).await, dump(database.address(), &connection).await);
    let mut random = Random::seeded();
    for _ in 0..scaled(3, 50) {
        let other = TestDatabase::empty().await;
        let connection = other.connection().await;
        run_shuffled(&connection, &mut random).await;
        assert_eq!(snapshot(&connection).await.fingerprint(), schema.fingerprint());
        let other = dump(other.address(), &connection).await;
        let sorted = |text: &str| {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort_unstable();
            lines
        };
        assert_eq!(sorted(&other), sorted(&dumped));
    }
}
