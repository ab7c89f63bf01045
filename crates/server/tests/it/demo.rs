//! `pgkeel serve --demo`: a shop at work, and what the health API says of it.

use std::net::SocketAddr;

use pgkeel_connect::{Connection, Executor as _};
use pgkeel_testkit::{TestCluster, eventually};
use rustix::process::Signal;
use serde_json::Value;

use crate::http::get;
use crate::program::{Serving, data_dir, run, url};

const API: &str = "/api/v1/health";

/// Waits until it is well: at first nothing has been looked at yet.
async fn page(server: SocketAddr, path: &str) -> Value {
    let well = async || {
        let (status, body) = get(server, &format!("{API}{path}")).await;
        (status == 200).then(|| serde_json::from_str(&body).unwrap())
    };
    eventually(&format!("{path} is well"), well).await
}

/// Waits until every number at these places is above zero.
async fn figures(server: SocketAddr, path: &str, places: &[&str]) -> Value {
    eventually(&format!("{path} has figures at {places:?}"), async || {
        let page = page(server, path).await;
        let is_there =
            |place: &&str| page.pointer(place).and_then(Value::as_f64).is_some_and(|figure| figure > 0.0);
        places.iter().all(is_there).then_some(page)
    })
    .await
}

#[tokio::test]
async fn every_path_has_figures_and_the_private_demo_is_used_again() {
    let directory = data_dir();
    let variables = [
        ("PGKEEL_PG_DATA_DIR", directory.path().to_str().unwrap()),
        ("PGKEEL_DEMO", "true"),
        ("SLOW_QUERY_THRESHOLD", "20ms"),
    ];
    let serving = Serving::start(&variables).await;
    assert!(serving.line.contains("a demo at work in database pgkeel_demo"), "{}", serving.line);
    for words in
        ["0 % of 15", "100 % of 15", "writing the lines of orders", "filled the demo pgkeel_demo with 15"]
    {
        assert!(serving.before.iter().any(|line| line.contains(words)), "{words}: {:?}", serving.before);
    }
    answers_everywhere(serving.address).await;

    let second = run(&["serve", "--demo", "--health-listen", "127.0.0.1:0"], &variables[..1]).await;
    let message = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1), "{message}");
    assert!(message.contains("is at work in another process (\"pgkeel-demo of process "), "{message}");

    serving.send(Signal::TERM);
    let (status, log) = serving.ended().await;
    assert_eq!(status.code(), Some(0), "{log:?}");
    assert!(log.iter().any(|line| line.contains("the demo has stopped")), "{log:?}");

    let again = Serving::start(&variables).await;
    let used = again.before.iter().any(|line| line.contains("using again the demo pgkeel_demo with 15"));
    assert!(used && !again.before.iter().any(|line| line.contains(" % of ")), "{:?}", again.before);
    again.send(Signal::INT);
    assert_eq!(again.ended().await.0.code(), Some(0));
}

