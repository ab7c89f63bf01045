//! What a scratch cluster is.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use pgkeel_localpg::{Auth, Host, ScratchCluster, ScratchOptions};

use crate::{ground, sql};

fn wishes() -> ScratchOptions {
    ScratchOptions::new(ground::surroundings())
}

#[test]
fn it_trusts_its_socket_and_has_the_settings_of_a_test() {
    let cluster = ScratchCluster::start(&wishes().setting("max_connections", "20")).expect("started");
    let shown = |name: &str| sql::one(&cluster.endpoint(), &format!("show {name}"));
    assert_eq!(shown("fsync"), "off");
    assert_eq!(shown("wal_level"), "replica");
    assert_eq!(shown("listen_addresses"), "");
    assert_eq!(shown("max_connections"), "20", "the caller's setting wins");
    assert!(cluster.endpoint().password.is_none() && cluster.tcp_endpoint().is_none());
}

#[test]
fn two_at_once_know_nothing_of_each_other() {
    let first = ScratchCluster::start(&wishes()).expect("started");
    let second = ScratchCluster::start(&wishes()).expect("started");
    sql::run(&first.endpoint(), "create table only_here()").expect("created");
    let found = sql::one(&second.endpoint(), "select to_regclass('only_here') is not null");
    assert_eq!(found, "f");
}

#[test]
fn a_password_is_asked_for_if_wanted() {
    let password = r"it's C:\secret";
    let wishes = wishes().auth(Auth::Scram(password.into()));
    let cluster = ScratchCluster::start(&wishes).expect("started");
    assert_eq!(sql::one(&cluster.endpoint(), "select 1"), "1");
    let mut stranger = cluster.endpoint();
    stranger.password = Some("guess".into());
    assert!(sql::run(&stranger, "select 1").expect_err("refused").contains("28P01"));
}

#[test]
fn an_access_line_of_the_caller_comes_first() {
    let cluster = ScratchCluster::start(&wishes().hba_line("local all nobody_else reject")).expect("started");
    let mut rejected = cluster.endpoint();
    rejected.user = "nobody_else".to_owned();
    assert!(sql::run(&rejected, "select 1").expect_err("rejected").contains("28000"));
}

#[test]
fn it_listens_on_a_port_of_its_own_if_wanted() {
    let first = ScratchCluster::start(&wishes().tcp()).expect("started");
    let second = ScratchCluster::start(&wishes().tcp()).expect("started");
    let address = first.tcp_endpoint().expect("an address");
    assert!(matches!(address.host, Host::Tcp(_)) && (20_000..30_000).contains(&address.port));
    assert_ne!(address.port, second.tcp_endpoint().expect("an address").port);
    assert_eq!(sql::one(&address, "select host(inet_server_addr())"), "127.0.0.1");
    assert_eq!(sql::one(&first.endpoint(), "select inet_server_addr() is null"), "t", "the socket works too");
}

#[test]
fn an_unknown_setting_is_told_and_leaves_nothing_behind() {
    let error = ScratchCluster::start(&wishes().setting("no_such_setting", "1")).expect_err("unknown");
    assert!(error.to_string().contains("no_such_setting"), "{error}");
}

#[test]
fn it_is_among_the_temporary_files_if_wanted() {
    let cluster = ScratchCluster::start(&wishes().on_disk()).expect("started");
    let place = sql::one(&cluster.endpoint(), "show data_directory");
    let temporary =
        [std::env::temp_dir(), "/tmp".into()].map(|place| place.canonicalize().expect("a directory"));
    assert!(temporary.iter().any(|temporary| Path::new(&place).starts_with(temporary)), "{place}");
}

#[test]
fn what_was_left_behind_in_one_place_is_removed_by_a_cluster_in_another() {
    let place = {
        let cluster = ScratchCluster::start(&wishes().on_disk()).expect("started");
        PathBuf::from(sql::one(&cluster.endpoint(), "show data_directory"))
    };
    let left = place.ancestors().nth(2).expect("a cache").join(format!("s-left{}", std::process::id()));
    fs::create_dir(&left).expect("made");
    let long_ago = SystemTime::now() - Duration::from_hours(1);
    File::open(&left).expect("there").set_modified(long_ago).expect("made old");
    let _elsewhere = ScratchCluster::start(&wishes()).expect("started");
    assert!(!left.exists(), "{}", left.display());
}
