//! What the attributes accept, and what the compiler says of the rest. The pool is a stub here, so that its own interface
//! does not show in what the compiler says; pgkeel-pool runs the attributes against PostgreSQL.
//!
//! `TRYBUILD=overwrite cargo test -p pgkeel-macros` writes down what the compiler says, after a change of its version.

#[test]
fn mistakes_are_reported_where_they_are() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/accepted.rs");
    cases.compile_fail("tests/ui/wrong_*.rs");
}
