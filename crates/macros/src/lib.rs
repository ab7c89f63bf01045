//! Attributes for pgkeel-pool: an async function that runs in a transaction, or again when the connection was lost.
//!
//! Use them through pgkeel-pool (feature `macros`), which re-exports them and has the examples. They only rewrite a
//! function into a call that anyone could write: nothing here knows a database, and nothing decides what is run again.
//!
//! Read `transactional.rs` and `retry.rs`, a macro each; both take a function apart with `function.rs`.
//!
//! # Invariants
//! - An expansion names nothing but `::pgkeel_pool::__macro::…` and `::core::…`. `crate = "path"` puts another path in place
//!   of `::pgkeel_pool`, for a pool that is renamed or re-exported.
//! - `__macro` is no public interface: it fits the version of this crate that the pool asks for, and no other.
//! - What an expansion names for itself cannot be mistaken for a name of the function, nor the other way round.
//! - A mistake is reported at the word, parameter or type that is wrong.

mod transactional;
mod retry;
mod function;
mod attempt;
mod policy;
mod home;

use proc_macro::TokenStream;

/// Runs an async function in a transaction of its own: `Ok` commits, `Err` rolls back.
///
/// The first parameter, of type `Tx`, becomes the pool: `async fn f(tx: Tx, a: A) -> Result<T, E>` is called as
/// `f(&pool, a)`. A method has `self` before it. All else stays as it is written.
///
/// | word | meaning |
/// |---|---|
/// | `serializable`, `repeatable_read`, `read_committed` | the isolation level; else the server's default |
/// | `read_only`, `deferrable`, `resolve_commit` | the options of `TxOptions` of that name |
/// | `retry` | what has certainly had no effect is run again, as the default `RetryPolicy` says |
/// | `retry = EXPR` | as this `RetryPolicy` says |
/// | `crate = "path"` | where pgkeel-pool is, if not at `::pgkeel_pool` |
///
/// With `retry` each attempt gets its own clones of the parameters, so they have to be `Clone`; a method takes `&self`.
///
/// # Errors
/// Those of the function; and what `Pool::transaction_with` says, so `E` has to be made from the pool's error.
///
/// # Cancellation
/// As `Pool::transaction_with`: dropping the future rolls back, unless COMMIT had gone out already.
#[proc_macro_attribute]
pub fn transactional(words: TokenStream, item: TokenStream) -> TokenStream {
    transactional::expand(words.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Runs the whole body of an async function again when what failed may pass, though it may have taken effect.
///
/// The first parameter is the pool (`&Pool`, `Pool`, or what dereferences to one); a method has `&self` before it. Each
/// attempt gets its own clones of the parameters, so they have to be `Clone`. `E` has to be `Retryable`.
///
/// | word | meaning |
/// |---|---|
/// | `idempotent` | running the body twice is as good as once; has to be said |
/// | `policy = EXPR` | as this `RetryPolicy` says; else as the default one |
/// | `crate = "path"` | where pgkeel-pool is, if not at `::pgkeel_pool` |
///
/// # Errors
/// As `Retrying::run_idempotent`.
///
/// # Cancellation
/// As `Retrying::run_idempotent`.
#[proc_macro_attribute]
pub fn retry(words: TokenStream, item: TokenStream) -> TokenStream {
    retry::expand(words.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
