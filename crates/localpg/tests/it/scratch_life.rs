//! How a scratch cluster lives and goes.

use std::path::Path;

use pgkeel_localpg::{ScratchCluster, ScratchOptions, StopMode};
use rustix::process::Signal;

use crate::{
    ground::{self, eventually},
    guest::Guest,
    sql,
};

fn cluster() -> ScratchCluster {
    ScratchCluster::start(&ScratchOptions::new(ground::surroundings())).expect("started")
}

#[test]
fn data_survive_every_way_of_stopping() {
    let mut cluster = cluster();
    sql::run(&cluster.endpoint(), "create table kept as select 7 as n").expect("created");
    for mode in [StopMode::Fast, StopMode::Immediate] {
        let before = cluster.pid();
        cluster.stop(mode).expect("stopped");
        assert!(!cluster.is_running() && !ground::is_alive(before));
        cluster.start_again().expect("started again");
        assert_eq!(sql::one(&cluster.endpoint(), "select n from kept"), "7", "{mode:?}");
    }
    ground::send(cluster.pid(), Signal::KILL);
    eventually("the killing was noticed", || !cluster.is_running());
    cluster.start_again().expect("started after the killing");
    assert_eq!(sql::one(&cluster.endpoint(), "select n from kept"), "7");
}

#[test]
fn the_address_stays_over_a_restart() {
    let wishes = ScratchOptions::new(ground::surroundings()).tcp();
    let mut cluster = ScratchCluster::start(&wishes).expect("started");
    let address = cluster.tcp_endpoint().expect("an address");
    cluster.restart(StopMode::Fast).expect("restarted");
    assert_eq!(sql::one(&address, "select 1"), "1");
}

#[test]
fn a_setting_takes_effect_when_reloaded() {
    let mut cluster = cluster();
    cluster.set("log_min_duration_statement", "123ms").expect("written");
    cluster.reload();
    let endpoint = cluster.endpoint();
    eventually("reloaded", || sql::one(&endpoint, "show log_min_duration_statement") == "123ms");
}

#[test]
fn a_frozen_cluster_is_silent_until_it_thaws() {
    let mut cluster = cluster();
    let endpoint = cluster.endpoint();
    let seen = sql::on(async {
        let client = sql::connect(&endpoint).await?;
        cluster.freeze().map_err(|error| error.to_string())?;
        let moment = std::time::Duration::from_millis(100);
        let mut answer = std::pin::pin!(client.simple_query("select 1"));
        let while_frozen = tokio::time::timeout(moment, &mut answer).await.is_err();
        cluster.thaw();
        Ok((while_frozen, answer.await.is_ok()))
    });
    assert_eq!(seen, Ok((true, true)), "silent while frozen, and answering afterwards");
}

#[test]
fn removing_waits_until_server_and_directory_have_gone() {
    let cluster = cluster();
    let (pid, data) = (cluster.pid(), cluster.data_dir());
    cluster.remove().expect("removed");
    assert!(!ground::is_alive(pid) && !data.exists());
}

#[test]
fn dropping_removes_it_in_any_state() {
    let mut frozen = cluster();
    frozen.freeze().expect("frozen");
    let mut stopped = cluster();
    stopped.stop(StopMode::Fast).expect("stopped");
    let running = cluster();
    let directories = [&frozen, &stopped, &running].map(ScratchCluster::data_dir);
    drop((frozen, stopped, running));
    eventually("all are removed", || directories.iter().all(|data| !data.exists()));
}

#[test]
fn killing_its_process_removes_it_even_if_it_is_frozen() {
    for state in ["running", "frozen"] {
        let guest = Guest::with_cluster(state);
        let (server, data) = (guest.server, Path::new(&guest.remark).to_owned());
        let processes = [ground::children(server), vec![server]].concat();
        assert!(data.exists() && processes.len() > 3);
        guest.kill();
        eventually("its directory has gone", || !data.exists());
        eventually("its processes have gone", || !processes.iter().any(|pid| ground::is_alive(*pid)));
    }
}
