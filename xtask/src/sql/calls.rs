//! The calls that take a statement's text.

/// The text comes first in them: of the driver, of pgkeel, and of what is around them.
pub(super) const CALLS: [&str; 35] = [
    "batch_execute",
    "copy_in",
    "copy_in_raw",
    "copy_out",
    "copy_out_raw",
    "execute",
    "execute_encoded",
    "execute_raw",
    "execute_typed",
    "prepare",
    "prepare_cached",
    "prepare_typed",
    "prepare_typed_cached",
    "query",
    "query_encoded",
    "query_into",
    "query_one",
    "query_one_scalar",
    "query_one_typed",
    "query_opt",
    "query_opt_encoded",
    "query_opt_scalar",
    "query_opt_typed",
    "query_raw",
    "query_scalar",
    "query_scalar_typed",
    "query_stream",
    "query_typed",
    "query_typed_into",
    "query_typed_one",
    "query_typed_opt",
    "query_typed_raw",
    "savepoint", // The driver does not quote the name.
    "simple_query",
    "simple_query_raw",
];

/// Names that much else has too: of these, calls with just the parameters behind the text.
pub(super) const CALLS_WITH_PARAMETERS: [&str; 3] = ["add", "bind", "bind_raw"];

/// Whether a method of this name and as many arguments takes a text.
pub(super) fn takes_text(method: &str, arguments: usize) -> bool {
    CALLS.contains(&method) || arguments == 2 && CALLS_WITH_PARAMETERS.contains(&method)
}
