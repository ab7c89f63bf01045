//! Questions that mean what the server itself has, whatever comes before it on the search path.

use pgkeel_connect::{Connection, Error, Executor as _};

/// Has a question answered in a transaction that only reads, in which names without a schema are the server's own: functions,
/// operators and types, too.
///
/// Dropping the future leaves the transaction open; close the connection then.
pub(crate) async fn by_own_names<T>(
    connection: &Connection,
    question: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    connection.batch_execute("begin read only; set local search_path = pg_catalog").await?;
    let answer = question.await;
    let ended = connection.batch_execute("rollback").await;
    answer.and_then(|answer| ended.map(|()| answer))
}
