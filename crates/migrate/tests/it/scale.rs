//! Many files.

use std::time::{Duration, Instant};

use pgkeel_migrate::{Back, Migrations, Migrator};
use pgkeel_testkit::{TestDatabase, is_soak, scaled};

use crate::times::Times;
use crate::{count, history};

/// Of a call that finds nothing to do, whatever is applied.
const BOUND: Duration = Duration::from_millis(500);

#[tokio::test]
async fn many_files_go_up_and_down() {
    let database = TestDatabase::empty().await;
    let number = scaled(150, 2000);
    let mut files = Vec::new();
    for version in 1..=number {
        files.push((
            format!("V{version}__t.sql"),
            format!("create table t{version} (id int); drop table t{version};"),
        ));
        files.push((format!("V{version}__t.down.sql"), "select 1;".to_owned()));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(file, text)| (file.as_str(), text.as_str())).collect();
    let migrator = Migrator::new(database.config(), Migrations::from_static(&files).unwrap());
    let number = usize::try_from(number).unwrap();
    let first = migrator.up().await.unwrap();
    assert_eq!(first.done.len(), number);
    let (mut again, mut status) = (Times::default(), Times::default());
    for _ in 0..scaled(2, 50) {
        let begun = Instant::now();
        assert!(migrator.up().await.unwrap().done.is_empty());
        again.add(begun.elapsed());
        let begun = Instant::now();
        assert_eq!(migrator.status().await.unwrap().applied.len(), number);
        status.add(begun.elapsed());
    }
    println!(
        "check 14: {number} files up in {:.1?}; then {} times up: {again}; status: {status} (bound of each {BOUND:?})",
        first.took,
        again.len()
    );
    assert!(!is_soak() || again.longest().max(status.longest()) < BOUND);
    assert_eq!(history(&database).await.len(), number);
    assert_eq!(migrator.down(Back::To(1)).await.unwrap().done.len(), number - 1);
    let rows = i64::try_from(4 * number - 2).unwrap();
    assert_eq!(count(&database, "select count(*) from pgkeel.migration_log").await, rows);
}
