//! One tenant at a time.

use pgkeel_connect::Executor as _;
use pgkeel_migrate::{
    Against, Back, BadTenant, Code, Error, Gate, ImportFrom, Migrations, Migrator, Prover, Readiness,
    SchemaCheck, Tenant, Tool, UnfitReason, Verifier, VerifyError,
};
use pgkeel_testkit::TestDatabase;

use super::{execute, has_schema, history, tenant};
use crate::{count, has_table, outside, recording as migrator};

const FILES: [(&str, &str); 3] = [
    ("V1__orders.sql", "create table orders (id int primary key, note text);"),
    ("V2__more.sql", "insert into orders values (1, 'a'); alter table orders add paid boolean;"),
    ("V2__more.down.sql", "alter table orders drop paid; delete from orders;"),
];

/// Names that are no words of SQL, and the longest one.
fn odd() -> Vec<String> {
    let mut names: Vec<String> =
        ["Big Co", "o'neill \"inc\"", "a$$b.c", "sélect", "back\\slash", "%s {0}", "select", "-- x"]
            .map(Into::into)
            .into();
    names.push("x".repeat(63));
    names
}

#[tokio::test]
async fn a_tenant_has_its_tables_and_its_history_in_its_own_schema() {
    let database = TestDatabase::empty().await;
    let all = migrator(&database, &FILES);
    let (acme, beta) = (tenant("acme"), tenant("beta"));
    assert_eq!(all.clone().in_schema(&acme).up().await.unwrap().done.len(), 2);
    assert_eq!(history(&database, &acme).await, [1, 2]);
    assert!(has_table(&database, "acme.orders").await && !has_table(&database, "public.orders").await);
    assert!(!has_schema(&database, "pgkeel").await && !has_schema(&database, "beta").await);
    // The other one knows nothing of it.
    assert_eq!(all.clone().in_schema(&beta).status().await.unwrap().pending.len(), 2);
    all.clone().in_schema(&beta).up().await.unwrap();
    all.clone().in_schema(&acme).down(Back::Steps(1)).await.unwrap();
    assert_eq!((history(&database, &acme).await, history(&database, &beta).await), (vec![1], vec![1, 2]));
    all.clone().in_schema(&acme).redo().await.unwrap_err(); // V1 has no way back
    assert_eq!(all.clone().in_schema(&beta).redo().await.unwrap().done.len(), 2);
    assert_eq!(
        count(&database, "select count(*) from beta.pgkeel_migration_log where status = 'ok'").await,
        4
    );
}

#[tokio::test]
async fn a_database_without_tenants_is_as_it_was() {
    let database = TestDatabase::empty().await;
    migrator(&database, &FILES).up().await.unwrap();
    assert!(has_table(&database, "public.orders").await);
    for table in ["refinery_schema_history", "migration_log", "schema_snapshot"] {
        assert!(has_table(&database, &format!("pgkeel.{table}")).await, "{table}");
    }
    // Both can be in one database: what all share, and what each has.
    migrator(&database, &FILES).in_schema(&tenant("acme")).up().await.unwrap();
    assert_eq!(count(&database, "select count(*) from pgkeel.refinery_schema_history").await, 2);
}

#[tokio::test]
async fn a_tenant_that_is_dropped_has_never_been() {
    let database = TestDatabase::empty().await;
    let migrator = migrator(&database, &FILES).in_schema(&tenant("acme"));
    migrator.up().await.unwrap();
    execute(&database, "drop schema acme cascade").await;
    assert_eq!(migrator.status().await.unwrap().pending.len(), 2);
    assert_eq!(migrator.up().await.unwrap().done.len(), 2);
}

#[tokio::test]
async fn any_name_is_a_tenants() {
    let database = TestDatabase::empty().await;
    let index = outside("create index concurrently o_i on orders (note)");
    let mut files = FILES.to_vec();
    files.push(("R__view.sql", "create or replace view v as select id from orders;"));
    files.push(("V3__i.sql", index.as_str()));
    for name in odd() {
        let tenant = tenant(&name);
        let migrator = migrator(&database, &files).in_schema(&tenant);
        migrator.up().await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(history(&database, &tenant).await, [1, 2, 3], "{name}");
        assert_eq!(migrator.up().await.unwrap().done.len(), 0, "{name}");
        let gate = Gate::new(database.config(), Migrations::from_static(&files).unwrap()).in_schema(&tenant);
        let ready = gate.check().await.unwrap();
        assert!(matches!(ready, Readiness::Ready { schema: SchemaCheck::AsExpected, .. }), "{name}: {ready}");
    }
    let valid = "select count(*) from pg_index i join pg_class c on c.oid = indexrelid where relname = 'o_i' and indisvalid";
    assert_eq!(count(&database, valid).await, i64::try_from(odd().len()).unwrap());
    for reserved in ["pg_toast", "information_schema", "pgkeel"] {
        assert!(matches!(Tenant::new(reserved), Err(BadTenant::Reserved { .. })), "{reserved}");
    }
}

