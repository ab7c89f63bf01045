//! What a user can type.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::{Args, Parser, Subcommand};
use serde::Serialize;

use crate::job::Job;
use crate::laps::Limit;
use crate::load::Meter;
use crate::machine::Machine;
use crate::migrate::Migrate;
use crate::peer::Name;
use crate::rounds::{Measured, measure};
use crate::server::{Database, Server};
use crate::{instructions, processors, report, station};

/// pgkeel beside the raw driver and its peers.
#[derive(Debug, Parser)]
#[command(name = "pgkeel-bench")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Interleaved rounds: rates, ratios with their intervals, and whether the bars are met.
    Run(Run),
    /// Does exactly COUNT operations on a runtime of one thread, for callgrind to watch.
    CallgrindTarget(Target),
    /// Client instructions per operation, counted by callgrind.
    Instructions(Instructions),
    /// How long migrations take: files on an empty database, and many files with nothing to do.
    Migrate(Migrate),
}

#[derive(Debug, Args, Serialize)]
pub(crate) struct Run {
    /// How often each peer has its turn; an interval of 95 % needs 6, a verdict 30.
    #[arg(long, default_value_t = 30)]
    rounds: usize,
    /// How long each turn takes.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// Only these jobs.
    #[arg(long = "job", value_name = "JOB")]
    jobs: Vec<Job>,
    /// Only these peers, and pgkeel.
    #[arg(long = "peer", value_name = "PEER")]
    peers: Vec<Name>,
    /// Client and server on this processor alone: far steadier, as nobody wakes another processor.
    #[arg(long, value_name = "PROCESSOR")]
    pin: Option<usize>,
    /// The server on this one instead: steady too, and each trip to it has its price.
    #[arg(long, value_name = "PROCESSOR", requires = "pin")]
    pin_server: Option<usize>,
    /// Writes every sample to this file.
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    json: Option<PathBuf>,
}

/// All that one run found, for other programs to read.
#[derive(Debug, Serialize)]
struct Record<'a> {
    machine: &'a Machine,
    settings: &'a Run,
    jobs: &'a [Measured],
}

impl Run {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        ensure!(self.rounds > 0 && self.seconds > 0.0, "there is nothing to measure in no time");
        let server = self.server()?;
        let machine = Machine::look(&server)?;
        let meter = Meter::new(server.pid())?;
        println!("{machine}\n{} rounds of {} s for each peer\n", self.rounds, self.seconds);
        let jobs = if self.jobs.is_empty() { Job::ALL.to_vec() } else { self.jobs.clone() };
        let mut all = Vec::new();
        for job in jobs {
            let measured = measure(job, &self.peers(job), &server, &meter, self.rounds, self.length())?;
            println!("{}", report::of_job(&measured));
            all.push(measured);
        }
        println!("{}", report::of_bars(&all));
        let Some(file) = &self.json else { return Ok(()) };
        let record = Record { machine: &machine, settings: self, jobs: &all };
        fs::write(file, serde_json::to_string_pretty(&record)?)
            .with_context(|| format!("writing {}", file.display()))
    }

    /// What a thread starts has its processors.
    fn server(&self) -> anyhow::Result<Server> {
        self.pin_server.or(self.pin).map_or(Ok(()), processors::pin)?;
        let server = Server::start()?;
        self.pin.map_or(Ok(()), processors::pin)?;
        Ok(server)
    }

    fn length(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }

    fn peers(&self, job: Job) -> Vec<Name> {
        let asked = |peer: &Name| *peer == Name::Keel || self.peers.is_empty() || self.peers.contains(peer);
        Name::ALL.into_iter().filter(asked).filter(|peer| peer.does(job)).collect()
    }
}

#[derive(Debug, Args)]
pub(crate) struct Target {
    job: Job,
    peer: Name,
    count: u64,
    /// Where the tables are already; without it a server is started.
    #[arg(long, value_name = "URL")]
    database: Option<Database>,
}

impl Target {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let server = if self.database.is_none() { Some(Server::start()?) } else { None };
        let started = server.as_ref().map(Server::database);
        let database = started.or(self.database.as_ref()).context("no database")?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let work = station::open(self.job, self.peer, database, runtime)?.sample(Limit::Count(self.count))?;
        println!("{} operations", work.operations);
        Ok(())
    }
}

#[derive(Debug, Args)]
pub(crate) struct Instructions {
    /// Only these jobs.
    #[arg(long = "job", value_name = "JOB")]
    jobs: Vec<Job>,
    /// These peers instead of all on pgkeel's own driver.
    #[arg(long = "peer", value_name = "PEER")]
    peers: Vec<Name>,
    /// Fails if pgkeel takes more of them, beside its peers, than it may.
    #[arg(long, conflicts_with_all = ["jobs", "peers"])]
    guard: bool,
}

impl Instructions {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        if self.guard {
            return instructions::guard();
        }
        let jobs = if self.jobs.is_empty() { instructions::JOBS.to_vec() } else { self.jobs.clone() };
        let peers = if self.peers.is_empty() { instructions::PEERS.to_vec() } else { self.peers.clone() };
        instructions::count(&jobs, &peers)
    }
}
