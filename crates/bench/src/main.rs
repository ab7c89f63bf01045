//! pgkeel beside the raw driver and its peers, in one run.
//!
//! What it shows are ratios between peers that did the same work in turns, with their intervals, and instructions per
//! operation. Nothing fails because something was slow; what `instructions --guard` holds are instructions alone.
//!
//! Read `job` (what is done), `peer` (who does it), `station` (one peer made ready for one job), `rounds` (how they take
//! turns), `bar` (what may be concluded; `turns/` says how), `report`; and `instructions` for the other way to measure; `migrate`
//! stands by itself.

mod cli;
mod server;
mod account;
mod contact;
mod job;
mod peer;
mod station;
mod laps;
mod load;
mod processors;
mod rounds;
mod bar;
mod machine;
mod report;
mod instructions;
mod migrate;
mod child;

use clap::Parser as _;

fn main() -> anyhow::Result<()> {
    match cli::Cli::parse().verb {
        cli::Verb::Run(run) => run.run(),
        cli::Verb::CallgrindTarget(target) => target.run(),
        cli::Verb::Instructions(instructions) => instructions.run(),
        cli::Verb::Migrate(migrate) => migrate.run(),
    }
}