#[tokio::test]
async fn files_see_the_tenants_schema_alone_unless_it_is_said() {
    let database = TestDatabase::empty().await;
    execute(&database, "create domain public.email as text; create table public.shared (id int)").await;
    let files = [("V1__a.sql", "create table people (mail email);")];
    let alone = migrator(&database, &files).in_schema(&tenant("acme"));
    let error = alone.up().await.unwrap_err();
    assert_eq!(error.server().unwrap().code().code(), "42704", "{error}");
    let beside = migrator(&database, &files).in_schema(&tenant("acme").seeing("public").unwrap());
    beside.up().await.unwrap();
    assert!(has_table(&database, "acme.people").await);
}

#[tokio::test]
async fn a_file_that_would_leave_the_schema_is_refused_before_anything_runs() {
    let database = TestDatabase::empty().await;
    for statement in [
        "set search_path = public",
        "SET LOCAL search_path TO public",
        "set schema 'public'",
        "reset search_path",
        "reset all",
        "select pg_catalog.set_config('search_path', '', false)",
    ] {
        let sql = format!("select 1;\n{statement};");
        let files = [("V1__a.sql", "create table a (id int);"), ("V2__b.sql", sql.as_str())];
        let error = migrator(&database, &files).in_schema(&tenant("acme")).up().await.unwrap_err();
        let Error::Conflicts { conflicts } = &error else { panic!("{statement}: {error:?}") };
        let [pgkeel_migrate::Conflict::Unfit { unfit, .. }] = &conflicts[..] else { panic!("{conflicts:?}") };
        assert_eq!((unfit.reason, unfit.at.line), (UnfitReason::LeavesTenant, 2), "{statement}");
        // Without tenants it is nobody's business.
        migrator(&TestDatabase::empty().await, &files).up().await.unwrap();
    }
    assert!(!has_schema(&database, "acme").await);
    let files =
        [("V1__f.sql", "create function f() returns int language sql set search_path = '' as 'select 1';")];
    migrator(&database, &files).in_schema(&tenant("acme")).up().await.unwrap();
}

#[tokio::test]
async fn hooks_code_repeatables_verify_files_and_checkpoints_are_the_tenants() {
    let database = TestDatabase::empty().await;
    let files = [
        ("before_run.sql", "create table if not exists runs (at text);"),
        ("V1__a.sql", "create table a (id int);"),
        (
            "V1__a.verify.sql",
            "select count(*) = 1 from pg_tables where tablename = 'a' and schemaname = current_schema();",
        ),
        ("R__v.sql", "create or replace view v as select * from a;"),
        ("after_run.sql", "insert into runs values (current_schema());"),
    ];
    let code = Code::new(2, "code", "1", |tx| {
        Box::pin(async move {
            tx.execute("insert into a values (7)", &[]).await?;
            Ok(())
        })
    });
    let migrations = Migrations::from_static(&files).unwrap().with_code(vec![code]).unwrap();
    let migrator = Migrator::new(database.config(), migrations);
    for name in ["acme", "beta"] {
        migrator.clone().in_schema(&tenant(name)).up().await.unwrap();
        assert_eq!(count(&database, &format!("select id::int8 from {name}.v")).await, 7);
        let ran = format!("select count(*) from {name}.runs where at = '{name}'");
        assert_eq!(count(&database, &ran).await, 1);
        assert_eq!(count(&database, &format!("select count(*) from {name}.pgkeel_repeatable")).await, 1);
    }
}

#[tokio::test]
async fn dry_runs_leave_not_even_the_schema() {
    let database = TestDatabase::empty().await;
    for how in [pgkeel_migrate::DryRun::Rollback, pgkeel_migrate::DryRun::Shadow] {
        let migrator = migrator(&database, &FILES).in_schema(&tenant("acme")).with_dry_run(how);
        assert_eq!(migrator.up().await.unwrap().done.len(), 2, "{how:?}");
        assert!(!has_schema(&database, "acme").await, "{how:?}");
    }
}

