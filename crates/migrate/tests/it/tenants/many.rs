//! Many tenants in one call.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use pgkeel_migrate::{Back, Error, Event, Stop, TenantEvent, Tenants};
use pgkeel_testkit::{TestDatabase, scaled};

use super::{execute, history, tenant};
use crate::progress::Progress;
use crate::{count, migrator};

const FILES: [(&str, &str); 3] = [
    ("V1__a.sql", "create table a (id int);"),
    ("V2__b.sql", "create table b (id int); insert into b values (1);"),
    ("V2__b.down.sql", "drop table b;"),
];

fn name(number: usize) -> String {
    format!("tenant_{number:03}")
}

async fn make(database: &TestDatabase, number: usize) {
    let schemas: Vec<String> = (0..number).map(|number| format!("create schema {}", name(number))).collect();
    execute(database, &schemas.join("; ")).await;
}

#[tokio::test]
async fn of_many_tenants_the_broken_one_fails_and_no_other() {
    let (database, number) = (TestDatabase::empty().await, scaled(20, 50));
    make(&database, number).await;
    execute(&database, "create table tenant_017.b (id int); create schema other").await;
    let tenants = Tenants::matching(migrator(&database, &FILES), ["tenant_*"]);
    let (mut well, mut failed) = (0, Vec::new());
    let report = tenants
        .up(|event| match event {
            TenantEvent::Ended { outcome: Ok(report), .. } => well += report.done.len(),
            TenantEvent::Ended { tenant, outcome: Err(error) } => {
                failed.push((tenant.clone(), error.to_string()));
            }
            _ => {}
        })
        .await
        .unwrap();
    assert_eq!((report.well, report.failed, report.left, report.tenants()), (number - 1, 1, 0, number));
    assert_eq!(well, 2 * (number - 1));
    let [(broken, error)] = &failed[..] else { panic!("{failed:?}") };
    assert!(broken.schema().name() == "tenant_017" && error.starts_with("V2__b.sql:1:"), "{error}");
    assert_eq!(history(&database, broken).await, [1]);
    assert_eq!(history(&database, &tenant(&name(number - 1))).await, [1, 2]);
    assert_eq!(count(&database, "select count(*) from pg_tables where schemaname = 'other'").await, 0);

    // Mended, it is the only one that has something to do.
    execute(&database, "drop table tenant_017.b").await;
    let mut changed = Vec::new();
    let report = tenants.up(|event| match event {
        TenantEvent::Ended { tenant, outcome: Ok(report) } if !report.done.is_empty() => {
            changed.push(tenant.clone());
        }
        _ => {}
    });
    assert_eq!(report.await.unwrap().well, number);
    assert_eq!(changed, [tenant("tenant_017")]);
    let report = tenants.each(|migrator, _| async move { migrator.down(Back::Steps(1)).await }, |_| {}).await;
    assert_eq!((report.unwrap().well, history(&database, &tenant("tenant_003")).await), (number, vec![1]));
}

#[tokio::test]
async fn no_more_are_under_way_than_was_said() {
    let database = TestDatabase::empty().await;
    make(&database, 12).await;
    let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let tenants =
        Tenants::matching(migrator(&database, &FILES), ["*"]).with_jobs(NonZeroUsize::new(3).unwrap());
    let work = |migrator: pgkeel_migrate::Migrator, _| {
        let (now, most) = (&now, &most);
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            let done = migrator.up().await;
            now.fetch_sub(1, Ordering::SeqCst);
            done
        }
    };
    assert_eq!(tenants.each(work, |_| {}).await.unwrap().well, 12);
    assert_eq!(most.into_inner(), 3);
}

#[tokio::test]
async fn after_a_failure_none_is_begun_if_it_is_asked_for() {
    let database = TestDatabase::empty().await;
    make(&database, 10).await;
    execute(&database, "create table tenant_002.a (id int)").await;
    let tenants = Tenants::matching(migrator(&database, &FILES), ["tenant_*"]).with_jobs(NonZeroUsize::MIN);
    let report = tenants.clone().failing_fast().up(|_| {}).await.unwrap();
    assert_eq!((report.well, report.failed, report.left), (2, 1, 7));
    let report = tenants.up(|_| {}).await.unwrap();
    assert_eq!((report.well, report.failed, report.left), (9, 1, 0));
}

#[tokio::test]
async fn stopped_it_finishes_no_other() {
    let database = TestDatabase::empty().await;
    make(&database, 6).await;
    let stop = Stop::new();
    let migrator = migrator(&database, &FILES).with_stop(stop.clone());
    let tenants = Tenants::matching(migrator, ["tenant_*"]).with_jobs(NonZeroUsize::MIN);
    let told = |event: TenantEvent<'_, _>| {
        if let TenantEvent::Happened { event: Event::Done(_), .. } = event {
            stop.request();
        }
    };
    let report = tenants.up(told).await.unwrap();
    assert_eq!((report.well, report.failed, report.left), (0, 1, 5));
}

