use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::POOL_SIZE;
use crate::child;
use crate::job::Job;
use crate::laps::{Limit, Work};
use crate::server::Database;
use crate::station::Station;

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/sqlalchemy_orm.py");
const PACKAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/requirements.txt");
const PLACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/sqlalchemy");

/// How long making the environment may take, with what pip has to fetch.
const INSTALL_TIMEOUT: Duration = Duration::from_mins(5);

/// SQLAlchemy's ORM: a program that does a turn for each line it is sent, and answers with what it got done.
#[derive(Debug)]
pub(crate) struct Sqlalchemy {
    child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    runtime: Runtime,
}

impl Sqlalchemy {
    pub(crate) fn start(job: Job, database: &Database, runtime: Runtime) -> anyhow::Result<Self> {
        let opening = open(job, database);
        let (child, orders, answers) = runtime.block_on(opening)?;
        Ok(Self { child, orders, answers, runtime })
    }

    /// Makes its Python environment, unless that has been done.
    ///
    /// Without Python there is no such peer, which is no reason not to measure the others.
    pub(crate) async fn install() -> anyhow::Result<()> {
        if python().exists() {
            return Ok(());
        }
        let steps = async {
            let mut venv = Command::new("python3");
            child::run(venv.args(["-m", "venv", PLACE]), INSTALL_TIMEOUT).await?;
            let mut pip = Command::new(python());
            let words = ["-m", "pip", "install", "--quiet", "--requirement", PACKAGES];
            child::run(pip.args(words), INSTALL_TIMEOUT).await
        };
        let installed = steps.await;
        if installed.is_err() {
            let _ = std::fs::remove_dir_all(PLACE); // Or the next run would take it for whole.
        }
        installed.map(drop)
    }
}

fn python() -> PathBuf {
    Path::new(PLACE).join("bin/python")
}

type Lined = (Child, ChildStdin, Lines<BufReader<ChildStdout>>);

async fn open(job: Job, database: &Database) -> anyhow::Result<Lined> {
    let mut command = Command::new(python());
    command.arg(PROGRAM).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().context("starting the SQLAlchemy program")?;
    let mut orders = child.stdin.take().context("its input is a pipe")?;
    let answers = child.stdout.take().context("its output is a pipe")?;
    let mut answers = BufReader::new(answers).lines();
    let url = database.plain_url("postgresql+asyncpg") + "?ssl=disable";
    let kind = if let Job::Point { .. } = job { "point".to_owned() } else { job.to_string() };
    let order = json!({ "url": url, "job": kind, "tasks": job.tasks(), "size": POOL_SIZE });
    answer(&mut orders, &mut answers, &order, INSTALL_TIMEOUT).await?;
    Ok((child, orders, answers))
}

/// Sends a line and waits for the one that answers it.
async fn answer(
    orders: &mut ChildStdin,
    answers: &mut Lines<BufReader<ChildStdout>>,
    order: &Value,
    bound: Duration,
) -> anyhow::Result<String> {
    let exchange = async {
        orders.write_all(format!("{order}\n").as_bytes()).await?;
        answers.next_line().await?.context("the SQLAlchemy program ended")
    };
    timeout(bound, exchange).await.context("the SQLAlchemy program does not answer")?
}

impl Station for Sqlalchemy {
    fn sample(&mut self, limit: Limit) -> anyhow::Result<Work> {
        let Limit::Time(length) = limit else { bail!("callgrind has nothing to say about Python") };
        let order = json!({ "seconds": length.as_secs_f64() });
        let Self { orders, answers, runtime, .. } = self;
        let answered = runtime.block_on(async { answer(orders, answers, &order, limit.bound()).await })?;
        serde_json::from_str(&answered).context("reading what the SQLAlchemy program did")
    }

    fn child(&self) -> Option<u32> {
        self.child.id()
    }
}
