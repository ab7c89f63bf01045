//! No space left on the disk: in the place of a table's file stands a device that is always full.

use std::os::unix::fs::symlink;
use std::path::Path;

use pgkeel_connect::{Config, Executor as _, dial};
use pgkeel_demo::{Error, Step};
use pgkeel_testkit::TestDatabase;

use crate::halt::{Filling, is_gone, small};

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_full_disk_is_said_to_be_full_and_nothing_is_left() {
    let server = TestDatabase::empty().await;
    let target = small("full");
    let filling = Filling::until(Step::OrderLines, &server.config(), &target).await;
    let unfinished = Config::new(server.address().clone().with_database(target.unfinished().name()));
    let connection = dial(&unfinished).await.unwrap();
    let file = "select current_setting('data_directory') || '/' || pg_relation_filepath('order_lines')";
    let file: String = connection.query_scalar(file, &[]).await.unwrap();
    drop(connection);
    std::fs::remove_file(Path::new(&file)).unwrap();
    symlink("/dev/full", Path::new(&file)).unwrap();

    let error = filling.fails().await;
    let Error::NotMade { left: None, source } = &error else { panic!("{error:?}") };
    assert!(matches!(&**source, Error::Disk { step: Step::OrderLines, is_full: true, .. }), "{source:?}");
    assert!(source.to_string().contains("is full") && source.to_string().contains("MB"), "{source}");
    assert!(is_gone(&server.connection().await, &target).await);
}
