//! Running programs, with what is run on the screen.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, ensure};

/// Runs cargo with these words, and fails if it does.
pub(crate) fn cargo(words: &[&str]) -> anyhow::Result<()> {
    run(Command::new(env!("CARGO")).args(words))
}

/// Runs a program, and fails if it does.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let shown = shown(command);
    forget_own_package(command);
    eprintln!("\n=== {shown}");
    let start = Instant::now();
    let status = command.status().with_context(|| format!("starting {shown}"))?;
    eprintln!("=== {:.1} s", start.elapsed().as_secs_f64());
    ensure!(status.success(), "{shown} failed ({status})");
    Ok(())
}

/// Cargo tells a program that it runs which package that is of. To cargo as that program's child it would look as if the
/// environment had changed, and build scripts that mind such variables (`ring`) would run again, with all that follows.
#[expect(clippy::disallowed_methods, reason = "what a child must not inherit is in the environment")]
fn forget_own_package(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let is_own = |start: &&str| name.to_string_lossy().starts_with(*start);
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(is_own) {
            command.env_remove(&name);
        }
    }
}

fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let program = program.file_name().unwrap_or(command.get_program()).to_string_lossy();
    let words = command.get_args().map(|word| word.to_string_lossy());
    std::iter::once(program).chain(words).collect::<Vec<_>>().join(" ")
}
