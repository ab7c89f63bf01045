use std::fmt;
use std::str::FromStr;

/// Whether connections of the pool are sessions of the server, or lead to a pooler that has another one ready for each
/// transaction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PoolerMode {
    /// A connection is a session: there is no pooler in between, or one in session mode.
    #[default]
    Session,
    /// `PgBouncer` with `pool_mode=transaction`, or another pooler that does the same: from one transaction to the next
    /// the server session is another one.
    ///
    /// - No statement is prepared under a name. The types of its parameters are asked for once, in a transaction of its
    ///   own, and are kept for the whole pool, of the 1024 most recently used texts. From then on it takes one round trip;
    ///   one outside of transactions whose columns have types of the user's own (enums, domains, extensions) two, as it
    ///   is carried out in a transaction of its own.
    /// - A [typed statement](crate::Executor#typed-statements) that is run for its effect (`execute_typed`) takes one round
    ///   trip from the first run on. Of one that is run for its rows the types of columns are asked for as above, and kept
    ///   with its text and its declared types.
    /// - If a statement fails as types have changed, they are asked for anew and it is run once more, provided that
    ///   nothing of it was carried out; else it ends in [`Error::RowsUnreadable`](crate::Error::RowsUnreadable).
    /// - So rows are given away ([`query_into`](crate::Executor::query_into)) once all of them are there.
    /// - A connection on which asking for types was given up half-way, as its future was dropped, is replaced.
    /// - What comes back is rolled back and nothing else, whatever `pool.reset` asks for: anything sent besides would go to
    ///   some other server session.
    /// - What would change a server session, which is everybody's, is refused with
    ///   [`Error::SessionState`](crate::Error::SessionState) as far as the text tells: `SET`, `RESET`, `LISTEN`, `PREPARE`,
    ///   `DISCARD`, temporary tables that outlive their transaction, session locks. Write `SET LOCAL`,
    ///   `set_config(…, true)` or `pg_advisory_xact_lock` in a transaction. What functions do in the server is not seen.
    /// - Two statements outside of a transaction, on the same [`Session`](crate::Session) even, may see different server
    ///   sessions; so hooks cannot prepare a session for those who use it. For `LISTEN` connect to the server itself.
    /// - Start-up parameters in `options` are refused by `PgBouncer` unless its `ignore_startup_parameters` names them,
    ///   and then they have no effect.
    ///
    /// Where this does not fit: statements that cannot run in a transaction and return columns of the user's own types,
    /// such as `CALL` of a procedure that commits.
    Transaction,
}

impl FromStr for PoolerMode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Self::Session, Self::Transaction];
        let found = all.into_iter().find(|mode| mode.to_string() == text);
        found.ok_or_else(|| "is none of session, transaction".into())
    }
}

impl fmt::Display for PoolerMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Session => "session",
            Self::Transaction => "transaction",
        })
    }
}
