//! Secrets are printed once, by whoever makes them, and values never.

use std::os::unix::fs::PermissionsExt as _;

use super::operator::{Operator, address_of};

#[tokio::test]
async fn a_secret_is_shown_when_it_is_made_and_nowhere_else() {
    let (operator, old) = Operator::with_users(20).await;
    let new = operator.new_key("second").await;
    operator.keyring(&[(&old, "decrypt"), (&new, "primary")]);
    let columns = operator.file("columns.toml");
    let verbs: [&[&str]; 13] = [
        &["new"],
        &["list"],
        &["list", "--cells"],
        &["setup"],
        &["publish", "--columns", &columns],
        &["rotate"],
        &["status"],
        &["pause", "1"],
        &["verify"],
        &["retire", &old.id],
        &["retire", &new.id],
        &["rotate", "--column", "nobody"],
        &["withdraw", "app.users.email"],
    ];
    let hidden = [operator.secret("first"), operator.secret("second"), address_of(7)];
    for words in verbs {
        for json in [&[][..], &["--json"]] {
            for log in [&[][..], &["--log-level", "trace"]] {
                let said = operator.says(&[words, json, log].concat()).await;
                for secret in &hidden {
                    let is_shown = said.out.contains(secret) || said.err.contains(secret);
                    assert!(!is_shown, "{words:?} prints a secret");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_new_key_is_what_a_keyring_and_variables_take() {
    let operator = Operator::new().await;
    let said = operator.says_with(&["new"], &[]).await;
    let line = |begin: &str| {
        let found = said.out.lines().find(|line| line.starts_with(begin));
        found.unwrap_or_else(|| panic!("no {begin} in {}", said.out)).split_once('=').unwrap()
    };
    let (key, check) = (line("PGKEEL_KEY_"), line("PGKEEL_KCV_"));
    let variables = [line("PGKEEL_SEAL_PRIMARY"), key, check];
    let listed = operator.says_with(&["list", "--json"], &variables).await.json();
    assert_eq!(listed["keys"][0]["kcv"], check.1);
    let (_, document) = said.out.split_once("For the keyring of every instance:\n").unwrap();
    let (document, _) = document.split_once("\n\nOr for their variables").unwrap();
    operator.write("keyring.toml", document);
    let keyring = operator.file("keyring.toml");
    let listed = operator.says_with(&["list", "--json"], &[("PGKEEL_KEYRING", &keyring), key]).await.json();
    assert_eq!(listed["keys"][0]["kcv"], check.1);

    let made = operator.says_with(&["new", "--json"], &[("PGKEEL_KEYRING", &keyring), key]).await.json();
    assert_eq!((&made["state"], made["secret"].as_str().unwrap().len()), (&"decrypt".into(), 64));
    let made = operator.says_with(&["new", "--index"], &[("PGKEEL_KEYRING", &keyring), key]).await;
    assert!(made.out.contains("[[index]]") && made.out.contains("state = \"primary\""), "{made:?}");
}

#[tokio::test]
async fn a_secret_goes_into_a_new_file_that_only_its_owner_reads() {
    let operator = Operator::new().await;
    let file = operator.file("key");
    let said = operator.says_with(&["new", "--secret-file", &file], &[]).await;
    let secret = operator.secret("key");
    assert!(said.code == 0 && !said.out.contains(&secret) && said.out.contains(&file), "{said:?}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let again = operator.says_with(&["new", "--secret-file", &file], &[]).await;
    assert!(again.code == 2 && again.err.contains("File exists"), "{again:?}");
    assert_eq!(operator.secret("key"), secret, "it may be somebody's only copy");
}
