//! The metrics page: parsed, linted by the rules of `promtool check metrics`, and free of duplicates.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use pgkeel_health::{Distribution, Family, Labels, Monitor, Router, Running, counter, gauge, histogram};

use crate::client::{Answer, ask, get};
use crate::fakes::{Act, FixedSource, Puppet, results, running, until};

/// A page taken apart.
#[derive(Debug, Default)]
pub(crate) struct Page {
    help: BTreeMap<String, String>,
    kind: BTreeMap<String, String>,
    samples: Vec<(String, String, f64)>,
}

impl Page {
    pub(crate) fn parse(text: &str) -> Self {
        let mut page = Self::default();
        for line in text.lines() {
            if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
                assert!(page.help.insert(name.into(), help.into()).is_none(), "two HELP lines: {line}");
            } else if let Some((name, kind)) =
                line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' '))
            {
                assert!(page.kind.insert(name.into(), kind.into()).is_none(), "two TYPE lines: {line}");
            } else {
                let (series, value) = line.rsplit_once(' ').expect("a sample line");
                let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
                assert!(labels.ends_with('}'), "{line}");
                page.samples.push((name.into(), labels.into(), value.parse().expect("a number")));
            }
        }
        page
    }

    pub(crate) fn value(&self, name: &str, labels: &str) -> f64 {
        let found = self.samples.iter().find(|(n, l, _)| n == name && l.trim_end_matches('}') == labels);
        found.unwrap_or_else(|| panic!("no {name}{{{labels}}} in {self:#?}")).2
    }

    fn family<'a>(&self, sample: &'a str) -> &'a str {
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| sample.strip_suffix(suffix));
        base.filter(|base| self.kind.get(*base).is_some_and(|kind| kind == "histogram")).unwrap_or(sample)
    }

    pub(crate) fn lint(&self) {
        let mut seen = HashSet::new();
        for (name, labels, _) in &self.samples {
            assert!(seen.insert((name, labels)), "duplicate series {name}{{{labels}");
            let family = self.family(name);
            assert!(
                self.help.contains_key(family) && self.kind.contains_key(family),
                "{name} lacks HELP or TYPE"
            );
        }
        for (name, kind) in &self.kind {
            assert!(self.help[name].ends_with('.'), "{name}: help is no sentence");
            assert_eq!(name.ends_with("_total"), kind == "counter", "{name} is a {kind}");
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'), "{name}");
            for wrong in
                ["_bucket", "_sum", "_count", "_ms", "_milliseconds", "_kilobytes", "_percent", "_minutes"]
            {
                assert!(!name.ends_with(wrong), "{name} ends in {wrong}");
            }
            assert!(!name.contains(kind.as_str()), "{name} contains its type");
            let about_time = name.contains("duration") || name.contains("timestamp");
            assert!(!about_time || name.ends_with("_seconds"), "{name} lacks its unit");
        }
    }
}

async fn page(router: &Router) -> Page {
    Page::parse(&get(router, "/metrics").await.body)
}

fn example() -> Vec<Family> {
    let spread = Distribution::of_counts(&[0.1, 1.0], &[2, 1, 1], 3.5);
    vec![
        gauge(
            "pgkeel_pool_connections",
            "Connections by state.",
            [([("pool", "a\"\n\\b"), ("state", "idle")], 3_u64)],
        ),
        counter("pgkeel_pool_timeouts_total", "Waits that were in vain.", [(Labels::none(), 7_u64)]),
        histogram("pgkeel_pool_wait_seconds", "Time spent waiting.", [([("pool", "main")], spread)]),
    ]
}

async fn busy() -> (Router, Running) {
    let builder = Monitor::builder().database(Puppet::new("database", Act::Pass));
    let builder =
        builder.probe(Puppet::new("cache", Act::Fail).advisory()).source(FixedSource("example", example));
    let (router, running) = running(builder);
    results(&router, &["database", "cache"]).await;
    for (method, path) in
        [("GET", "/health"), ("GET", "/nowhere/1"), ("GET", "/nowhere/2"), ("BREW", "/metrics")]
    {
        let _answer: Answer = ask(&router, method, path, &[]).await;
    }
    (router, running)
}

