//! The verbs that compare schemas: `verify`, `test` and `lock`.

use std::path::Path;

use pgkeel_connect::Config;
use serde_json::json;

use super::exit::Exit;
use super::screen::Screen;
use super::{tenants, text};
use crate::{
    Against, LockFile, Migrations, Proof, Prover, Stop, Tenant, Verification, Verifier, VerifyError,
};

/// What a schema is held against, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum With {
    /// The lock file if there is one, else a shadow.
    Any,
    Recorded,
    LockFile,
    Shadow,
}

/// For whom the answer is, unless it is for a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    Text,
    Markdown,
}

pub(super) async fn verify(
    screen: &mut Screen<'_>,
    (connect, migrations, directory): (Config, Migrations, &Path),
    tenant: Option<Tenant>,
    (with, page): (With, Page),
    stop: Stop,
) -> Exit {
    let verified = async {
        let verifier = Verifier::new(connect.clone(), migrations).with_shadows_on(connect).with_stop(stop);
        match tenant {
            None => verifier.verify(&against(directory, with)?).await,
            Some(tenant) => verifier.in_schema(&tenant).verify(&tenants::against(with)?).await,
        }
    };
    match verified.await {
        Ok(verification) => {
            screen.answer(|| shown(&verification, page), || verification.to_json());
            if verification.is_clean() { Exit::Done } else { Exit::Differs }
        }
        Err(error) => screen.fail_to_verify(&error),
    }
}

fn shown(verification: &Verification, page: Page) -> String {
    match page {
        Page::Text => verification.to_string(),
        Page::Markdown => verification.to_markdown(),
    }
}

fn against(directory: &Path, with: With) -> Result<Against, VerifyError> {
    let lock = |lock| Against::LockFile(lock);
    Ok(match with {
        With::Recorded => Against::Recorded,
        With::Shadow => Against::Shadow,
        With::LockFile => lock(LockFile::read(directory)?.ok_or_else(|| no_lock_file(directory))?),
        With::Any => LockFile::read(directory)?.map_or(Against::Shadow, lock),
    })
}

fn no_lock_file(directory: &Path) -> VerifyError {
    VerifyError::LockFile {
        path: directory.join(LockFile::NAME),
        source: std::io::ErrorKind::NotFound.into(),
    }
}

pub(super) async fn test(
    screen: &mut Screen<'_>,
    (connect, migrations): (Config, Migrations),
    page: Page,
    stop: Stop,
) -> Exit {
    let tells = !screen.json && page == Page::Text;
    let proved = Prover::new(connect, migrations)
        .with_stop(stop)
        .prove_with(|step| {
            if tells {
                let _ = write!(screen.out, "{step}").and_then(|()| screen.out.flush());
            }
        })
        .await;
    match proved {
        Ok(proof) => {
            screen.answer(|| told(&proof, page), || proof.to_json());
            if proof.is_sound() { Exit::Done } else { Exit::Differs }
        }
        Err(error) => screen.fail_to_verify(&error),
    }
}

/// Each step has been told already.
fn told(proof: &Proof, page: Page) -> String {
    match page {
        Page::Text => format!("{}{}{}\n", proof.chain, proof.besides(), proof.summary()),
        Page::Markdown => proof.to_markdown(),
    }
}

/// Writes the lock file, or says with `check` whether it would be another.
pub(super) async fn lock(
    screen: &mut Screen<'_>,
    (connect, migrations, directory): (Config, Migrations, &Path),
    check: bool,
    stop: &Stop,
) -> Exit {
    let locked = async {
        let made = Prover::new(connect, migrations).with_stop(stop.clone()).lock().await?;
        go_on(stop)?;
        let is_new = LockFile::read(directory)?.as_ref() != Some(&made);
        if is_new && !check {
            made.write(directory)?;
        }
        Ok((made.entries().len(), made.checkpoints().len(), is_new))
    };
    match locked.await {
        Ok((versions, checkpoints, is_new)) => {
            let path = directory.join(LockFile::NAME).display().to_string();
            let what = match (is_new, check) {
                (false, _) => "is as the migrations make it",
                (true, true) => "is not as the migrations make it",
                (true, false) => "was written",
            };
            let also = match checkpoints {
                0 => String::new(),
                _ => format!(", {}", text::count(checkpoints, "checkpoint")),
            };
            screen.answer(
                || format!("{path} {what}, {}{also}\n", text::count(versions, "version")),
                || json!({ "file": path, "versions": versions, "checkpoints": checkpoints, "changed": is_new }),
            );
            if is_new && check { Exit::Differs } else { Exit::Done }
        }
        Err(error) => screen.fail_to_verify(&error),
    }
}

/// Refuses to write once somebody has asked to stop.
pub(super) fn go_on(stop: &Stop) -> Result<(), VerifyError> {
    if stop.is_requested() { Err(VerifyError::Stopped { shadow: None }) } else { Ok(()) }
}

/// Whether the lock file, if there is one, is about these files. Needs no database.
pub(super) fn with_lock_file(
    screen: &mut Screen<'_>,
    migrations: &Migrations,
    directory: &Path,
) -> Result<(), Exit> {
    let conflicts = match LockFile::read(directory) {
        Ok(None) => return Ok(()),
        Ok(Some(lock)) => lock.check(migrations),
        Err(error) => return Err(screen.fail_to_verify(&error)),
    };
    if conflicts.is_empty() {
        return Ok(());
    }
    let told: Vec<String> = conflicts.iter().map(ToString::to_string).collect();
    screen.answer(|| told.join("\n") + "\n", || json!({ "lock_conflicts": told }));
    Err(Exit::Conflict)
}
