//! A search path on which somebody else comes before the server itself: what is said besides the files must not be meant for
//! what is found there.

use pgkeel_connect::Executor as _;
use pgkeel_migrate::{
    Against, Back, Doctor, DryRun, Event, Gate, ImportFrom, Migrations, Migrator, Prover, Squasher, Target,
    Tenant, Tenants, Tool, Verifier,
};
use pgkeel_testkit::TestDatabase;

/// Of each operator and each function of the server's one that fails, of each of its tables an empty one.
const HOSTILE: &str = r"
    create schema hostile;
    create function hostile.refuse() returns void language plpgsql as
      $$ begin raise exception 'a hostile function was called'; end $$;
    do $do$ declare it record; begin
      for it in select p.oid, proname, pg_get_function_arguments(p.oid) as arguments, pg_get_function_result(p.oid) as result
          from pg_proc p where pronamespace = 'pg_catalog'::regnamespace and prokind = 'f' loop
        begin
          execute format('create function hostile.%I(%s) returns %s language plpgsql as %L', it.proname, it.arguments, it.result,
            format('begin raise exception %L; end', 'hostile function ' || it.oid::regprocedure));
        exception when others then null;
        end;
      end loop;
      for it in select o.oid, oprname, format_type(oprleft, null) as l, format_type(oprright, null) as r, format_type(oprresult, null) as result
          from pg_operator o where oprnamespace = 'pg_catalog'::regnamespace and oprleft <> 0 loop
        begin
          execute format('create function hostile.%I(%s, %s) returns %s language plpgsql as %L', 'operator' || it.oid, it.l, it.r, it.result,
            format('begin raise exception %L; end', 'hostile operator ' || it.oid::regoperator));
          execute format('create operator hostile.%s (leftarg = %s, rightarg = %s, function = hostile.%I)', it.oprname, it.l, it.r, 'operator' || it.oid);
        exception when others then null;
        end;
      end loop;
      for it in select relname from pg_class where relnamespace = 'pg_catalog'::regnamespace and relkind in ('r', 'v') loop
        execute format('create table hostile.%I ()', it.relname);
      end loop;
      for it in select typname from pg_type where typnamespace = 'pg_catalog'::regnamespace and typtype = 'b' and typelem = 0 loop
        execute format('create type hostile.%I as ()', it.typname);
      end loop;
    end $do$";

async fn database() -> TestDatabase {
    TestDatabase::migrated("hostile", async |connection| {
        connection.batch_execute("set search_path = pg_catalog").await.unwrap();
        connection.batch_execute(HOSTILE).await.unwrap();
    })
    .await
}

const FILES: [(&str, &str); 12] = [
    ("V1__a.sql", "create table a (id int);"),
    ("V1__a.down.sql", "drop table a;"),
    ("V2__b.sql", "create table b (id int);"),
    ("V2__b.down.sql", "drop table b;"),
    ("V3__c.sql", "create table c (id int); alter table a add n int;"),
    ("V3__c.down.sql", "drop table c; alter table a drop n;"),
    ("V3__c.verify.sql", "select true;"),
    ("V4__d.sql", "-- pgkeel: transaction=off\ncreate index concurrently a_id on a (id);\nselect 1;"),
    ("V4__d.down.sql", "drop index a_id;"),
    ("V5__e.sql", "-- pgkeel: precheck=\"select true\" lock_timeout=1s\nprepare e as select 1;"),
    ("V5__e.down.sql", "select 1;"),
    ("R__v.sql", "create or replace view v as select id from a;"),
];

/// Copied without the setting, which is of the database.
async fn hostile() -> TestDatabase {
    let database = database().await;
    let name = database.address().database();
    let set = format!("alter database {name} set search_path = public, hostile, pg_catalog");
    database.connection().await.batch_execute(&set).await.unwrap();
    let message = database.connection().await.batch_execute("select now()").await.unwrap_err();
    assert!(message.server().is_some_and(|it| it.message().starts_with("hostile function now()")));
    database
}

fn migrations() -> Migrations {
    Migrations::from_static(&FILES).unwrap()
}

