//! Client instructions per operation. They hardly depend on the machine's other work, so they can be compared from one
//! change to the next.

use std::env::current_exe;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use tokio::process::Command;
use tokio::runtime::Runtime;

use crate::child;
use crate::job::Job;
use crate::peer::Name;
use crate::server::{Database, Server};

pub(crate) const JOBS: [Job; 13] = [
    Job::Checkout,
    Job::Point { tasks: 1 },
    Job::Point { tasks: 16 },
    Job::Observed { tasks: 1 },
    Job::Shared { tasks: 16 },
    Job::Once { tasks: 1 },
    Job::Batch,
    Job::Closure { tasks: 1 },
    Job::Flight { tasks: 1 },
    Job::Entity { tasks: 1 },
    Job::Insert { tasks: 1 },
    Job::Rows,
    Job::Cold,
];

pub(crate) const PEERS: [Name; 5] =
    [Name::Raw, Name::RawPipelined, Name::Keel, Name::KeelPlain, Name::Deadpool];

/// Where callgrind's files stay, for `callgrind_annotate`.
const PLACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/callgrind");

/// How long one program may take.
const TIMEOUT: Duration = Duration::from_mins(6);

/// Few operations, and many: what lies between them is free of start and end.
fn counts(job: Job) -> (u64, u64) {
    match job {
        Job::Checkout => (2_000, 22_000),
        Job::Entity { .. }
        | Job::Point { .. }
        | Job::Observed { .. }
        | Job::Shared { .. }
        | Job::Once { .. } => (640, 4_480),
        Job::Closure { .. } | Job::Flight { .. } | Job::Insert { .. } => (320, 2_240),
        Job::Batch => (10, 70),
        Job::Rows => (1, 3),
        Job::Cold => (4, 12),
    }
}

/// How many times the instructions of a peer pgkeel may take.
struct Guard {
    job: Job,
    peer: Name,
    most: f64,
}

/// A little above what is needed, as compilers and C libraries differ.
const GUARDS: [Guard; 4] = [
    Guard { job: Job::Checkout, peer: Name::Deadpool, most: 0.45 },
    Guard { job: Job::Point { tasks: 1 }, peer: Name::Raw, most: 1.25 },
    Guard { job: Job::Entity { tasks: 1 }, peer: Name::KeelPlain, most: 1.1 },
    Guard { job: Job::Rows, peer: Name::Raw, most: 1.0 },
];

/// Prints a row for each guard. Fails if one does not hold.
pub(crate) fn guard() -> anyhow::Result<()> {
    fs::create_dir_all(PLACE)?;
    let server = Server::start()?;
    let runtime = Runtime::new()?;
    let mut broken = 0;
    for Guard { job, peer, most } in GUARDS {
        let counted = |peer| runtime.block_on(per_operation(job, peer, server.database()));
        let (keel, other) = (counted(Name::Keel)?, counted(peer)?);
        #[expect(clippy::cast_precision_loss, reason = "instructions of one operation are few")]
        let ratio = keel as f64 / other as f64;
        println!("{job}: {keel} instructions, {other} of {peer}: {ratio:.3}, at most {most}");
        broken += u32::from(ratio > most);
    }
    ensure!(
        broken == 0,
        "pgkeel takes more instructions than it may; `callgrind_annotate` on {PLACE} says where"
    );
    Ok(())
}

/// Prints a row for each job and peer.
pub(crate) fn count(jobs: &[Job], peers: &[Name]) -> anyhow::Result<()> {
    fs::create_dir_all(PLACE)?;
    let server = Server::start()?;
    let runtime = Runtime::new()?;
    println!("{:<13}{:<14}{:>24}", "job", "peer", "instructions/operation");
    for job in jobs {
        for peer in peers.iter().filter(|peer| peer.does(*job)) {
            let counted = runtime.block_on(per_operation(*job, *peer, server.database()));
            let counted = counted.with_context(|| format!("{job}, {peer}"))?;
            println!("{:<13}{:<14}{counted:>24}", job.to_string(), peer.to_string());
        }
    }
    println!("\nmore: callgrind_annotate --inclusive=yes {PLACE}/JOB.PEER.COUNT");
    Ok(())
}

async fn per_operation(job: Job, peer: Name, database: &Database) -> anyhow::Result<u64> {
    let (few, many) = counts(job);
    let less = instructions(job, peer, few, database).await?;
    let more = instructions(job, peer, many, database).await?;
    Ok((more - less) / (many - few))
}

/// All instructions of a program that does so many operations.
async fn instructions(job: Job, peer: Name, count: u64, database: &Database) -> anyhow::Result<u64> {
    let file = PathBuf::from(PLACE).join(format!("{job}.{peer}.{count}"));
    let mut valgrind = Command::new("valgrind");
    valgrind.arg("--tool=callgrind").arg(format!("--callgrind-out-file={}", file.display()));
    valgrind.arg(current_exe()?).arg("callgrind-target");
    valgrind.args([job.to_string(), peer.to_string(), count.to_string()]);
    child::run(valgrind.args(["--database", &database.url("postgres")]), TIMEOUT).await?;
    let written = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    let total = written.lines().find_map(|line| line.strip_prefix("totals: "));
    total.and_then(|total| total.trim().parse().ok()).context("callgrind counted nothing")
}
