//! Binaries and accounts.

use pgkeel_localpg::{Error, Installation, PrivateServer, ScratchCluster, ScratchOptions};

use crate::ground::{self, Ground};

#[test]
fn this_machine_has_or_gets_a_supported_postgresql() {
    let found = Installation::ensure(&ground::surroundings()).expect("installed or fetched");
    assert!((14..=18).contains(&found.version().major()), "{found:?}");
    assert!(found.bindir().join("initdb").is_file());
}

#[test]
fn a_bindir_of_another_major_than_asked_for_is_refused() {
    let ground = Ground::new();
    let mut options = ground.options();
    let found = Installation::ensure(&options).expect("installed or fetched");
    options.bindir = Some(found.bindir().to_owned());
    options.major = (14..=18).find(|major| *major != found.version().major());
    let error = PrivateServer::attach(&options).expect_err("it is another one");
    assert!(matches!(error, Error::BadBindir { .. }), "{error}");
}

#[test]
fn a_wrong_bindir_is_named_and_nothing_else_is_searched() {
    let ground = Ground::new();
    let mut options = ground.options();
    options.bindir = Some("/no/such/bin".into());
    let error = PrivateServer::attach(&options).expect_err("there is nothing");
    assert!(error.is_setting_problem());
    assert!(matches!(&error, Error::BadBindir { path, .. } if path.ends_with("such/bin")), "{error}");
    let error = ScratchCluster::start(&ScratchOptions::new(options)).expect_err("neither here");
    assert!(matches!(error, Error::BadBindir { .. }), "{error}");
}

#[test]
fn an_unknown_user_is_refused_before_anything_is_made() {
    let ground = Ground::new();
    let mut options = ground.options();
    options.user = Some("pgkeel-no-such-user".to_owned());
    let error = PrivateServer::attach(&options).expect_err("nobody is called that");
    assert!(error.is_setting_problem(), "{error}");
    assert!(!ground.base().exists());
}
