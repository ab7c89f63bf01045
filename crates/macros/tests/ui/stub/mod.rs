//! As much of pgkeel-pool as an expansion names.

#![allow(dead_code, unused_imports)]

pub struct Error;
pub struct Tx;

pub mod __macro {
    pub use super::Error;
    use super::Tx;

    pub struct Pool;
    pub struct TxOptions;
    #[derive(Clone, Copy)]
    pub struct RetryPolicy;
    pub struct Retrying;
    pub enum Isolation {
        ReadCommitted,
        RepeatableRead,
        Serializable,
    }

    pub trait Retryable: From<Error> {}
    impl Retryable for Error {}

    pub fn cloned_for_each_attempt<T: Clone>(parameter: &T) -> T {
        parameter.clone()
    }

    impl RetryPolicy {
        pub fn new() -> Self {
            Self
        }
    }

    impl TxOptions {
        pub fn new() -> Self {
            Self
        }
        pub fn isolation(self, _: Isolation) -> Self {
            self
        }
        pub fn read_only(self, _: bool) -> Self {
            self
        }
        pub fn deferrable(self, _: bool) -> Self {
            self
        }
        pub fn resolve_commit(self, _: bool) -> Self {
            self
        }
    }

    impl Pool {
        pub async fn transaction_with<T, E, F, Fut>(&self, _: TxOptions, run: F) -> Result<T, E>
        where
            F: FnOnce(Tx) -> Fut,
            Fut: Future<Output = Result<T, E>>,
            E: From<Error>,
        {
            run(Tx).await
        }

        pub fn retrying(&self, _: RetryPolicy) -> Retrying {
            Retrying
        }
    }

    impl Retrying {
        pub async fn transaction_with<T, E, F, Fut>(&self, _: TxOptions, mut run: F) -> Result<T, E>
        where
            F: FnMut(Tx) -> Fut,
            Fut: Future<Output = Result<T, E>>,
            E: From<Error>,
        {
            run(Tx).await
        }

        pub async fn run_idempotent<T, E, F, Fut>(&self, mut run: F) -> Result<T, E>
        where
            F: FnMut() -> Fut,
            Fut: Future<Output = Result<T, E>>,
            E: Retryable,
        {
            run().await
        }
    }
}

pub use __macro::{Pool, RetryPolicy};
