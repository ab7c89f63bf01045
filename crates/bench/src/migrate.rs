//! Migrations: pgkeel beside plain refinery, sqlx and programs that people use, each on an empty database in turns.

mod contender;
mod files;
mod nothing_to_do;
mod outcome;

use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;
use pgkeel_bench_turns::order;
use pgkeel_pool::Executor as _;
use pgkeel_pool::connect::{Address, Config, Connection, dial};

pub(crate) use self::contender::Contender;

use self::files::Files;
use self::outcome::Outcome;
use crate::machine::Machine;
use crate::server::{Database, Server};

#[derive(Debug, Args)]
pub(crate) struct Migrate {
    /// How often each peer has its turn; an interval of 95 % needs 6.
    #[arg(long, default_value_t = 12)]
    rounds: usize,
    /// How many files are applied to an empty database.
    #[arg(long, default_value_t = 250)]
    files: usize,
    /// How many are applied already where there is nothing to do.
    #[arg(long, default_value_t = 2000)]
    applied: usize,
    /// Only these peers, and pgkeel as a library; programs of others are looked for where the shell would look.
    #[arg(long = "peer", value_name = "PEER")]
    peers: Vec<Contender>,
    /// The server's data are on disk, and it waits for that at COMMIT, as one that is not thrown away.
    #[arg(long)]
    fsync: bool,
}

impl Migrate {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        ensure!(self.rounds > 0 && self.files > 0 && self.applied > 0, "there is nothing to measure");
        let server = if self.fsync { Server::start_on_disk() } else { Server::start() }?;
        println!("{}", Machine::look(&server)?);
        let runtime = tokio::runtime::Runtime::new()?;
        runtime.block_on(self.measure(&server))
    }

    async fn measure(&self, server: &Server) -> anyhow::Result<()> {
        let admin = admin(server.database()).await?;
        if self.fsync {
            admin.batch_execute("alter system set fsync = on").await?;
            admin.batch_execute("select pg_reload_conf()").await?;
        }
        println!("from here on fsync={}\n", if self.fsync { "on" } else { "off" });
        let (files, peers) = (Files::write(self.files)?, self.peers().await);
        let mut outcome = Outcome::new(&peers, self.files);
        for round in 0..self.rounds {
            for turn in order(round, peers.len()) {
                let took = apply(peers[turn], &admin, server.database(), &files).await;
                outcome.add(peers[turn], took.with_context(|| format!("{} in round {round}", peers[turn]))?);
            }
        }
        println!("{outcome}");
        let nothing = nothing_to_do::measure(&admin, server.database(), self.applied, self.rounds).await?;
        println!("{nothing}");
        Ok(())
    }

    /// Those that are asked for and there; of others it is said that they are left out.
    async fn peers(&self) -> Vec<Contender> {
        let mut peers = vec![Contender::Keel];
        for peer in Contender::PEERS {
            if !self.peers.is_empty() && !self.peers.contains(&peer) {
                continue;
            }
            match peer.version().await {
                Ok(version) => {
                    println!("{peer}: {version}");
                    peers.push(peer);
                }
                Err(error) => eprintln!("{peer} is left out: {error:#}"),
            }
        }
        println!();
        peers
    }
}

async fn admin(database: &Database) -> anyhow::Result<Connection> {
    let address: Address = database.url("postgres").parse()?;
    Ok(dial(&Config::new(address)).await?)
}

/// Makes an empty database, has all files applied there, and looks whether they were.
async fn apply(
    peer: Contender,
    admin: &Connection,
    database: &Database,
    files: &Files,
) -> anyhow::Result<Duration> {
    admin.batch_execute("create database migrated").await?;
    let migrated = database.named("migrated");
    let took = peer.apply(&migrated, files).await?;
    let address: Address = migrated.url("postgres").parse()?;
    let there = dial(&Config::new(address)).await?;
    let made: i64 = there.query_scalar(files::MADE, &[]).await?;
    there.close().await;
    ensure!(made == files.expected(), "{peer} made {made} objects of {}", files.expected());
    admin.batch_execute("drop database migrated with (force)").await?;
    Ok(took)
}
