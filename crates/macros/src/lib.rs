//! What pgkeel-pool and pgkeel-query expand: attributes for an async function that runs in a transaction, or again when
//! the connection was lost; statements that are literals, and structs that are read from rows, are tables, or are new rows.
//!
//! Use them through pgkeel-pool (feature `macros`) and pgkeel-query, which re-export them and have the examples. They only
//! write what anyone could write: nothing here knows a database, and nothing decides what is run again.
//!
//! Read `transactional.rs` and `retry.rs`, which take a function apart with `function.rs`; `sql.rs`, whose `scanner.rs` tells
//! names from text; `from_row.rs`; `entity.rs` with `columns.rs`, `capability.rs` and `sealed_row.rs`; and `new_row.rs`. That is a
//! macro each.
//!
//! # Invariants
//! - An expansion names nothing but `::core::…` and `::pgkeel_pool::__macro::…`, or the same of pgkeel-query. `crate = "path"`
//!   puts another path in its place, for a crate that is renamed or re-exported.
//! - `__macro` is no public interface: it fits the version of this crate that its own crate asks for, and no other.
//! - What an expansion names for itself cannot be mistaken for a name of the function, nor the other way round.
//! - A mistake is reported at the word, parameter or type that is wrong.

mod transactional;
mod retry;
mod function;
mod attempt;
mod policy;
mod sql;
mod scanner;
mod from_row;
mod entity;
mod columns;
mod capability;
mod sealed;
mod sealed_row;
mod new_row;
mod field;
mod role;
mod nearest;
mod letter_case;
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

/// A statement with its values, `sql!("select … where id = {id}", id = 7)`: takes a string literal and nothing else.
///
/// `{name}` takes the argument of that name, or else the variable in scope, by reference; a name that is used twice is
/// the same parameter. In strings, quoted names, dollar quotes and comments braces are text. `$1` is refused.
///
/// The argument `crate = "path"` says where pgkeel-query is, if not at `::pgkeel_query`.
#[proc_macro]
pub fn sql(tokens: TokenStream) -> TokenStream {
    sql::expand(tokens.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Reads a struct from rows, each field from the column of its name.
///
/// | word of a field | meaning |
/// |---|---|
/// | `rename = "column"` | the column's name |
/// | `flatten` | the field's own fields have columns in the same row; an `Option` of such is `None` where all are NULL |
/// | `default` | the column may be missing; then the field is `Default::default()` |
/// | `json` | the column is `json` or `jsonb`, of which the field is made by serde; NULL is read as JSON's `null` |
/// | `try_from = "Type"` | the column is read as this type, and the field is made of that by `TryFrom` |
///
/// | word of the struct | meaning |
/// |---|---|
/// | `rename_all = "case"` | how columns are called: `camelCase`, `PascalCase`, `kebab-case`, `SCREAMING_SNAKE_CASE` |
/// | `crate = "path"` | where pgkeel-query is, if not at `::pgkeel_query` |
#[proc_macro_derive(FromRow, attributes(pgkeel))]
pub fn from_row(item: TokenStream) -> TokenStream {
    from_row::expand(item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// A table as a struct: reads it from rows as `FromRow` does, and makes its columns constants with their types.
///
/// The words of `FromRow` are those of this one as well; with `default`, the table has no such column.
///
/// | word of the struct | meaning |
/// |---|---|
/// | `table = "schema.name"` | the table; has to be said |
/// | `columns = name` | what the columns are in: `name::id`. Else the struct's name in snake case |
/// | `version = "column"` | an integer, one more with each update |
/// | `soft_delete = "column"` | an `Option`: when the row was deleted |
/// | `tenant = "column"` | whose row it is |
///
/// | word of a field | meaning |
/// |---|---|
/// | `id` | the primary key, or a part of it |
/// | `generated` | the database makes the value |
/// | `created`, `updated` | the time of the first and of the last change |
/// | `unique` | no two rows have the same value |
/// | `sealed(…)` | the value is stored as an envelope, which pgkeel-query's module `sealed` seals and opens |
#[proc_macro_derive(Entity, attributes(pgkeel))]
pub fn entity(item: TokenStream) -> TokenStream {
    entity::expand(item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// A struct that is a new row of an entity: each field is the value of the column that the entity has for its field of that name,
/// for a field with `json` a `Json` of it.
///
/// | word of the struct | meaning |
/// |---|---|
/// | `entity = Name` | of which entity; has to be said |
/// | `columns = name` | what its columns are in, if not in what the entity's name is in snake case |
/// | `crate = "path"` | where pgkeel-query is, if not at `::pgkeel_query` |
#[proc_macro_derive(NewRow, attributes(pgkeel))]
pub fn new_row(item: TokenStream) -> TokenStream {
    new_row::expand(item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
