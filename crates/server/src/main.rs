//! The `pgkeel` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    pgkeel_server::run()
}
