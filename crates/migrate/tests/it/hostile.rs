//! A search path on which somebody else comes before the server itself: what is said besides the files must not be meant for
//! what is found there.

use pgkeel_connect::Executor as _;
use pgkeel_migrate::{Back, DryRun, Migrations, Migrator};
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
      execute format('alter database %I set search_path = public, hostile, pg_catalog', current_database());
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
    let migrator = Migrator::new(database.config(), migrations());
    assert_eq!(migrator.status().await.unwrap().pending.len(), 5);
    assert_eq!(migrator.plan().await.unwrap().files.len(), 6);
    assert_eq!(migrator.up().await.unwrap().done.len(), 6);
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
