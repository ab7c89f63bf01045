//! `pgkeel serve`: gather in the background, answer from memory, until told to stop.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use pgkeel_connect::settings::Resolved;
use pgkeel_health::{
    DatabaseProbe, DatabaseSampler, Monitor, PoolProbe, PoolWatch, Router, Scheduler, Server,
};
use pgkeel_pool::Pool;
use tokio::sync::oneshot;

use crate::database::Database;
use crate::demo::{self, AtWork};
use crate::failure::Failure;
use crate::rotations::RotationsProbe;
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
    let served = prepare_and_serve(resolved, &database, signals).await;
    let closed = database.close().await;
    served?;
    Ok(closed?)
}

/// Binds the listener first: with its address taken no demo need be filled and no check started.
async fn prepare_and_serve(
    resolved: &Resolved<Config>,
    database: &Database,
    signals: Signals,
) -> Result<(), Failure> {
    let (config, server) = (&resolved.value, &database.connect);
    let Some(target) = &config.demo else {
        let pool = Pool::lazy(config.pool.complete(server.clone()));
        let assembled = assemble(resolved, &pool).await?;
        return serve(assembled, database, &pool, None, signals).await;
    };
    let pool = Pool::lazy(config.pool.complete(target.connect(server)));
    let assembled = assemble(resolved, &pool).await?;
    let opened = demo::open(server, target, signals).await;
    let opened = opened.map_err(|failure| failure.naming(&resolved.effective, "demo_database"))?;
    let Some((demo, signals)) = opened else { return Ok(()) };
    let at_work = AtWork::start(demo, pool.clone())?;
    serve(assembled, database, &pool, Some(at_work), signals).await
}

async fn serve(
    (server, scheduler): (Server, Scheduler),
    database: &Database,
    pool: &Pool,
    demo: Option<AtWork>,
    signals: Signals,
) -> Result<(), Failure> {
    let running = scheduler.spawn();
    let (version, address) = (env!("CARGO_PKG_VERSION"), server.local_addr());
    let with = demo.as_ref().map(|demo| format!(", {demo}")).unwrap_or_default();
    tracing::info!("pgkeel {version} serves on http://{address} with {database}{with}");
    let (stop, stopping) = oneshot::channel();
    let first = async {
        signals.first().await;
        drop(stop);
    };
    let (report, ()) = tokio::join!(server.serve(first), demo::attend(demo, stopping));
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

/// The checks look at the database that the pool is for.
async fn assemble(resolved: &Resolved<Config>, pool: &Pool) -> Result<(Server, Scheduler), Failure> {
    let (config, pool_config) = (&resolved.value, pool.config());
    let connect = pool_config.connect();
    let watch = PoolWatch::new(POOL_NAME, pool.clone());
    let probe = DatabaseProbe::new(connect.clone());
    let rotations = RotationsProbe::new(connect.clone());
    let mut builder = Monitor::builder()
        .database(probe.clone())
        .source(probe)
        .sampler(DatabaseSampler::new(connect.clone(), config.health.slow_query_threshold))
        .probe(PoolProbe::new(pool.clone()))
        .probe(rotations.clone())
        .source(rotations)
        .view(watch.clone())
        .statements(watch.clone())
        .source(watch);
    if let Some(migrations) = config.migrations.probe(connect) {
        builder = builder.probe(migrations.clone()).source(migrations);
    }
    let (monitor, scheduler) = builder.build().context("setting up the checks")?;
    let bound = Server::bind(&config.health, Router::new(monitor)).await.map_err(Failure::setting);
    let server = bound.map_err(|failure| failure.naming(&resolved.effective, "health.listen"))?;
    Ok((server, scheduler))
}
