//! What each `sslmode` comes to with each kind of server, as libpq has it.

use pgkeel_connect::{DialStep, Error};
use pgkeel_testkit::{TestCluster, in_full};

use super::authority::{Authority, Files};
use super::server::{Told, at, enter, port, root, server};

const MODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/// What becomes of a connection, in a word.
async fn outcome(cluster: &TestCluster, keywords: &str) -> &'static str {
    match enter(cluster, keywords).await {
        Ok(connection) if connection.tls().is_some() => "tls",
        Ok(_) => "clear",
        Err(Error::Dial { step: DialStep::Tls, .. }) => "no tls",
        Err(Error::Refused { .. }) => "refused",
        Err(error) => panic!("{keywords}: {error:?}"),
    }
}

async fn outcomes(cluster: &TestCluster, modes: &[&str], more: &str) -> String {
    let mut outcomes = Vec::new();
    for mode in modes {
        outcomes.push(outcome(cluster, &format!("sslmode={mode} {more}")).await);
    }
    outcomes.join(", ")
}

#[tokio::test]
async fn every_mode_ends_with_every_kind_of_certificate_as_in_libpq() {
    let (ours, stranger, files) = (Authority::new("ours"), Authority::new("stranger"), Files::new());
    let trusted = root(&files.put("root.crt", &ours.pem()));
    let here = ["localhost", "127.0.0.1"];
    let cases = [
        ("none", None, "clear, clear, clear, no tls, no tls, no tls"),
        ("good", Some(ours.server(&here)), "clear, clear, tls, tls, tls, tls"),
        ("of a stranger", Some(stranger.server(&here)), "clear, clear, clear, no tls, no tls, no tls"),
        ("for another name", Some(ours.server(&["else.test"])), "clear, clear, tls, tls, tls, no tls"),
        ("common name alone", Some(ours.named("localhost")), "clear, clear, tls, tls, tls, no tls"),
        ("expired", Some(ours.expired_server(&here)), "clear, clear, clear, no tls, no tls, no tls"),
    ];
    for (what, pair, expected) in cases {
        let cluster = server(Told { pair: pair.as_ref(), ..Told::default() }).await;
        assert_eq!(outcomes(&cluster, &MODES, &trusted).await, expected, "certificate: {what}");
        let unverified =
            if pair.is_some() { "clear, clear, tls, tls" } else { "clear, clear, clear, no tls" };
        assert_eq!(
            outcomes(&cluster, &MODES[..4], "").await,
            unverified,
            "without a root, certificate: {what}"
        );
    }
}

#[tokio::test]
async fn a_server_that_wants_tls_or_none_gets_it_from_the_modes_that_may_choose() {
    let (ours, files) = (Authority::new("ours"), Files::new());
    let (pair, trusted) = (ours.server(&["localhost"]), root(&files.put("root.crt", &ours.pem())));
    let told = |hba| Told { pair: Some(&pair), hba, ..Told::default() };
    let wants_tls = server(told(&["hostnossl all all all reject"])).await;
    assert_eq!(outcomes(&wants_tls, &MODES, &trusted).await, "refused, tls, tls, tls, tls, tls");
    let wants_none = server(told(&["hostssl all all all reject"])).await;
    assert_eq!(
        outcomes(&wants_none, &MODES, &trusted).await,
        "clear, clear, clear, refused, refused, refused"
    );
}

#[tokio::test]
async fn of_two_ways_that_failed_the_one_with_tls_is_told() {
    let ours = Authority::new("ours");
    let (pair, stranger, files) = (ours.server(&["localhost"]), Authority::new("stranger"), Files::new());
    let hba: &[&str] = &["hostnossl all all all reject"];
    let cluster = server(Told { pair: Some(&pair), hba, ..Told::default() }).await;
    let trusted = root(&files.put("root.crt", &stranger.pem()));
    for mode in ["allow", "prefer"] {
        let error = enter(&cluster, &format!("sslmode={mode} {trusted}")).await.unwrap_err();
        assert!(in_full(&error).contains("root.crt does not name"), "{mode}: {error:?}");
    }
}

#[tokio::test]
async fn errors_say_what_to_do() {
    let (ours, stranger, files) = (Authority::new("ours"), Authority::new("stranger"), Files::new());
    let trusted = root(&files.put("root.crt", &ours.pem()));
    let cases = [
        (None, "require", "ssl=on"),
        (Some(stranger.server(&["localhost"])), "verify-ca", "sslrootcert"),
        (Some(ours.server(&["else.test", "192.0.2.7"])), "verify-full", "only for else.test, 192.0.2.7"),
        (Some(ours.named("localhost")), "verify-full", "a common name alone does not count"),
        (Some(ours.expired_server(&["localhost"])), "verify-ca", "days ago; renew it"),
    ];
    for (pair, mode, advice) in cases {
        let cluster = server(Told { pair: pair.as_ref(), ..Told::default() }).await;
        let error = enter(&cluster, &format!("sslmode={mode} {trusted}")).await.unwrap_err();
        let source = std::error::Error::source(&error).expect("an error of TLS says why").to_string();
        assert!(source.contains(advice), "{source}");
        assert!(error.to_string().starts_with("agreeing on TLS failed for localhost:"), "{error}");
        assert!(!error.is_safe_to_retry(), "{error}");
    }
}

