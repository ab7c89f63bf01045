//! Files that change under a running program.

use std::time::{Duration, SystemTime};

use pgkeel_connect::dial;
use pgkeel_testkit::in_full;

use super::authority::{Authority, Files};
use super::server::{Told, at, port, root, server};

#[tokio::test]
async fn a_file_that_has_changed_is_read_again_at_the_next_dial() {
    let (ours, stranger, files) = (Authority::new("ours"), Authority::new("stranger"), Files::new());
    let pair = ours.server(&["localhost"]);
    let cluster = server(Told { pair: Some(&pair), ..Told::default() }).await;
    let path = files.put("root.crt", &stranger.pem());
    let config = at(port(&cluster), &format!("sslmode=verify-full {}", root(&path))).unwrap();
    assert!(dial(&config).await.is_err());

    // Another time of change, whatever the file system's clock makes of it.
    let renew = |text: &str, age: u64| {
        files.put("root.crt", text);
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
    };
    renew(&ours.pem(), 60);
    assert!(dial(&config).await.is_ok());
    renew("rubbish", 50);
    let error = dial(&config).await.unwrap_err();
    assert!(in_full(&error).contains("root.crt has no certificate"), "{error:?}");
    renew(&ours.pem(), 40);
    assert!(dial(&config).await.is_ok());
}
