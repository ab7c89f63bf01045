//! One process and its private server.

use std::{
    fs,
    os::unix::fs::{FileTypeExt, MetadataExt},
};

use pgkeel_localpg::{Detached, Host, PrivateServer};

use crate::{
    ground::{self, Ground},
    sql,
};

#[test]
fn the_first_attach_makes_a_database_and_the_last_detach_ends_the_server() {
    let ground = Ground::new();
    let server = PrivateServer::attach(&ground.options()).expect("attached");
    assert!(server.was_started_here());
    assert_eq!(sql::one(server.endpoint(), "select current_user"), "pgkeel");
    let (pid, base) = (server.pid(), ground.base());
    assert_eq!(server.detach(ground::PATIENCE).expect("ended"), Detached::ServerEnded);
    assert!(!ground::is_alive(pid));
    let temporary = |name: String| name.contains(".new");
    let mut names = fs::read_dir(base).expect("listed").map(|entry| entry.expect("read").file_name());
    assert!(!names.any(|name| temporary(name.to_string_lossy().into_owned())), "nothing half done is left");
}

#[test]
fn the_settings_are_those_of_a_database_that_keeps_its_data_to_itself() {
    let ground = Ground::new();
    let server = PrivateServer::attach(&ground.options()).expect("attached");
    let shown = |name: &str| sql::one(server.endpoint(), &format!("show {name}"));
    assert_eq!(shown("fsync"), "on");
    assert_eq!(shown("data_checksums"), "on");
    assert_eq!(shown("listen_addresses"), "");
    assert_eq!(shown("search_path"), "public", "not the schema that is called like the user");
    assert_eq!(shown("max_connections"), "100");
    assert_eq!(shown("password_encryption"), "scram-sha-256");
    assert_eq!(shown("server_encoding"), "UTF8");
    assert!(shown("TimeZone").ends_with("UTC"));
    assert!(matches!(shown("shared_preload_libraries").as_str(), "pg_stat_statements" | ""));
}

#[test]
fn nobody_enters_without_the_password() {
    let ground = Ground::new();
    let server = PrivateServer::attach(&ground.options()).expect("attached");
    let mut endpoint = server.endpoint().clone();
    endpoint.password = Some("guess".into());
    let error = sql::run(&endpoint, "select 1").expect_err("a wrong password");
    assert!(error.contains("28P01"), "{error}");
}

#[test]
fn server_and_files_belong_to_a_user_who_is_not_root() {
    let ground = Ground::new();
    let server = PrivateServer::attach(&ground.options()).expect("attached");
    let Host::Socket(directory) = &server.endpoint().host else { panic!("a socket") };
    let socket = fs::metadata(directory.join(".s.PGSQL.5432")).expect("a socket");
    assert!(socket.file_type().is_socket());
    assert_ne!(socket.uid(), 0, "made by the server, so the server is not root");
    let major = server.version().major();
    for (name, mode) in [("data", 0o700), ("run", 0o700), ("password", 0o600), ("log", 0o600)] {
        let seen = fs::metadata(ground.base().join(format!("{name}-{major}"))).expect(name);
        assert_eq!((seen.uid(), seen.mode() & 0o777), (socket.uid(), mode), "{name}");
    }
}

#[test]
fn data_and_password_survive_a_restart() {
    let ground = Ground::new();
    let first = PrivateServer::attach(&ground.options()).expect("attached");
    sql::run(first.endpoint(), "create table kept as select 7 as n").expect("created");
    first.detach(ground::PATIENCE).expect("ended");
    let second = PrivateServer::attach(&ground.options()).expect("attached again");
    assert_eq!(sql::one(second.endpoint(), "select n from kept"), "7");
}

#[test]
fn a_base_too_deep_for_a_socket_gets_one_elsewhere() {
    let ground = Ground::new();
    let mut options = ground.options();
    options.data_dir = Some(ground.base().join("x".repeat(100)));
    let server = PrivateServer::attach(&options).expect("attached");
    assert_eq!(sql::one(server.endpoint(), "select 1"), "1");
    let Host::Socket(directory) = server.endpoint().host.clone() else { panic!("a socket") };
    server.detach(ground::PATIENCE).expect("ended");
    assert!(!directory.starts_with(ground.base()));
    fs::remove_dir(directory).expect("empty once the server has gone");
}

#[test]
fn a_server_that_cannot_start_tells_why() {
    let ground = Ground::new();
    let server = PrivateServer::attach(&ground.options()).expect("attached");
    let data = server.data_dir().to_owned();
    server.detach(ground::PATIENCE).expect("ended");
    let file = data.join("postgresql.auto.conf");
    fs::write(&file, "max_connections = 'many'\n").expect("spoilt");
    let error = PrivateServer::attach(&ground.options()).expect_err("it cannot start");
    assert!(error.to_string().contains("invalid value for parameter \"max_connections\""), "{error}");
    assert!(!error.is_setting_problem());
    fs::write(&file, "").expect("mended");
    PrivateServer::attach(&ground.options()).expect("attached");
}