async fn answers_everywhere(server: SocketAddr) {
    for path in ["", "/live", "/ready", "/database"] {
        assert_eq!(page(server, path).await["status"], "healthy", "{path}");
    }
    figures(server, "/database/connection-pool", &["/pools/0/sessions", "/pools/0/totals/acquires"]).await;
    let slow = figures(server, "/database/slow-queries", &["/statements/total_s", "/queries/0/calls"]).await;
    let of_the_filling = "insert into order_lines (order_id, line, sku, title";
    assert!(slow["queries"][0]["text"].is_string() && !slow.to_string().contains(of_the_filling), "{slow:#}");
    let statistics = figures(server, "/database/statistics", &["/tables/items/0/bytes"]).await;
    for table in ["audit_log", "customers", "order_lines", "orders", "payments"] {
        let row = named(&statistics, "tables", table);
        assert!(
            row["estimated_rows"].as_u64() > Some(4_000) && row["index_bytes"].as_u64() > Some(0),
            "{row:#}"
        );
    }
    let rates =
        ["/database/rates/commits_per_s", "/database/rates/rows_written_per_s", "/activity/connections/used"];
    figures(server, "/database/performance", &rates).await;
    let whole = ["/size/bytes", "/tables/live_rows", "/indexes/total_bytes", "/activity/connections/max"];
    figures(server, "/database/comprehensive", &whole).await;
    assert!(get(server, "/health").await.1.contains(r#""database":"connected""#));
    let metrics = get(server, "/metrics").await.1;
    assert!(metrics.contains("pgkeel_pg_") && metrics.contains("pgkeel_pool_"), "{metrics}");
}

fn named(page: &Value, list: &str, name: &str) -> Value {
    let rows = page[list]["items"].as_array().unwrap();
    rows.iter()
        .find(|row| row["name"] == name)
        .unwrap_or_else(|| panic!("{name} is missing: {page:#}"))
        .clone()
}

/// A server whose tables nobody vacuums or analyzes behind our back.
async fn still_server() -> TestCluster {
    TestCluster::start_with(|options| options.tcp().setting("autovacuum", "off")).await
}

#[tokio::test]
async fn at_rest_the_figures_are_those_that_sql_has() {
    let server = still_server().await;
    let mut serving = start(&server, "shop").await;
    serving.send(Signal::USR1);
    serving.says("SIGUSR1: the demo's workload rests").await;
    let address = server.address().clone().with_database("shop");
    let sql = pgkeel_connect::dial(&pgkeel_connect::Config::new(address)).await.unwrap();

    let page = page(serving.address, "/database/statistics").await;
    for table in ["audit_log", "customers", "order_lines", "orders", "payments"] {
        let row = named(&page, "tables", table);
        let rows =
            ask(&sql, &format!("select reltuples::int8 from pg_class where relname = '{table}'")).await;
        let bytes =
            ask(&sql, &format!("select relpages * 8192::int8 from pg_class where relname = '{table}'")).await;
        let indexes = "select sum(relpages * 8192)::int8 from pg_class join pg_index on oid = indexrelid where indrelid";
        let indexes = ask(&sql, &format!("{indexes} = '{table}'::regclass")).await;
        let shown = [&row["estimated_rows"], &row["bytes"], &row["index_bytes"]].map(Value::as_i64);
        assert_eq!(shown, [Some(rows), Some(bytes), Some(indexes)], "{table}");
    }
    let index = named(&page, "indexes", "customers_country_idx");
    let bytes =
        ask(&sql, "select relpages * 8192::int8 from pg_class where relname = 'customers_country_idx'").await;
    assert_eq!((index["bytes"].as_i64(), index["scans"].as_i64()), (Some(bytes), Some(0)));

    stand_still(serving.address, &sql).await;
    serving.send(Signal::USR1);
    serving.says("SIGUSR1: the demo's workload goes on").await;
    let before = ask(&sql, "select max(id) from orders").await;
    eventually("orders come in again", async || {
        (ask(&sql, "select max(id) from orders").await > before).then_some(())
    })
    .await;
    serving.send(Signal::TERM);
    assert_eq!(serving.ended().await.0.code(), Some(0));
}

/// Counters come with the next look at the server, which is within 15 s.
async fn stand_still(server: SocketAddr, sql: &Connection) {
    let of_database =
        |column: &str| format!("select {column}::int8 from pg_stat_database where datname = 'shop'");
    let sessions = "select count(*) from pg_stat_activity where backend_type = 'client backend'";
    eventually("the counters are those of the server", async || {
        let page = page(server, "/database/performance").await;
        let totals = &page["database"]["totals"];
        for (shown, column) in [
            (&totals["deadlocks"], "deadlocks"),
            (&totals["rows_inserted"], "tup_inserted"),
            (&totals["rows_updated"], "tup_updated"),
            (&totals["rows_deleted"], "tup_deleted"),
            (&totals["temp_files"], "temp_files"),
            (&totals["rollbacks"], "xact_rollback"),
        ] {
            (shown.as_i64()? == ask(sql, &of_database(column)).await).then_some(())?;
        }
        let connections = &page["activity"]["connections"];
        (connections["used"].as_i64()? == ask(sql, sessions).await).then_some(())?;
        (connections["max"].as_i64()? == 100).then_some(())
    })
    .await;
}

async fn ask(connection: &Connection, sql: &str) -> i64 {
    connection.query_scalar(sql, &[]).await.expect(sql)
}

async fn start(server: &TestCluster, database: &str) -> Serving {
    let address = url(server.address());
    Serving::start(&[("DATABASE_URL", &address), ("PGKEEL_DEMO", "1"), ("PGKEEL_DEMO_DATABASE", database)])
        .await
}

#[tokio::test]
async fn an_outage_of_the_server_does_not_end_it_and_the_shop_works_on() {
    let mut server = still_server().await;
    let serving = start(&server, "shop").await;
    let ready = format!("{API}/ready");
    let turns = async |expected: u16| {
        eventually("readiness follows", async || {
            (get(serving.address, &ready).await.0 == expected).then_some(())
        })
        .await;
    };
    turns(200).await;
    server.stop().await;
    turns(503).await;
    server.start_again().await;
    turns(200).await;
    let address = server.address().clone().with_database("shop");
    let sql = pgkeel_connect::dial(&pgkeel_connect::Config::new(address)).await.unwrap();
    let before = ask(&sql, "select max(id) from orders").await;
    eventually("orders come in again", async || {
        (ask(&sql, "select max(id) from orders").await > before).then_some(())
    })
    .await;
    serving.send(Signal::TERM);
    let (status, log) = serving.ended().await;
    assert_eq!(status.code(), Some(0), "{log:?}");
}
