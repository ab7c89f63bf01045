//! The `/metrics` page: every source merged, checked and written in the text format.

use std::collections::{BTreeMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use prometheus::TextEncoder;
use prometheus::proto::{Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType};

use crate::metrics::family::{Distribution, Family, Labels, Samples, gauge};
use crate::metrics::{Source, checks};
use crate::monitor::Monitor;

/// Prometheus 3 refuses a page without a content type that it knows.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Builds the page. It holds what is known, whatever the state of the database: a 503 here would hide exactly the
/// figures that explain it.
pub(crate) fn page(monitor: &Monitor) -> String {
    let mut merged = Merged::default();
    merged.add_all(monitor.http().gather());
    merged.add_all(checks::families(monitor).into_iter().map(encoded));
    merged.add_all(monitor.pulse().process_families().iter().cloned().map(encoded));
    merged.add_all([build_info()].map(encoded));
    let up: Vec<_> =
        monitor.sources().map(|source| ([("source", source.name())], add(source, &mut merged))).collect();
    merged.add_all([gauge("pgkeel_source_up", "Whether a source of metrics delivered.", up)].map(encoded));
    merged.write()
}

fn build_info() -> Family {
    let labels = [("version", env!("CARGO_PKG_VERSION"))];
    gauge("pgkeel_build_info", "Version of pgkeel; always 1.", [(labels, 1_u64)])
}

fn add(source: &dyn Source, merged: &mut Merged) -> bool {
    let families = catch_unwind(AssertUnwindSafe(|| source.families()));
    match families {
        Ok(families) => merged.add_all(families.into_iter().map(encoded)),
        Err(_panic) => {
            tracing::error!(source = source.name(), "metrics source panicked; its families are missing");
            return false;
        }
    }
    true
}

/// Families by name. Two sources may share a name; they may not disagree on its type or repeat a series, which
/// would make Prometheus drop samples or the whole page. The first one wins.
#[derive(Default)]
struct Merged {
    families: BTreeMap<String, MetricFamily>,
}

impl Merged {
    fn add_all(&mut self, families: impl IntoIterator<Item = MetricFamily>) {
        for family in families {
            self.add(family);
        }
    }

    fn add(&mut self, mut family: MetricFamily) {
        if family.get_metric().is_empty() {
            return;
        }
        if !is_name(family.name()) {
            tracing::error!(metric = family.name(), "metric left out: not a metric name");
            return;
        }
        match self.families.get_mut(family.name()) {
            None => drop(self.families.insert(family.name().to_owned(), family)),
            Some(earlier) if earlier.get_field_type() == family.get_field_type() => {
                earlier.mut_metric().append(&mut family.take_metric());
            }
            Some(_) => tracing::error!(metric = family.name(), "metric left out: two types under one name"),
        }
    }

    fn write(self) -> String {
        let mut families: Vec<_> = self.families.into_values().collect();
        for family in &mut families {
            without_duplicates(family);
        }
        // It fails on empty families and empty names, and `add` lets neither in.
        TextEncoder::new().encode_to_string(&families).unwrap_or_else(|error| {
            tracing::error!(%error, "metrics page cannot be encoded");
            String::new()
        })
    }
}

fn without_duplicates(family: &mut MetricFamily) {
    let mut seen = HashSet::new();
    let name = family.name().to_owned();
    family.mut_metric().retain(|metric| {
        let labels = metric.get_label().iter().map(|pair| (pair.name().to_owned(), pair.value().to_owned()));
        let first = seen.insert(labels.collect::<Vec<_>>());
        if !first {
            tracing::error!(metric = name, "series left out: the same labels twice");
        }
        first
    });
}

/// The names of the data model: <https://prometheus.io/docs/concepts/data_model/>.
fn is_name(name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
    name.chars().all(word) && name.starts_with(|c: char| !c.is_ascii_digit())
}

fn encoded(family: Family) -> MetricFamily {
    let Family { name, help, samples } = family;
    let (kind, metrics) = match samples {
        Samples::Gauge(all) => (MetricType::GAUGE, all.into_iter().map(gauge_metric).collect()),
        Samples::Counter(all) => (MetricType::COUNTER, all.into_iter().map(counter_metric).collect()),
        Samples::Histogram(all) => (MetricType::HISTOGRAM, all.into_iter().map(histogram_metric).collect()),
    };
    let mut encoded = MetricFamily::default();
    encoded.set_name(name.to_owned());
    encoded.set_help(help.to_owned());
    encoded.set_field_type(kind);
    encoded.set_metric(metrics);
    encoded
}

fn gauge_metric((labels, value): (Labels, f64)) -> Metric {
    let (mut metric, mut gauge) = (Metric::from_label(pairs(labels)), Gauge::default());
    gauge.set_value(value);
    metric.set_gauge(gauge);
    metric
}

fn counter_metric((labels, value): (Labels, f64)) -> Metric {
    let (mut metric, mut counter) = (Metric::from_label(pairs(labels)), Counter::default());
    counter.set_value(value);
    metric.set_counter(counter);
    metric
}

fn histogram_metric((labels, value): (Labels, Distribution)) -> Metric {
    let (mut metric, mut histogram) = (Metric::from_label(pairs(labels)), Histogram::default());
    histogram.set_sample_count(value.count);
    histogram.set_sample_sum(value.sum);
    histogram.set_bucket(value.cumulative.into_iter().map(bucket).collect());
    metric.set_histogram(histogram);
    metric
}

fn bucket((bound, count): (f64, u64)) -> Bucket {
    let mut bucket = Bucket::default();
    bucket.set_upper_bound(bound);
    bucket.set_cumulative_count(count);
    bucket
}

fn pairs(labels: Labels) -> Vec<LabelPair> {
    let pair = |(name, value): (&str, String)| {
        let mut pair = LabelPair::default();
        pair.set_name(name.to_owned());
        pair.set_value(value);
        pair
    };
    labels.0.into_iter().map(pair).collect()
}
