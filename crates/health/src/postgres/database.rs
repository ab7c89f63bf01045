//! Does the database answer? Asked over a connection of its own, so that a busy pool never looks like a dead database.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use pgkeel_connect::{Config, Connection, Error, Executor as _};
use serde_json::json;
use tokio::sync::Mutex;

use super::link::Link;
use super::trouble;
use crate::metrics::{Family, Labels, Source, counter, gauge};
use crate::probe::{BoxFuture, Outcome, Probe};

/// Watches one database. Clones share what they know: give one to `database`, another to `source` of a monitor.
#[derive(Clone, Debug)]
pub struct DatabaseProbe {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: Config,
    link: Mutex<Link>,
    seen: ArcSwapOption<Seen>,
    connects: AtomicU64,
    /// Whether the log has the reason of the present trouble.
    complained: AtomicBool,
}

/// What the last good run saw.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    version: String,
    in_recovery: bool,
    started: f64,
    took: Duration,
}

impl DatabaseProbe {
    /// Watches the database that this connects to, under the application name `pgkeel-health`.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let config = config.with_application_name("pgkeel-health");
        let (link, seen, connects) = (Mutex::new(Link::default()), ArcSwapOption::empty(), AtomicU64::new(0));
        let complained = AtomicBool::new(false);
        Self { inner: Arc::new(Inner { config, link, seen, connects, complained }) }
    }
}

impl Probe for DatabaseProbe {
    fn name(&self) -> &'static str {
        "database"
    }

    /// # Cancellation
    /// A connection that was being asked is given up; one that was being opened goes on for the next run.
    fn run(&self) -> BoxFuture<'_, Outcome> {
        Box::pin(async {
            let looked = self.inner.look().await;
            match looked {
                Ok(seen) => {
                    let outcome = Outcome::pass().with_facts(seen.facts());
                    self.inner.complained.store(false, Ordering::Relaxed);
                    self.inner.seen.store(Some(Arc::new(seen)));
                    outcome
                }
                Err(error) => {
                    self.inner.log(&error);
                    self.inner.seen.store(None);
                    Outcome::fail(trouble::slug(&error))
                }
            }
        })
    }
}

impl Inner {
    /// The whole reason, once; it stays inside, where answers have only a word for it.
    fn log(&self, error: &Error) {
        let error = error as &dyn std::error::Error;
        if self.complained.swap(true, Ordering::Relaxed) {
            tracing::debug!(error, "the database still does not answer");
        } else {
            tracing::warn!(error, "the database does not answer");
        }
    }

    async fn look(&self) -> Result<Seen, Error> {
        let mut link = self.link.lock().await;
        if let Some(connection) = link.take_open() {
            match ask(&connection).await {
                // It ended since the last run; the database may be well all the same.
                Err(error) if error.is_disconnected() => {}
                asked => return link.keep_if_ok(connection, asked),
            }
        }
        let connection = link.dial(&self.config).await?;
        self.connects.fetch_add(1, Ordering::Relaxed);
        let asked = ask(&connection).await;
        link.keep_if_ok(connection, asked)
    }
}

const QUESTION: &str = "select current_setting('server_version'), pg_is_in_recovery(), \
                        extract(epoch from pg_postmaster_start_time())::float8";

/// One round trip: with its types known the statement needs no preparing, which poolers in front would mind.
async fn ask(connection: &Connection) -> Result<Seen, Error> {
    let start = Instant::now();
    let row = connection.query_one_typed(QUESTION, &[]).await?;
    let decode = |column| move |source| Error::Decode { column, source };
    Ok(Seen {
        version: row.try_get(0).map_err(decode(0))?,
        in_recovery: row.try_get(1).map_err(decode(1))?,
        started: row.try_get(2).map_err(decode(2))?,
        took: start.elapsed(),
    })
}

impl Seen {
    fn role(&self) -> &'static str {
        if self.in_recovery { "replica" } else { "primary" }
    }

    fn facts(&self) -> serde_json::Value {
        let latency_ms = self.took.as_secs_f64() * 1000.0;
        json!({ "server_version": self.version, "role": self.role(), "latency_ms": latency_ms })
    }
}

impl Source for DatabaseProbe {
    fn name(&self) -> &'static str {
        "database"
    }

    fn families(&self) -> Vec<Family> {
        let seen = self.inner.seen.load_full();
        let connects = self.inner.connects.load(Ordering::Relaxed);
        let mut families = vec![
            gauge(
                "pgkeel_pg_up",
                "Whether the database answered the last check.",
                [(Labels::none(), seen.is_some())],
            ),
            counter(
                "pgkeel_pg_check_connects_total",
                "Connections opened by the check of the database.",
                [(Labels::none(), connects)],
            ),
        ];
        // Of a database that does not answer nothing is known, so nothing is said.
        if let Some(seen) = seen {
            let labels = [("version", seen.version.as_str()), ("role", seen.role())];
            families.push(gauge("pgkeel_pg_info", "What the database is; always 1.", [(labels, 1_u64)]));
            families.push(gauge(
                "pgkeel_pg_answer_seconds",
                "How long the database took to answer the last check.",
                [(Labels::none(), seen.took)],
            ));
            families.push(gauge(
                "pgkeel_pg_start_time_seconds",
                "When the database server started, in seconds since 1970.",
                [(Labels::none(), seen.started)],
            ));
        }
        families
    }
}
