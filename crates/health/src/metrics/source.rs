//! Where numbers of other parts come in.

use crate::metrics::family::Family;

/// A part that has numbers for `/metrics`, such as a connection pool.
///
/// ```
/// use pgkeel_health::{Family, Labels, Source, counter, gauge};
///
/// struct Queue;
///
/// impl Source for Queue {
///     fn name(&self) -> &str {
///         "queue"
///     }
///
///     fn families(&self) -> Vec<Family> {
///         vec![
///             gauge("queue_jobs", "Jobs by state.", [([("state", "waiting")], 3_u64), ([("state", "running")], 1)]),
///             counter("queue_done_total", "Jobs done since the start.", [(Labels::none(), 17_u64)]),
///         ]
///     }
/// }
/// ```
pub trait Source: Send + Sync + 'static {
    /// Names the part in `pgkeel_source_up`; unique in a monitor.
    fn name(&self) -> &str;

    /// Its present numbers.
    ///
    /// Called while a scrape waits, so it must read memory only. If it panics, its families are absent from that
    /// page and `pgkeel_source_up` is 0; the rest of the page is as usual.
    fn families(&self) -> Vec<Family>;
}
