//! A part that shows itself as JSON: a connection pool, today.

use serde_json::Value;

use crate::probe::Status;

/// Something whose present figures are shown as they are in memory, such as a connection pool.
pub trait View: Send + Sync + 'static {
    /// Names the part in answers; unique in a monitor.
    fn name(&self) -> &str;

    /// Its verdict and its figures, as a JSON object.
    ///
    /// Called while a request waits, so it must read memory only: no lock that is held across I/O, no query. Put
    /// no host, user or error text of a driver into it.
    fn json(&self) -> (Status, Value);
}
