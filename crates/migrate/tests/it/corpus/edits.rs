//! Files that were edited after all of them were applied.

use pgkeel_migrate::{Back, Conflict, Error, Migrator, Status};
use pgkeel_testkit::TestDatabase;

use super::files::{Corpus, is_down};
use super::{applied, corpus};

/// Makes another text of it.
type Edit = fn(&str) -> String;

/// The same, where there is something to be changed.
type Change = fn(&str) -> Option<String>;

async fn status(database: &TestDatabase, corpus: &Corpus) -> Status {
    Migrator::new(database.config(), corpus.migrations()).status().await.unwrap()
}

/// With comments before and behind.
fn commented(text: &str) -> String {
    let text = text.trim_start_matches('\u{feff}');
    format!("-- because\n\n{text}\n/* so; it /* is */ */\n-- ;\n")
}

#[tokio::test]
async fn what_the_server_does_not_see_may_change_in_every_file() {
    let (database, corpus) = (applied().await, corpus().await.ups());
    let edits: [(&str, bool, Edit); 4] = [
        ("line ends", false, |text| text.replace("\r\n", "\n").replace('\n', "\r\n")),
        ("mark in front", false, |text| format!("\u{feff}{}", text.trim_start_matches('\u{feff}'))),
        ("end", false, |text| text.trim_end_matches(['\r', '\n']).to_owned()),
        ("comments", true, commented),
    ];
    for (what, is_told, edit) in edits {
        let found = status(&database, &corpus.clone().edited(|_, text| edit(text))).await;
        assert!(found.conflicts.is_empty() && found.pending.is_empty(), "{what}: {:?}", found.conflicts);
        let told = if is_told { corpus.migrations().len() } else { 0 };
        assert_eq!(found.cosmetic.len(), told, "{what}");
        println!("check 10: {what} of {} files: no conflict, {told} told", corpus.migrations().len());
    }
    let commented = corpus.edited(|_, text| commented(text));
    let report = Migrator::new(database.config(), commented.migrations()).up().await.unwrap();
    assert!(report.done.is_empty());
}

#[tokio::test]
async fn what_the_server_sees_may_change_in_none() {
    let (database, corpus) = (applied().await, corpus().await.ups());
    let edits: [(&str, Change); 4] = [
        ("in a text", |text| text.contains("('").then(|| text.replacen("('", "('x", 1))),
        ("in a body", |text| {
            text.contains("begin\n").then(|| text.replacen("begin\n", "begin\n    -- why\n", 1))
        }),
        ("a directive", |text| {
            Some(format!("-- pgkeel: irreversible=x\n{}", text.trim_start_matches('\u{feff}')))
        }),
        ("a statement more", |text| Some(format!("{text}\n; select 1"))),
    ];
    for (what, edit) in edits {
        let is_edited = |file: &&(&str, &str)| edit(file.1).is_some_and(|text| text != file.1);
        let edited = corpus.files().iter().filter(is_edited).count();
        let with = corpus.clone().edited(|_, text| edit(text).unwrap_or_else(|| text.to_owned()));
        let conflicts = status(&database, &with).await.conflicts;
        let is_told = |conflict: &Conflict| matches!(conflict, Conflict::Edited { .. });
        assert!(edited >= 3 && conflicts.iter().all(is_told), "{what}: {conflicts:?}");
        assert_eq!(conflicts.len(), edited, "{what}");
        println!("check 10: {what} of {edited} files: {edited} conflicts");
        let refused = Migrator::new(database.config(), with.migrations()).up().await;
        assert!(matches!(refused, Err(Error::Conflicts { conflicts }) if conflicts.len() == edited));
    }
}

#[tokio::test]
async fn the_way_back_may_change_but_is_not_gone_then() {
    let (database, corpus) = (applied().await, corpus().await);
    let edited = corpus
        .edited(|file, text| if is_down(file) { format!("{text}\n; select 1") } else { text.to_owned() });
    let migrator = Migrator::new(database.config(), edited.migrations());
    assert!(migrator.status().await.unwrap().conflicts.is_empty());
    let refused = migrator.plan_down(Back::Steps(1)).await;
    assert!(matches!(refused, Err(Error::Conflicts { .. })), "{refused:?}");
    let plan = migrator.accepting_edited_downs().plan_down(Back::Steps(1)).await.unwrap();
    assert_eq!(plan.files.len(), 1);
}
