//! What the compiler says of plaintext that is handled as if it were none.
//!
//! `TRYBUILD=overwrite cargo test -p pgkeel-crypto --test it misuse` writes it down, after a change of its version.

#[test]
fn what_must_not_be_done_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
