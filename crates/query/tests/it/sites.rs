//! Where a statement was run is the place in the program that called, whatever the call: for slow statements, and for loops.

use std::time::Duration;

use pgkeel_pool::{Begin as _, Config, Pool, Transaction as _};
use pgkeel_query::{
    AuditedSql, CountMode, CursorKeys, Entity, Error, KeysetRequest, NPlusOne, NewRow, PageRequest, Repeated,
    load_by_key, load_many, load_one, sql, tenant,
};
use pgkeel_testkit::TestDatabase;

use crate::watched::Nowhere;

#[derive(Debug, Clone, Entity)]
#[pgkeel(table = "items", columns = i, version = "version", soft_delete = "deleted_at")]
struct Item {
    #[pgkeel(id, generated)]
    id: i64,
    name: Option<String>,
    version: i32,
    deleted_at: Option<std::time::SystemTime>,
}

#[derive(NewRow)]
#[pgkeel(entity = Item, columns = i)]
struct NewItem {
    name: Option<&'static str>,
}

async fn items() -> (TestDatabase, Pool) {
    let database = TestDatabase::empty().await;
    let config = Config::new(database.address().clone()).with_size(2, 0).unwrap();
    let pool = Pool::lazy(config.with_slow_query_threshold(Some(Duration::ZERO)));
    let table = sql!(
        "create table items(id int8 generated always as identity primary key, name text, version int4 not null default 1,
            deleted_at timestamptz)"
    );
    let _ = |item: Item| (item.name, item.deleted_at);
    table.execute(&pool).await.unwrap();
    let unique = sql!("create unique index one_name on items(lower(name))");
    unique.execute(&pool).await.unwrap();
    sql!("insert into items(name) select 'name ' || n from generate_series(1, 30) n")
        .execute(&pool)
        .await
        .unwrap();
    (database, pool)
}

fn keys() -> CursorKeys {
    CursorKeys::new(&[7; 32]).unwrap()
}

/// Pages, batches, streams and what repositories do.
async fn all_calls(pool: &Pool) -> Result<(), Error> {
    let repo = Item::repo();
    let item = repo.insert(pool, &NewItem { name: Some("new") }).await?;
    repo.insert(pool, &NewItem { name: Some("NEW") }).await.unwrap_err();
    item.change().set(i::name, "name 1").save(pool).await.unwrap_err();
    let item = item.change().set(i::name, "other").save(pool).await?;
    repo.get(pool, 1).await?;
    repo.find_by(pool, i::id.eq(2)).await?;
    repo.list(pool, (), i::id.asc(), 3).await?;
    repo.exists(pool, ()).await?;
    repo.count(pool, ()).await?;
    repo.delete_row(pool, &item).await?;
    repo.restore(pool, item.id).await?;
    repo.delete(pool, item.id).await?;
    repo.purge(pool, item.id).await?;
    repo.purge_by(pool, i::id.lt(0)).await?;
    let few = repo.list(pool, (), i::id.asc(), 3).await?;
    load_many(&few, Item::by(i::id), pool).await?;
    load_one(&few, Item::by(i::id), pool).await?;
    load_by_key([1_i64, 2], Item::by(i::id), pool).await?;
    for mode in
        [CountMode::None, CountMode::Exact, CountMode::Estimated, CountMode::Auto, CountMode::Capped(3)]
    {
        repo.query().page(PageRequest::offset(1, 5).count(mode)).fetch(pool).await?;
    }
    repo.query().order_by(i::name.asc()).keyset(&keys(), KeysetRequest::first(5)).fetch(pool).await?;
    let mut batches = repo.query().in_batches(10);
    while batches.next(pool).await?.is_some() {}
    let mut rows = repo.query().stream_from(pool, 7).await?;
    while rows.try_next().await?.is_some() {}
    let mut session = pool.session().await?;
    let tx = session.begin().await?;
    tenant::enter(&tx, &7).await?;
    let mut rows = repo.query().stream(&tx, 7).await?;
    rows.next_window().await?;
    rows.close().await?;
    tx.rollback().await?;
    AuditedSql::new("a text of a test", "select count(*) from items").scalar::<i64>(pool).await?;
    Ok(())
}

