//! What a program hears of its settings.

use pgkeel_connect::Config;
use pgkeel_connect::settings::Settings;
use pgkeel_testkit::Log;

#[test]
fn what_is_accepted_but_does_nothing_is_logged() {
    let log = Log::of_this_process();
    let url = "postgresql+asyncpg://u:s3cret@h/d?prepared_statement_cache_size=0&sslmode=disable";
    let settings = Settings::new().environment([("DATABASE_URL", url), ("PGGSSLIB", "gssapi")]);
    let config = Config::from_settings(settings);
    assert_eq!(config.unwrap().address().user(), "u");
    let text = log.text();
    for name in ["`prepared_statement_cache_size` of the database address", "PGGSSLIB"] {
        assert!(text.contains(name), "{text}");
    }
    assert!(!text.contains("s3cret"), "{text}");
}
