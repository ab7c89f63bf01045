//! What a monitor refuses to be built from.

use std::time::Duration;

use pgkeel_health::{DatabaseSampler, Error, Monitor, Status};

use crate::fakes::{Act, FixedSource, FixedView, Puppet};

#[test]
fn two_probes_of_one_name_are_refused() {
    let builder = Monitor::builder().database(Puppet::new("a", Act::Pass)).probe(Puppet::new("a", Act::Pass));
    assert!(matches!(builder.build(), Err(Error::DuplicateName { kind: "probe", name }) if name == "a"));
}

#[test]
fn two_sources_or_views_of_one_name_are_refused() {
    let sources = Monitor::builder().source(FixedSource("a", Vec::new)).source(FixedSource("a", Vec::new));
    assert!(matches!(sources.build(), Err(Error::DuplicateName { kind: "source", .. })));
    let view = || FixedView("a", Some(Status::Pass));
    let views = Monitor::builder().view(view()).view(view());
    assert!(matches!(views.build(), Err(Error::DuplicateName { kind: "view", .. })));
}

#[test]
fn a_second_sampler_is_refused() {
    let sampler = || {
        let address = "postgres://nobody@localhost/nowhere".parse().unwrap();
        DatabaseSampler::new(pgkeel_connect::Config::new(address), None)
    };
    let refused = Monitor::builder().sampler(sampler()).sampler(sampler()).build();
    assert!(matches!(refused, Err(Error::DuplicateName { kind: "probe", name }) if name == "activity"));
}

#[test]
fn a_name_that_is_taken_or_not_plain_is_refused() {
    for name in ["ready", "Main", "a b", ""] {
        let refused = Monitor::builder().probe(Puppet::new(name, Act::Pass)).build();
        assert!(matches!(refused, Err(Error::InvalidName { kind: "probe", .. })), "{name}");
    }
}

#[test]
fn a_schedule_without_time_is_refused() {
    let mut puppet = Puppet::new("a", Act::Pass);
    puppet.schedule.interval = Duration::ZERO;
    assert!(matches!(Monitor::builder().probe(puppet).build(), Err(Error::Setting { .. })));
}
