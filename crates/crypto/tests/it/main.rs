//! Sealed values, their keys and their indexes, seen from outside.
fn main() {}
