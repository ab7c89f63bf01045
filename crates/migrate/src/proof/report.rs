//! Proofs for people, pages and programs.

use std::error::Error as _;
use std::fmt;
use std::fmt::Write as _;

use super::{ChainProof, CheckpointProof, Finding, Proof, RepeatablesProof, StepProof};
use crate::{Differences, Error};

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|step| write!(f, "{step}"))?;
        write!(f, "{}{}", self.chain, self.besides())?;
        writeln!(f, "{}", self.summary())
    }
}

/// A line, and what was found below it.
impl fmt::Display for StepProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.file, verdict(&self.findings))?;
        details(f, &self.findings)
    }
}

impl fmt::Display for ChainProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the whole chain, {}: {}", self.extent(), verdict(&self.findings))?;
        details(f, &self.findings)
    }
}

/// A line, and what was found below it.
impl fmt::Display for RepeatablesProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.extent(), verdict(&self.findings))?;
        details(f, &self.findings)
    }
}

/// A line, and what was found below it.
impl fmt::Display for CheckpointProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.file, verdict(&self.findings))?;
        details(f, &self.findings)
    }
}

impl RepeatablesProof {
    fn extent(&self) -> String {
        match &self.files[..] {
            [one] => format!("{one}, applied twice"),
            files => format!("{} repeatables, applied twice", files.len()),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDown => f.write_str("there is no down"),
            Self::DownFails { source } => write!(f, "the down fails: {}", in_full(source)),
            Self::DownDiffers { differences } if differences.is_order_only() => {
                f.write_str("after the down, columns are in another order")
            }
            Self::DownDiffers { .. } => f.write_str("after the down, the schema is not what it was before"),
            Self::AgainFails { source } => {
                write!(f, "after the down, it cannot be applied again: {}", in_full(source))
            }
            Self::AgainDiffers { differences } if differences.is_order_only() => {
                f.write_str("applied again, it leaves columns in another order")
            }
            Self::AgainDiffers { .. } => f.write_str("applied again, it does not make what it made at first"),
            Self::CheckpointFails { source } => {
                write!(f, "it cannot be applied to an empty database: {}", in_full(source))
            }
            Self::CheckpointDiffers { rows, .. } => {
                f.write_str("it does not make what the files make that it takes the place of")?;
                rows.iter().try_for_each(|row| write!(f, "; {row}"))
            }
        }
    }
}

impl Finding {
    /// What differs, if that is what was found.
    #[must_use]
    pub fn differences(&self) -> Option<&Differences> {
        match self {
            Self::DownDiffers { differences }
            | Self::AgainDiffers { differences }
            | Self::CheckpointDiffers { differences, .. } => Some(differences),
            Self::NoDown
            | Self::DownFails { .. }
            | Self::AgainFails { .. }
            | Self::CheckpointFails { .. } => None,
        }
    }

    #[cfg(feature = "cli")]
    fn kind(&self) -> &'static str {
        match self {
            Self::NoDown => "no down",
            Self::DownFails { .. } => "down fails",
            Self::DownDiffers { .. } => "down differs",
            Self::AgainFails { .. } => "again fails",
            Self::AgainDiffers { .. } => "again differs",
            Self::CheckpointFails { .. } => "checkpoint fails",
            Self::CheckpointDiffers { .. } => "checkpoint differs",
        }
    }
}

