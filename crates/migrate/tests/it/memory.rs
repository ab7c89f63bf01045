//! How much memory many files take.

use std::fmt::Write as _;
use std::process::Command;

use pgkeel_connect::{Address, Config};
use pgkeel_migrate::{Migrations, Migrator};
use pgkeel_testkit::{TestDatabase, scaled};

use crate::{count, stop::url};

const ADDRESS: &str = "PGKEEL_MIGRATE_MEMORY_ADDRESS";
const FILES: &str = "PGKEEL_MIGRATE_MEMORY_FILES";

/// On its own it does nothing; the one below starts it.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test program is steered by its environment")]
async fn one_process_applies_files() {
    let (Ok(address), Ok(number)) = (std::env::var(ADDRESS), std::env::var(FILES)) else { return };
    let number: usize = number.parse().unwrap();
    let files: Vec<(String, String)> = (1..=number).map(file).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(file, text)| (file.as_str(), text.as_str())).collect();
    let migrations = Migrations::from_static(&files).unwrap();
    let config = Config::new(address.parse::<Address>().unwrap());
    assert_eq!(Migrator::new(config, migrations).up().await.unwrap().done.len(), number);
    println!("peak {}", peak());
}

/// As long as usual ones are.
fn file(number: usize) -> (String, String) {
    let mut text = String::from("-- What this is for, in a line or two.\n");
    for row in 0..20 {
        let _ = writeln!(text, "select 'a column with a name, a type and a default', {row}, {number};");
    }
    (format!("V{number}__a.sql"), text)
}

/// In bytes.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kilobytes: usize = line.trim_end_matches("kB").trim().parse().unwrap();
    kilobytes * 1024
}

async fn peak_of(number: usize) -> usize {
    let database = TestDatabase::empty().await;
    let mut program = Command::new(std::env::current_exe().unwrap());
    program.args(["--exact", "memory::one_process_applies_files", "--nocapture"]);
    let ended = program.env(ADDRESS, url(&database)).env(FILES, number.to_string()).output().unwrap();
    let out = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{out}{}", String::from_utf8_lossy(&ended.stderr));
    let applied = count(&database, "select count(*) from pgkeel.refinery_schema_history").await;
    assert_eq!(usize::try_from(applied).unwrap(), number);
    out.lines().find_map(|line| line.strip_prefix("peak ")).unwrap().parse().unwrap()
}

/// Each file is held as its text and what that is made of; nothing else grows with their number.
#[tokio::test]
async fn of_each_file_little_more_is_held_than_what_it_is_made_of() {
    let (few, many) = (10, scaled(400, 3000));
    let (least, most) = (peak_of(few).await, peak_of(many).await);
    let each = most.saturating_sub(least) / (many - few);
    println!(
        "memory: {many} files of {} bytes, peak {} MB, {each} bytes more a file",
        file(1).1.len(),
        most >> 20
    );
    assert!(each < 16 * 1024, "{each}");
}
