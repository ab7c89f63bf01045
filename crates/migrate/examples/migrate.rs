//! A program of one's own with the verbs of this crate; the database comes from the environment.
//!
//! ```text
//! cargo run -p pgkeel-migrate --features cli --example migrate -- status
//! DATABASE_URL=postgresql://app@localhost/shop cargo run … -- up --json
//! ```

use std::process::ExitCode;

use pgkeel_connect::Config;
use pgkeel_migrate::cli;

fn main() -> ExitCode {
    let matches = cli::command().get_matches();
    match cli::run_blocking(&matches, Config::from_env) {
        Ok(exit) => exit.into(),
        Err(problems) => {
            eprintln!("migrate: {problems}");
            cli::Exit::Usage.into()
        }
    }
}
