//! How far the filling has come: a bar where a person looks, lines in a log where not.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};
use pgkeel_demo::{Event, Progress};

/// Between two lines of a log.
const PER_CENT: u64 = 10;

const TEMPLATE: &str = "{prefix} [{bar:30}] {percent:>3} %, {pos} of {len} rows: {wide_msg}";

#[derive(Debug)]
pub(crate) enum Display {
    Bar(ProgressBar),
    Log { name: String, told: Option<Progress> },
}

impl Display {
    /// Of a demo that is called so.
    pub(crate) fn new(name: &str) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self::Log { name: name.to_owned(), told: None };
        }
        let style = ProgressStyle::with_template(TEMPLATE).expect("a template").progress_chars("=> ");
        Self::Bar(ProgressBar::new(0).with_style(style).with_prefix(name.to_owned()))
    }

    pub(crate) fn show(&mut self, event: Event<'_>) {
        match (event, self) {
            (Event::Swept { database }, _) => {
                tracing::warn!("dropped {database}, which a process that was killed had left");
            }
            (Event::Progress(now), Self::Bar(bar)) => {
                bar.set_message(now.step.to_string());
                bar.set_length(now.total);
                bar.set_position(now.done);
            }
            (Event::Progress(now), Self::Log { name, told }) => {
                if is_news(*told, now) {
                    tracing::info!("{name}: {} % of {} rows: {}", now.percent(), now.total, now.step);
                    *told = Some(now);
                }
            }
            (_, _) => {}
        }
    }
}

/// The bar is for the time of the filling only.
impl Drop for Display {
    fn drop(&mut self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

fn is_news(told: Option<Progress>, now: Progress) -> bool {
    told.is_none_or(|told| told.step != now.step || told.percent() / PER_CENT < now.percent() / PER_CENT)
}
