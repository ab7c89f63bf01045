//! What the server remarks is told without its text.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use pgkeel_connect::Executor as _;
use pgkeel_testkit::TestDatabase;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

const TARGET: &str = "pgkeel_connect::notice";

/// Keeps a line for each event: its target, its level, its fields.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() != "message" {
            let _ = write!(self.0, " {field}={value:?}");
        }
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(format!("{} {}", event.metadata().target(), event.metadata().level()));
        event.record(&mut line);
        let mut text = self.0.lock().expect("nobody panics with it");
        *text = format!("{text}{}\n", line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn severities_become_levels_and_texts_stay_out() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let log = Log::default();
    let kept = tracing::subscriber::set_default(log.clone());
    connection.batch_execute("set client_min_messages = debug5").await.unwrap();
    for (severity, level) in [
        ("warning", "WARN severity=\"WARNING\""),
        ("notice", "DEBUG severity=NOTICE"),
        ("info", "DEBUG severity=INFO"),
        ("log", "TRACE severity=LOG"),
        ("debug", "TRACE severity=DEBUG"),
    ] {
        let raise = format!(
            "raise {severity} 'canary_4711 %', 'canary_4711' using errcode = 'KEEL1',
            detail = 'canary_4711', hint = 'canary_4711', column = 'canary_4711'"
        );
        connection.batch_execute(&format!("do $$ begin {raise}; end $$")).await.unwrap();
        let lines = log.0.lock().unwrap().clone();
        let expected = format!("{TARGET} {level}");
        let told = lines.lines().any(|line| line.starts_with(&expected) && line.contains("code=\"KEEL1\""));
        assert!(told, "{severity}: {lines}");
        log.0.lock().unwrap().clear();
    }
    // A remark of the server's own, which names its function.
    connection.batch_execute("drop table if exists canary_4711").await.unwrap();
    drop(kept);
    let lines = log.0.lock().unwrap().clone();
    assert!(lines.contains("routine=\"DropErrorMsgNonExistent\""), "{lines}");
    assert!(!lines.lines().any(|line| line.starts_with(TARGET) && line.contains("canary")), "{lines}");
}
