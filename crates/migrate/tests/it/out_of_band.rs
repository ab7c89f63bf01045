//! Changes behind the back of the migrations, and what looks like one.

use pgkeel_connect::{Address, Config, Executor as _};
use pgkeel_migrate::{Against, Aspect, Migrations, Scope, Verification, Verifier};
use pgkeel_testkit::{TestDatabase, scaled};

use crate::migrator;
use crate::progress::Progress;
use crate::snapshot::{Case, EVERYTHING, cases, told};

const FILE: [(&str, &str); 1] = [("V1__everything.sql", EVERYTHING)];

fn named(verification: &Verification) -> Vec<String> {
    told(verification.differences.as_ref().expect("they are named"))
}

/// Everything, made by a migration, with a record of it.
async fn everything() -> (TestDatabase, Verifier) {
    let database = TestDatabase::empty().await;
    let scope = Scope::default().with(Aspect::Owners).with(Aspect::Population);
    migrator(&database, &FILE).with_recorded(scope).up().await.unwrap();
    let verifier = Verifier::new(database.config(), Migrations::from_static(&FILE).unwrap());
    (database, verifier)
}

#[tokio::test]
async fn each_change_behind_the_back_of_the_migrations_is_named_with_object_and_attribute() {
    let (database, verifier) = everything().await;
    let connection = database.connection().await;
    let role = format!("other_of_{}", database.address().database());
    connection.batch_execute(&format!("create role {role}")).await.unwrap();
    let me: String = connection.query_scalar("select quote_ident(current_user)", &[]).await.unwrap();
    let major = crate::snapshot::major(&connection).await;
    // What is rolled back nobody else sees, so these are undone by a statement.
    let cases: Vec<Case> = cases(major, &role, &me).into_iter().filter(|case| case.undo.is_some()).collect();
    let share: Vec<&Case> = cases.iter().step_by(scaled(12, 1)).collect();
    let (mut wrong, mut progress) = (Vec::new(), Progress::of(share.len(), "changes"));
    for case in &share {
        connection.batch_execute(&case.change).await.unwrap();
        let found = verifier.verify(&Against::Recorded).await.unwrap();
        if found.is_clean() || named(&found).join(", ") != case.told {
            wrong.push(format!("{}\n    but told {:?}", case.told, named(&found)));
        }
        connection.batch_execute(case.undo.as_ref().unwrap()).await.unwrap();
        progress.add(1);
    }
    assert!(verifier.verify(&Against::Recorded).await.unwrap().is_clean());
    connection.batch_execute(&format!("drop owned by {role}; drop role {role}")).await.unwrap();
    println!(
        "check 8: {} changes behind the back of migrations, each named by verify (bound 80)",
        share.len()
    );
    assert!(
        wrong.is_empty() && cases.len() >= 80,
        "{} of {}:\n{}",
        wrong.len(),
        share.len(),
        wrong.join("\n")
    );
}

/// What is done to a database every day, and by whom.
const UPKEEP: [&str; 14] = [
    "vacuum",
    "analyze",
    "insert into shop.customers (name, email) values ('n', 'a@b')",
    "insert into shop.orders (customer, price) select id, id from shop.customers",
    "select nextval('shop.numbers')",
    "alter sequence shop.numbers restart with 7",
    "reindex schema shop",
    "reindex index concurrently shop.orders_placed",
    "cluster shop.orders",
    "refresh materialized view shop.totals",
    "grant all on shop.customers to current_user",
    "grant usage on type shop.status to public; grant execute on function shop.touch() to public",
    "set timezone = 'Asia/Tokyo'; set datestyle = 'German'; set search_path = shop; set role pg_monitor",
    "create temp table customers (id int)",
];

#[tokio::test]
async fn upkeep_rows_and_sessions_with_other_settings_are_no_alarm() {
    let (database, verifier) = everything().await;
    let name = database.address().database();
    // Of the whole database, so that the session that verifies has them.
    let settings = [
        "timezone = 'Asia/Tokyo'",
        "datestyle = 'German'",
        "search_path = shop, pg_catalog",
        "intervalstyle = 'iso_8601'",
    ];
    let settings = settings.map(|setting| format!("alter database {name} set {setting}"));
    let upkeep = UPKEEP.into_iter().chain(settings.iter().map(String::as_str));
    for sql in upkeep.clone() {
        // Each in a session of its own.
        database.connection().await.batch_execute(sql).await.unwrap();
        let found = verifier.verify(&Against::Recorded).await.unwrap();
        assert!(found.is_clean(), "{sql}: {found}");
    }
    let role = format!("reader_of_{name}");
    let admin = database.connection().await;
    let rights = format!(
        "grant usage on schema pgkeel to {role}; grant select on all tables in schema pgkeel to {role}"
    );
    admin.batch_execute(&format!("create role {role} login; {rights}")).await.unwrap();
    let address = Address::new(database.address().hosts()[0].clone(), &role, name);
    let files = Migrations::from_static(&FILE).unwrap();
    let reader = Verifier::new(Config::new(address), files);
    let told = named(&reader.verify(&Against::Recorded).await.unwrap());
    // The rights that it has been given, outside of what is compared.
    assert_eq!(told, [""; 0]);
    admin.batch_execute(&format!("drop owned by {role}; drop role {role}")).await.unwrap();
    println!("check 8: {} kinds of upkeep and another role, no alarm (bound 0)", upkeep.count());
}
