//! The client's own certificate.

use pgkeel_connect::Error;
use pgkeel_testkit::{TestCluster, in_full};

use super::authority::{Authority, Files, Pair, set_mode};
use super::server::{Told, at, enter, server};

/// A server that lets in whoever has a certificate for the user.
async fn strict(ours: &Authority) -> TestCluster {
    let pair = ours.server(&["localhost"]);
    let hba: &[&str] = &["hostssl all all all cert"];
    server(Told { pair: Some(&pair), clients: Some(ours), hba, ..Told::default() }).await
}

fn with(files: &Files, name: &str, pair: &Pair) -> String {
    let certificate = files.put(&format!("{name}.crt"), &pair.certificate);
    let key = files.put(&format!("{name}.key"), &pair.key);
    format!("sslmode=require sslcert={} sslkey={}", certificate.display(), key.display())
}

#[tokio::test]
async fn a_certificate_opens_the_door_for_its_user_alone() {
    let (ours, stranger, files) = (Authority::new("ours"), Authority::new("stranger"), Files::new());
    let cluster = strict(&ours).await;
    for version in ["TLSv1.2", "TLSv1.3"] {
        let version = format!("ssl_max_protocol_version={version}");
        let entered =
            enter(&cluster, &format!("{} {version}", with(&files, "good", &ours.named("postgres")))).await;
        assert!(entered.unwrap().tls().is_some());

        let error = enter(&cluster, &format!("sslmode=require {version}")).await.unwrap_err();
        assert!(matches!(error, Error::Refused { .. }), "{error:?}");
        let other = format!("{} {version}", with(&files, "other", &ours.named("somebody")));
        assert!(matches!(enter(&cluster, &other).await.unwrap_err(), Error::Refused { .. }));
        let unknown = format!("{} {version}", with(&files, "unknown", &stranger.named("postgres")));
        let error = enter(&cluster, &unknown).await.unwrap_err();
        assert!(matches!(error, Error::Dial { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn sslcertmode_disable_keeps_the_certificate_back_and_require_wants_to_be_asked() {
    let (ours, files) = (Authority::new("ours"), Files::new());
    let own = with(&files, "good", &ours.named("postgres"));
    let cluster = strict(&ours).await;
    let entered = enter(&cluster, &format!("{own} sslcertmode=disable")).await;
    assert!(matches!(entered.unwrap_err(), Error::Refused { .. }));
    assert!(enter(&cluster, &format!("{own} sslcertmode=require")).await.is_ok());

    let pair = ours.server(&["localhost"]);
    let does_not_ask = server(Told { pair: Some(&pair), ..Told::default() }).await;
    assert!(enter(&does_not_ask, &own).await.is_ok());
    let error = enter(&does_not_ask, &format!("{own} sslcertmode=require")).await.unwrap_err();
    assert!(in_full(&error).contains("has not asked for a client certificate"), "{error:?}");
}

#[test]
fn files_that_cannot_be_used_are_named_before_anything_is_dialled() {
    let (ours, files) = (Authority::new("ours"), Files::new());
    let (good, other) = (ours.named("postgres"), ours.named("other"));
    let (certificate, key) = (files.put("a.crt", &good.certificate), files.put("a.key", &good.key));
    let problem = |certificate: &std::path::Path, key: &std::path::Path| {
        let keywords = format!("sslcert={} sslkey={}", certificate.display(), key.display());
        at(1, &keywords).unwrap_err().to_string()
    };
    for (mode, is_private) in
        [(0o600, true), (0o400, true), (0o640, is_root()), (0o660, false), (0o604, false)]
    {
        set_mode(&key, mode);
        let keywords = format!("sslcert={} sslkey={}", certificate.display(), key.display());
        assert_eq!(at(1, &keywords).is_ok(), is_private, "{mode:o}");
    }
    assert!(problem(&certificate, &key).contains("has mode 0604, so others can get at it; make it 0600"));
    let problem_of = |name: &str, text: &str| problem(&certificate, &files.put(name, text));
    assert!(problem_of("b.key", &other.key).contains("b.key is not the key of the certificate"));
    assert!(problem_of("c.key", "nothing").contains("c.key has no private key in PEM format"));
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII=\n-----END ENCRYPTED PRIVATE KEY-----\n";
    assert!(problem_of("d.key", encrypted).contains("openssl pkey -in KEY -out PLAIN"));
    assert!(problem(&certificate, &files.path().join("e.key")).contains("e.key cannot be read"));
    set_mode(&key, 0o600);
    assert!(problem(&files.path().join("e.crt"), &key).contains("sslcert: "));
    assert!(at(1, &format!("sslkey={}", key.display())).unwrap_err().to_string().contains("without sslcert"));
    assert!(at(1, "sslcertmode=require").unwrap_err().to_string().contains("name it with sslcert"));
    assert!(at(1, "sslpassword=hunter2").unwrap_err().to_string().contains("`sslpassword` is not supported"));
}

/// Whether files of this test are root's.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    tempfile::tempfile().expect("a sound set-up of the test").metadata().expect("this works").uid() == 0
}
