//! Attaches to the private PostgreSQL of this machine until standard input ends (Ctrl-D).
//!
//! Run it twice to see the second one join, kill either with `kill -9`, and watch the server go with the last:
//!
//! ```sh
//! PGKEEL_PG_DATA_DIR=/var/tmp/try-pgkeel cargo run -p pgkeel-localpg --example private
//! ```

use std::{io, process::ExitCode, time::Duration};

use pgkeel_localpg::{Error, Options, PrivateServer};

#[expect(clippy::disallowed_methods, reason = "the example is the program, so it reads the environment")]
fn options() -> Options {
    Options::from_env(&|name| std::env::var_os(name))
}

fn run() -> Result<(), Error> {
    let server = PrivateServer::attach(&options())?;
    let how = if server.was_started_here() { "started" } else { "joined" };
    println!("{how} PostgreSQL {} in {}", server.version(), server.data_dir().display());
    println!("{:?}", server.endpoint());
    let _ = io::copy(&mut io::stdin(), &mut io::sink());
    println!("{:?}", server.detach(Duration::from_secs(20))?);
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(if error.is_setting_problem() { 2 } else { 1 })
        }
    }
}
