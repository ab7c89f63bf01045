//! Data of other major versions are left alone.

use std::{fs, os::unix::fs::PermissionsExt};

use pgkeel_localpg::{Error, Installation, PrivateServer};

use crate::ground::{self, Ground};

fn major() -> u32 {
    Installation::ensure(&ground::surroundings()).expect("installed or fetched").version().major()
}

#[test]
fn a_data_directory_of_another_major_is_not_opened() {
    let ground = Ground::new();
    let server = PrivateServer::attach(&ground.options()).expect("attached");
    let data = server.data_dir().to_owned();
    server.detach(ground::PATIENCE).expect("ended");
    fs::write(data.join("PG_VERSION"), "11\n").expect("written");
    let error = PrivateServer::attach(&ground.options()).expect_err("11 is not what the name says");
    assert!(
        matches!(&error, Error::OtherMajor { path, found, .. } if *path == data && found == "11"),
        "{error}"
    );
    assert!(error.is_setting_problem());
}

#[test]
fn a_base_that_holds_something_of_another_owner_is_not_taken_over() {
    let ground = Ground::new();
    fs::create_dir(ground.base()).expect("made");
    fs::write(ground.base().join("precious"), "").expect("written");
    fs::set_permissions(ground.base(), fs::Permissions::from_mode(0o555)).expect("closed");
    let error = PrivateServer::attach(&ground.options()).expect_err("it cannot be written to");
    assert!(matches!(error, Error::NotWritable { .. }), "{error}");
}

#[test]
fn data_without_binaries_do_not_lead_to_a_new_database() {
    let ground = Ground::new();
    let server = PrivateServer::attach(&ground.options()).expect("attached");
    server.detach(ground::PATIENCE).expect("ended");
    let (now, then) = (format!("data-{}", major()), "data-11");
    fs::rename(ground.base().join(now), ground.base().join(then)).expect("renamed");
    fs::write(ground.base().join(then).join("PG_VERSION"), "11\n").expect("written");
    let mut options = ground.options();
    (options.bindir, options.major) = (None, None);
    let error = PrivateServer::attach(&options).expect_err("nothing opens 11");
    assert!(matches!(error, Error::DataWithoutBinaries { major: 11, .. }), "{error}");
    assert!(error.is_setting_problem());
}

#[test]
fn a_data_directory_given_as_base_is_refused() {
    let ground = Ground::new();
    let server = PrivateServer::attach(&ground.options()).expect("attached");
    let mut options = ground.options();
    options.data_dir = Some(server.data_dir().to_owned());
    let error = PrivateServer::attach(&options).expect_err("it is no base");
    assert!(matches!(error, Error::BaseIsCluster { .. }), "{error}");
}
