//! The figures of the database as metric families; what is not known now is absent.

use tokio::time::Instant;

use crate::metrics::{Family, Labels, Number, counter, gauge};
use crate::sampling::Figures;

pub(super) fn of(figures: &Figures) -> Vec<Family> {
    let now = Instant::now();
    let mut all = Vec::new();
    if let Some(sessions) = figures.activity.look(now).current() {
        all.extend(of_sessions(&sessions.activity));
    }
    if let Some(server) = figures.server.look(now).current() {
        let help = "Connections that the server allows, reserved ones included.";
        all.push(single("pgkeel_pg_connections_max", help, server.max_connections));
        let help = "Connections kept back for privileged roles.";
        all.push(single("pgkeel_pg_connections_reserved", help, server.superuser_reserved + server.reserved));
    }
    if let Some(database) = figures.database.look(now).current() {
        all.extend(of_database(database));
    }
    if let Some(size) = figures.size.look(now).current() {
        all.push(single("pgkeel_pg_database_size_bytes", "Size of the database.", *size));
    }
    if let Some(checkpoints) = figures.checkpoints.look(now).current() {
        let samples = [
            ([("trigger", "timed")], checkpoints.timed),
            ([("trigger", "requested")], checkpoints.requested),
        ];
        all.push(counter("pgkeel_pg_checkpoints_total", "Checkpoints by what began them.", samples));
    }
    if let Some(wal) = figures.wal.look(now).current() {
        all.push(total("pgkeel_pg_wal_bytes_total", "Bytes of write-ahead log.", wal.bytes));
    }
    all
}

fn of_sessions(activity: &pgkeel_catalog::Activity) -> Vec<Family> {
    let hidden = (activity.hidden > 0).then(|| ("hidden".to_owned(), activity.hidden));
    let states =
        activity.by_state.iter().map(|(state, count)| (state.replace(' ', "_"), *count)).chain(hidden);
    let states = states.map(|(state, count)| ([("state", state)], count));
    let mut all = vec![
        gauge("pgkeel_pg_connections", "Connections of clients to the server by state.", states),
        single("pgkeel_pg_blocked_sessions", "Sessions that wait for a lock.", activity.blocked),
    ];
    let oldest = activity.oldest_transaction.unwrap_or_default();
    all.push(single("pgkeel_pg_oldest_transaction_seconds", "Age of the oldest open transaction.", oldest));
    all
}

fn of_database(database: &pgkeel_catalog::Database) -> Vec<Family> {
    let ended =
        [([("outcome", "commit")], database.commits), ([("outcome", "rollback")], database.rollbacks)];
    let blocks = [([("source", "hit")], database.blocks_hit), ([("source", "read")], database.blocks_read)];
    vec![
        counter("pgkeel_pg_transactions_total", "Transactions of the database by outcome.", ended),
        counter(
            "pgkeel_pg_blocks_total",
            "Blocks found in the cache (hit) or asked of the system (read).",
            blocks,
        ),
        total("pgkeel_pg_temp_bytes_total", "Bytes written to temporary files.", database.temp_bytes),
        total("pgkeel_pg_deadlocks_total", "Deadlocks that the server broke.", database.deadlocks),
    ]
}

fn single(name: &'static str, help: &'static str, value: impl Into<Number>) -> Family {
    gauge(name, help, [(Labels::none(), value)])
}

fn total(name: &'static str, help: &'static str, value: u64) -> Family {
    counter(name, help, [(Labels::none(), value)])
}
