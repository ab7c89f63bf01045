//! `pgkeel check`: connect once and say whether the database is well.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use pgkeel_connect::{Config, Error, Executor as _, dial};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::database::Database;
use crate::failure::Failure;
use crate::settings::{self, Flags};

/// What the one question may take once the connection is there.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

#[tokio::main]
pub(crate) async fn run(flags: &Flags, json: bool) -> Result<ExitCode, Failure> {
    let config = settings::read(flags)?.value;
    let database = Database::open(config.database).await?;
    let name = database.to_string();
    let found = look(&database.connect).await;
    database.close().await?;

    let page = match &found {
        Ok(facts) if json => format!("{facts:#}\n"),
        Ok(facts) => format!("healthy: {name}, {}\n", in_words(facts)),
        Err(error) if json => {
            let facts =
                json!({ "status": "unhealthy", "database": "disconnected", "error": format!("{error:#}") });
            format!("{facts:#}\n")
        }
        Err(error) => format!("unhealthy: {name}: {error:#}\n"),
    };
    std::io::stdout().write_all(page.as_bytes()).context("printing the answer")?;
    Ok(if found.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn look(config: &Config) -> anyhow::Result<Value> {
    let start = Instant::now();
    let connection = dial(config).await?;
    let connected = start.elapsed();
    let start = Instant::now();
    let ask = connection.query_one("select current_setting('server_version'), pg_is_in_recovery()", &[]);
    let row = timeout(ANSWER_TIMEOUT, ask)
        .await
        .with_context(|| format!("the database did not answer within {ANSWER_TIMEOUT:?}"))??;
    let answered = start.elapsed();
    let decode = |source| Error::Decode { column: 0, source };
    let version: String = row.try_get(0).map_err(decode)?;
    let in_recovery: bool = row.try_get(1).map_err(decode)?;
    Ok(json!({
        "status": "healthy",
        "database": "connected",
        "server_version": version,
        "role": if in_recovery { "replica" } else { "primary" },
        "tls": connection.tls().map(ToString::to_string),
        "connect_ms": millis(connected),
        "query_ms": millis(answered),
    }))
}

/// Milliseconds with two digits behind the point.
fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}

fn in_words(facts: &Value) -> String {
    let text = |key: &str| facts[key].as_str().unwrap_or_default().to_owned();
    format!(
        "PostgreSQL {}, {}, {}, connected in {} ms, answered in {} ms",
        text("server_version"),
        text("role"),
        facts["tls"].as_str().unwrap_or("no TLS"),
        facts["connect_ms"],
        facts["query_ms"]
    )
}
