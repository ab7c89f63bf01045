//! Secrets in files, of passphrases, and from a key management service.

use std::path::Path;

use pgkeel_crypto::{KeyFuture, KeySource, Keyring, KeyringConfig, KeyringError, RootKey, Sources};

use crate::fixture::{Environment, PRIMARY, SECRET, environment, from_environment, load, sources};

const PASSPHRASE: &str = "an old brown fox, and 7 lazy dogs";

fn file(text: &str, mode: u32) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    set_mode(file.path(), mode);
    file
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn from_file(path: &Path) -> Result<Keyring, KeyringError> {
    let path = path.display().to_string();
    from_environment(&environment(&[("PGKEEL_SEAL_PRIMARY", PRIMARY), ("PGKEEL_KEY_3F9A1C22_FILE", &path)]))
}

/// What was wrong, without what comes before it.
#[track_caller]
fn problem(refused: Result<Keyring, KeyringError>) -> String {
    let refused = refused.unwrap_err().to_string();
    refused.strip_prefix("the keyring cannot be used: seal key 3f9a1c22: ").unwrap().to_owned()
}

fn check_value(keyring: &Keyring) -> String {
    keyring.keys().next().unwrap().check_value.unwrap().to_string()
}

#[test]
fn a_file_that_only_its_owner_reads_has_the_secret() {
    let expected = RootKey::from_text(SECRET).unwrap().check_value().to_string();
    for (text, mode) in
        [(SECRET.to_owned(), 0o600), (format!("{SECRET}\n"), 0o400), (format!("{SECRET}\r\n"), 0o700)]
    {
        assert_eq!(check_value(&from_file(file(&text, mode).path()).unwrap()), expected);
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_others_read_is_refused() {
    for mode in [0o644, 0o640, 0o604, 0o620, 0o601] {
        let file = file(SECRET, mode);
        let refused = problem(from_file(file.path()));
        let path = file.path().display();
        assert_eq!(
            refused,
            format!(
                "{path} may be read by others, its mode is {mode:04o}: `chmod 600` it, or mount it with defaultMode 0400"
            )
        );
    }
}

#[test]
fn a_file_that_is_none_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let shown = directory.path().display();
    assert_eq!(problem(from_file(directory.path())), format!("{shown} is no regular file"));
    let missing = directory.path().join("key");
    assert_eq!(
        problem(from_file(&missing)),
        format!("{} cannot be read: is it there, and this user's?", missing.display())
    );
    let source = std::error::Error::source(&from_file(&missing).unwrap_err()).unwrap().to_string();
    assert!(source.contains("No such file"), "{source}");
    let large = file(&"a".repeat(4097), 0o600);
    let refused = problem(from_file(large.path()));
    assert!(refused.ends_with("has more than 4096 bytes, so it is hardly a secret"), "{refused}");
    let two_lines = file(&format!("{SECRET}\n\n"), 0o600);
    assert!(problem(from_file(two_lines.path())).starts_with("its secret is not 32 bytes"));
}

#[test]
fn a_variable_and_its_file_together_are_refused() {
    let refused = from_environment(&environment(&[
        ("PGKEEL_SEAL_PRIMARY", PRIMARY),
        ("PGKEEL_KEY_3F9A1C22", SECRET),
        ("PGKEEL_KEY_3F9A1C22_FILE", "/run/secrets/key"),
    ]));
    assert_eq!(
        problem(refused),
        "PGKEEL_KEY_3F9A1C22 and PGKEEL_KEY_3F9A1C22_FILE are both set: keep one of them"
    );
}

fn of_passphrase(argon2: &str, passphrase: &str, check: &str) -> Result<Keyring, KeyringError> {
    let document = format!(
        "version = 1\n[[seal]]\nid = \"{PRIMARY}\"\nstate = \"primary\"\nsource = \"passphrase:env:PHRASE\"\n\
         kcv = \"{check}\"\nargon2 = {{ {argon2} }}"
    );
    let environment: Environment = environment(&[("PHRASE", passphrase)]);
    load(&KeyringConfig::from_toml(&document)?, &sources(&environment))
}

const ARGON2: &str = r#"salt = "000102030405060708090a0b0c0d0e0f", m_kib = 19456, t = 2, p = 1"#;

/// The check value was computed by another implementation.
#[test]
fn a_passphrase_is_a_key() {
    let keyring = of_passphrase(ARGON2, PASSPHRASE, "88e7d2da4feb2ac8").unwrap();
    assert_eq!(check_value(&keyring), "88e7d2da4feb2ac8");
    let other = problem(of_passphrase(ARGON2, "an old brown fox, and 8 lazy dogs", "88e7d2da4feb2ac8"));
    assert!(other.starts_with("the secret that was found has the check value "), "{other}");
}

#[test]
fn a_passphrase_that_could_be_guessed_is_refused() {
    let check = "0000000000000000";
    let short = problem(of_passphrase(ARGON2, "fourteen bytes", check));
    assert_eq!(short, "its passphrase has fewer than 15 bytes");
    let weak = [("19456", "19455"), ("t = 2", "t = 1"), ("p = 1", "p = 0")];
    for (right, wrong) in weak {
        let refused = problem(of_passphrase(&ARGON2.replace(right, wrong), PASSPHRASE, check));
        assert!(refused.starts_with("argon2 with m_kib = ") && refused.contains("is too weak"), "{refused}");
    }
    let excessive = problem(of_passphrase(&ARGON2.replace("19456", "2097153"), PASSPHRASE, check));
    assert!(excessive.ends_with("is more than m_kib = 2097152, t = 64, p = 64"), "{excessive}");
    let refused = of_passphrase(&ARGON2.replace("0e0f", ""), PASSPHRASE, check).unwrap_err().to_string();
    assert!(
        refused.ends_with("seal[0].argon2.salt has to be 16 to 64 bytes, as hexadecimal digits"),
        "{refused}"
    );
}

/// Unwraps after a while.
struct Service;

impl KeySource for Service {
    fn fetch<'a>(&'a self, reference: &'a str) -> KeyFuture<'a> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            match reference {
                "projects/p/keys/k" => RootKey::from_text(SECRET).ok_or_else(|| "no key".into()),
                _ => Err("the service does not know it".into()),
            }
        })
    }
}