#[tokio::test]
async fn the_planned_script_does_the_same_in_the_tenants_schema() {
    let database = TestDatabase::empty().await;
    let migrator = migrator(&database, &FILES).in_schema(&tenant("Big Co"));
    let script = migrator.plan().await.unwrap().sql();
    let script: Vec<&str> = script.lines().filter(|line| !line.starts_with('\\')).collect();
    execute(&database, &script.join("\n")).await;
    assert!(has_table(&database, "\"Big Co\".orders").await);
    assert!(migrator.up().await.unwrap().done.is_empty());
    assert_eq!(migrator.status().await.unwrap().applied.len(), 2);
}

#[tokio::test]
async fn a_stopped_file_goes_on_where_the_tenant_was() {
    let database = TestDatabase::empty().await;
    let text = outside(
        "create table a (id int); insert into a values (1); create unique index concurrently a_i on a (id)",
    );
    let files = [("V1__a.sql", text.as_str())];
    for name in ["acme", "beta"] {
        execute(&database, &format!("create schema {name}")).await;
    }
    let migrator = migrator(&database, &files);
    let acme = migrator.clone().in_schema(&tenant("acme"));
    // Another index of this name is in the way of the last statement.
    execute(&database, "create table acme.b (id int); create index a_i on acme.b (id)").await;
    acme.up().await.unwrap_err();
    let status = acme.status().await.unwrap();
    let stopped = &status.interrupted[0];
    assert_eq!((stopped.done, stopped.of), (2, 3));
    migrator.clone().in_schema(&tenant("beta")).up().await.unwrap();
    execute(&database, "drop table acme.b").await;
    acme.up().await.unwrap();
    assert_eq!(count(&database, "select count(*) from acme.a").await, 1);
}

#[tokio::test]
async fn a_history_of_refinery_in_the_tenants_schema_is_not_passed_over_and_can_be_taken_over() {
    let database = TestDatabase::empty().await;
    let files = [("V1__a.sql", "create table a (id int);"), ("V2__b.sql", "create table b (id int);")];
    // In the schema of another it is nobody's business here.
    migrator(&database, &files[..1]).up().await.unwrap();
    execute(
        &database,
        "create schema acme; create table acme.a (id int);
         create table acme.refinery_schema_history as select * from pgkeel.refinery_schema_history;
         create table public.refinery_schema_history as table pgkeel.refinery_schema_history",
    )
    .await;
    let acme = migrator(&database, &files).in_schema(&tenant("acme"));
    let error = acme.up().await.unwrap_err();
    assert!(
        matches!(&error, Error::OtherHistory { table } if table == "acme.refinery_schema_history"),
        "{error}"
    );
    let imported = acme.import(&ImportFrom::tool(Tool::Refinery)).await.unwrap();
    assert_eq!(imported.table, "acme.refinery_schema_history");
    assert_eq!(acme.up().await.unwrap().done.len(), 1);
    migrator(&database, &files).in_schema(&tenant("beta")).up().await.unwrap();
}

#[tokio::test]
async fn a_schema_that_is_there_already_is_recorded_marked_and_verified() {
    let database = TestDatabase::empty().await;
    execute(&database, "create schema acme; create table acme.orders (id int primary key, note text)").await;
    let migrations = Migrations::from_static(&FILES).unwrap();
    let acme = migrator(&database, &FILES).in_schema(&tenant("acme"));
    let target = pgkeel_migrate::Target::Version(1);
    let done = acme.clone().with_target(target).baseline(&Against::Shadow).await.unwrap();
    assert_eq!(done.recorded.len(), 1);
    assert_eq!(acme.up().await.unwrap().done.len(), 1);
    let verifier = Verifier::new(database.config(), migrations.clone()).in_schema(&tenant("acme"));
    assert!(verifier.verify(&Against::Recorded).await.unwrap().is_clean());
    assert!(verifier.verify(&Against::Shadow).await.unwrap().is_clean());
    execute(&database, "create index by_note on acme.orders (note); create table public.x (id int)").await;
    let found = verifier.verify(&Against::Shadow).await.unwrap();
    let text = found.to_string();
    assert!(found.differences.unwrap().len() == 1 && text.contains("by_note"), "{text}");
    assert!(!verifier.verify(&Against::Recorded).await.unwrap().is_clean());
    acme.mark_reverted(&[2], "undone by hand").await.unwrap();
    assert_eq!(history(&database, &tenant("acme")).await, [1]);
    let lock = Prover::new(database.config(), migrations).lock().await.unwrap();
    let error = verifier.verify(&Against::LockFile(lock)).await.unwrap_err();
    assert!(matches!(error, VerifyError::LockOfTenant), "{error}");
}
