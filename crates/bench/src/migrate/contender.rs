use std::fmt;
use std::path::{Path, PathBuf};
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

/// How long building ours may take, with all that it is made of.
const BUILD_BOUND: Duration = Duration::from_mins(30);

/// Who applies migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Contender {
    /// pgkeel-migrate, as a library
    Keel,
    /// refinery with its own driver, as a library: no lock, no log
    Refinery,
    /// sqlx's migrations, as a library
    Sqlx,
    /// `pgkeel migrate`, a program, built as users get it
    Pgkeel,
    /// sqlx-cli, a program
    SqlxCli,
    /// dbmate, a program
    Dbmate,
}

impl Contender {
    pub(crate) const PEERS: [Self; 5] =
        [Self::Refinery, Self::Sqlx, Self::Pgkeel, Self::SqlxCli, Self::Dbmate];

    /// With which of ours it is compared: libraries with the library, programs with the program. None for ours.
    pub(crate) fn ours(self) -> Option<Self> {
        match self {
            Self::Keel | Self::Pgkeel => None,
            Self::Refinery | Self::Sqlx => Some(Self::Keel),
            Self::SqlxCli | Self::Dbmate => Some(Self::Pgkeel),
        }
    }

    /// Which one is here; ours is built from the source beside this one.
    pub(crate) async fn version(self) -> anyhow::Result<String> {
        let program = match self {
            Self::Keel | Self::Refinery | Self::Sqlx => return Ok("a library, in this process".to_owned()),
            Self::Pgkeel => build().await?,
            Self::SqlxCli => "sqlx".into(),
            Self::Dbmate => "dbmate".into(),
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
            Self::Pgkeel => {
                let mut program = Command::new(built());
                program.args(["migrate", "up", "--database-url", &database.url("postgres"), "--dir"]);
                child::run(program.arg(files.refinerys()), BOUND).await?;
            }
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

/// Our program, by the release profile of the product and with the features of `cargo install`.
async fn build() -> anyhow::Result<PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--release", "--locked", "--package", "pgkeel-server"]);
    cargo.arg("--manifest-path").arg(product().join("Cargo.toml"));
    cargo.arg("--target-dir").arg(product().join("target"));
    child::run(&mut cargo, BUILD_BOUND).await?;
    Ok(built())
}

fn built() -> PathBuf {
    product().join("target/release").join(format!("pgkeel{}", std::env::consts::EXE_SUFFIX))
}

/// The product's workspace, which this one is beside.
fn product() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
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
            Self::Pgkeel => "pgkeel",
            Self::SqlxCli => "sqlx-cli",
            Self::Dbmate => "dbmate",
        })
    }
}
