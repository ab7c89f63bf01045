//! What the expansions of pgkeel-macros name. No public interface: it fits the version of that crate that is asked for.

pub use crate::{Isolation, Pool, RetryPolicy, TxOptions};

/// An attempt's own, of a parameter that the next attempt needs as well.
pub fn cloned_for_each_attempt<T: Clone>(parameter: &T) -> T {
    parameter.clone()
}