#[tokio::test]
async fn a_tenant_that_is_dropped_meanwhile_is_not_made_anew() {
    let database = TestDatabase::empty().await;
    make(&database, 2).await;
    let (database, plain) = (&database, migrator(&database, &FILES));
    let work = |migrator: pgkeel_migrate::Migrator, tenant: pgkeel_migrate::Tenant| async move {
        execute(database, &format!("drop schema if exists {}", tenant.schema())).await;
        migrator.up().await
    };
    let found = Tenants::matching(plain.clone(), ["tenant_*"]).each(work, |_| {}).await.unwrap();
    assert_eq!((found.well, found.failed), (0, 2));
    assert_eq!(count(database, "select count(*) from pg_namespace where nspname like 'tenant%'").await, 0);
    let named = Tenants::named(plain, [tenant("tenant_000")]).each(work, |_| {}).await.unwrap();
    assert_eq!((named.well, named.failed), (1, 0));
}

#[tokio::test]
async fn tenants_are_found_by_patterns_by_name_or_by_a_query() {
    let database = TestDatabase::empty().await;
    execute(
        &database,
        "create schema a_1; create schema a_2; create schema \"B 1\"; create schema pgkeel;
         create table tenants (name text, is_active boolean);
         insert into tenants values ('new one', true), ('a_2', true), ('a_1', false)",
    )
    .await;
    let plain = migrator(&database, &FILES);
    let listed = async |tenants: Tenants| -> Vec<String> {
        tenants.list().await.unwrap().iter().map(ToString::to_string).collect()
    };
    assert_eq!(listed(Tenants::matching(plain.clone(), ["*"])).await, ["B 1", "a_1", "a_2"]);
    assert_eq!(listed(Tenants::matching(plain.clone(), ["a_?", "public"])).await, ["a_1", "a_2", "public"]);
    assert_eq!(
        listed(Tenants::named(plain.clone(), [tenant("z"), tenant("a"), tenant("z")])).await,
        ["a", "z"]
    );
    let query = Tenants::from_query(plain.clone(), "select name from tenants where is_active");
    assert_eq!(listed(query.clone()).await, ["a_2", "new one"]);
    assert_eq!(query.up(|_| {}).await.unwrap().well, 2);
    assert_eq!(history(&database, &tenant("new one")).await, [1, 2]);
    let error = Tenants::matching(plain.clone(), ["a_*", "c_*"]).list().await.unwrap_err();
    assert!(matches!(&error, Error::NoTenant { pattern } if pattern == "c_*"), "{error}");
    let error = Tenants::from_query(plain.clone(), "select 'pg_catalog'").list().await.unwrap_err();
    assert!(matches!(error, Error::BadTenant(_)), "{error}");
    let error = Tenants::from_query(plain, "create table x () ; select 'a'").list().await.unwrap_err();
    assert!(error.server().is_some(), "{error}");
}

#[tokio::test]
async fn all_are_looked_at_together_and_as_each_by_itself() {
    let database = TestDatabase::empty().await;
    let number = scaled(60, 1000);
    make(&database, number).await;
    let mut files = FILES.to_vec();
    files.push(("R__v.sql", "create or replace view v as select id from a;"));
    let tenants = Tenants::matching(migrator(&database, &files), ["tenant_*"]);
    let (mut progress, begun) = (Progress::of(number, "tenants"), Instant::now());
    tenants.up(|event| progress.add(usize::from(matches!(event, TenantEvent::Ended { .. })))).await.unwrap();
    let up = begun.elapsed();
    execute(
        &database,
        "delete from tenant_001.pgkeel_schema_history where version = 2;
         update tenant_002.pgkeel_schema_history set checksum = 1 where version = 1;
         delete from tenant_003.pgkeel_repeatable; drop schema tenant_004 cascade; create schema tenant_004;
         update tenant_005.pgkeel_schema_history set checksum = 'x';
         create schema tenant_x; create table tenant_x.refinery_schema_history (version int)",
    )
    .await;
    let (mut together, begun) = (BTreeMap::new(), Instant::now());
    let report = tenants
        .status(|event| {
            if let TenantEvent::Ended { tenant, outcome } = event {
                together
                    .insert(tenant.clone(), format!("{:?}", outcome.as_ref().map_err(ToString::to_string)));
            }
        })
        .await
        .unwrap();
    println!("tenants: {number} up in {up:.1?}, and looked at together in {:.1?}", begun.elapsed());
    assert_eq!((report.tenants(), report.failed, together.len()), (number + 1, 2, number + 1));
    for odd in
        ["tenant_001", "tenant_002", "tenant_003", "tenant_004", "tenant_005", "tenant_006", "tenant_x"]
    {
        let alone = migrator(&database, &files).in_schema(&tenant(odd)).status().await;
        let alone = format!("{:?}", alone.as_ref().map_err(ToString::to_string));
        assert_eq!(together[&tenant(odd)], alone, "{odd}");
    }
    assert_ne!(together[&tenant("tenant_001")], together[&tenant("tenant_006")]);
}
