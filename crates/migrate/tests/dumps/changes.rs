//! One change after the other, and none.

use pgkeel_connect::Executor as _;
use pgkeel_migrate::Snapshot;
use pgkeel_testkit::{Random, TestDatabase, scaled};

use crate::cases::{Case, cases};
use crate::progress::Progress;
use crate::shuffled::run_shuffled;
use crate::{dump, everything, snapshot};

/// What a dump of the schema does not tell: what is left of a build that failed, what is in rows, what the server keeps of an
/// aggregate's final functions where it has none, and anything about what every new database has.
const NOT_IN_DUMPS: [&str; 8] = [
    ": valid",
    ": populated",
    ": triggers",
    ": attached to",
    "aggregate shop.total_of(numeric): final modifies",
    "aggregate shop.total_of(numeric): moving final modifies",
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
    let (mut wrong, mut progress) = (Vec::new(), Progress::of(cases.len(), "changes"));
    for case in &cases {
        let (is_seen, is_dumped) = verdicts(case, &schema, &dumped).await;
        let may_differ = NOT_IN_DUMPS.iter().any(|part| case.told.contains(part));
        if is_seen != is_dumped && !may_differ {
            wrong.push(format!("{}: snapshot {is_seen}, dump {is_dumped}", case.told));
        }
        progress.add(1);
    }
    let cleaned = connection.batch_execute(&format!("drop role {role}")).await;
    println!(
        "check 7: {} single changes, each seen by both or by neither; {} verdicts differ (bound 0)",
        cases.len(),
        wrong.len()
    );
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
    let (mut random, orders) = (Random::seeded(), scaled(3, 50));
    let mut progress = Progress::of(orders, "orders");
    for _ in 0..orders {
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
        progress.add(1);
    }
    println!("check 7: the same schema made in {orders} orders is the same to both");
}
