//! Migrations that do or do not do what they say.

use pgkeel_connect::Executor as _;
use pgkeel_migrate::{Error, Finding, Migrations, Proof, Prover, StepProof, VerifyError};
use pgkeel_testkit::{TestCluster, TestDatabase, scaled};

use crate::progress::Progress;
use crate::snapshot::told;

async fn proof(database: &TestDatabase, files: &[(&str, &str)]) -> Proof {
    Prover::new(database.config(), Migrations::from_static(files).unwrap()).prove().await.unwrap()
}

fn kinds(step: &StepProof) -> Vec<&'static str> {
    step.findings.iter().map(kind).collect()
}

fn kind(finding: &Finding) -> &'static str {
    match finding {
        Finding::NoDown => "no down",
        Finding::DownFails { .. } => "down fails",
        Finding::DownDiffers { .. } => "down differs",
        Finding::AgainFails { .. } => "again fails",
        Finding::AgainDiffers { .. } => "again differs",
        _ => "?",
    }
}

fn failed_file(error: &Error) -> &str {
    error.file().map_or("none", |error| &error.file)
}

#[tokio::test]
async fn a_chain_that_can_be_undone_is_sound() {
    let database = TestDatabase::empty().await;
    let files = [
        ("V1__a.sql", "create table a (id int primary key, b text);"),
        ("V1__a.down.sql", "drop table a;"),
        ("V2__b.sql", "create index a_b on a (b); create type mood as enum ('glad');"),
        ("V2__b.down.sql", "drop type mood; drop index a_b;"),
        ("V3__c.sql", "alter type mood add value 'sad';"),
        ("V3__c.down.sql", "drop type mood; create type mood as enum ('glad');"),
    ];
    let mut seen = Vec::new();
    let prover = Prover::new(database.config(), Migrations::from_static(&files).unwrap());
    let proof = prover.prove_with(|step| seen.push(step.version)).await.unwrap();
    assert!(proof.is_sound(), "{proof}");
    assert_eq!(seen, [1, 2, 3]);
    assert_eq!((proof.chain.undone, proof.chain.stays.len(), proof.chain.findings.len()), (3, 0, 0));
    let schemas: Vec<_> = proof.lock.entries().iter().map(|entry| entry.schema).collect();
    assert_eq!(schemas, proof.steps.iter().map(|step| step.schema).collect::<Vec<_>>());
    assert_eq!(proof.lock, prover.lock().await.unwrap());
    assert!(proof.to_string().starts_with("V1__a.sql: sound\n"), "{proof}");
    let there: i64 = database
        .connection()
        .await
        .query_scalar("select count(*) from pg_class where relname = 'a'", &[])
        .await
        .unwrap();
    assert_eq!(there, 0, "the database itself is not touched");
}

#[tokio::test]
async fn every_way_in_which_a_down_is_rotten_is_named_and_does_not_hide_the_next() {
    let database = TestDatabase::empty().await;
    let files = [
        ("V1__a.sql", "create table a (id int primary key, b text, c text);"),
        ("V1__a.down.sql", "drop table a;"),
        ("V2__fails.sql", "create table two (id int);"),
        ("V2__fails.down.sql", "drop table tow;"),
        ("V3__leaves.sql", "create table three (id int); create table more (id int);"),
        ("V3__leaves.down.sql", "drop table three;"),
        (
            "V4__again.sql",
            "create table if not exists four (id int primary key); insert into four values (1);",
        ),
        ("V4__again.down.sql", "select 1;"),
        ("V5__order.sql", "alter table a drop b;"),
        ("V5__order.down.sql", "alter table a add b text;"),
        ("V6__none.sql", "create table six (id int);"),
        (
            "V7__differs.sql",
            "do $$ begin if to_regclass('seven') is null then create table seven (id int); else alter table seven add x int; end if; end $$;",
        ),
        ("V7__differs.down.sql", "select 1;"),
        (
            "V8__late.sql",
            "create table parent (id int primary key); create table child (id int references parent deferrable initially deferred);",
        ),
        ("V8__late.down.sql", "insert into child values (1); commit; drop table child; drop table parent;"),
        ("V9__good.sql", "create table nine (id int);"),
        ("V9__good.down.sql", "drop table nine;"),
    ];
    let proof = proof(&database, &files).await;
    let found: Vec<_> = proof.steps.iter().map(kinds).collect();
    assert_eq!(
        found,
        [
            vec![],
            vec!["down fails"],
            vec!["down differs", "again fails"],
            vec!["down differs", "again fails"],
            vec!["down differs"],
            vec!["no down"],
            vec!["down differs", "again differs"],
            vec!["down fails"],
            vec![],
        ],
        "{proof}"
    );
    let Finding::DownFails { source } = &proof.steps[1].findings[0] else { panic!("{proof}") };
    let code = source.server().map(|server| server.code().code());
    assert_eq!((failed_file(source), code), ("V2__fails.down.sql", Some("42P01")));
    let left = proof.steps[2].findings[0].differences().unwrap();
    assert_eq!(told(left), ["table public.more: extra"]);
    assert!(!proof.steps[4].findings[0].is_fault(), "the order of columns alone is none");
    assert!(!proof.is_sound());
    assert_eq!(proof.chain.stays.last().unwrap(), "V6__none.sql");

    let text = proof.to_string();
    assert!(text.contains("V3__leaves.sql: FAULT\n  after the down, the schema is not what it was before\n    table public.more is not expected\n"), "{text}");
    assert!(text.contains("V5__order.sql: sound but for the order of columns"), "{text}");
    assert!(
        text.contains("the down fails: V2__fails.down.sql:1:1: the server refused a statement"),
        "{text}"
    );
    assert!(
        proof
            .to_markdown()
            .contains("- `V3__leaves.sql`: after the down, the schema is not what it was before")
    );
    let json = proof.to_json();
    assert_eq!(json["steps"][2]["findings"][0]["differences"][0]["name"], "public.more");
    assert_eq!((&json["sound"], &json["steps"][5]["findings"][0]["fault"]), (&false.into(), &false.into()));
}

