//! Binding the password to the channel.

use pgkeel_connect::Error;
use pgkeel_testkit::{Auth, in_full};

use super::authority::{Authority, ed25519};
use super::server::{Told, enter, server};

#[tokio::test]
async fn scram_is_bound_to_the_channel_unless_told_otherwise() {
    let pair = Authority::new("ours").server(&["localhost"]);
    let auth = Auth::Scram("s3cret".into());
    let cluster = server(Told { pair: Some(&pair), auth, ..Told::default() }).await;
    for (binding, bound) in [("disable", false), ("prefer", true), ("require", true)] {
        let keywords = format!("sslmode=require password=s3cret channel_binding={binding}");
        let connection = enter(&cluster, &keywords).await.unwrap();
        assert_eq!(connection.tls().unwrap().is_channel_bound(), bound, "{binding}");
    }
    let clear = enter(&cluster, "sslmode=disable password=s3cret channel_binding=require").await.unwrap_err();
    assert!(in_full(&clear).contains("this connection is in the clear"), "{clear:?}");
    let wrong =
        enter(&cluster, "sslmode=require password=hunter2 channel_binding=require").await.unwrap_err();
    assert!(wrong.server().is_some() && !in_full(&wrong).contains("hunter2"), "{wrong:?}");
}

#[tokio::test]
async fn a_server_that_proves_nothing_is_refused_where_binding_is_required() {
    let pair = Authority::new("ours").server(&["localhost"]);
    for method in ["trust", "password", "md5"] {
        let hba = format!("hostssl all all all {method}");
        let hba: &[&str] = &[&hba];
        let settings = &[("password_encryption", "md5")];
        let told = Told { pair: Some(&pair), hba, settings, ..Told::default() };
        let cluster = server(told).await;
        let error = enter(&cluster, "sslmode=require password=x channel_binding=require").await.unwrap_err();
        assert!(matches!(error, Error::Dial { .. }), "{method}: {error:?}");
        assert!(in_full(&error).contains("server did not use channel binding"), "{method}: {error:?}");
    }
}

#[tokio::test]
async fn a_certificate_without_a_binding_is_used_where_none_is_required() {
    let pair = ed25519(&["localhost"]);
    let auth = Auth::Scram("s3cret".into());
    let cluster = server(Told { pair: Some(&pair), auth, ..Told::default() }).await;
    let connection = enter(&cluster, "sslmode=require password=s3cret").await.unwrap();
    assert!(!connection.tls().unwrap().is_channel_bound());
    let error = enter(&cluster, "sslmode=require password=s3cret channel_binding=require").await.unwrap_err();
    assert!(in_full(&error).contains("Ed25519"), "{error:?}");
}
