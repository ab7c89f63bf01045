//! What must be seen in no log line.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use pgkeel_testkit::Auth;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::authority::{Authority, Files};
use super::server::{Told, enter, in_full, root, server};

/// Keeps every field of everything that is logged, from every library.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut text = self.0.lock().expect("nobody panics with it");
        *text = format!("{text}{field}={value:?} ");
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn no_password_and_no_key_is_logged_or_shown() {
    let log = Log::default();
    // For the whole process: what one thread alone listens to, another may switch off by being the first to log it.
    tracing::subscriber::set_global_default(log.clone()).expect("no other test listens");
    let (ours, stranger, files) = (Authority::new("ours"), Authority::new("stranger"), Files::new());
    let own = ours.named("postgres");
    let key = files.put("own.key", &own.key);
    let own_keywords =
        format!("sslcert={} sslkey={}", files.put("own.crt", &own.certificate).display(), key.display());
    let pair = ours.server(&["localhost"]);
    let auth = Auth::Scram("s3cret_4711".into());
    let cluster = server(Told { pair: Some(&pair), clients: Some(&ours), auth, ..Told::default() }).await;
    let (good, bad) = (files.put("good.crt", &ours.pem()), files.put("bad.crt", &stranger.pem()));
    let mut shown = Vec::new();
    for mode in ["allow", "prefer", "require", "verify-full"] {
        for (password, roots) in [("s3cret_4711", &good), ("s3cret_4711", &bad), ("wrong_4711", &good)] {
            let keywords = format!("sslmode={mode} password={password} {own_keywords} {}", root(roots));
            shown.push(match enter(&cluster, &keywords).await {
                Ok(connection) => format!("{connection:?} {:?}", connection.canceller()),
                Err(error) => in_full(&error),
            });
        }
    }
    let logged = log.0.lock().expect("nobody panics with it").clone();
    assert!(
        logged.contains("in the clear, as sslmode=prefer has it"),
        "the test sees what is logged: {logged}"
    );
    let of_the_key = own.key.lines().nth(1).expect("a key has lines");
    for text in [shown.concat(), logged] {
        for secret in ["s3cret_4711", "wrong_4711", of_the_key] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}
