//! Problems with the settings of TLS, found before anything is dialled, and what must not be seen in them.

use pgkeel_connect::settings::{Reader, Settings};
use pgkeel_connect::{Config, Draft};

use super::authority::{Authority, Files};
use super::server::at;

fn problem(keywords: &str) -> String {
    at(1, keywords).expect_err("no connection").to_string()
}

#[test]
fn what_does_not_go_together_is_refused_as_in_libpq() {
    assert!(problem("sslmode=verify-ca").contains("sslrootcert=system"));
    assert!(problem("sslmode=require sslrootcert=system").contains("too weak for sslrootcert=system"));
    assert!(
        problem("sslnegotiation=direct").contains("sslmode=prefer is too weak for sslnegotiation=direct")
    );
    assert!(problem("ssl_min_protocol_version=TLSv1.1").contains("too old"));
    assert!(problem("sslmode=require sslcrl=/nonexistent").contains("no effect without sslrootcert"));
    assert!(problem("sslcrldir=/nonexistent").contains("`sslcrldir` is not supported"));
    assert!(at(1, "sslmode=require sslnegotiation=direct sslsni=0 sslcompression=0").is_ok());
}

#[test]
fn all_problems_come_at_once_each_with_its_keyword() {
    let problem = problem("sslmode=nope channel_binding=maybe sslsni=2 sslcertmode=x requiressl=y");
    assert!(problem.starts_with("5 wrong settings:"), "{problem}");
    for keyword in ["sslmode", "channel_binding", "sslsni", "sslcertmode", "requiressl"] {
        assert!(problem.contains(&format!("{keyword} of the address in code")), "{problem}");
    }
    let files = self::problem(
        "sslmode=verify-ca sslrootcert=/nonexistent/a sslcert=/nonexistent/b sslkey=/nonexistent/c",
    );
    assert!(
        files.contains("/nonexistent/a cannot be read") && files.contains("/nonexistent/b cannot be read")
    );
}

#[test]
fn files_are_not_looked_at_where_no_connection_could_need_them() {
    assert!(at(1, "sslmode=disable sslrootcert=/nonexistent").is_ok());
    assert!("host=/run user=u sslmode=verify-full".parse::<pgkeel_connect::Address>().is_ok());
}

#[test]
fn a_root_file_without_certificates_is_named() {
    let files = Files::new();
    let empty = files.put("empty.pem", "");
    assert!(problem(&format!("sslrootcert={}", empty.display())).contains("empty.pem has no certificate"));
    let broken = files.put("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    assert!(
        problem(&format!("sslrootcert={}", broken.display())).contains("its certificate 1 cannot be used")
    );
}

#[test]
fn the_files_in_the_home_directory_are_found_and_old_spellings_are_read() {
    let (ours, home) = (Authority::new("ours"), Files::new());
    let read = |url: &'static str| {
        let environment = [("HOME", home.path().display().to_string()), ("DATABASE_URL", url.to_owned())];
        let environment: std::collections::BTreeMap<String, String> =
            environment.map(|(name, value)| (name.to_owned(), value)).into();
        let draft = |reader: &mut Reader<'_>| Draft::read(reader).complete(reader);
        Settings::new().environment(environment).resolve(draft).map(|resolved| resolved.value)
    };
    let verified = "postgresql://u@db.test/d?sslmode=verify-full";
    assert!(read(verified).is_err());
    std::fs::create_dir(home.path().join(".postgresql")).unwrap();
    home.put(".postgresql/root.crt", &ours.pem());
    assert!(read(verified).is_ok());
    home.put(".postgresql/postgresql.crt", &ours.named("u").certificate);
    let problem = read(verified).unwrap_err().to_string();
    assert!(problem.contains("postgresql.crt, but no key to it"), "{problem}");
    for url in ["postgresql://u@h/d?requiressl=1", "postgresql://u@h/d?ssl=true"] {
        assert!(read(url).is_err(), "the certificate without a key is noticed: {url}");
    }
}

#[test]
fn no_text_of_a_key_is_seen_anywhere() {
    let (ours, files) = (Authority::new("ours"), Files::new());
    let pair = ours.named("postgres");
    let secret = pair.key.lines().nth(1).unwrap().to_owned();
    let (certificate, key) = (files.put("a.crt", &pair.certificate), files.put("a.key", &pair.key));
    let keywords = format!("sslcert={} sslkey={}", certificate.display(), key.display());
    let config: Config = at(1, &keywords).unwrap();
    let shown = format!("{config:?} {:#?} {}", config.address(), config.address());
    assert!(!shown.contains(&secret), "{shown}");
    let broken = files.put("b.key", &pair.key.replace("-----END", "!\n-----END"));
    let keywords = format!("sslcert={} sslkey={}", certificate.display(), broken.display());
    assert!(!at(1, &keywords).unwrap_err().to_string().contains(&secret));
    assert!(!problem("sslpassword=hunter2").contains("hunter2"));
}
