//! What is logged, and how.

use anyhow::Context as _;
use pgkeel_connect::settings::{About, Reader, Setting};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::time::SystemTime;

static LEVEL: Setting<String> = Setting::new("log.level", "info", level).help(
    "LEVEL",
    "What is logged: error, warn, info, debug, trace, or directives such as info,pgkeel_pool=debug",
);

static FORMAT: Setting<Format> = Setting::new("log.format", "text", format)
    .help("text|json", "How a log line looks: for people, or one JSON object");

pub(crate) static SETTINGS: &[&About] = &[LEVEL.about(), FORMAT.about()];

#[derive(Debug, Clone)]
pub(crate) struct Logging {
    level: String,
    format: Format,
}

#[derive(Debug, Clone, Copy)]
enum Format {
    Text,
    Json,
}

fn level(text: &str) -> Result<String, String> {
    match EnvFilter::builder().parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err("is neither a level (error, warn, info, debug, trace) nor a list of directives".into()),
    }
}

fn format(text: &str) -> Result<Format, String> {
    match text {
        "text" => Ok(Format::Text),
        "json" => Ok(Format::Json),
        _ => Err("is neither text nor json".into()),
    }
}

impl Logging {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Self {
        Self { level: reader.get(&LEVEL), format: reader.get(&FORMAT) }
    }

    /// Starts logging to standard error.
    pub(crate) fn start(&self) -> anyhow::Result<()> {
        let filter = EnvFilter::builder().parse(&self.level).context("log.level")?;
        let lines = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_timer(SystemTime)
            .with_writer(std::io::stderr)
            .log_internal_errors(false) // A log that nobody reads any more must not end the process.
            .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
        let started = match self.format {
            Format::Text => lines.with_target(false).try_init(),
            Format::Json => lines.json().flatten_event(true).try_init(),
        };
        started.map_err(|error| anyhow::anyhow!("logging could not be started: {error}"))
    }
}
