//! `cargo xtask migrate`: the library's verbs and nothing else.

use std::process::ExitCode;

use pgkeel_connect::Config;
use pgkeel_migrate::cli::{self, Exit};

pub(crate) fn run(words: &[&str]) -> ExitCode {
    let matches = cli::command().get_matches_from(words);
    let ended = cli::run_blocking(&matches, Config::from_env).unwrap_or_else(|problems| {
        eprintln!("xtask: {problems}");
        Exit::Usage
    });
    ended.into()
}