#[tokio::test]
async fn files_are_applied_and_reverted_by_what_the_server_itself_has() {
    let database = hostile().await;
    let recording = Migrator::new(database.config(), migrations());
    let migrator = recording.clone().without_record();
    assert_eq!(migrator.status().await.unwrap().pending.len(), 5);
    assert_eq!(migrator.plan().await.unwrap().files.len(), 6);
    assert_eq!(recording.up().await.unwrap().done.len(), 6);
    assert!(migrator.lock_holder().await.unwrap().is_none());
    assert!(migrator.status().await.unwrap().pending.is_empty());
    assert_eq!(migrator.redo().await.unwrap().done.len(), 3);
    let dry_run = migrator.clone().with_dry_run(DryRun::Rollback);
    assert_eq!(dry_run.down(Back::Steps(1)).await.unwrap().done.len(), 1);
    assert_eq!(migrator.down(Back::To(2)).await.unwrap().done.len(), 3);
    migrator.mark_applied(&[3], "by hand").await.unwrap();
    migrator.mark_reverted(&[3], "by hand").await.unwrap();
    assert_eq!(migrator.up().await.unwrap().done.len(), 4);
}

#[tokio::test]
async fn a_backfill_and_constraints_that_are_put_off_are_by_what_the_server_itself_has() {
    let database = hostile().await;
    let files = [
        (
            "V1__a.sql",
            "create table a (id int primary key, n int); create table b (a int references a deferrable initially deferred);",
        ),
        ("V2__deferred.sql", "set constraints b_a_fkey immediate; insert into a values (1); insert into b values (1);"),
        ("V3__more.sql", "insert into b values (1); insert into a select pg_catalog.generate_series(2, 250);"),
        (
            "V4__n.sql",
            "-- pgkeel: backfill batch=100
             update a set n = 1 where ctid operator(pg_catalog.=) any (array(select ctid from a where n is null
             limit pg_catalog.current_setting('pgkeel.batch')::pg_catalog.int4))",
        ),
    ];
    let migrator =
        Migrator::new(database.config(), Migrations::from_static(&files).unwrap()).without_record();
    assert_eq!(migrator.up().await.unwrap().done.len(), 4);
}

#[tokio::test]
async fn who_is_in_the_way_is_seen_by_what_the_server_itself_has() {
    let database = hostile().await;
    let migrator = Migrator::new(database.config(), migrations()).without_record();
    migrator.clone().with_target(Target::Version(2)).up().await.unwrap();
    let holder = database.connection().await;
    holder.batch_execute("begin; lock table a").await.unwrap();
    let pid = holder.backend_pid().unwrap();
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let running = tokio::spawn(async move {
        let observe = |event: Event<'_>| {
            if let Event::Blocked { blockers, .. } = event {
                let _ = tell.send(blockers.iter().map(|it| it.pid).collect::<Vec<_>>());
            }
        };
        migrator.up_with(observe).await
    });
    assert_eq!(told.recv().await.unwrap(), [pid]);
    holder.batch_execute("rollback").await.unwrap();
    assert_eq!(running.await.unwrap().unwrap().done.len(), 4);
}

#[tokio::test]
async fn what_only_looks_asks_by_what_the_server_itself_has() {
    let database = hostile().await;
    let (config, migrations) = (database.config(), migrations());
    let doctor = Doctor::new(config.clone(), migrations.clone());
    assert!(doctor.examine().await.unwrap().complaints.is_empty());
    let verifier = Verifier::new(config.clone(), migrations.clone());
    Migrator::new(config.clone(), migrations.clone()).up().await.unwrap();
    assert!(doctor.examine().await.unwrap().complaints.is_empty());
    assert!(verifier.verify(&Against::Recorded).await.unwrap().is_clean());
    assert!(Gate::new(config, migrations).check().await.unwrap().is_ready());
}

