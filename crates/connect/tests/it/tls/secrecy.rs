//! What must be seen in no log line.

use pgkeel_testkit::Auth;

use super::authority::{Authority, Files};
use super::server::{Told, enter, in_full, root, server};
use crate::log::Log;

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
    let logged = log.text();
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
