//! Statements on an endpoint, one connection each.

use std::time::Duration;

use pgkeel_localpg::{Endpoint, Host};
use secrecy::ExposeSecret;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};

/// The first column of the last row, if there is any.
pub(crate) fn run(endpoint: &Endpoint, statement: &str) -> Result<Option<String>, String> {
    on(async {
        let client = connect(endpoint).await?;
        let messages = client.simple_query(statement).await.map_err(|error| format!("{error:?}"))?;
        Ok(messages.iter().rev().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        }))
    })
}

/// As [`run`], where an answer is expected.
pub(crate) fn one(endpoint: &Endpoint, statement: &str) -> String {
    run(endpoint, statement).expect("the server answers").expect("a row")
}

/// Runs something with a timer and a bound.
pub(crate) fn on<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let bounded = tokio::time::timeout(Duration::from_secs(10), work).await;
        bounded.unwrap_or_else(|_| Err("no answer within 10 s".to_owned()))
    })
}

/// A session that lives as long as its client and the runtime.
#[expect(clippy::disallowed_methods, reason = "this crate stands below the one that dials")]
pub(crate) async fn connect(endpoint: &Endpoint) -> Result<Client, String> {
    let mut config = Config::new();
    match &endpoint.host {
        Host::Socket(directory) => config.host_path(directory),
        Host::Tcp(address) => config.host(address.to_string()),
        other => return Err(format!("unknown kind of host: {other:?}")),
    };
    config.port(endpoint.port).user(&endpoint.user).dbname(&endpoint.database);
    if let Some(password) = &endpoint.password {
        config.password(password.expose_secret());
    }
    let (client, connection) = config.connect(NoTls).await.map_err(|error| format!("{error:?}"))?;
    tokio::spawn(connection);
    Ok(client)
}
