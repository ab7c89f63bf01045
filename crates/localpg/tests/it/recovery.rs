//! Coming back after violence.

use std::{fs, thread, time::Duration};

use pgkeel_localpg::{Detached, PrivateServer};
use rustix::process::Signal;

use crate::{
    ground::{self, Ground, eventually},
    guest::Guest,
    sql,
};

#[test]
fn what_was_committed_survives_the_killing_of_the_server() {
    let ground = Ground::new();
    let server = PrivateServer::attach(&ground.options()).expect("attached");
    sql::run(server.endpoint(), "create table kept as select 7 as n").expect("created");
    ground::send(server.pid(), Signal::KILL);
    let again = PrivateServer::attach(&ground.options()).expect("attached again");
    assert!(again.was_started_here());
    assert_eq!(sql::one(again.endpoint(), "select n from kept"), "7");
}

#[test]
fn everything_may_be_killed_at_once() {
    let ground = Ground::new();
    let guest = Guest::attached(&ground.base());
    let server = guest.server;
    let watchdog = ground::parent(server);
    let everything = [ground::children(watchdog), ground::children(server), vec![watchdog]].concat();
    for pid in everything {
        ground::kill_if_there(pid); // what the server started ends by itself once the server has gone
    }
    guest.kill();
    let again = PrivateServer::attach(&ground.options()).expect("attached again");
    assert_eq!(sql::one(again.endpoint(), "select 1"), "1");
    assert_ne!(again.pid(), server);
}

#[test]
fn a_server_that_somebody_stopped_stays_stopped_until_the_next_attach() {
    let ground = Ground::new();
    let attached = PrivateServer::attach(&ground.options()).expect("attached");
    let (stopped, watchdog) = (attached.pid(), ground::parent(attached.pid()));
    ground::send(stopped, Signal::INT);
    eventually("the server has ended", || !ground::is_alive(stopped));
    eventually("no file of a server is left", || !attached.data_dir().join("postmaster.pid").exists());
    let next = PrivateServer::attach(&ground.options()).expect("attached anew");
    assert!(next.was_started_here() && next.pid() != stopped);
    assert_ne!(ground::parent(next.pid()), watchdog);
    // Who still holds on to the old server does not count for the new one.
    assert_eq!(next.detach(ground::PATIENCE).expect("ended"), Detached::ServerEnded);
    assert_eq!(attached.detach(ground::PATIENCE).expect("gone long since"), Detached::ServerEnded);
}

#[test]
fn a_server_without_its_watchdog_is_replaced() {
    let ground = Ground::new();
    let guest = Guest::attached(&ground.base());
    let (server, watchdog) = (guest.server, ground::parent(guest.server));
    let reader = ground::children(watchdog).into_iter().filter(|pid| *pid != server);
    reader.chain([watchdog]).for_each(|pid| ground::send(pid, Signal::KILL));
    guest.kill();
    assert!(ground::is_alive(server), "nobody has told it to stop");
    let next = PrivateServer::attach(&ground.options()).expect("attached anew");
    assert!(!ground::is_alive(server));
    assert_eq!(sql::one(next.endpoint(), "select 1"), "1");
}

#[test]
fn a_process_may_be_killed_at_any_moment_of_its_attach() {
    let ground = Ground::new();
    // The first ones are killed while the data are made, the others while the server starts or runs.
    let moments = (0..5).map(|n| n * 150).chain((0..8).map(|n| n * 12));
    for moment in moments.map(Duration::from_millis) {
        let guest = Guest::attaching(&ground.base());
        thread::sleep(moment);
        guest.kill();
    }
    for moment in (0..8).map(|n| Duration::from_millis(n * 12)) {
        let guest = Guest::attaching(&ground.base());
        thread::sleep(moment);
        guest.kill();
        let server = PrivateServer::attach(&ground.options()).expect("attached");
        assert_eq!(sql::one(server.endpoint(), "select 1"), "1");
        assert_eq!(server.detach(ground::PATIENCE).expect("ended"), Detached::ServerEnded);
    }
}

#[test]
fn what_an_interrupted_initdb_left_is_removed() {
    let ground = Ground::new();
    let first = PrivateServer::attach(&ground.options()).expect("attached");
    let data = first.data_dir().to_owned();
    first.detach(ground::PATIENCE).expect("ended");
    let half_done = data.with_added_extension("new-0badcafe");
    fs::rename(&data, &half_done).expect("as if it had not been finished");
    let second = PrivateServer::attach(&ground.options()).expect("attached");
    assert!(!half_done.exists());
    assert_eq!(sql::one(second.endpoint(), "select 1"), "1");
}
