//! What sealing and indexing cost beside AES and HMAC called by hand: in turns, in one process, as the product's release profile
//! builds it.
//!
//! Read `sealing` and `indexing` (what is compared, and who did the same by hand), `turns` (how they are timed), `allocations`;
//! `field` is both beside the insert that stores what they make.

mod allocations;
mod by_hand;
mod field;
mod indexing;
mod keys;
mod sealing;
mod server;
mod turns;

use clap::Parser;

/// A trip to a server takes some fifty times as long as all else: of so many operations that have their turn elsewhere, one is made
/// there.
const TRIPS: usize = 10;

/// Sealing and indexing beside AES and HMAC called by hand.
#[derive(Debug, Parser)]
#[command(name = "pgkeel-bench crypto")]
struct Cli {
    /// How often each has its turn; an interval of 95 % needs 6.
    #[arg(long, default_value_t = 300)]
    rounds: usize,
    /// Does what has this name COUNT times and nothing else, for callgrind to watch.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// How many operations a turn has.
    #[arg(long, default_value_t = 2000)]
    count: usize,
}

fn main() -> anyhow::Result<()> {
    let Cli { rounds, only, count } = Cli::parse();
    let vault = keys::vault()?;
    let mut contests = [sealing::contest(&vault)?, indexing::contest(&vault)?];
    if let Some(name) = only {
        for contest in &mut contests {
            contest.run_alone(&name, count);
        }
        return Ok(());
    }
    for contest in &mut contests {
        println!("{}", contest.measure(rounds, count));
    }
    println!("{}\n", allocations::count(&vault)?);
    println!("{}", field::contest(&vault)?.measure(rounds, count.div_ceil(TRIPS)));
    Ok(())
}
