//! Programs that this one starts, none of which may take for ever.

use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use tokio::process::Command;
use tokio::time::timeout;

/// Runs it to its end, which has to be a good one, and returns what it printed.
pub(crate) async fn run(command: &mut Command, bound: Duration) -> anyhow::Result<String> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let running = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let ended = timeout(bound, running).await.with_context(|| format!("{program} took over {bound:?}"))?;
    let Output { status, stdout, stderr } = ended.with_context(|| format!("starting {program}"))?;
    ensure!(status.success(), "{program} failed ({status}):\n{}", String::from_utf8_lossy(&stderr));
    Ok(String::from_utf8_lossy(&stdout).into_owned())
}
