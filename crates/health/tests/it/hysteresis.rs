//! How fast a change of the database is seen, and what must not be seen as one. Time is virtual where it can be.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use pgkeel_health::{BoxFuture, Monitor, Outcome, Probe, Router, Schedule, State};
use tokio::time::{Instant, sleep};

use crate::client::get;
use crate::fakes::{Act, Puppet, results, running};

/// Virtual time until a route answers with that code.
async fn time_until(router: &Router, path: &str, code: u16) -> Duration {
    let start = Instant::now();
    while get(router, path).await.code != code {
        assert!(start.elapsed() < Duration::from_mins(1), "{path} never answered {code}");
        sleep(Duration::from_millis(10)).await;
    }
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_frozen_database_is_seen_within_4_s_and_so_is_its_return() {
    let database = Puppet::new("database", Act::Pass);
    let (router, _running) = running(Monitor::builder().database(database.clone()));
    results(&router, &["database"]).await;
    // Freeze just after a good run and just before the next one: the two ends of what can happen.
    for into_the_second in [10, 990] {
        sleep(Duration::from_millis(into_the_second)).await;
        database.now(Act::Hang);
        assert!(time_until(&router, "/api/v1/health/database", 503).await <= Duration::from_secs(4));
        assert_eq!(get(&router, "/api/v1/health/ready").await.code, 503);
        database.now(Act::Pass);
        assert!(time_until(&router, "/api/v1/health/ready", 200).await <= Duration::from_secs(4));
    }
    let record = router.monitor().record("database").unwrap();
    assert_eq!((record.transitions, record.state), (4, State::Up));
}

#[tokio::test(start_paused = true)]
async fn one_hiccup_warns_and_changes_no_status_code() {
    let database = Puppet::new("database", Act::Pass);
    let (router, _running) = running(Monitor::builder().database(database.clone()));
    results(&router, &["database"]).await;
    database.now(Act::Fail);
    sleep(Duration::from_millis(1500)).await;
    let answer = get(&router, "/api/v1/health/database").await;
    assert_eq!((answer.code, &answer.json()["output"]), (200, &"db_unreachable".into()));
    database.now(Act::Pass);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(router.monitor().record("database").unwrap().transitions, 0);
}

#[tokio::test(start_paused = true)]
async fn a_database_that_flaps_every_second_changes_state_at_most_twice() {
    let database = Puppet::new("database", Act::Pass);
    let (router, _running) = running(Monitor::builder().database(database.clone()));
    for second in 0..60 {
        database.now(if second % 2 == 0 { Act::Pass } else { Act::Fail });
        sleep(Duration::from_secs(1)).await;
    }
    assert!(router.monitor().record("database").unwrap().transitions <= 2);
}

#[tokio::test(start_paused = true)]
async fn runs_of_one_probe_never_overlap_even_if_each_outlasts_the_interval() {
    let mut slow = Puppet::new("slow", Act::Hang);
    slow.schedule.interval = Duration::from_millis(100);
    slow.schedule.timeout = Duration::from_millis(350);
    let (router, _running) = running(Monitor::builder().probe(slow.clone()));
    sleep(Duration::from_secs(10)).await;
    assert_eq!(slow.most_at_once.load(Ordering::SeqCst), 1);
    assert!(router.monitor().record("slow").unwrap().runs.timed_out >= 20);
}

#[tokio::test(start_paused = true)]
async fn a_hanging_probe_does_not_delay_another() {
    let (hanging, brisk) = (Puppet::new("hanging", Act::Hang), Puppet::new("brisk", Act::Pass));
    let (router, _running) = running(Monitor::builder().probe(hanging).probe(brisk));
    sleep(Duration::from_millis(10_100)).await;
    assert_eq!(router.monitor().record("brisk").unwrap().runs.pass, 11);
}

#[tokio::test(start_paused = true)]
async fn stopping_ends_every_task_and_live_stays_200() {
    let database = Puppet::new("database", Act::Hang);
    let (router, running) = running(Monitor::builder().database(database.clone()));
    sleep(Duration::from_secs(3)).await;
    running.stop().await.expect("nothing blocks");
    let before = router.monitor().record("database").unwrap().runs;
    sleep(Duration::from_mins(1)).await;
    assert_eq!(router.monitor().record("database").unwrap().runs, before);
    assert_eq!(get(&router, "/api/v1/health/live").await.code, 200);
}

#[tokio::test(start_paused = true)]
async fn data_that_nobody_renews_stop_counting_as_good() {
    let (router, running) = running(Monitor::builder().database(Puppet::new("database", Act::Pass)));
    results(&router, &["database"]).await;
    running.stop().await.expect("nothing blocks");
    assert_eq!(get(&router, "/api/v1/health/ready").await.code, 200);
    sleep(Duration::from_secs(5)).await;
    let answer = get(&router, "/api/v1/health/ready").await;
    assert_eq!(answer.code, 503);
    assert_eq!(answer.json()["checks"]["database:responseTime"][0]["output"], "stale");
}

/// Blocks its thread from the second run on, so that no timeout can fire.
struct Blocking {
    runs: Mutex<u32>,
    gate: Arc<(Mutex<bool>, Condvar)>,
}

impl Probe for Blocking {
    fn name(&self) -> &'static str {
        "blocking"
    }

    fn schedule(&self) -> Schedule {
        let mut schedule = Schedule::default();
        (schedule.interval, schedule.timeout) = (Duration::from_millis(20), Duration::from_millis(20));
        schedule
    }

    fn run(&self) -> BoxFuture<'_, Outcome> {
        Box::pin(async {
            let mut runs = self.runs.lock().expect("no panic");
            *runs += 1;
            if *runs > 1 {
                let (open, opened) = &*self.gate;
                let open = open.lock().expect("no panic");
                drop(opened.wait_while(open, |open| !*open));
            }
            Outcome::pass()
        })
    }
}

/// The probes have a runtime of their own here: a blocked thread may stop every timer of its runtime.
#[tokio::test]
async fn a_probe_that_blocks_its_thread_grows_stale_and_recovers() {
    let gate = Arc::<(Mutex<bool>, Condvar)>::default();
    let blocking = Blocking { runs: Mutex::new(0), gate: Arc::clone(&gate) };
    let background =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("one");
    let (monitor, scheduler) = Monitor::builder().probe(blocking).build().expect("a usable name");
    let running = {
        let _inside = background.enter();
        scheduler.spawn()
    };
    let router = Router::new(monitor);
    time_until(&router, "/api/v1/health/ready", 200).await;
    time_until(&router, "/api/v1/health/ready", 503).await;
    *gate.0.lock().expect("no panic") = true;
    gate.1.notify_all();
    time_until(&router, "/api/v1/health/ready", 200).await;
    running.stop().await.expect("the probe let go");
    background.shutdown_background();
}
