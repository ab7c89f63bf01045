//! Calls that are dropped at any moment: what was under way is over within a second, and the next user finds nothing of it.

use std::time::{Duration, Instant};

use pgkeel_pool::{Config, CopyTarget, Pool, Transaction as _};
use pgkeel_query::connect::Connection;
use pgkeel_query::{
    CountMode, CursorKeys, Entity, Error, Executor as _, Ident, KeysetRequest, PageRequest, load_many, sql,
    tenant,
};
use pgkeel_testkit::{Random, TestDatabase, eventually, is_soak, scaled};

#[derive(Debug, Clone, Entity)]
#[pgkeel(table = "rows", columns = r, version = "version")]
struct Item {
    #[pgkeel(id)]
    id: i64,
    text: String,
    version: i32,
}

/// Reading a row takes the server about 20 us of its time, so that calls are dropped while it is at work.
const TABLES: &str = "create table stored(id int8 primary key, text text not null default 'x', version int4 not null default 1);
    insert into stored select n from generate_series(1, 300) n;
    create function slowly(n int8) returns int8 language plpgsql volatile as
        'begin perform count(*) from generate_series(1, 100); return n; end';
    create view rows as select slowly(id) as id, text, version from stored;
    create table changed(id int8 primary key, text text not null default 'x', version int4 not null default 1);
    insert into changed select n from generate_series(1, 300) n;
    create table copied(id int8)";

#[derive(Debug, Clone, Entity)]
#[pgkeel(table = "changed", columns = c, version = "version")]
struct Changed {
    #[pgkeel(id)]
    id: i64,
    text: String,
    version: i32,
}

const KINDS: u64 = 8;

async fn call(pool: &Pool, kind: u64, id: i64) -> Result<(), Error> {
    match kind {
        0 => drop(Item::query().order_by(r::text.asc()).fetch_all(pool).await?),
        1 => drop(Item::query().page(PageRequest::offset(2, 50).count(CountMode::Exact)).fetch(pool).await?),
        2 => {
            let keys = CursorKeys::new(&[7; 32]).expect("long enough");
            drop(
                Item::query()
                    .order_by(r::text.asc())
                    .keyset(&keys, KeysetRequest::last(50))
                    .fetch(pool)
                    .await?,
            );
        }
        3 => {
            let row = Changed::repo().get_or_err(pool, id).await?;
            row.change().set(c::text, "y").save(pool).await?;
            drop(load_many(&[row], Item::by(r::id), pool).await?);
        }
        4 => {
            let mut rows = Item::query().stream_from(pool, 20).await?;
            while rows.try_next().await?.is_some() {}
        }
        5 => {
            let mut batches = Item::query().in_batches(40);
            while batches.next(pool).await?.is_some() {}
        }
        6 => {
            let mut session = pool.session().await?;
            let target =
                CopyTarget::new(Ident::new("copied").expect("a name"), [Ident::new("id").expect("a name")]);
            let mut copy = session.copy_in(&target).await?;
            for id in 0..5_000_i64 {
                copy.write(&[&id]).await?;
                if id % 100 == 0 {
                    tokio::task::yield_now().await;
                }
            }
            copy.finish().await?;
        }
        _ => {
            let tx = pool.begin().await?;
            tenant::enter(&tx, &id).await?;
            Changed::update().set(c::text, "z").filter(c::id.le(id)).execute(&tx).await?;
            drop(Item::query().fetch_all(&tx).await?);
            if id % 2 == 0 { tx.commit().await? } else { tx.rollback().await? }
        }
    }
    Ok(())
}

/// No other statement of this database is at work, within a second where nothing else runs on the machine.
async fn is_over(looks_on: &Connection, about: &str) {
    let dropped = Instant::now();
    eventually("what was under way is over", async || {
        let others = sql!(
            "select count(*) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()
             and backend_type = 'client backend' and state <> 'idle'"
        );
        (others.scalar::<i64>(looks_on).await.unwrap() == 0).then_some(())
    })
    .await;
    assert!(!is_soak() || dropped.elapsed() < Duration::from_secs(1), "{about}: {:?}", dropped.elapsed());
}

#[tokio::test]
async fn a_call_of_any_kind_that_is_dropped_anywhere_leaves_nothing_to_the_next_user() {
    let database = TestDatabase::empty().await;
    let looks_on = database.connection().await;
    looks_on.batch_execute(TABLES).await.unwrap();
    let pool = Pool::lazy(Config::new(database.address().clone()).with_size(1, 0).unwrap());
    let mut random = Random::seeded();
    let (mut done, mut dropped) = (0, 0);
    for round in 0..scaled(80, 1_000) {
        let (kind, id) = (round % KINDS, 1 + i64::try_from(random.below(300)).unwrap());
        let patience = Duration::from_micros(random.below(25_000));
        match tokio::time::timeout(patience, call(&pool, kind, id)).await {
            Ok(ended) => {
                ended.unwrap_or_else(|error| panic!("{kind}: {error:?}"));
                done += 1;
            }
            Err(_) => dropped += 1,
        }
        let about = format!("round {round}, kind {kind}");
        is_over(&looks_on, &about).await;
        let state = sql!(
            "select coalesce(current_setting('pgkeel.tenant', true), ''), current_setting('transaction_read_only'),
             pg_current_xact_id_if_assigned() is null, (select count(*) from pg_cursors where name like 'pgkeel%')"
        );
        let (tenant, read_only, is_new, cursors): (String, String, bool, i64) =
            state.fetch_one(&pool).await.unwrap_or_else(|error| panic!("{about}: {error:?}"));
        assert_eq!((tenant.as_str(), read_only.as_str(), is_new, cursors), ("", "off", true, 0), "{about}");
        let copied: i64 = sql!("select count(*) % 5000 from copied").scalar(&pool).await.unwrap();
        assert_eq!(copied, 0, "{about}: all of a copy or nothing");
    }
    println!("{done} done, {dropped} dropped");
    assert!(done > 0 && dropped > 0, "{done} {dropped}");
    let _ = |item: Item, row: Changed| (item.text, item.version, row.text, row.version);
}
