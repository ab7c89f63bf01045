//! What sealing and indexing cost beside AES and HMAC called by hand: in turns, in one process, as the product's release profile
//! builds it.
//!
//! Read `sealing` and `indexing` (what is compared, and who did the same by hand), `turns` (how they are timed), `allocations`.

mod allocations;
mod by_hand;
mod indexing;
mod keys;
mod sealing;
mod turns;

use clap::Parser;

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
    for mut contest in [sealing::contest(&vault)?, indexing::contest(&vault)?] {
        match &only {
            Some(name) => contest.run_alone(name, count),
            None => println!("{}", contest.measure(rounds, count)),
        }
    }
    if only.is_none() {
        println!("{}", allocations::count(&vault)?);
    }
    Ok(())
}
