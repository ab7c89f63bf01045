//! Several processes and one private server.

use pgkeel_localpg::{Detached, PrivateServer};
use rustix::process::Signal;

use crate::{
    ground::{self, Ground, eventually},
    guest::Guest,
    sql,
};

#[test]
fn a_second_process_joins_the_server_of_the_first() {
    let ground = Ground::new();
    let first = Guest::attached(&ground.base());
    let second = PrivateServer::attach(&ground.options()).expect("attached");
    assert_eq!((first.remark.as_str(), second.was_started_here()), ("true", false));
    assert_eq!(second.pid(), first.server);
    assert_eq!(first.leave(), "OthersAttached");
    assert_eq!(sql::one(second.endpoint(), "select 'still here'"), "still here");
    let pid = second.pid();
    assert_eq!(second.detach(ground::PATIENCE).expect("ended"), Detached::ServerEnded);
    assert!(!ground::is_alive(pid));
}

#[test]
fn two_handles_of_one_process_count_apart() {
    let ground = Ground::new();
    let first = PrivateServer::attach(&ground.options()).expect("attached");
    let second = PrivateServer::attach(&ground.options()).expect("attached");
    assert_eq!(first.detach(ground::PATIENCE).expect("detached"), Detached::OthersAttached);
    assert_eq!(sql::one(second.endpoint(), "select 1"), "1");
    assert_eq!(second.detach(ground::PATIENCE).expect("ended"), Detached::ServerEnded);
}

#[test]
fn killing_the_one_that_started_it_leaves_the_server_to_the_other() {
    let ground = Ground::new();
    let first = Guest::attached(&ground.base());
    let second = PrivateServer::attach(&ground.options()).expect("attached");
    first.kill();
    // A third one gets in through the same watchdog, so the server has not even begun to stop.
    let third = PrivateServer::attach(&ground.options()).expect("attached");
    assert_eq!(third.pid(), second.pid());
    drop(third);
    assert_eq!(sql::one(second.endpoint(), "select 'still here'"), "still here");
    let pid = second.pid();
    drop(second);
    eventually("the server has ended after the last one was dropped", || !ground::is_alive(pid));
}

#[test]
fn killing_the_only_one_ends_the_server() {
    let ground = Ground::new();
    let guest = Guest::attached(&ground.base());
    let (server, watchdog) = (guest.server, ground::parent(guest.server));
    guest.kill();
    eventually("server and watchdog have ended", || !ground::is_alive(server) && !ground::is_alive(watchdog));
}

#[test]
fn a_signal_to_the_whole_group_leaves_the_server_to_those_who_still_use_it() {
    let ground = Ground::new();
    let server = PrivateServer::attach(&ground.options()).expect("attached");
    let watchdog = ground::parent(server.pid());
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        ground::send(watchdog, signal);
    }
    assert_eq!(sql::one(server.endpoint(), "select 'still here'"), "still here");
    assert_eq!(server.detach(ground::PATIENCE).expect("ended"), Detached::ServerEnded);
    assert!(!ground::is_alive(watchdog));
}

#[test]
fn one_that_comes_while_the_server_ends_gets_a_new_one() {
    let ground = Ground::new();
    for _ in 0..5 {
        let guest = Guest::attached(&ground.base());
        guest.kill(); // the watchdog is just noticing
        let server = PrivateServer::attach(&ground.options()).expect("attached");
        assert_eq!(sql::one(server.endpoint(), "select 1"), "1");
    }
}

#[test]
fn a_crowd_that_comes_and_goes_always_finds_a_server_and_leaves_none() {
    let ground = Ground::new();
    let crowd: Vec<_> = (0..8).map(|_| Guest::coming_and_going(&ground.base())).collect();
    crowd.into_iter().for_each(Guest::finish);
    let pidfile = std::fs::read_dir(ground.base()).expect("listed").flatten().map(|entry| entry.path());
    assert!(!pidfile.into_iter().any(|path| path.join("postmaster.pid").exists()), "a server was left");
}
