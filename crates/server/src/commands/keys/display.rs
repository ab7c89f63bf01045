//! How far long work is.

use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use pgkeel_query::rotation::Progress;

/// How far it is: a bar where a person looks, lines in a log where not.
pub(super) struct Display {
    shown: Shown,
    /// Rows per second, of each worker.
    rates: Mutex<Vec<f64>>,
}

enum Shown {
    Bar(ProgressBar),
    Log { name: String, next: Mutex<Instant> },
}

/// Between two lines of a log.
const PAUSE: Duration = Duration::from_secs(10);

impl Display {
    /// Of so many workers.
    pub(super) fn new(name: &str, workers: usize) -> Self {
        Self { shown: Shown::new(name), rates: Mutex::new(vec![0.0; workers]) }
    }

    /// What a worker says, the first being number 0.
    pub(super) fn progress(&self, worker: usize, now: &Progress) {
        let rate: f64 = {
            let mut rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
            rates[worker] = now.rows_per_second;
            rates.iter().sum()
        };
        let left = now.seconds_left.map(|left| format!(", about {left:.0} s left")).unwrap_or_default();
        let told = format!("pass {}, {rate:.0} rows/s{left}", now.pass);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a part of 1 in thousandths"
        )]
        self.shown.show(now.left.map(|left| ((1.0 - left).clamp(0.0, 1.0) * 1_000.0) as u64), &told);
    }

    pub(super) fn cells(&self, cells: u64) {
        self.shown.show(None, &format!("{cells} values so far"));
    }
}

impl Shown {
    fn new(name: &str) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self::Log { name: name.to_owned(), next: Mutex::new(Instant::now() + PAUSE) };
        }
        let style = ProgressStyle::with_template("{prefix} [{bar:30}] {percent:>3} % {wide_msg}");
        let style = style.expect("a template").progress_chars("=> ");
        Self::Bar(ProgressBar::new(1_000).with_style(style).with_prefix(name.to_owned()))
    }

    fn show(&self, thousandths: Option<u64>, told: &str) {
        match self {
            Self::Bar(bar) => {
                if let Some(done) = thousandths {
                    bar.set_position(done);
                }
                bar.set_message(told.to_owned());
            }
            Self::Log { name, next } => {
                let mut next = next.lock().unwrap_or_else(PoisonError::into_inner);
                if Instant::now() >= *next {
                    *next = Instant::now() + PAUSE;
                    eprintln!("{name}: {told}");
                }
            }
        }
    }
}

/// The bar is for the time of the work only.
impl Drop for Shown {
    fn drop(&mut self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
