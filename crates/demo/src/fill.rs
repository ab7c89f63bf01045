//! Two years of a small shop, written in chunks.
//!
//! The rows are made by the server, from hashes of their numbers: the same at every fill but for the time, which is now.

use pgkeel_connect::Config;

use crate::mark::Contents;
use crate::session::{ANSWER, Session, WORK, column};
use crate::{Error, Progress, Step};

const CUSTOMERS: u32 = 5_000;
const ORDERS: u32 = 30_000;

/// How many numbers of rows a statement works through: some tens of milliseconds.
const CHUNK: i64 = 2_000;

/// Drawn by all files besides it.
const DICE: &str = include_str!("fill/dice.sql");

/// Without waiting for the disk at each chunk; see `databases::finish` for why that loses nothing.
const SET_UP: &str = "set synchronous_commit = off";

/// One file: what runs over numbers of customers, orders or payments, a chunk at a time.
struct Pass {
    step: Step,
    /// Who did it, in the audit log.
    actor: &'static str,
    sql: &'static str,
    /// How many rows it touches for each 1000 numbers, as counted at full size.
    per_thousand: u64,
    /// How many numbers there are.
    numbers: fn(&Size) -> u32,
}

macro_rules! pass {
    ($step:ident, $actor:literal, $file:literal, $per_thousand:literal of $numbers:expr) => {
        Pass {
            step: Step::$step,
            actor: $actor,
            sql: include_str!(concat!("fill/", $file, ".sql")),
            per_thousand: $per_thousand,
            numbers: $numbers,
        }
    };
}

static PASSES: &[Pass] = &[
    pass!(Customers, "sign-up", "customers", 1_000 of |size| size.customers),
    pass!(Orders, "checkout", "orders", 1_000 of |size| size.orders),
    pass!(OrderLines, "checkout", "order_lines", 2_486 of |size| size.orders),
    pass!(Payments, "checkout", "payments", 993 of |size| size.orders),
    pass!(History, "checkout", "paid", 185 of |size| size.orders),
    pass!(History, "warehouse", "sent", 182 of |size| size.orders),
    pass!(History, "accounts", "refunded", 22 of |size| size.orders),
    pass!(History, "customer", "closed", 74 of |size| size.customers),
    pass!(History, "privacy", "forgotten", 12 of |size| size.customers),
];

/// How large the shop is.
#[derive(Debug, Clone, Copy)]
struct Size {
    customers: u32,
    orders: u32,
}

impl Size {
    fn one_in(divisor: u32) -> Self {
        Self { customers: CUSTOMERS / divisor, orders: ORDERS / divisor }
    }

    fn rows_of(self, pass: &Pass, numbers: u32) -> u64 {
        u64::from(numbers.min((pass.numbers)(&self))) * pass.per_thousand / 1000
    }
}

/// Fills the database, which has the schema and no row. What an error leaves in it is for the caller to drop.
pub(crate) async fn fill(
    database: &Config,
    divisor: u32,
    tell: &mut (dyn FnMut(Progress) + Send),
) -> Result<Contents, Error> {
    let size = Size::one_in(divisor);
    let writer = write(database, size, tell).await?;
    let total = total(size);
    tell(Progress { step: Step::Analyze, done: total, total });
    let session = Session::open(database).await?;
    session.until_gone(Step::Analyze, writer).await?;
    gather_statistics(&session).await?;
    contents(&session).await
}

/// Writes all rows, and returns the process id that the session had at the server.
async fn write(database: &Config, size: Size, tell: &mut (dyn FnMut(Progress) + Send)) -> Result<i32, Error> {
    let session = Session::open(database).await?;
    session.run(Step::SetUp, ANSWER, SET_UP).await?;
    session.run(Step::SetUp, ANSWER, &dice(size)).await?;
    let (total, mut before) = (total(size), 0);
    for pass in PASSES {
        run(&session, size, pass, &mut |numbers| {
            tell(Progress { step: pass.step, done: before + size.rows_of(pass, numbers), total });
        })
        .await?;
        before += size.rows_of(pass, u32::MAX);
    }
    session.scalar(Step::History, "select pg_backend_pid()", &[]).await
}

/// The rows of all passes at this size.
fn total(size: Size) -> u64 {
    PASSES.iter().map(|pass| size.rows_of(pass, u32::MAX)).sum()
}

/// How many rows a fill writes, about.
pub(crate) fn rows(divisor: u32) -> u64 {
    total(Size::one_in(divisor))
}

fn dice(size: Size) -> String {
    DICE.replace("{customers}", &size.customers.to_string()).replace("{orders}", &size.orders.to_string())
}

/// A chunk is a transaction, so that its figures are those of a program at work.
async fn run(
    session: &Session,
    size: Size,
    pass: &Pass,
    done: &mut (dyn FnMut(u32) + Send),
) -> Result<(), Error> {
    let actor = "select set_config('app.actor', $1, false)";
    session.query(pass.step, actor, &[&pass.actor]).await?;
    let last = i64::from((pass.numbers)(&size));
    let mut first = 1;
    while first <= last {
        done(u32::try_from(first - 1).unwrap_or(u32::MAX));
        let through = last.min(first + CHUNK - 1);
        session.execute(pass.step, pass.sql, &[&first, &through]).await?;
        first = through + 1;
    }
    Ok(())
}

/// Only once the session that wrote has gone: what it has not yet told the statistics is added to what ANALYZE finds, so
/// that there would seem to be twice as many rows. Also what statements cost, if this server counts it and we may ask: it
/// can do without.
async fn gather_statistics(session: &Session) -> Result<(), Error> {
    // Not `shared_preload_libraries`, which only superusers see.
    let is_loaded = "select exists (select from pg_settings where name = 'pg_stat_statements.max')
        and exists (select from pg_available_extensions where name = 'pg_stat_statements')";
    if session.scalar(Step::Analyze, is_loaded, &[]).await? {
        let create = "create extension if not exists pg_stat_statements";
        match session.run(Step::Analyze, ANSWER, create).await {
            Err(Error::Database { source, .. }) if !source.is_disconnected() => {
                tracing::debug!(%source, "the demo goes without pg_stat_statements");
            }
            created => created?,
        }
    }
    session.run(Step::Analyze, WORK, "analyze").await
}

async fn contents(session: &Session) -> Result<Contents, Error> {
    let sql = "select (select count(*) from customers) + (select count(*) from orders) + (select count(*) from order_lines)
        + (select count(*) from payments) + (select count(*) from audit_log),
        to_char(now() at time zone 'utc', 'YYYY-MM-DD')";
    let rows = session.query(Step::Analyze, sql, &[]).await?;
    let row = rows.first().expect("counting gives one row");
    let count: i64 = column(Step::Analyze, row, 0)?;
    Ok(Contents { rows: count.unsigned_abs(), day: column(Step::Analyze, row, 1)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_demo_has_more_than_a_hundred_thousand_rows() {
        assert!(rows(1) > 140_000, "{}", rows(1));
        assert!(rows(50) < rows(1) / 40);
    }

    #[test]
    fn every_file_is_told_which_numbers_it_is_for() {
        for pass in PASSES {
            assert!(pass.sql.contains("$1") && pass.sql.contains("$2"), "{}", pass.sql);
        }
        assert!(!dice(Size::one_in(1)).contains('{'));
    }
}
