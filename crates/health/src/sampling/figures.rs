//! All parts of the figures of one database.

use std::time::Duration;

use pgkeel_catalog::{Activity, Checkpoints, Database, Index, Server, Skipped, Table, Wal};

use crate::sampling::{Kept, Section, SlowStatements};

/// What changes with every statement is asked for this often.
pub(crate) const OFTEN: Duration = Duration::from_secs(15);

/// What changes with the schema and the amount of data is asked for this often.
pub(crate) const SELDOM: Duration = Duration::from_mins(5);

/// What is known of one database and its server.
#[derive(Debug)]
pub(crate) struct Figures {
    pub(crate) server: Section<Server>,
    pub(crate) activity: Section<Sessions>,
    pub(crate) database: Section<Database>,
    pub(crate) checkpoints: Section<Checkpoints>,
    pub(crate) wal: Section<Wal>,
    pub(crate) statements: Section<SlowStatements>,
    pub(crate) size: Section<u64>,
    pub(crate) tables: Section<Kept<Table>>,
    pub(crate) indexes: Section<Kept<Index>>,
}

/// The sessions of the server, and what would show the hidden ones.
#[derive(Debug)]
pub(crate) struct Sessions {
    pub(crate) activity: Activity,
    pub(crate) hidden: Option<Skipped>,
}

impl Figures {
    pub(crate) fn new() -> Self {
        Self {
            server: Section::new("server", OFTEN),
            activity: Section::new("activity", OFTEN),
            database: Section::new("database", OFTEN),
            checkpoints: Section::new("checkpoints", OFTEN),
            wal: Section::new("wal", OFTEN),
            statements: Section::new("statements", OFTEN),
            size: Section::new("size", SELDOM),
            tables: Section::new("tables", SELDOM),
            indexes: Section::new("indexes", SELDOM),
        }
    }

    /// Notes that the server cannot be asked what is asked often.
    pub(crate) fn often_unreachable(&self, slug: &'static str) {
        self.server.unreachable(slug);
        self.activity.unreachable(slug);
        self.database.unreachable(slug);
        self.checkpoints.unreachable(slug);
        self.wal.unreachable(slug);
        self.statements.unreachable(slug);
    }

    /// Notes that the server cannot be asked what is asked seldom.
    pub(crate) fn seldom_unreachable(&self, slug: &'static str) {
        self.size.unreachable(slug);
        self.tables.unreachable(slug);
        self.indexes.unreachable(slug);
    }
}
