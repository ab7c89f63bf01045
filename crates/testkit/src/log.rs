use std::error::Error;
use std::fmt::{Debug, Display, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// All that this process logs, every field at every level, from every library: to be searched. Each event is a line; each
/// span one when it begins, and one for each of the fields that become known later, under the same number.
#[derive(Debug, Clone, Default)]
pub struct Log(Arc<Mutex<String>>);

impl Log {
    /// Listens from the first time on that any test of the process asks. For the whole process: what one thread alone
    /// listens to, another may switch off by being the first to log it.
    ///
    /// # Panics
    /// If something else listens already.
    #[must_use]
    pub fn of_this_process() -> Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        let listen = || {
            let log = Self::default();
            tracing::subscriber::set_global_default(log.clone()).expect("nobody else listens");
            log
        };
        LOG.get_or_init(listen).clone()
    }

    /// What was logged so far.
    #[must_use]
    pub fn text(&self) -> String {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, kind: &str, what: impl Display, record: impl FnOnce(&mut Line)) {
        let mut line = Line(format!("{kind} {what}"));
        record(&mut line);
        let _ = writeln!(self.lock(), "{}", line.0);
    }
}

/// One event, or what became known of a span at one time.
struct Line(String);

impl Line {
    fn put(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}

/// Everything that can be read off an error: it and its causes, as `Display` and as `Debug`.
#[must_use]
pub fn in_full(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    let mut cause = Some(error);
    while let Some(error) = cause {
        let _ = writeln!(text, "{error} {error:?}");
        cause = error.source();
    }
    text
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.put(field, &in_full(value));
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let id = LAST.fetch_add(1, Ordering::Relaxed) + 1;
        self.add("span", format_args!("{id} {}", span.metadata().target()), |line| span.record(line));
        Id::from_u64(id)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        self.add("span", span.into_u64(), |line| values.record(line));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        self.add("event", event.metadata().target(), |line| event.record(line));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
