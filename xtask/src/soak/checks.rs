//! The checks with full counts. Tests hold this table against the sources.

/// Test programs that `cargo test` leaves out.
const EXTERNAL: [&str; 2] = ["external", "dumps"];

/// A module of tests that shows more when it runs for longer, or is built for speed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Check {
    /// The crate's short name.
    pub(super) package: &'static str,
    /// The test program that has it; `lib` if the library has it itself.
    pub(super) program: &'static str,
    /// The module, from the program's root on.
    pub(super) name: &'static str,
    pub(super) shows: &'static str,
    pub(super) build: Build,
}

/// How a check is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Build {
    /// As everything is.
    Usual,
    /// With AES and GHASH in software, as where the processor has no instructions for them.
    SoftwareAes,
}

impl Check {
    /// Whether it needs programs that are not ours, so that `cargo test` leaves it out.
    pub(super) fn is_external(&self) -> bool {
        EXTERNAL.contains(&self.program)
    }
}

const fn check(
    package: &'static str,
    program: &'static str,
    name: &'static str,
    shows: &'static str,
) -> Check {
    Check { package, program, name, shows, build: Build::Usual }
}

const fn in_software(check: Check) -> Check {
    Check { build: Build::SoftwareAes, ..check }
}

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    check("connect", "it", "address", "half a million addresses that nobody would think of: read or refused, never a panic"),
    check("connect", "it", "cancel", "a cancel hits what it is meant for, and nothing that comes later"),
    check("connect", "it", "listener", "notifications arrive, or the listener says that some may be missing"),

    check("crypto", "it", "hostile", "10 million envelopes that nobody sealed: refused, never a panic"),
    check("crypto", "lib", "suite::xaes::tests", "a million inputs of XAES-256-GCM's specification give its hash"),
    in_software(check("crypto", "lib", "suite::xaes::tests", "the same without the processor's instructions for AES")),
    in_software(check("crypto", "it", "vectors", "Wycheproof's vectors without the processor's instructions for AES")),
    in_software(check("crypto", "it", "cavp", "NIST's vectors without the processor's instructions for AES")),
    check("crypto", "memory", "wiped", "keys and values that are dropped are nowhere in memory, also where all is optimised"),
    check("crypto", "it", "nonces", "4 million envelopes of 8 threads have as many nonces"),

    check("pool", "it", "abandoned", "statements whose futures are dropped are cancelled, and nobody else is hit"),
    check("pool", "it", "batches", "statements in one go: answers in order, each error at its place, all or nothing"),
    check("pool", "it", "cap", "the server never has more sessions of the pool than the cap allows"),
    check("pool", "it", "closing", "the end of a pool and of its sessions comes in time"),
    check("pool", "it", "copies", "copies have all rows or none, and dropped ones leave nothing"),
    check("pool", "it", "cost", "what sharing costs: checks, connections, time beside the peer"),
    check("pool", "it", "dropped", "futures dropped at each poll: nothing dirty is handed on, no lock stays"),
    check("pool", "it", "guard", "no cancel hits the BEGIN that travels with a statement"),
    check("pool", "it", "honesty", "handles in several tasks: what is committed is what was said to be"),
    check("pool", "it", "hygiene", "what a user leaves behind does not reach the next one"),
    check("pool", "it", "lifetime", "sessions that grow old are replaced one after the other"),
    check("pool", "it", "lost_commit", "what is said of a COMMIT whose answer is lost is what became of it"),
    check("pool", "it", "model", "step by step the figures are those of a model of SQLAlchemy's QueuePool"),
    check("pool", "it", "outage", "a server that goes and comes back: fast refusals, few dials, no error for safe reads"),
    check("pool", "it", "queue", "those who wait are served in the order of coming, within their deadline"),
    check("pool", "it", "races", "closing, pausing and changing a pool while it is used"),
    check("pool", "it", "retry", "what is run again, what is not, and how often"),
    check("pool", "it", "shared_reads", "many readers over few sessions get each their own answer"),
    check("pool", "it", "sizing", "base and overflow are as in SQLAlchemy's QueuePool"),
    check("pool", "it", "streams", "streams have all rows or an error, and nothing is left when the reader stops"),
    check("pool", "it", "timeouts", "every wait has a bound, and the error names the step"),
    check("pool", "it", "turnover", "of all who wait for sessions that are always closed each is served"),
    check("pool", "it", "upkeep", "free sessions are checked, closed and kept as they should"),
    check("pool", "external", "cancels", "cancelling by way of PgBouncer hits nobody else"),
    check("pool", "external", "dropped", "dropped queries behind PgBouncer leave nothing prepared"),
    check("pool", "external", "transactions", "8 clients on 2 server sessions of PgBouncer do not see each other"),
    check("pool", "external", "typed", "typed statements behind PgBouncer, each text new"),

    check("migrate", "it", "corpus::race", "32 processes at once apply 50 files once each, without a deadlock"),
    check("migrate", "it", "corpus::crash", "clients and sessions killed at 100 moments: the end is that of an undisturbed run"),
    check("migrate", "external", "pooler", "behind PgBouncer: refused before any write, or safe with 8 racers"),
    check("migrate", "it", "corpus::indexes", "an index whose concurrent build failed is told and built again"),
    check("migrate", "it", "corpus::queue", "readers of a table that a file waits for for 10 s"),
    check("migrate", "it", "corpus::dry_run", "each file is tried by rollback and in a shadow, and nothing stays"),
    check("migrate", "dumps", "dry_runs", "a dump with all rows is the same after each dry run"),
    check("migrate", "dumps", "corpus", "a snapshot and pg_dump agree on each step up and back, and on any two schemas"),
    check("migrate", "it", "snapshot::changes", "each of all single changes is named with object and attribute"),
    check("migrate", "it", "out_of_band", "changes behind the back of the migrations are named, upkeep is no alarm"),
    check("migrate", "it", "corpus::proofs", "just those ways back are found that are rotten, all files"),
    check("migrate", "it", "corpus::edits", "edits that matter are found in each file, others are none"),
    check("migrate", "it", "corpus::splitting", "statement by statement all files make what they make as a whole"),
    check("migrate", "it", "generated", "100,000 statements made up of what ends one elsewhere: each ends where the server finds it"),
    check("migrate", "it", "memory", "3,000 files: little more is held of each than what it is made of"),
    check("migrate", "external", "psql", "statements and errors are where psql sees them"),
    check("migrate", "it", "corpus::errors", "failing files are told with SQLSTATE, line and column, without secrets"),
    check("migrate", "it", "corpus::interop", "plain refinery goes on with our history, we with its, within twice its time"),
    check("migrate", "it", "scale", "2,000 files: status and an up with nothing to do take less than 0.5 s"),
    check("migrate", "it", "readiness", "pending, drifted, newer and interrupted are four reasons not to serve"),
    check("migrate", "it", "crash", "killed calls over files inside and outside of transactions, 200 times"),
    check("migrate", "it", "outage", "connections cut at every point, and servers that go: each file is there whole or not at all"),
    check("migrate", "it", "race", "32 tasks at once, index builds last"),
    check("migrate", "it", "put_off", "constraints that were put off are checked while others drop schemas"),
    check("migrate", "it", "proofs", "a chain of 250 files is proved, and the rest of what proofs find"),
    check("migrate", "it", "shadows", "a call that is dropped at any moment leaves no shadow"),
    check("migrate", "it", "backfill::kills", "a backfill whose client or session is killed goes on, and each row is changed once"),
    check("migrate", "it", "tenants::many", "a thousand tenants are brought up, and looked at together as each by itself"),
    check("migrate", "it", "tenants::race", "two processes over the same tenants: each is worked on once, also after a kill"),
    check("migrate", "it", "snapshot::concurrency", "a schema that changes meanwhile is read all the same"),
    check("migrate", "it", "snapshot::same", "what does not change a fingerprint: order, upkeep, who looks"),
    check("migrate", "it", "snapshot::size", "a snapshot of 2,500 objects takes less than 100 ms"),
    check("migrate", "dumps", "changes", "a snapshot and pg_dump agree on every single change, in any order"),

    check("query", "it", "generated", "statements put together at random are accepted by the server, hostile values in them"),
    check("query", "it", "batches", "batches by id have each row once while others insert and delete"),
    check("query", "it", "cursors", "a million texts that are no cursors are refused, and nothing is sent"),
    check("query", "it", "changes", "16 tasks change one row: nothing is lost, and a conflict is told of what is there"),
    check("query", "it", "children", "rows of thousands are loaded by one statement, and a loop is detected"),
    check("query", "it", "dropped", "1,000 calls of any kind that are dropped anywhere leave nothing to the next user"),
    check("query", "it", "economy", "statements are few, cost the server no more memory, and outlive new columns"),
    check("query", "it", "hostile", "hostile texts go through every place for a value, byte for byte, and through names"),
    check("query", "it", "keyset", "2,000 tables and orders are walked from either end; page 10,000 costs what the first does"),
    check("query", "it", "injection", "for a hostile text the server runs the statements that it runs for a harmless one"),
    check("query", "it", "input_hostile", "requests that nobody would send: never a panic, nothing of them in a statement's text"),
    check("query", "it", "like", "a part of a text is found as it is, whatever characters it has"),
    check("query", "it", "made_types", "values go into types that are made on the server, and far times and numerics stay exact"),
    check("query", "it", "pages", "rows and their number are of one snapshot; of 5 million rows in less than 100 ms"),
    check("query", "it", "matrix", "every value on every type reads back equal, or is refused before a byte is sent"),
    check("query", "it", "rotation::adoption", "200,000 rows, 4 writers, workers killed 40 times: all plaintext is sealed, then gone, every value equal"),
    check("query", "it", "rotation::faults", "a rotation that is dropped anywhere goes on where it was"),
    check("query", "it", "rotation::guard", "a key is retired once no cell of 200,000 is left under it, and missed in a dump from before"),
    check("query", "dumps", "retired_key", "a key is retired once the last of 200,000 cells is gone, and missed in a restored dump from before"),
    check("query", "it", "rotation::indexes", "an index of 200,000 rows is under another key, though workers are killed 20 times"),
    check("query", "it", "rotation::under_fire", "200,000 rows, 4 writers, 2 rotators killed 20 times: each row is right and counted once"),
    check("query", "it", "rotation::unique_index", "64 insert the same 500 addresses while a unique index goes over to another key: each is there once"),
    check("query", "it", "round_trip", "values that nobody would think of come back as they went in"),
    check("query", "it", "sealed::ids", "64 tasks insert sealed rows: each id once, and few draws of them"),
    check("query", "it", "streams", "streams have bounded memory, and 1,000 that are dropped anywhere leave nothing"),
    check("query", "it", "tenants", "100 tasks that break and are cancelled see none of another tenant's rows"),
    check("query", "it", "texts", "a million shapes of statements take bounded memory, and those in use stay"),

    check("server", "it", "demo_cut_off", "a demo that is stopped while it is filled leaves nothing"),
    check("server", "it", "outage", "operators get answers while the database goes and comes back under load"),
];
