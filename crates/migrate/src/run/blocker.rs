use std::fmt;
use std::time::Duration;

use tokio_postgres::Row;

use crate::files::statements;

/// How much of a statement is told.
const WORDS: usize = 4;

/// A session that has locked what a statement waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Blocker {
    /// Its process id at the server; 0 for a prepared transaction.
    pub pid: i32,
    /// What it calls itself.
    pub application_name: String,
    /// What it is doing, as in `pg_stat_activity`: `active`, `idle in transaction`, …. Empty if this user may not know.
    pub state: String,
    /// For how long its transaction has been open, if this user may know.
    pub open_for: Option<Duration>,
    /// The first words of its statement, without values and names in quotes. Empty if this user may not know.
    pub words: String,
}

/// Whom the session with this process id waits for.
pub(crate) const QUERY: &str = "select blocking.pid, coalesce(application_name, ''), coalesce(state, ''),
        extract(epoch from pg_catalog.clock_timestamp() operator(pg_catalog.-) xact_start)::pg_catalog.float8,
        coalesce(pg_catalog.left(query, 1000), '')
    from (select distinct pid from pg_catalog.unnest(pg_catalog.pg_blocking_pids($1)) as pid) as blocking
    left join pg_catalog.pg_stat_activity as a on a.pid operator(pg_catalog.=) blocking.pid
    order by xact_start nulls last, blocking.pid";

impl Blocker {
    pub(crate) fn read(row: &Row) -> Result<Self, tokio_postgres::Error> {
        let open_for: Option<f64> = row.try_get(3)?;
        Ok(Self {
            pid: row.try_get(0)?,
            application_name: row.try_get(1)?,
            state: row.try_get(2)?,
            open_for: open_for.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
            words: first_words(row.try_get(4)?),
        })
    }
}

fn first_words(sql: &str) -> String {
    if sql.starts_with('<') {
        return String::new(); // <insufficient privilege>
    }
    let words = statements(sql).into_iter().next().map(|statement| statement.words).unwrap_or_default();
    words.into_iter().take(WORDS).collect::<Vec<_>>().join(" ")
}

impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, application_name, state, open_for, words } = self;
        write!(f, "process {pid} of {application_name:?}")?;
        match (state.is_empty(), open_for) {
            (true, _) => {}
            (false, None) => write!(f, ", {state}")?,
            (false, Some(span)) => write!(f, ", {state} for {:.1}s", span.as_secs_f64())?,
        }
        if words.is_empty() { Ok(()) } else { write!(f, ", with {words} …") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_without_values() {
        assert_eq!(
            first_words("select * from orders where mail = 'canary' and n = 4711"),
            "select from orders where"
        );
        assert_eq!(first_words("/* x */ insert into \"T\" values ('canary')"), "insert into values");
        assert_eq!(first_words("<insufficient privilege>"), "");
        assert_eq!(first_words(""), "");
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let mut blocker = Blocker {
            pid: 7,
            application_name: "shop".into(),
            state: "idle in transaction".into(),
            open_for: Some(Duration::from_millis(12_340)),
            words: "update orders set note".into(),
        };
        assert_eq!(
            blocker.to_string(),
            "process 7 of \"shop\", idle in transaction for 12.3s, with update orders set note …"
        );
        (blocker.state, blocker.open_for, blocker.words) = (String::new(), None, String::new());
        assert_eq!(blocker.to_string(), "process 7 of \"shop\"");
    }
}
