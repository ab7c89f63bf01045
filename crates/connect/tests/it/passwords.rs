//! Where passwords come from, and to whom they are not given.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pgkeel_connect::{
    Config, Connection, Credentials, DialStep, Error, Occasion, PasswordFile, PasswordFuture, Target, dial,
};
use pgkeel_testkit::{Auth, TestCluster, TestDatabase};
use tokio_postgres::error::SqlState;

const PASSWORD: &str = "s3:cr\\et";

async fn guarded() -> TestCluster {
    TestCluster::start_with(|options| options.auth(Auth::Scram(PASSWORD.into()))).await
}

/// How to connect without a password, with these keywords.
fn without_password(cluster: &TestCluster, keywords: &str) -> Config {
    Config::new(format!("{}?{keywords}", cluster.address()).parse().expect("an address"))
}

fn write(path: &Path, text: &str, mode: u32) {
    std::fs::write(path, text).expect("a file of the test");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a file of the test");
}

async fn refused(config: &Config) -> String {
    let error: Error = dial(config).await.map(|_: Connection| ()).expect_err("no connection");
    let source = std::error::Error::source(&error).map(ToString::to_string);
    let text = format!("{error:?} {error} {source:?}");
    assert!(!text.contains("s3:cr"), "{text}");
    text
}

#[tokio::test]
async fn a_password_file_is_read_for_each_connection_unless_others_can_read_it() {
    let cluster = guarded().await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("passwords");
    let config = without_password(&cluster, &format!("passfile={}", path.display()));
    assert!(refused(&config).await.contains("password missing"));
    let host = &cluster.address().hosts()[0];
    let line = format!("*:{}:*:{}:s3\\:cr\\\\et\n", host.port(), cluster.address().user());
    write(&path, &line, 0o600);
    dial(&config).await.unwrap();
    write(&path, &line, 0o640);
    assert!(refused(&config).await.contains("password missing"));
    write(&path, "*:1:*:*:other\n*:*:*:*:wrong", 0o600);
    assert!(refused(&config).await.contains("authentication failed"));
}

#[derive(Default)]
struct Rotating {
    asked: AtomicUsize,
    never_newer: bool,
}

impl Credentials for Rotating {
    fn password<'a>(&'a self, target: Target<'a>, occasion: Occasion) -> PasswordFuture<'a> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        assert!(!target.user.is_empty() && !target.database.is_empty() && target.host.port() > 0);
        let right = occasion == Occasion::Refused && !self.never_newer;
        Box::pin(async move { Ok(if right { PASSWORD.into() } else { "stale".into() }) })
    }
}

#[tokio::test]
async fn a_refused_password_is_asked_for_once_more() {
    let cluster = guarded().await;
    let rotating = Arc::new(Rotating::default());
    let config = cluster.config().with_credentials(rotating.clone());
    dial(&config).await.unwrap();
    assert_eq!(rotating.asked.load(Ordering::SeqCst), 2);
    assert!(format!("{config:?}").contains("credentials: Some(Provider(..))"), "{config:?}");

    let stale = Arc::new(Rotating { never_newer: true, ..Rotating::default() });
    let error = dial(&cluster.config().with_credentials(stale.clone())).await.unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::INVALID_PASSWORD));
    assert_eq!(stale.asked.load(Ordering::SeqCst), 2);
}

struct Silent;

impl Credentials for Silent {
    fn password<'a>(&'a self, _: Target<'a>, _: Occasion) -> PasswordFuture<'a> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_named_by_the_error() {
    let database = TestDatabase::empty().await;
    let config = database.config().with_connect_timeout(Duration::from_millis(100));
    let error = dial(&config.with_credentials(Arc::new(Silent))).await.unwrap_err();
    assert!(matches!(error, Error::DialTimeout { step: DialStep::Credentials, .. }), "{error:?}");
}

#[tokio::test]
async fn a_password_alone_in_a_file_may_change_and_must_be_there() {
    let cluster = guarded().await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("password");
    let config = cluster.config().with_credentials(Arc::new(PasswordFile::new(&path)));
    let missing = refused(&config).await;
    assert!(
        missing.contains("getting the password failed") && missing.contains("cannot be read"),
        "{missing}"
    );
    write(&path, "wrong", 0o600);
    assert!(refused(&config).await.contains("authentication failed"));
    write(&path, &format!("{PASSWORD}\n"), 0o600);
    dial(&config).await.unwrap();
}

#[tokio::test]
async fn a_server_that_asks_in_another_way_than_required_gets_no_answer() {
    let (cluster, trusting) = (guarded().await, TestDatabase::empty().await);
    let requiring = |methods: &str| {
        let config = without_password(&cluster, &format!("require_auth={methods}"));
        Config::new(config.address().clone().with_password(PASSWORD.into()))
    };
    dial(&requiring("scram-sha-256")).await.unwrap();
    dial(&requiring("!password,!md5")).await.unwrap();
    let text = refused(&requiring("md5,none")).await;
    assert!(text.contains("asks for SCRAM-SHA-256, which `require_auth` does not allow"), "{text}");

    let requiring = |methods: &str| {
        Config::new(format!("{}?require_auth={methods}", trusting.address()).parse().unwrap())
    };
    dial(&requiring("none")).await.unwrap();
    let text = refused(&requiring("scram-sha-256")).await;
    assert!(text.contains("without asking for a proof"), "{text}");
}