#[tokio::test]
async fn an_ip_address_is_verified_against_the_ip_addresses_of_the_certificate() {
    let (ours, files) = (Authority::new("ours"), Files::new());
    let trusted = root(&files.put("root.crt", &ours.pem()));
    let enter = async |pair| {
        let cluster = server(Told { pair: Some(&pair), ..Told::default() }).await;
        let text =
            format!("host=127.0.0.1 port={} user=postgres sslmode=verify-full {trusted}", port(&cluster));
        pgkeel_connect::dial(&pgkeel_connect::Config::new(text.parse().unwrap())).await
    };
    assert!(enter(ours.server(&["127.0.0.1"])).await.unwrap().tls().is_some());
    assert!(in_full(&enter(ours.server(&["localhost"])).await.unwrap_err()).contains("not for `127.0.0.1`"));
}

#[tokio::test]
async fn a_self_signed_certificate_may_be_its_own_root() {
    for is_ca in [false, true] {
        let files = Files::new();
        let pair = super::authority::self_signed(&["localhost"], is_ca, &rcgen::PKCS_ECDSA_P256_SHA256);
        let cluster = server(Told { pair: Some(&pair), ..Told::default() }).await;
        let own = root(&files.put("server.crt", &pair.certificate));
        assert_eq!(outcomes(&cluster, &["verify-ca", "verify-full"], &own).await, "tls, tls", "{is_ca}");
        let other = super::authority::self_signed(&["localhost"], is_ca, &rcgen::PKCS_ECDSA_P256_SHA256);
        let other = root(&files.put("other.crt", &other.certificate));
        assert_eq!(outcomes(&cluster, &["verify-ca"], &other).await, "no tls", "{is_ca}");
    }
}

#[tokio::test]
async fn a_certificate_of_version_1_is_as_good_as_any_where_no_name_is_verified() {
    let (pair, files) = (super::authority::version_1("localhost"), Files::new());
    let cluster = server(Told { pair: Some(&pair), ..Told::default() }).await;
    assert_eq!(outcomes(&cluster, &["prefer", "require"], "").await, "tls, tls");
    let own = root(&files.put("server.crt", &pair.certificate));
    assert_eq!(outcomes(&cluster, &["require", "verify-ca", "verify-full"], &own).await, "tls, tls, no tls");
}

#[tokio::test]
async fn a_revoked_certificate_is_refused_and_another_is_not() {
    let (ours, files) = (Authority::new("ours"), Files::new());
    let trusted = root(&files.put("root.crt", &ours.pem()));
    let cluster =
        server(Told { pair: Some(&ours.server_with_serial(&["localhost"], 7)), ..Told::default() }).await;
    for (serial, expected) in [(7, "no tls"), (8, "tls")] {
        let list = files.put(&format!("{serial}.crl"), &ours.revoke(&[serial]));
        let keywords = format!("sslmode=verify-full {trusted} sslcrl={}", list.display());
        assert_eq!(outcome(&cluster, &keywords).await, expected, "{serial} is revoked");
    }
}

#[tokio::test]
async fn a_unix_socket_does_without_tls_in_every_mode() {
    let cluster = TestCluster::start().await;
    let pgkeel_connect::HostName::Socket(directory) = cluster.address().hosts()[0].name() else {
        panic!("the cluster listens on a socket alone")
    };
    for mode in ["allow", "prefer", "require", "verify-full"] {
        let text = format!("host={} user=postgres sslmode={mode}", directory.display());
        let connection =
            pgkeel_connect::dial(&pgkeel_connect::Config::new(text.parse().unwrap())).await.unwrap();
        assert!(connection.tls().is_none());
    }
}

#[tokio::test]
async fn the_versions_of_tls_can_be_bounded() {
    let pair = Authority::new("ours").server(&["localhost"]);
    let cluster = server(Told { pair: Some(&pair), ..Told::default() }).await;
    for (bound, version) in [("max", "TLSv1.2"), ("min", "TLSv1.3")] {
        let keywords = format!("sslmode=require ssl_{bound}_protocol_version={version}");
        let connection = enter(&cluster, &keywords).await.unwrap();
        assert_eq!(connection.tls().unwrap().version(), version);
    }
    assert!(at(1, "ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2").is_err());
    let settings = &[("ssl_max_protocol_version", "TLSv1.2")];
    let old = server(Told { pair: Some(&pair), settings, ..Told::default() }).await;
    let error = enter(&old, "sslmode=require ssl_min_protocol_version=TLSv1.3").await.unwrap_err();
    assert!(in_full(&error).contains("ssl_min_protocol_version"), "{error:?}");
}
