//! What is said of an import.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::baseline::{compared, recorded, rows, sum, verified};
use super::import::Words;
use crate::cli::text;
use crate::{Imported, ToolFiles};

pub(super) fn told(
    new: Option<&ToolFiles>,
    written: &[String],
    imported: Option<&Imported>,
    words: &Words,
) -> String {
    let mut page = String::new();
    if let (Some(new), Some(into)) = (new, &words.into) {
        add_files(&mut page, new, written, (words, into));
    }
    if let Some(imported) = imported {
        add_history(&mut page, imported);
    }
    page
}

fn add_files(page: &mut String, new: &ToolFiles, written: &[String], (words, into): (&Words, &Path)) {
    for file in new.files() {
        let _ = writeln!(page, "{}  from {}", file.name, file.from);
        for note in &file.notes {
            let _ = writeln!(page, "  note: {note}");
        }
    }
    for file in new.left_aside() {
        let _ = writeln!(page, "note: {file} is left aside");
    }
    let (files, into) = (text::count(new.files().len(), "file"), into.display());
    let _ = match (words.dry_run, written.len()) {
        (true, _) => writeln!(page, "dry run: {files} for {into}; nothing is written"),
        (false, new) => writeln!(page, "{files} for {into}, {new} of them new"),
    };
}

fn add_history(page: &mut String, imported: &Imported) {
    let Imported { tool, table, already, .. } = imported;
    page.push_str(&rows(&imported.recorded, imported.is_dry_run));
    if let Some(verification) = &imported.verification {
        page.push_str(&compared(verification));
    }
    for file in &imported.reverted {
        let _ = writeln!(page, "note: {file} was reverted here since {tool} applied it, and stays pending");
    }
    for conflict in &imported.conflicts {
        let _ = writeln!(page, "note: {conflict}");
    }
    if imported.recorded.is_empty() {
        let what =
            if *already == 1 { "1 migration is".to_owned() } else { format!("{already} migrations are") };
        let _ = writeln!(page, "nothing to record: {what} recorded already, and {tool} has applied no other");
    } else {
        page.push_str(&sum(imported.recorded.len(), imported.is_dry_run));
    }
    let _ = writeln!(page, "{table} is left as it is; drop it once nothing uses {tool} here any more");
}

pub(super) fn to_json(
    new: Option<&ToolFiles>,
    written: &[String],
    imported: Option<&Imported>,
    words: &Words,
) -> Value {
    let file =
        |file: &crate::ConvertedFile| json!({ "name": file.name, "from": file.from, "notes": file.notes });
    json!({
        "tool": words.tool.name(),
        "files": new.map(|new| new.files().iter().map(file).collect::<Vec<_>>()),
        "written": written,
        "left_aside": new.map(ToolFiles::left_aside),
        "history": imported.map(history),
        "dry_run": words.dry_run,
    })
}

fn history(imported: &Imported) -> Value {
    json!({
        "table": imported.table,
        "recorded": recorded(&imported.recorded),
        "already": imported.already,
        "reverted": recorded(&imported.reverted),
        "conflicts": imported.conflicts.iter().map(crate::cli::json::conflict).collect::<Vec<_>>(),
        "verification": imported.verification.as_ref().map(verified),
    })
}