#[tokio::test]
async fn a_chain_may_be_rotten_though_each_step_is_sound() {
    let database = TestDatabase::empty().await;
    let files = [
        ("V1__a.sql", "create table a (id int primary key, b int not null);"),
        ("V1__a.down.sql", "drop table a;"),
        ("V2__optional.sql", "alter table a alter b drop not null;"),
        ("V2__optional.down.sql", "alter table a alter b set not null;"),
        ("V3__rows.sql", "insert into a values (1) on conflict do nothing;"),
        ("V3__rows.down.sql", "select 'the row stays';"),
    ];
    let proof = proof(&database, &files).await;
    assert!(proof.steps.iter().all(|step| step.findings.is_empty()), "{proof}");
    assert!(!proof.is_sound());
    let [Finding::DownFails { source }] = &proof.chain.findings[..] else { panic!("{proof}") };
    assert_eq!((failed_file(source), proof.chain.undone), ("V2__optional.down.sql", 1));
}

#[tokio::test]
async fn a_chain_may_be_sound_though_a_step_is_not() {
    let database = TestDatabase::empty().await;
    let files = [
        ("V1__a.sql", "create table a (id int);"),
        ("V1__a.down.sql", "drop table a; drop table if exists b;"),
        ("V2__b.sql", "create table b (id int);"),
        ("V2__b.down.sql", "select 'the first drops it';"),
    ];
    let proof = proof(&database, &files).await;
    assert_eq!(kinds(&proof.steps[1]), ["down differs", "again fails"]);
    assert!(proof.chain.findings.is_empty(), "{proof}");
    assert_eq!(proof.faults().count(), 2);
}

#[tokio::test]
async fn a_file_that_cannot_be_applied_ends_the_proof_with_its_error() {
    let database = TestDatabase::empty().await;
    let files = [("V1__a.sql", "create table a (id int);"), ("V2__b.sql", "select x;")];
    let error =
        Prover::new(database.config(), Migrations::from_static(&files).unwrap()).prove().await.unwrap_err();
    let VerifyError::Migrate(error) = &error else { panic!("{error:?}") };
    assert_eq!(failed_file(error), "V2__b.sql");
}

#[tokio::test]
async fn files_that_reach_beyond_the_database_need_a_private_server() {
    let cluster = TestCluster::start().await;
    let files = [
        ("V1__a.sql", "create role app; create table a (id int); grant select on a to app;"),
        ("V1__a.down.sql", "drop table a; drop role app;"),
    ];
    let prover = Prover::new(cluster.config(), Migrations::from_static(&files).unwrap());
    let error = prover.prove().await.unwrap_err();
    assert!(
        matches!(&error, VerifyError::ServerWide { file, statement } if file == "V1__a.sql" && statement == "CREATE ROLE"),
        "{error:?}"
    );
    let proof = prover.on_a_private_server().prove().await.unwrap();
    assert!(proof.is_sound(), "{proof}");
}

#[tokio::test]
async fn the_migrations_of_the_reference_application_are_proved() {
    let database = TestDatabase::empty().await;
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");
    let chain = Migrations::from_dir(directory).unwrap();
    let proof = Prover::new(database.config(), chain).prove().await.unwrap();
    println!("{proof}");
    assert_eq!(proof.steps.len(), 7);
    assert!(proof.is_sound(), "{proof}");
}

#[tokio::test]
async fn a_long_chain_is_proved() {
    let database = TestDatabase::empty().await;
    let length = scaled(9, 250);
    let mut files = Vec::new();
    for number in 1..=length {
        let (up, down) = match number % 3 {
            1 => (
                format!(
                    "create table t{number} (id bigserial primary key, a int not null, b text check (b <> ''));"
                ),
                format!("drop table t{number};"),
            ),
            2 => (
                format!("create index i{number} on t{} (a, b);", number - 1),
                format!("drop index i{number};"),
            ),
            _ => (
                format!("alter table t{} add c date default current_date;", number - 2),
                format!("alter table t{} drop c;", number - 2),
            ),
        };
        files.push((format!("V{number}__step.sql"), up));
        files.push((format!("V{number}__step.down.sql"), down));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let mut progress = Progress::of(length, "steps");
    let prover = Prover::new(database.config(), Migrations::from_static(&files).unwrap());
    let proof = prover.prove_with(|_| progress.add(1)).await.unwrap();
    assert!(proof.is_sound(), "{proof}");
    println!(
        "check 9: a chain of {length} files, up, back and up again, in {:.1?}: nothing found",
        proof.took
    );
}
