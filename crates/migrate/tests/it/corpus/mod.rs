//! The checks of this crate over its corpus, a whole application as it grew: `tests/corpus`.

mod crash;
mod dry_run;
mod edits;
mod errors;
mod failing;
mod files;
mod indexes;
mod interop;
mod process;
mod proofs;
mod queue;
mod race;
mod splitting;
mod squash;
mod state;

use std::collections::BTreeSet;

use pgkeel_connect::{Connection, Executor as _};
use pgkeel_migrate::{Migrator, Object};
use pgkeel_testkit::TestDatabase;

use self::files::Corpus;
use self::state::State;
use crate::snapshot::{KINDS, major};

/// All that the server of the tests can run.
async fn corpus() -> Corpus {
    let database = TestDatabase::empty().await;
    Corpus::for_server(major(&database.connection().await).await)
}

/// A database in which all of it is applied.
async fn applied() -> TestDatabase {
    let server = TestDatabase::empty().await.config();
    let apply = async |connection: &Connection| {
        let migrations = Corpus::for_server(major(connection).await).migrations();
        let name: String = connection.query_scalar("select current_database()::text", &[]).await.unwrap();
        Migrator::new(server.with_database(&name), migrations).up().await.unwrap();
    };
    TestDatabase::migrated("corpus", apply).await
}

#[tokio::test]
async fn it_has_every_kind_of_object_and_every_kind_of_file() {
    let corpus = corpus().await;
    let migrations = corpus.migrations();
    assert!(migrations.len() >= 120 && corpus.files().len() == 2 * migrations.len());
    let outside = migrations.iter().filter(|migration| migration.directives().outside_transaction);
    assert!(outside.count() >= 7);
    let state = State::of(&applied().await.connection().await).await;
    let kinds: BTreeSet<&str> = state.schema().objects().map(Object::kind).collect();
    // Which reaches beyond the database.
    let missing: Vec<_> =
        KINDS.iter().filter(|kind| !kinds.contains(*kind) && **kind != "subscription").collect();
    assert!(missing.is_empty(), "{missing:?}");
}