#[tokio::test]
async fn the_place_of_every_call_is_known_to_the_pool() {
    let (_database, pool) = items().await;
    all_calls(&pool).await.unwrap();
    let slow = pool.slow_queries();
    assert!(slow.len() > 40, "{}", slow.len());
    for slow in slow {
        let site = slow.site.map(|site| site.file().to_owned());
        let is_of_pool =
            slow.text.len() < 12 || slow.text.starts_with("begin") || slow.text.starts_with("start");
        assert!(
            is_of_pool || site.as_deref().is_some_and(|site| site.ends_with("sites.rs")),
            "{site:?} {}",
            slow.text
        );
    }
}

#[tokio::test]
async fn every_call_runs_in_another_task() {
    let (_database, pool) = items().await;
    tokio::spawn(async move { all_calls(&pool).await }).await.unwrap().unwrap();
}

fn repeated(error: &Error) -> &Repeated {
    match error {
        Error::Repeated(repeated) => repeated,
        error => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn loops_over_pages_and_texts_made_at_run_time_are_seen() {
    let (_database, pool) = items().await;
    let pages = NPlusOne::above(2).refuse(async {
        for id in 0..9_i64 {
            Item::query().filter(i::id.gt(id)).page(PageRequest::offset(1, 3)).fetch(&pool).await?;
        }
        Ok::<_, Error>(())
    });
    let keysets = NPlusOne::above(2).refuse(async {
        for id in 0..9_i64 {
            let page = Item::query().filter(i::id.gt(id)).order_by(i::name.asc());
            page.keyset(&keys(), KeysetRequest::first(3)).fetch(&pool).await?;
        }
        Ok::<_, Error>(())
    });
    let audited = NPlusOne::above(2).refuse(async {
        for _ in 0..9 {
            AuditedSql::new("counts", "select 'Zanzibar'").scalar::<String>(&pool).await?;
        }
        Ok::<_, Error>(())
    });
    let streams = NPlusOne::above(2).refuse(async {
        for _ in 0..9 {
            let mut rows = Item::query().stream_from(&pool, 3).await?;
            while rows.try_next().await?.is_some() {}
        }
        Ok::<_, Error>(())
    });
    let batches = NPlusOne::above(2).refuse(async {
        for _ in 0..9 {
            Item::query().in_batches(3).next(&pool).await?;
        }
        Ok::<_, Error>(())
    });
    let errors =
        [pages.await, keysets.await, audited.await, streams.await, batches.await].map(Result::unwrap_err);
    for error in &errors {
        let repeated = repeated(error);
        assert!(repeated.count() == 3 && repeated.at().file().ends_with("sites.rs"), "{repeated:?}");
    }
    assert_eq!(repeated(&errors[2]).text(), "counts", "the text may be anything");
}

#[tokio::test]
async fn windows_and_batches_are_one_piece_of_work_and_what_is_told_is_what_was_run() {
    let (_database, pool) = items().await;
    let all = NPlusOne::above(1).refuse(async {
        let (mut batches, mut count) = (Item::query().in_batches(2), 0);
        while let Some(batch) = batches.next(&pool).await? {
            count += batch.len();
        }
        let mut rows = Item::query().stream_from(&pool, 2).await?;
        while rows.try_next().await?.is_some() {
            count += 1;
        }
        Ok::<_, Error>(count)
    });
    assert_eq!(all.await.unwrap(), 60);
    let looped = NPlusOne::above(1).refuse(async {
        for _ in 0..3 {
            assert!(load_many(&[] as &[Item], Item::by(i::id), &Nowhere).await?.is_empty());
        }
        for id in 1..=3_i64 {
            load_by_key([id], Item::by(i::id), &pool).await?;
        }
        Ok::<_, Error>(())
    });
    let error = looped.await.unwrap_err();
    assert!(repeated(&error).text().ends_with(r#""items"."id" = any($1))"#), "{error:?}");
}
