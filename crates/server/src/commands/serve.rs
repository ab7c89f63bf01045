//! `pgkeel serve`: gather in the background, answer from memory, until told to stop.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use pgkeel_connect::settings::Resolved;
use pgkeel_health::{DatabaseProbe, DatabaseSampler, Monitor, PoolProbe, PoolWatch, Router, Running, Server};
use pgkeel_pool::Pool;

use crate::database::Database;
use crate::failure::Failure;
use crate::settings::{self, Config, Flags};
use crate::signals::Signals;

/// How long sessions that are in use may take to come back.
const POOL_CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// What the server's own pool is called in answers and metrics.
const POOL_NAME: &str = "pgkeel-server";

pub(crate) fn run(flags: &Flags) -> Result<ExitCode, Failure> {
    let resolved = settings::read(flags)?;
    resolved.value.logging.start()?;
    for notice in &resolved.notices {
        tracing::info!("{notice}");
    }
    let runtime = tokio::runtime::Runtime::new().context("starting the runtime")?;
    let done = runtime.block_on(open_and_serve(&resolved));
    // A private server that is still starting is left to its watchdog.
    runtime.shutdown_background();
    done.map(|()| ExitCode::SUCCESS)
}

async fn open_and_serve(resolved: &Resolved<Config>) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let opening = Database::open(resolved.value.database.clone());
    let database = tokio::select! {
        opened = opening => opened.map_err(|failure| failure.naming(&resolved.effective, "pg."))?,
        name = signals.next() => {
            tracing::info!("{name}: stopped before it served");
            return Ok(());
        }
    };
    let served = serve(&resolved.value, &database, signals).await;
    let closed = database.close().await;
    served.map_err(|failure| failure.naming(&resolved.effective, "health.listen"))?;
    Ok(closed?)
}

async fn serve(config: &Config, database: &Database, signals: Signals) -> Result<(), Failure> {
    let pool = Pool::lazy(config.pool.complete(database.connect.clone()));
    let (server, running) = assemble(config, database, &pool).await?;
    tracing::info!(
        "pgkeel {} serves on http://{} with {database}",
        env!("CARGO_PKG_VERSION"),
        server.local_addr()
    );
    let report = server.serve(signals.first()).await;
    let stopped = running.stop().await;
    let sessions = pool.close(POOL_CLOSE_TIMEOUT).await;
    tracing::info!(
        drained = report.drained,
        cut = report.killed,
        sessions_cut = sessions.cancelled,
        "stopped"
    );
    Ok(stopped.context("stopping the checks")?)
}

/// Binds the listener before the checks start: with its address taken none needs to.
async fn assemble(config: &Config, database: &Database, pool: &Pool) -> Result<(Server, Running), Failure> {
    let watch = PoolWatch::new(POOL_NAME, pool.clone());
    let probe = DatabaseProbe::new(database.connect.clone());
    let (monitor, scheduler) = Monitor::builder()
        .database(probe.clone())
        .source(probe)
        .sampler(DatabaseSampler::new(database.connect.clone(), config.health.slow_query_threshold))
        .probe(PoolProbe::new(pool.clone()))
        .view(watch.clone())
        .statements(watch.clone())
        .source(watch)
        .build()
        .context("setting up the checks")?;
    let server = Server::bind(&config.health, Router::new(monitor)).await.map_err(Failure::setting)?;
    Ok((server, scheduler.spawn()))
}