impl Proof {
    /// For a page, such as the comment on a change that is proposed: only what was found.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut page = format!("**{}**\n", self.summary());
        let of_steps = self.steps.iter().map(|step| (format!("`{}`", step.file), &step.findings));
        let of_chain = (format!("the whole chain, {}", self.chain.extent()), &self.chain.findings);
        let of_checkpoints = self.checkpoints.iter().map(|it| (format!("`{}`", it.file), &it.findings));
        let of_repeatables = self.repeatables.iter().map(|it| (it.extent(), &it.findings));
        for (what, findings) in of_steps.chain([of_chain]).chain(of_checkpoints).chain(of_repeatables) {
            for finding in findings {
                let _ = writeln!(page, "\n- {what}: {finding}");
                if let Some(differences) = finding.differences() {
                    let _ = write!(page, "\n{}", differences.to_markdown());
                }
            }
        }
        page
    }

    /// For programs: `sound`, `took_ms`, `steps` and `chain`, each with `findings` of `kind`, `fault`, `message` and
    /// `differences` as in [`Differences::to_json`] or null; `checkpoints` like `steps`; `repeatables` with
    /// `files`, `fingerprint` and `findings`, or null.
    #[cfg(feature = "cli")]
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::json;
        let findings = |findings: &[Finding]| -> Vec<serde_json::Value> {
            let element = |finding: &Finding| {
                json!({
                    "kind": finding.kind(),
                    "fault": finding.is_fault(),
                    "message": finding.to_string(),
                    "differences": finding.differences().map(Differences::to_json),
                })
            };
            findings.iter().map(element).collect()
        };
        let step = |step: &StepProof| {
            json!({
                "version": step.version,
                "file": step.file,
                "fingerprint": step.schema.to_string(),
                "findings": findings(&step.findings),
            })
        };
        let repeatables = |it: &RepeatablesProof| {
            json!({
                "files": it.files, "fingerprint": it.schema.to_string(), "findings": findings(&it.findings),
            })
        };
        let checkpoint = |it: &CheckpointProof| {
            json!({
                "version": it.version,
                "file": it.file,
                "fingerprint": it.schema.map(|schema| schema.to_string()),
                "findings": findings(&it.findings),
            })
        };
        json!({
            "checkpoints": self.checkpoints.iter().map(checkpoint).collect::<Vec<_>>(),
            "repeatables": self.repeatables.as_ref().map(repeatables),
            "sound": self.is_sound(),
            "took_ms": u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
            "steps": self.steps.iter().map(step).collect::<Vec<_>>(),
            "chain": {
                "undone": self.chain.undone,
                "stays": self.chain.stays,
                "findings": findings(&self.chain.findings),
            },
        })
    }

    /// What there is to say of checkpoints and repeatables.
    pub(crate) fn besides(&self) -> String {
        let checkpoints = self.checkpoints.iter().map(ToString::to_string);
        checkpoints.chain(self.repeatables.iter().map(ToString::to_string)).collect()
    }

    pub(crate) fn summary(&self) -> String {
        let seconds = self.took.as_secs_f64();
        let (files, are) = match self.steps.len() {
            1 => ("1 migration".to_owned(), "is"),
            files => (format!("{files} migrations"), "are"),
        };
        match self.faults().count() {
            0 => format!("{files} {are} sound ({seconds:.1}s)"),
            1 => format!("1 fault in {files} ({seconds:.1}s)"),
            faults => format!("{faults} faults in {files} ({seconds:.1}s)"),
        }
    }
}

impl ChainProof {
    fn extent(&self) -> String {
        let undone = format!("{} undone", self.undone);
        match &self.stays[..] {
            [] => undone,
            [.., newest] => format!("{undone} down to {newest}, which has no down"),
        }
    }
}

fn verdict(findings: &[Finding]) -> &'static str {
    match findings {
        [] => "sound",
        [Finding::NoDown] => "no down",
        _ if findings.iter().any(Finding::is_fault) => "FAULT",
        _ => "sound but for the order of columns",
    }
}

fn details(f: &mut fmt::Formatter<'_>, findings: &[Finding]) -> fmt::Result {
    for finding in findings.iter().filter(|finding| !matches!(finding, Finding::NoDown)) {
        writeln!(f, "  {finding}")?;
        let differences = finding.differences().map(ToString::to_string).unwrap_or_default();
        differences.lines().try_for_each(|line| writeln!(f, "    {line}"))?;
    }
    Ok(())
}

/// With what the server said.
fn in_full(error: &Error) -> String {
    let (mut message, mut source) = (error.to_string(), error.source());
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    message
}
