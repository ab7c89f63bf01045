//! What to try with a slow statement: sentences with the object and the number. None of them has tried it.

use crate::answers::slow_client::Repeated;
use crate::sampling::{SlowStatement, SlowStatements, ratio, share};

/// A statement that takes this share of all time is where to begin.
const LARGE_SHARE: f64 = 0.1;

/// Below this most of what a statement reads comes from outside the server's cache.
const LOW_HIT_RATIO: f64 = 0.9;

/// Fewer blocks say nothing about the cache.
const LEAST_BLOCKS: u64 = 1000;

/// Nobody looks at more rows at once.
const MANY_ROWS: f64 = 10_000.0;

/// Characters of a statement in a sentence.
const SHORT: usize = 60;

pub(crate) fn on_server(slow: &SlowStatements, statement: &SlowStatement, block: u64) -> Vec<String> {
    let figures = &statement.figures;
    let name = statement.text.as_deref().map_or_else(|| format!("statement {}", figures.id), short);
    let large = share(figures.total, slow.total_time).filter(|share| *share >= LARGE_SHARE);
    let cold = ratio(figures.blocks_hit, figures.blocks_hit + figures.blocks_read, LEAST_BLOCKS);
    let rows = ratio(figures.rows, figures.calls, 1).filter(|rows| *rows >= MANY_ROWS);
    let spilled = figures.temp_blocks_written * block / figures.calls.max(1) / 1_048_576;
    let mean = figures.mean().as_secs_f64();
    [
        large.map(|share| {
            let (percent, calls) = (share * 100.0, figures.calls);
            format!("begin with {name}: its {calls} calls of {mean:.3} s each are {percent:.0} % of all statement time")
        }),
        (spilled > 0).then(|| {
            format!(
                "give {name} less to sort or more work_mem: it writes {spilled} MiB a call to temporary files"
            )
        }),
        cold.filter(|hit| *hit < LOW_HIT_RATIO).map(|hit| {
            let percent = (1.0 - hit) * 100.0;
            format!("look for an index for {name}: {percent:.0} % of the blocks it reads are not in the server's cache")
        }),
        rows.map(|rows| format!("read {name} in pages: a call returns or touches {rows:.0} rows")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

pub(crate) fn on_client(statement: &Repeated) -> Option<String> {
    let (waited, total) = (statement.waited, statement.total);
    let is_mostly_waiting = waited > total / 2 && !waited.is_zero();
    is_mostly_waiting.then(|| {
        format!(
            "look at the size of pool {} before {}: its {} slow runs waited {:.3} s for a session and took {:.3} s",
            statement.pool,
            short(&statement.text),
            statement.runs,
            waited.as_secs_f64(),
            total.as_secs_f64()
        )
    })
}

fn short(text: &str) -> String {
    let cut: String = text.chars().take(SHORT).collect();
    if cut.len() < text.len() { format!("`{cut}…`") } else { format!("`{cut}`") }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use pgkeel_catalog::Statement;

    use super::*;

    fn slow(change: impl FnOnce(&mut Statement)) -> Vec<String> {
        let mut figures = Statement::default();
        (figures.calls, figures.total) = (4, Duration::from_secs(8));
        change(&mut figures);
        let statement = SlowStatement { figures, text: Some("select pg_sleep($1)".into()) };
        let all = SlowStatements {
            top: Vec::new(),
            threshold: Duration::from_secs(1),
            total_time: Duration::from_secs(100),
            evicted: None,
            since: None,
            hidden: None,
        };
        on_server(&all, &statement, 8192)
    }

    #[test]
    fn each_trouble_is_a_sentence_with_its_number() {
        assert!(slow(|_| {}).is_empty());
        let large = slow(|figures| figures.total = Duration::from_secs(40));
        assert_eq!(
            large,
            ["begin with `select pg_sleep($1)`: its 4 calls of 10.000 s each are 40 % of all statement time"]
        );
        assert!(slow(|figures| figures.temp_blocks_written = 1024)[0].contains(" 2 MiB a call"));
        assert!(slow(|figures| figures.blocks_read = 5000)[0].contains("100 % of the blocks"));
        assert!(slow(|figures| figures.rows = 400_000)[0].contains("100000 rows"));
    }
}
