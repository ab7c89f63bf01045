//! Refinery in front of our own connection: it parses, orders, verifies and makes the row of the history; what it hands to
//! its driver is taken from it here, and run together with all that is ours.
//!
//! The one module that knows how refinery calls its drivers. Refinery asks that its core is not used directly, so this
//! is what a new version has to be held against.

use refinery_core::traits::r#async::{AsyncMigrate, AsyncQuery, AsyncTransaction};
use refinery_core::{Runner, SchemaVersion, Target};
use time::OffsetDateTime;

use crate::state::Home;
use crate::{Applied, Error, Migration};

// Its width is part of every checksum, and any crate in a build can make it narrower for all.
const _: () = assert!(size_of::<SchemaVersion>() == 8, "refinery-core needs its feature int8-versions");

/// The statement by which refinery records this migration behind `newest`, the highest version that is applied, unless it
/// has something against it. All others have been held against the history; to hand them on each time would cost their
/// square.
pub(crate) async fn record(
    home: &Home,
    migration: &Migration,
    newest: Option<&Applied>,
) -> Result<String, Error> {
    let newest: Vec<refinery_core::Migration> = newest.map(known).into_iter().collect();
    let files = [&newest[..], &[migration.refinery()]].concat();
    let mut refinery = Runner::new(&files).set_target(Target::Version(migration.version()));
    refinery.set_migration_table_name(home.tables().history.sql());
    let mut engine = Engine { newest, record: None };
    refinery.run_async(&mut engine).await.map_err(|error| Error::Refinery(error.into()))?;
    engine.record.ok_or_else(|| Error::Refinery("it found nothing to do".into()))
}

fn known(row: &Applied) -> refinery_core::Migration {
    let applied_on = OffsetDateTime::from(row.applied_on);
    refinery_core::Migration::applied(row.version, row.name.clone(), applied_on, row.checksum)
}

struct Engine {
    newest: Vec<refinery_core::Migration>,
    record: Option<String>,
}

impl AsyncTransaction for Engine {
    type Error = std::convert::Infallible;

    async fn execute<'a, T: Iterator<Item = &'a str> + Send + 'a>(
        &'a mut self,
        queries: T,
    ) -> Result<usize, Self::Error> {
        let queries: Vec<&str> = queries.collect();
        // A migration comes as its text and its row of the history; alone comes only the query below that makes sure of
        // the table.
        let [_, record] = queries[..] else { return Ok(0) };
        self.record = Some(record.to_owned());
        Ok(queries.len())
    }
}

impl AsyncQuery<Vec<refinery_core::Migration>> for Engine {
    async fn query(&mut self, _history: &str) -> Result<Vec<refinery_core::Migration>, Self::Error> {
        Ok(self.newest.clone())
    }
}

impl AsyncMigrate for Engine {
    /// [`history::ensure`](crate::state::history::ensure) has been there, without asking for rights that only creating needs.
    fn assert_migrations_table_query(_table: &str) -> String {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use time::format_description::well_known::Rfc3339;

    use super::*;
    use crate::Migrations;
    use crate::state::history::cells;

    #[tokio::test]
    async fn what_files_in_flight_have_recorded_is_what_refinery_records() {
        let files = Migrations::from_static(&[("V7__add_users.sql", "select 1;")]).unwrap();
        let migration = files.iter().next().unwrap();
        let statement = record(&Home::default(), migration, None).await.unwrap();
        let [version, name, on, checksum] = cells(migration);
        let told: Vec<&str> = statement.split('\'').collect();
        let before = format!(
            "INSERT INTO pgkeel.refinery_schema_history (version, name, applied_on, checksum) VALUES ({version}, "
        );
        assert_eq!([told[0], told[1], told[5]], [before, name, checksum]);
        let [theirs, ours] = [told[3], &on].map(|on| OffsetDateTime::parse(on, &Rfc3339).unwrap());
        assert!(ours - theirs < time::Duration::hours(1));
    }
}
