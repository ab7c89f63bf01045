//! Single changes, each seen as one difference that names object and attribute, and gone when it is undone.

use pgkeel_connect::{Connection, Executor as _};
use pgkeel_migrate::{Differences, Snapshot};

use super::cases::{Case, cases};
use super::{everything, major, snapshot, told};

#[tokio::test]
async fn each_change_is_one_difference_that_names_object_and_attribute_and_is_gone_when_undone() {
    let (database, connection) = everything().await;
    let role = format!("other_of_{}", database.address().database());
    connection.batch_execute(&format!("create role {role}")).await.unwrap();
    let me: String = connection.query_scalar("select quote_ident(current_user)", &[]).await.unwrap();
    let before = snapshot(&connection).await;
    let (mut wrong, cases) = (Vec::new(), cases(major(&connection).await, &role, &me));
    for case in &cases {
        if let Err(problem) = check(&connection, &before, case).await {
            wrong.push(format!("{}\n{problem}", case.change));
        }
    }
    let cleaned = connection.batch_execute(&format!("drop owned by {role}; drop role {role}")).await;
    println!("{} changes", cases.len());
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
    let again = snapshot(connection).await;
    if again.fingerprint() != before.fingerprint() {
        return Err(format!("undone, it leaves {}", Differences::between(before, &again)));
    }
    Ok(())
}
