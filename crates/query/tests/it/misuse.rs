//! What does not compile, and what the compiler says of it.
//!
//! `TRYBUILD=overwrite cargo test -p pgkeel-query --all-features` writes it down, after a change of the compiler's version.

#[test]
fn mistakes_are_reported_where_they_are() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
}
