//! Tables and indexes, a page at a time, out of what is in memory.

use std::time::Duration;

use pgkeel_connect::Executor as _;
use pgkeel_testkit::{TestDatabase, eventually};
use serde_json::{Value, json};

use crate::fakes::Sampled;

/// A database with 2 schemas of 7 tables each, every one with 2 indexes.
async fn sampled() -> (TestDatabase, Sampled) {
    let database = TestDatabase::empty().await;
    let worker = database.connection().await;
    worker.batch_execute("create schema \"Other s\"").await.expect("the database answers");
    for schema in ["public", "\"Other s\""] {
        for number in 0..7 {
            let table = format!("{schema}.\"t {number}\"");
            let sql = format!("create table {table} (a int primary key, b int); create index on {table} (b)");
            worker.batch_execute(&sql).await.expect("the database answers");
        }
    }
    worker
        .batch_execute("insert into \"t 3\" select g, g from generate_series(1, 500) g")
        .await
        .expect("the database answers");
    worker.batch_execute("analyze \"t 3\"").await.expect("the database answers");
    let sampled = Sampled::of(database.address().clone(), Duration::from_secs(1));
    eventually("the server has counted", async || {
        sampled.sampler.refresh().await.expect("the database answers");
        let tables = sampled.get("statistics?only=tables").await.json()["tables"]["items"].take();
        tables.as_array()?.iter().any(|table| table["last_analyze"].is_string()).then_some(())
    })
    .await;
    (database, sampled)
}

fn names(list: &Value) -> Vec<String> {
    let name = |item: &Value| {
        format!(
            "{}.{}",
            item["schema"].as_str().expect("a list of names"),
            item["name"].as_str().expect("a list of names")
        )
    };
    list["items"].as_array().expect("a list of names").iter().map(name).collect()
}

#[tokio::test]
async fn the_first_page_has_both_lists_with_the_figures_of_the_database() {
    let (database, sampled) = sampled().await;
    let body = sampled.get("statistics").await.json();
    assert_eq!((&body["tables"]["total"], &body["indexes"]["total"]), (&json!(14), &json!(28)));
    assert_eq!((body["tables"]["next"].is_null(), &body["scope"]), (true, &json!("database")));
    let tables = body["tables"]["items"].as_array().unwrap();
    let third = tables.iter().find(|table| table["schema"] == "public" && table["name"] == "t 3").unwrap();
    let told =
        "select pg_relation_size(oid), pg_indexes_size(oid) from pg_class where oid = '\"t 3\"'::regclass";
    let row = database.connection().await.query_one(told, &[]).await.unwrap();
    let (bytes, index_bytes): (i64, i64) = (row.get(0), row.get(1));
    assert_eq!((&third["estimated_rows"], &third["locked"]), (&json!(500), &json!(false)));
    assert_eq!((&third["bytes"], &third["index_bytes"]), (&json!(bytes), &json!(index_bytes)));
    assert!(third["last_analyze"].as_str().is_some_and(|at| at.ends_with('Z')), "{third:#}");
    let index = &body["indexes"]["items"][0];
    assert_eq!(
        (&index["table"], &index["method"], &index["columns"]),
        (&json!("t 0"), &json!("btree"), &json!(["b"]))
    );
    let summary = sampled.get("comprehensive").await.json();
    assert_eq!((&summary["tables"]["count"], &summary["indexes"]["never_scanned"]), (&json!(14), &json!(14)));
}

#[tokio::test]
async fn pages_follow_each_other_until_the_end() {
    let (_database, sampled) = sampled().await;
    for (list, other, count) in [("tables", "indexes", 14), ("indexes", "tables", 28)] {
        let whole = names(&sampled.get(&format!("statistics?only={list}&limit=500")).await.json()[list]);
        assert_eq!(whole.len(), count);
        let (mut paged, mut query) = (Vec::new(), format!("only={list}"));
        loop {
            let body = sampled.get(&format!("statistics?limit=3&{query}")).await.json();
            assert!(body.get(other).is_none(), "a cursor brings its own list alone");
            paged.extend(names(&body[list]));
            let Some(next) = body[list]["next"].as_str() else { break };
            query = format!("cursor={next}");
        }
        assert_eq!(paged, whole);
    }
}

#[tokio::test]
async fn a_page_goes_on_where_it_was_when_tables_come_and_go() {
    let (database, sampled) = sampled().await;
    let body = sampled.get("statistics?only=tables&schema=public&limit=3").await.json();
    assert_eq!(names(&body["tables"]), ["public.t 0", "public.t 1", "public.t 2"]);
    let next = body["tables"]["next"].as_str().unwrap().to_owned();
    let worker = database.connection().await;
    worker
        .batch_execute("drop table \"t 2\"; create table \"t 25\" (); create table \"t 00\" ()")
        .await
        .unwrap();
    sampled.sampler.refresh().await.unwrap();
    let body = sampled.get(&format!("statistics?schema=public&limit=3&cursor={next}")).await.json();
    assert_eq!(names(&body["tables"]), ["public.t 25", "public.t 3", "public.t 4"]);
}

#[tokio::test]
async fn a_schema_is_chosen_by_its_name() {
    let (_database, sampled) = sampled().await;
    let body = sampled.get("statistics?schema=Other+s&only=tables").await.json();
    assert_eq!(body["tables"]["total"], 7);
    assert!(names(&body["tables"]).iter().all(|name| name.starts_with("Other s.")));
    let none = sampled.get("statistics?schema=nowhere").await.json();
    assert_eq!((&none["tables"]["total"], &none["tables"]["items"]), (&json!(0), &json!([])));
}

#[tokio::test]
async fn a_bad_parameter_is_a_problem_that_names_what_is_allowed() {
    let (_database, sampled) = sampled().await;
    let cursor = sampled.get("statistics?only=tables&limit=1").await.json()["tables"]["next"].clone();
    let crossed = format!("only=indexes&cursor={}", cursor.as_str().unwrap());
    for (query, told) in [
        ("limit=0", "from 1 to 500"),
        ("limit=501", "from 1 to 500"),
        ("limit=ten", "from 1 to 500"),
        ("only=views", "`tables` or `indexes`"),
        ("cursor=zz", "`next`"),
        ("tables=1", "only, schema, limit, cursor"),
        ("limit=1&limit=2", "once"),
        (&crossed, "other list"),
    ] {
        let answer = sampled.get(&format!("statistics?{query}")).await;
        answer.is_problem(400, "bad-parameter");
        let body = answer.json();
        assert!(body["detail"].as_str().is_some_and(|detail| detail.contains(told)), "{query}: {body}");
    }
}

#[tokio::test]
async fn a_locked_table_is_shown_and_keeps_nobody_waiting() {
    let (database, sampled) = sampled().await;
    let holder = database.connection().await;
    holder.batch_execute("begin; lock table \"t 5\" in access exclusive mode").await.unwrap();
    sampled.sampler.refresh().await.unwrap();
    let body = sampled.get("statistics?only=tables&schema=public").await.json();
    assert_eq!(body["tables"]["status"], "pass", "{body:#}");
    let locked = |item: &&Value| item["locked"] == true;
    let names: Vec<_> = body["tables"]["items"].as_array().unwrap().iter().filter(locked).collect();
    assert!(names.len() == 1 && names[0]["name"] == "t 5", "{names:?}");
}