#[tokio::test]
async fn tenants_are_found_and_served_by_what_the_server_itself_has() {
    let database = hostile().await;
    for schema in ["tenant_a", "tenant_b"] {
        database.connection().await.batch_execute(&format!("create schema {schema}")).await.unwrap();
    }
    let migrator = Migrator::new(database.config(), migrations());
    let tenants = Tenants::matching(migrator.clone(), ["tenant_*"]).seeing("hostile");
    for _ in 0..2 {
        assert_eq!(tenants.up(|_| {}).await.unwrap().well, 2);
    }
    assert_eq!(tenants.status(|_| {}).await.unwrap().well, 2);
    let named = Tenants::from_query(migrator, "values ('tenant_a')");
    assert_eq!(named.list().await.unwrap(), [Tenant::new("tenant_a").unwrap()]);
}

/// A history in which the first file is applied.
fn history_of(tool: Tool) -> String {
    let (columns, row) = match tool {
        Tool::Refinery => ("version int4, name varchar, applied_on varchar, checksum varchar", "1, 'a', '', '1'"),
        Tool::Sqlx => (
            "version int8, description text, installed_on timestamptz, success bool, checksum bytea, execution_time int8",
            "1, 'a', now(), true, 'a', 1",
        ),
        Tool::Diesel => ("version varchar, run_on timestamp", "'1', now()"),
        Tool::Goose => ("id int4, version_id int8, is_applied bool, tstamp timestamp", "1, 1, true, now()"),
        Tool::GolangMigrate => ("version int8, dirty bool", "1, false"),
        Tool::Dbmate => ("version varchar", "'1'"),
        _ => (
            "installed_rank int4, version varchar, description varchar, type varchar, script varchar, checksum int4,
             installed_by varchar, installed_on timestamp, execution_time int4, success bool",
            "1, '1', 'a', 'SQL', 'a', 1, 'a', now(), 1, true",
        ),
    };
    let table = table(tool);
    format!("create table public.{table} ({columns}); insert into public.{table} values ({row});")
}

/// Some have the same name by default.
fn table(tool: Tool) -> String {
    format!("history_of_{}", tool.name().replace('-', "_"))
}

#[tokio::test]
async fn a_history_of_each_tool_is_read_by_what_the_server_itself_has() {
    let database = hostile().await;
    let histories = format!("set search_path = pg_catalog; {}", Tool::ALL.map(history_of).concat());
    database.connection().await.batch_execute(&histories).await.unwrap();
    let migrator = Migrator::new(database.config(), migrations()).without_record();
    let import = async |migrator: &Migrator, tool| {
        let from = ImportFrom::tool(tool).table(table(tool)).accepting_edited();
        assert_eq!(migrator.import(&from).await.unwrap().recorded.len(), 1, "{tool}");
    };
    for tool in Tool::ALL {
        import(&migrator.clone().with_dry_run(DryRun::Rollback), tool).await;
    }
    import(&migrator, Tool::Flyway).await;
}

#[tokio::test]
async fn in_shadows_all_is_by_what_the_server_itself_has() {
    let database = TestDatabase::empty().await;
    let name = database.address().database();
    let set = format!("alter database {name} set search_path = public, hostile, pg_catalog");
    database.connection().await.batch_execute(&set).await.unwrap();
    // A shadow has the database's path, and there somebody comes before the server as soon as this is applied. What answers with
    // other types is left out, as a schema of thousands of functions takes its time to compare.
    let answers = "prokind = 'f' and prorettype in ('text'::regtype, 'bool'::regtype, 'int8'::regtype)";
    let hostile = format!("set search_path = pg_catalog; {}", HOSTILE.replace("prokind = 'f'", answers));
    let mut files =
        vec![("V0__hostile.sql", hostile.as_str()), ("V0__hostile.down.sql", "drop schema hostile cascade;")];
    files.extend(FILES.into_iter().filter(|(file, _)| !file.starts_with('R')));
    let migrations = Migrations::from_static(&files).unwrap();
    let config = database.config();
    let checkpoint = Squasher::new(config.clone(), migrations.clone()).squash(5).await.unwrap();
    assert_eq!(checkpoint.squashes().len(), 6);
    let proof = Prover::new(config.clone(), migrations.clone()).prove().await.unwrap();
    assert!(proof.is_sound(), "{proof}");
    Migrator::new(config.clone(), migrations.clone()).without_record().up().await.unwrap();
    let verification = Verifier::new(config, migrations).verify(&Against::Shadow).await.unwrap();
    assert!(verification.is_clean(), "{verification}");
}
