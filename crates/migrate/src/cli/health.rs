//! The verbs about the state of a database: `wait` and `doctor`.

use std::time::{Duration, Instant};

use pgkeel_connect::Config;
use serde_json::{Value, json};

use super::exit::Exit;
use super::screen::Screen;
use crate::{Complaint, Diagnosis, Doctor, Gate, Migrations, Until, VerifyError};

/// Waits for the server, or with files until they are applied.
pub(super) async fn wait(
    screen: &mut Screen<'_>,
    (connect, migrations): (Config, Migrations),
    applied: bool,
    limit: Duration,
) -> Exit {
    let begun = Instant::now();
    let until = if applied { Until::Ready } else { Until::Accepting };
    let waited = async {
        let gate = Gate::new(connect, migrations).without_drift();
        let told = |reason: &dyn std::fmt::Display| {
            let _ = writeln!(screen.err, "waiting: {reason}").and_then(|()| screen.err.flush());
        };
        gate.wait(until, limit, told).await
    };
    let ended: Result<(), VerifyError> = waited.await;
    let took = begun.elapsed();
    match ended {
        Ok(()) => {
            let what = if applied { "all migrations are applied" } else { "the server accepts connections" };
            screen.answer(
                || format!("{what}, after {:.1}s\n", took.as_secs_f64()),
                || json!({ "ready": true, "applied": applied, "waited_ms": took.as_secs_f64() * 1e3 }),
            );
            Exit::Done
        }
        Err(error) => screen.fail_to_verify(&error),
    }
}

pub(super) async fn doctor(screen: &mut Screen<'_>, doctor: Doctor) -> Exit {
    match doctor.examine().await {
        Ok(diagnosis) => {
            if !doctor.has_files() {
                screen.say("without files: nothing is said of what they and the history disagree on; name them with --dir");
            }
            screen.answer(|| told(&diagnosis), || in_json(&diagnosis));
            exit(&diagnosis)
        }
        Err(error) => screen.fail_to_verify(&error),
    }
}

fn told(diagnosis: &Diagnosis) -> String {
    if diagnosis.complaints.is_empty() {
        return "nothing is wrong\n".to_owned();
    }
    let line = |complaint: &Complaint| {
        let weight = if complaint.is_serious() { "wrong" } else { "note" };
        format!("{weight}: {complaint}\n  {}\n", complaint.remedy())
    };
    diagnosis.complaints.iter().map(line).collect()
}

fn in_json(diagnosis: &Diagnosis) -> Value {
    let complaint = |complaint: &Complaint| {
        json!({
            "kind": complaint.kind(),
            "serious": complaint.is_serious(),
            "what": complaint.to_string(),
            "remedy": complaint.remedy(),
        })
    };
    json!({
        "well": diagnosis.is_well(),
        "complaints": diagnosis.complaints.iter().map(complaint).collect::<Vec<_>>(),
    })
}

/// Of the worst: they come first.
fn exit(diagnosis: &Diagnosis) -> Exit {
    let conflicts = || {
        let conflict = |complaint: &Complaint| match complaint {
            Complaint::Conflict { conflict } => Some(conflict.clone()),
            _ => None,
        };
        diagnosis.complaints.iter().filter_map(conflict).collect::<Vec<_>>()
    };
    match diagnosis.complaints.iter().find(|complaint| complaint.is_serious()) {
        None => Exit::Done,
        Some(Complaint::Unsuitable { .. }) => Exit::Unsuitable,
        Some(Complaint::OtherHistory { .. }) => Exit::Conflict,
        Some(Complaint::Conflict { .. }) => Exit::of(&conflicts()),
        Some(Complaint::Interrupted { .. }) => Exit::Interrupted,
        Some(Complaint::InvalidIndex { .. }) => Exit::Differs,
        Some(_) => Exit::Failed,
    }
}