fn wrapped(reference: &str, service: Option<&dyn KeySource>) -> Result<Keyring, KeyringError> {
    let check = RootKey::from_text(SECRET).unwrap().check_value();
    let document = format!(
        r#"{{"version": 1, "seal": [{{"id": "{PRIMARY}", "state": "primary", "source": "wrapped:{reference}", "kcv": "{check}"}}]}}"#
    );
    let none = Sources::new(|_: &str| None);
    let sources = match service {
        Some(service) => none.with_service(service),
        None => none,
    };
    load(&KeyringConfig::from_json(&document)?, &sources)
}

#[test]
fn a_key_management_service_unwraps_secrets() {
    let keyring = wrapped("projects/p/keys/k", Some(&Service)).unwrap();
    assert_eq!(check_value(&keyring), RootKey::from_text(SECRET).unwrap().check_value().to_string());
    let refused = wrapped("elsewhere", Some(&Service)).unwrap_err();
    assert_eq!(std::error::Error::source(&refused).unwrap().to_string(), "the service does not know it");
    assert_eq!(problem(Err(refused)), "the key management service did not unwrap its secret");
    let alone = problem(wrapped("projects/p/keys/k", None));
    assert_eq!(
        alone,
        "its secret is wrapped, and the program has no key management service to ask: give `Sources` one"
    );
}

/// So that it can be waited for anywhere.
#[test]
fn the_future_of_a_keyring_is_send() {
    fn is_send(_: impl Send) {}
    let sources = Sources::new(|_: &str| None).with_service(&Service);
    let config = KeyringConfig::from_toml(
        "version = 1\n[[seal]]\nid = \"00000001\"\nstate = \"primary\"\nsource = \"wrapped:x\"",
    )
    .unwrap();
    is_send(config.load(&sources));
}
