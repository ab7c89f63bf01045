use std::fmt;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::ValueEnum;
use pgkeel_migrate::{Migrations, Migrator};
use pgkeel_pool::connect::{Address, Config};
use sqlx::Connection as _;
use tokio::process::Command;
use tokio_postgres::NoTls;

use super::files::Files;
use crate::child;
use crate::server::Database;

/// How long a program may take.
const BOUND: Duration = Duration::from_mins(2);

/// Who applies migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Contender {
    /// pgkeel-migrate, as a library
    Keel,
    /// refinery with its own driver, as a library: no lock, no log
    Refinery,
    /// sqlx's migrations, as a library
    Sqlx,
    /// sqlx-cli, a program
    SqlxCli,
    /// dbmate, a program
    Dbmate,
}

impl Contender {
    pub(crate) const PEERS: [Self; 4] = [Self::Refinery, Self::Sqlx, Self::SqlxCli, Self::Dbmate];

    /// Which one is here.
    pub(crate) async fn version(self) -> anyhow::Result<String> {
        let program = match self {
            Self::Keel | Self::Refinery | Self::Sqlx => return Ok("a library, in this process".to_owned()),
            Self::SqlxCli => "sqlx",
            Self::Dbmate => "dbmate",
        };
        let told = child::run(Command::new(program).arg("--version"), BOUND).await?;
        Ok(format!("{}, a process for each turn", told.trim()))
    }

    /// Reads all files, connects, and applies them.
    pub(crate) async fn apply(self, database: &Database, files: &Files) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        match self {
            Self::Keel => keel(database, files).await?,
            Self::Refinery => refinery(database, files).await?,
            Self::Sqlx => sqlx(database, files).await?,
            Self::SqlxCli => {
                let mut program = Command::new("sqlx");
                program.args(["migrate", "run", "--database-url", &database.url("postgres"), "--source"]);
                child::run(program.arg(files.sqlxs()), BOUND).await?;
            }
            Self::Dbmate => {
                let mut program = Command::new("dbmate");
                program.args(["--no-dump-schema", "--url", &database.url("postgres"), "--migrations-dir"]);
                child::run(program.arg(files.dbmates()).arg("migrate"), BOUND).await?;
            }
        }
        Ok(begun.elapsed())
    }
}

async fn keel(database: &Database, files: &Files) -> anyhow::Result<()> {
    let address: Address = database.url("postgres").parse()?;
    let migrations = Migrations::from_dir(files.refinerys())?;
    Migrator::new(Config::new(address), migrations).up().await?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "refinery on the driver as it is")]
async fn refinery(database: &Database, files: &Files) -> anyhow::Result<()> {
    let migrations = refinery_core::load_sql_migrations(files.refinerys())?;
    let config: tokio_postgres::Config = database.url("postgres").parse()?;
    let (mut client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    refinery_core::Runner::new(&migrations).run_async(&mut client).await?;
    Ok(())
}

async fn sqlx(database: &Database, files: &Files) -> anyhow::Result<()> {
    let migrator = sqlx::migrate::Migrator::new(files.sqlxs()).await?;
    let mut connection = sqlx::PgConnection::connect(&database.url("postgres")).await?;
    migrator.run(&mut connection).await.context("sqlx")?;
    connection.close().await?;
    Ok(())
}

impl fmt::Display for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Keel => "keel",
            Self::Refinery => "refinery",
            Self::Sqlx => "sqlx",
            Self::SqlxCli => "sqlx-cli",
            Self::Dbmate => "dbmate",
        })
    }
}
