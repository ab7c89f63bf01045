//! What one sealed field takes of the statement that stores it.

use std::fmt;
use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Args;
use pgkeel_bench_turns::{Interval, Limit, order};
use pgkeel_query::sealed::Vault;
use pgkeel_query::sealed::crypto::{BlindIndex, Column, Place};
use tokio_postgres::{Client, Config, NoTls, Statement};

use crate::contact;
use crate::load::Meter;
use crate::machine::Machine;
use crate::processors::Processors;
use crate::server::Database;

const CONTEXT: &str = "field.value";
const VALUE: Column<Vec<u8>> = Column::new(CONTEXT);
const INDEX: BlindIndex<Vec<u8>> = BlindIndex::new(CONTEXT, "value_bidx");
const PLAINTEXT: usize = 64;
/// Of the time that the insert takes, there and back.
const MOST: Limit = Limit::AtMost(0.02);

const TABLE: &str = "create table field (id bigint primary key, value bytea not null, value_bidx bytea not null unique)";
const INSERT: &str = "insert into field (id, value, value_bidx) values ($1, $2, $3)";

#[derive(Debug, Args)]
pub(crate) struct Field {
    /// How often sealing and inserting have a turn; an interval of 95 % needs 6.
    #[arg(long, default_value_t = 100)]
    rounds: usize,
    /// How many fields a turn has.
    #[arg(long, default_value_t = 200)]
    count: usize,
    #[command(flatten)]
    processors: Processors,
}

impl Field {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        ensure!(self.rounds > 0 && self.count > 0, "there is nothing to measure");
        let server = self.processors.start_server()?;
        let meter = Meter::new(server.pid())?;
        println!("{}\n{} rounds of {} fields\n", Machine::look(&server)?, self.rounds, self.count);
        // One thread, as waking another one would make the trip longer.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let before = meter.read(None)?;
        let outcome = runtime.block_on(self.measure(server.database()))?;
        let others = meter.others(before, meter.read(None)?);
        println!("{outcome}\n  others took {:.1} % of the processors", others * 100.0);
        Ok(())
    }

    /// Rounds in which sealing and inserting have a turn each. One of each goes before and is not counted.
    async fn measure(&self, database: &Database) -> anyhow::Result<Outcome> {
        let (sealer, table) = (contact::sealer().await?, Table::make(database).await?);
        let mut outcome = Outcome { seal: Vec::new(), insert: Vec::new() };
        let mut ids = 0_i64..;
        for round in 0..=self.rounds {
            let (mut seal, mut insert) = (Duration::ZERO, Duration::ZERO);
            for turn in order(round, 2) {
                let ids: Vec<i64> = ids.by_ref().take(self.count).collect();
                let begun = Instant::now();
                let fields = sealed(sealer.vault(), &ids)?;
                let took = begun.elapsed();
                if turn == 0 {
                    seal = took;
                } else {
                    insert = table.insert(&fields).await?;
                }
            }
            if round > 0 {
                outcome.add(seal, insert, self.count);
            }
        }
        Ok(outcome)
    }
}

/// A row as it is stored.
struct Stored {
    id: i64,
    value: Vec<u8>,
    index: Vec<u8>,
}

/// A field each of these rows, no two alike.
fn sealed(vault: &Vault, ids: &[i64]) -> anyhow::Result<Vec<Stored>> {
    let seal = |id: &i64| {
        let mut value = [7; PLAINTEXT];
        value[..8].copy_from_slice(&id.to_be_bytes());
        let envelope = vault.seal(&VALUE, black_box(&value), Place::row(*id))?;
        let index = vault.index(&INDEX, black_box(&value), None)?;
        anyhow::Ok(Stored { id: *id, value: envelope.into_bytes(), index: index.as_bytes().to_vec() })
    };
    ids.iter().map(seal).collect()
}

/// Over the driver alone, which makes the shortest trip.
struct Table {
    client: Client,
    insert: Statement,
}

impl Table {
    #[expect(clippy::disallowed_methods, reason = "the driver as it is, without what pgkeel puts around it")]
    async fn make(database: &Database) -> anyhow::Result<Self> {
        let config: Config = database.url("postgres").parse()?;
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);
        client.batch_execute(TABLE).await?;
        let insert = client.prepare(INSERT).await?;
        Ok(Self { client, insert })
    }

    /// Row by row, each waited for.
    async fn insert(&self, fields: &[Stored]) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        for Stored { id, value, index } in fields {
            let inserted = self.client.execute(&self.insert, &[id, value, index]).await;
            ensure!(inserted.context("inserting a field")? == 1, "the field of row {id} was not inserted");
        }
        Ok(begun.elapsed())
    }
}

/// Microseconds a field, round by round.
struct Outcome {
    seal: Vec<f64>,
    insert: Vec<f64>,
}

impl Outcome {
    #[expect(clippy::cast_precision_loss, reason = "few fields")]
    fn add(&mut self, seal: Duration, insert: Duration, fields: usize) {
        let micros = |time: Duration| time.as_secs_f64() * 1e6 / fields as f64;
        self.seal.push(micros(seal));
        self.insert.push(micros(insert));
    }

    /// Within each round.
    fn ratio(&self) -> Option<Interval> {
        Interval::of(self.seal.iter().zip(&self.insert).map(|(seal, insert)| seal / insert))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "a field of {PLAINTEXT} bytes            microseconds")?;
        for (name, micros) in [("seal and index", &self.seal), ("insert", &self.insert)] {
            let Some(took) = Interval::of(micros.iter().copied()) else { continue };
            writeln!(f, "  {name:<18}{:>24}", format!("{took:.2}"))?;
        }
        let Some(ratio) = self.ratio() else { return Ok(()) };
        write!(f, "  {:<18}{:>24}, {MOST} {}", "field / insert", format!("{ratio:.4}"), MOST.verdict(ratio))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_compared_with_the_insert_of_its_round() {
        let mut outcome = Outcome { seal: Vec::new(), insert: Vec::new() };
        for (seal, insert) in [(2, 100), (6, 100), (2, 50)] {
            outcome.add(Duration::from_millis(seal), Duration::from_millis(insert), 10);
        }
        assert!((outcome.ratio().unwrap().median - 0.04).abs() < 1e-9);
    }
}
