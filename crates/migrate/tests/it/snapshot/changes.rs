//! Single changes, each seen as one difference that names object and attribute, and gone when it is undone.

use std::collections::BTreeSet;

use pgkeel_connect::{Connection, Executor as _};
use pgkeel_migrate::{Differences, Snapshot};

use pgkeel_testkit::is_soak;

use super::cases::{Case, cases};
use super::{everything, major, snapshot, told};
use crate::progress::Progress;

#[tokio::test]
async fn each_change_is_one_difference_that_names_object_and_attribute_and_is_gone_when_undone() {
    let (database, connection) = everything().await;
    let role = format!("other_of_{}", database.address().database());
    connection.batch_execute(&format!("create role {role}")).await.unwrap();
    let me: String = connection.query_scalar("select quote_ident(current_user)", &[]).await.unwrap();
    let before = snapshot(&connection).await;
    let (mut wrong, cases) = (Vec::new(), cases(major(&connection).await, &role, &me));
    let mut progress = Progress::of(cases.len(), "changes");
    for case in &cases {
        if let Err(problem) = check(&connection, &before, case).await {
            wrong.push(format!("{}\n{problem}", case.change));
        }
        progress.add(1);
    }
    let cleaned = connection.batch_execute(&format!("drop owned by {role}; drop role {role}")).await;
    println!(
        "check 8: {} single changes (bound 80), each one difference that names object and attribute",
        cases.len()
    );
    assert!(cases.len() >= 80);
    assert_eq!(snapshot(&connection).await.fingerprint(), before.fingerprint());
    assert!(wrong.is_empty(), "{} of {} changes:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    cleaned.unwrap();
}

async fn check(connection: &Connection, before: &Snapshot, case: &Case) -> Result<(), String> {
    let run = async |sql: &str| {
        let ran = connection.batch_execute(sql).await;
        ran.map_err(|error| {
            error.server().map_or_else(|| error.to_string(), |server| server.message().to_owned())
        })
    };
    if case.undo.is_none() {
        run("begin").await?;
    }
    let changed = run(&case.change).await;
    let after = if changed.is_ok() { Some(snapshot(connection).await) } else { None };
    let undone = run(case.undo.as_deref().unwrap_or("rollback")).await;
    changed?;
    undone?;
    let after = after.expect("it was changed");
    let told = told(&Differences::between(before, &after)).join(", ");
    if told != case.told {
        return Err(format!("expected {}\n    but told {told}", case.told));
    }
    if after.fingerprint() == before.fingerprint() {
        return Err("the fingerprint is the same".to_owned());
    }
    // Every day the next change tells what this one has left, as one difference too many.
    if !is_soak() {
        return Ok(());
    }
    let again = snapshot(connection).await;
    if again.fingerprint() != before.fingerprint() {
        return Err(format!("undone, it leaves {}", Differences::between(before, &again)));
    }
    Ok(())
}

/// Another provider is not built into every server.
const NOT_CHANGED: [&str; 1] = ["collation: provider"];

#[tokio::test]
async fn every_attribute_that_a_snapshot_tells_is_changed_by_one_of_them() {
    let (_database, connection) = everything().await;
    let told: BTreeSet<String> =
        cases(u32::MAX, "role", "me").iter().flat_map(|case| parts(&case.told)).collect();
    let snapshot = snapshot(&connection).await;
    let attributes = snapshot.objects().flat_map(|object| {
        snapshot.attributes(object).map(|(attribute, _)| format!("{}: {}", object.kind(), general(attribute)))
    });
    let unchanged: BTreeSet<String> = attributes.filter(|attribute| !told.contains(attribute)).collect();
    assert_eq!(unchanged, NOT_CHANGED.map(str::to_owned).into_iter().collect());
}

/// Kinds with their attributes. A comma may be within a name.
fn parts(told: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for piece in told.split(", ") {
        match parts.last_mut().filter(|part| !part.contains(": ")) {
            Some(part) => *part = format!("{part}, {piece}"),
            None => parts.push(piece.to_owned()),
        }
    }
    parts.iter().filter_map(|part| part.rsplit_once(": ")).filter_map(kind_and_attribute).collect()
}

fn kind_and_attribute((object, attribute): (&str, &str)) -> Option<String> {
    // Of "publication" and "publication table" the longer one.
    let is_of = |kind: &&str| object.strip_prefix(*kind).is_some_and(|rest| rest.starts_with(' '));
    let kind = super::KINDS.into_iter().filter(is_of).max_by_key(|kind| kind.len())?;
    Some(format!("{kind}: {}", general(attribute)))
}

/// Without what is particular to one object: whose privileges, which option.
fn general(attribute: &str) -> &str {
    let families = ["privileges of", "option", "setting", "mapping", "function", "operator"];
    families.into_iter().find(|family| attribute.starts_with(&format!("{family} "))).unwrap_or(attribute)
}
