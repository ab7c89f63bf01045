//! Many files of which all are applied: what a service pays at each start.

use std::fmt;
use std::time::Instant;

use anyhow::ensure;
use pgkeel_bench_turns::Interval;
use pgkeel_migrate::{Migrations, Migrator};
use pgkeel_pool::Executor as _;
use pgkeel_pool::connect::{Address, Config, Connection};

use super::files::Files;
use crate::server::Database;

/// What each may take.
const MOST_MILLIS: f64 = 500.0;

/// How long each call took, reading the files and connecting included.
#[derive(Debug)]
pub(crate) struct NothingToDo {
    files: usize,
    up: Vec<f64>,
    status: Vec<f64>,
}

pub(crate) async fn measure(
    admin: &Connection,
    database: &Database,
    count: usize,
    rounds: usize,
) -> anyhow::Result<NothingToDo> {
    admin.batch_execute("create database applied").await?;
    let (files, address) = (Files::write(count)?, database.named("applied").url("postgres"));
    let migrator = || -> anyhow::Result<Migrator> {
        let address: Address = address.parse()?;
        Ok(Migrator::new(Config::new(address), Migrations::from_dir(files.refinerys())?))
    };
    ensure!(migrator()?.up().await?.done.len() == count, "not all files were applied");
    let mut found = NothingToDo { files: count, up: Vec::new(), status: Vec::new() };
    for _ in 0..rounds {
        let begun = Instant::now();
        ensure!(migrator()?.up().await?.done.is_empty(), "there was something to do");
        found.up.push(begun.elapsed().as_secs_f64() * 1e3);
        let begun = Instant::now();
        ensure!(migrator()?.status().await?.applied.len() == count, "something is missing");
        found.status.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    admin.batch_execute("drop database applied with (force)").await?;
    Ok(found)
}

impl fmt::Display for NothingToDo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} files, all applied   milliseconds", self.files)?;
        for (what, times) in [("up", &self.up), ("status", &self.status)] {
            let longest = times.iter().copied().fold(0.0, f64::max);
            let verdict = if longest < MOST_MILLIS { "met" } else { "missed" };
            let Some(took) = Interval::of(times.iter().copied()) else { continue };
            writeln!(f, "  {what:<14}{took:.1}, at most {longest:.1}; < {MOST_MILLIS:.0} {verdict}")?;
        }
        Ok(())
    }
}