#[tokio::test]
async fn the_page_is_lint_clean_and_without_duplicates() {
    let (router, _running) = busy().await;
    until("the process figures are read", || router.monitor().metrics_page().contains("process_threads"))
        .await;
    let page = page(&router).await;
    page.lint();
    for name in [
        "pgkeel_build_info",
        "pgkeel_http_requests_total",
        "pgkeel_http_request_duration_seconds",
        "pgkeel_http_connections",
        "pgkeel_http_connections_rejected_total",
        "pgkeel_check_status",
        "pgkeel_check_duration_seconds",
        "pgkeel_check_runs_total",
        "pgkeel_check_last_success_timestamp_seconds",
        "pgkeel_check_transitions_total",
        "pgkeel_readiness",
        "pgkeel_source_up",
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_virtual_memory_bytes",
        "process_open_fds",
        "process_max_fds",
        "process_start_time_seconds",
    ] {
        assert!(page.kind.contains_key(name), "{name} is missing");
    }
}

#[tokio::test(start_paused = true)]
async fn checks_and_readiness_say_what_the_answers_say() {
    let (router, _running) = busy().await;
    let page = page(&router).await;
    assert_eq!(page.value("pgkeel_check_status", r#"check="database",status="pass""#).to_string(), "1");
    assert_eq!(page.value("pgkeel_check_status", r#"check="database",status="fail""#).to_string(), "0");
    assert_eq!(page.value("pgkeel_check_status", r#"check="cache",status="fail""#).to_string(), "1");
    assert_eq!(page.value("pgkeel_readiness", r#"component="overall""#).to_string(), "1");
    assert!(page.value("pgkeel_check_runs_total", r#"check="cache",result="fail""#) >= 1.0);
    assert!(!page.samples.iter().any(|(_, labels, _)| labels.contains("component=\"cache\"")));
}

#[tokio::test(start_paused = true)]
async fn clients_cannot_invent_series() {
    let (router, _running) = busy().await;
    let page = page(&router).await;
    let other = page.value("pgkeel_http_requests_total", r#"code="404",method="GET",route="other""#);
    assert_eq!(other.to_string(), "2");
    assert_eq!(
        page.value("pgkeel_http_requests_total", r#"code="405",method="other",route="/metrics""#).to_string(),
        "1"
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_source_hands_over_is_written_in_full() {
    let (router, _running) = busy().await;
    let text = get(&router, "/metrics").await.body;
    for line in [
        r#"pgkeel_pool_connections{pool="a\"\n\\b",state="idle"} 3"#,
        "pgkeel_pool_timeouts_total 7",
        r#"pgkeel_pool_wait_seconds_bucket{pool="main",le="0.1"} 2"#,
        r#"pgkeel_pool_wait_seconds_bucket{pool="main",le="1"} 3"#,
        r#"pgkeel_pool_wait_seconds_bucket{pool="main",le="+Inf"} 4"#,
        r#"pgkeel_pool_wait_seconds_sum{pool="main"} 3.5"#,
        r#"pgkeel_pool_wait_seconds_count{pool="main"} 4"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
    }
}

fn clashing() -> Vec<Family> {
    vec![
        gauge(
            "twice",
            "The same series twice.",
            [([("a", "1"), ("b", "2")], 1_u64), ([("b", "2"), ("a", "1")], 2)],
        ),
        gauge("pgkeel_build_info", "One more series of a known family.", [([("version", "other")], 1_u64)]),
        counter("pgkeel_readiness", "Another type under a known name.", [(Labels::none(), 1_u64)]),
        gauge("not a name", "Would break the page.", [(Labels::none(), 1_u64)]),
        gauge("empty", "No samples.", Vec::<(Labels, f64)>::new()),
    ]
}

#[tokio::test]
async fn clashes_between_sources_cost_the_later_series_and_not_the_page() {
    let (router, _running) = running(Monitor::builder().source(FixedSource("clashing", clashing)));
    let page = page(&router).await;
    page.lint();
    assert_eq!(page.value("twice", r#"a="1",b="2""#).to_string(), "1");
    assert_eq!(page.kind["pgkeel_readiness"], "gauge");
    assert!(!page.kind.contains_key("empty"));
}

#[tokio::test(start_paused = true)]
async fn the_page_is_200_with_the_right_type_while_the_database_is_down() {
    let (router, _running) = running(Monitor::builder().database(Puppet::new("database", Act::Hang)));
    tokio::time::sleep(Duration::from_secs(5)).await;
    let answer = get(&router, "/metrics").await;
    assert_eq!(
        (answer.code, answer.header("content-type")),
        (200, "text/plain; version=0.0.4; charset=utf-8")
    );
    assert_eq!(
        Page::parse(&answer.body).value("pgkeel_readiness", r#"component="database""#).to_string(),
        "0"
    );
}
