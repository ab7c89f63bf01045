//! The schema of `everything.sql`, made in another order.

use pgkeel_connect::{Connection, Executor as _};
use pgkeel_testkit::Random;

/// One or more of every kind of object.
pub(crate) const EVERYTHING: &str = include_str!("everything.sql");

/// Statements end at ends of lines there, and bodies of functions do not.
fn statements() -> Vec<&'static str> {
    EVERYTHING.split(";\n").map(str::trim).filter(|statement| !statement.is_empty()).collect()
}

/// Runs all of them, each as soon as what it needs is there.
pub(crate) async fn run_shuffled(connection: &Connection, random: &mut Random) {
    let mut left = statements();
    while !left.is_empty() {
        for at in (1..left.len()).rev() {
            left.swap(at, usize::try_from(random.below(at as u64 + 1)).unwrap());
        }
        let count = left.len();
        let mut later = Vec::new();
        for statement in left {
            if connection.batch_execute(statement).await.is_err() {
                later.push(statement);
            }
        }
        assert!(later.len() < count, "these fail in every order: {later:#?}");
        left = later;
    }
}
