//! `cargo xtask alone`: each crate builds by itself, without features borrowed from a neighbour.

use crate::{command, layers};

pub(crate) fn run() -> anyhow::Result<()> {
    for package in layers::packages()? {
        command::cargo(&["check", "--quiet", "--locked", "--package", &package])?;
    }
    Ok(())
}
