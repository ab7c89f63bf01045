//! Opening a connection: what is reached, what is not, and when it is given up.

use std::time::{Duration, Instant};

use pgkeel_connect::{Address, Config, DialStep, Error, Executor as _, Host, HostName, dial};
use pgkeel_testkit::{Auth, Proxy, TestCluster, TestDatabase};
use tokio_postgres::error::SqlState;

#[tokio::test]
async fn a_connection_carries_its_application_name_and_options() {
    let database = TestDatabase::empty().await;
    let config = database.config().with_application_name("keel test");
    let connection = dial(&config).await.unwrap();
    let name: String = connection.query_scalar("show application_name", &[]).await.unwrap();
    assert_eq!(name, "keel test");

    let directory = match database.address().hosts()[0].name() {
        HostName::Socket(directory) => directory.display().to_string(),
        HostName::Tcp(name) => name.clone(),
    };
    let text = format!("host={directory} user=postgres dbname=postgres options='-c search_path=elsewhere'");
    let connection = dial(&Config::new(text.parse().unwrap())).await.unwrap();
    let path: String = connection.query_scalar("show search_path", &[]).await.unwrap();
    assert_eq!(path, "elsewhere");
}

#[tokio::test]
async fn an_unknown_database_is_refused_with_the_servers_words() {
    let database = TestDatabase::empty().await;
    let address = database.address().clone().with_database("no_such_database");
    let error = dial(&Config::new(address)).await.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error:?}");
    assert_eq!(error.code(), Some(&SqlState::INVALID_CATALOG_NAME));
    assert!(!error.is_safe_to_retry());
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_the_right_one_is_not() {
    let cluster = TestCluster::start_with(|options| options.auth(Auth::Scram("s3cret".into()))).await;
    assert!(dial(&cluster.config()).await.is_ok());
    let wrong = cluster.address().clone().with_password("hunter2".into());
    let error = dial(&Config::new(wrong)).await.unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::INVALID_PASSWORD));
    assert!(!format!("{error:?} {error}").contains("hunter2"));
}

#[tokio::test]
async fn a_reset_connection_names_the_host_and_the_step() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    proxy.refuse();
    let error = dial(&Config::new(proxy.address())).await.unwrap_err();
    assert!(
        matches!(error, Error::Dial { step: DialStep::Tls | DialStep::StartUp | DialStep::Socket, .. }),
        "{error:?}"
    );
    assert!(error.is_safe_to_retry());
    assert!(error.to_string().contains("127.0.0.1:"), "{error}");
}

#[tokio::test]
async fn a_silent_server_is_given_up_at_the_deadline() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::before(database.address()).await;
    proxy.black_hole();
    let config = Config::new(proxy.address()).with_connect_timeout(Duration::from_millis(200));
    let start = Instant::now();
    let error = dial(&config).await.unwrap_err();
    assert!(matches!(error, Error::DialTimeout { step: DialStep::Tls | DialStep::StartUp, .. }), "{error:?}");
    assert!(start.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn a_host_that_is_silent_leaves_time_for_the_next() {
    let database = TestDatabase::empty().await;
    let (silent, open) = (Proxy::before(database.address()).await, Proxy::before(database.address()).await);
    silent.black_hole();
    let port = |proxy: &Proxy| proxy.address().hosts()[0].port();
    let text = format!(
        "postgresql://postgres@127.0.0.1:{},127.0.0.1:{}/postgres?connect_timeout=6",
        port(&silent),
        port(&open)
    );
    let address: Address = text.parse().unwrap();
    let connection = dial(&Config::new(address)).await.unwrap();
    assert_eq!(connection.host().port(), port(&open));
}

#[tokio::test]
async fn a_name_without_an_address_fails_at_the_look_up() {
    let host = Host::new(HostName::Tcp("no-such-host.invalid".into()), 5432);
    let error = dial(&Config::new(Address::new(host, "u", "d"))).await.unwrap_err();
    assert!(matches!(error, Error::Dial { step: DialStep::LookUp, .. }), "{error:?}");
}

#[tokio::test]
async fn a_closed_port_is_refused_by_the_system() {
    // Port 1 is below what ordinary programs may take, and nothing serves it any more.
    let host = Host::new(HostName::Tcp("127.0.0.1".into()), 1);
    let error = dial(&Config::new(Address::new(host, "u", "d"))).await.unwrap_err();
    assert!(matches!(error, Error::Dial { step: DialStep::Socket, .. }), "{error:?}");
}

#[tokio::test]
async fn each_of_several_hosts_has_its_word_in_the_error_and_a_refused_user_ends_the_search() {
    let database = TestDatabase::empty().await;
    let (one, two) = (Proxy::before(database.address()).await, Proxy::before(database.address()).await);
    let port = |proxy: &Proxy| proxy.address().hosts()[0].port();
    let at = |user: &str| {
        let text = format!("postgresql://{user}@127.0.0.1:{},127.0.0.1:{}/postgres", port(&one), port(&two));
        Config::new(text.parse().unwrap())
    };
    let error = dial(&at("nobody_at_all")).await.unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION));
    assert_eq!(two.accepted(), 0);

    one.refuse();
    two.refuse();
    let error = dial(&at("postgres")).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains(&port(&one).to_string()) && text.contains(&port(&two).to_string()), "{text}");
    assert!(error.is_safe_to_retry());
}

#[tokio::test]
async fn a_timeout_that_no_clock_can_hold_is_no_panic() {
    let database = TestDatabase::empty().await;
    assert!(dial(&database.config().with_connect_timeout(Duration::MAX)).await.is_ok());
}

/// What a pool's manager asks for: the compiler proves less for it than for a plain `spawn`.
trait Manager {
    fn create(&self) -> impl Future<Output = Result<(), Error>> + Send;
}

impl Manager for Config {
    async fn create(&self) -> Result<(), Error> {
        let connection = dial(self).await?;
        connection.canceller().cancel(Duration::from_secs(30)).await
    }
}

#[tokio::test]
async fn dialling_and_cancelling_may_move_between_threads() {
    let database = TestDatabase::empty().await;
    let config = database.config();
    tokio::spawn(async move { config.create().await }).await.unwrap().unwrap();
}
