//! What a call sends to the server: so many messages a file, and so many besides, whatever the machine.

use pgkeel_connect::{Config, Executor as _};
use pgkeel_migrate::{Migrations, Migrator};
use pgkeel_testkit::TestCluster;

/// COMMIT with the cleaning of the session; BEGIN with the file; its rows of history and log.
const A_FILE: usize = 3;

/// To look, to take the lock, to make the tables, to be ready for many files, and to let go of the lock.
const BESIDES: usize = 30;

/// What begins a line of the server's log that is of a message of this call.
const OURS: &str = "pgkeel-migrate|LOG:";

async fn sent(cluster: &TestCluster, count: usize) -> usize {
    let files: Vec<(String, String)> =
        (1..=count).map(|n| (format!("V{n}__a.sql"), format!("create table t{n} (id int);"))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(file, text)| (file.as_str(), text.as_str())).collect();
    let name = format!("of_{count}");
    let admin = cluster.connection().await;
    admin.batch_execute(&format!("create database {name}")).await.unwrap();
    let there = Config::new(cluster.address().clone().with_database(&name));
    let before = logged(cluster);
    Migrator::new(there, Migrations::from_static(&files).unwrap()).without_record().up().await.unwrap();
    logged(cluster) - before
}

fn logged(cluster: &TestCluster) -> usize {
    let log = cluster.log();
    let is_ours = |line: &&str| line.starts_with(OURS);
    log.lines().filter(is_ours).count()
}

#[tokio::test]
async fn each_file_takes_three_messages_and_all_else_no_more_than_a_few() {
    let settings = [("log_statement", "all"), ("log_line_prefix", "%a|")];
    let cluster = TestCluster::start_with(|options| {
        settings.into_iter().fold(options, |options, (name, value)| options.setting(name, value))
    })
    .await;
    let (few, many) = (sent(&cluster, 10).await, sent(&cluster, 40).await);
    assert_eq!(many - few, 30 * A_FILE);
    let besides = few - 10 * A_FILE;
    println!("{besides} messages besides");
    assert!(besides <= BESIDES, "{besides}");
}
