//! What is refused, with which code, and what helps.

use pgkeel_connect::Executor as _;

use super::operator::{COLUMNS, Operator};

#[tokio::test]
async fn without_its_tables_each_verb_says_how_they_are_made() {
    let operator = Operator::new().await;
    let key = operator.new_key("key").await;
    operator.keyring(&[(&key, "primary")]);
    operator.write("columns.toml", COLUMNS);
    let columns = operator.file("columns.toml");
    let verbs: [&[&str]; 8] = [
        &["list", "--cells"],
        &["publish", "--columns", &columns],
        &["withdraw", "app.users.email"],
        &["rotate"],
        &["status"],
        &["pause", "1"],
        &["verify"],
        &["retire", "11111111"],
    ];
    for words in &verbs[..7] {
        let message = operator.refused(2, words).await;
        assert!(message.contains("run `pgkeel keys setup` once for this database"), "{words:?}: {message}");
    }
    let message = operator.refused(2, verbs[7]).await;
    assert!(message.contains("the keyring has no key 11111111: `pgkeel keys list`"), "{message}");
    operator.done(&["setup"]).await;
    for words in [&["rotate"][..], &["verify"], &["list", "--cells"]] {
        let message = operator.refused(2, words).await;
        assert!(message.contains("describe them with --columns FILE"), "{words:?}: {message}");
    }
}

#[tokio::test]
async fn a_keyring_that_cannot_be_used_ends_it_with_2() {
    let (operator, first) = Operator::with_users(3).await;
    let second = operator.new_key("second").await;
    operator.keyring(&[(&first, "primary"), (&second, "primary")]);
    assert!(operator.refused(2, &["list"]).await.contains("are both primary"));
    assert!(
        operator.refused(2, &["new"]).await.contains("are both primary"),
        "no key is made for a keyring unread"
    );
    operator.keyring(&[(&first, "primary")]);
    operator.write("first", &operator.secret("second"));
    assert!(
        operator.refused(2, &["rotate"]).await.contains("it is another secret, so restore the right one")
    );
    let none = operator.says_with(&["verify"], &[]).await;
    assert_eq!(none.code, 2);
    assert!(none.err.contains("there is no keyring: name its file with --keyring"), "{none:?}");
    let missing = operator.says_with(&["list"], &[("PGKEEL_SEAL_PRIMARY", &first.id)]).await;
    assert_eq!(missing.code, 2);
    let variable = format!("PGKEEL_KEY_{} is not set", first.id.to_uppercase());
    assert!(missing.err.contains(&variable), "{missing:?}");
    let unread = operator.says_with(&["list"], &[("PGKEEL_KEYRING", "/nonexistent")]).await;
    assert!(unread.code == 2 && unread.err.contains("the keyring /nonexistent"), "{unread:?}");
}

#[tokio::test]
async fn what_the_table_does_not_allow_is_refused_with_what_helps() {
    let (operator, key) = Operator::with_users(3).await;
    let connection = operator.connection().await;
    let unknown = operator.refused(2, &["rotate", "--column", "users.email"]).await;
    assert!(
        unknown.contains("no sealed column is called users.email; there are: app.users.email"),
        "{unknown}"
    );
    let primary = operator.refused(1, &["retire", &key.id]).await;
    assert!(primary.contains("is the primary key: make another one primary"), "{primary}");
    operator.write("twice.toml", &COLUMNS.repeat(2));
    let twice = operator.refused(1, &["publish", "--columns", &operator.file("twice.toml")]).await;
    assert!(twice.contains("app.users.email is described twice"), "{twice}");
    operator.write("empty.toml", "");
    let empty = operator.refused(2, &["verify", "--columns", &operator.file("empty.toml")]).await;
    assert!(empty.contains("empty.toml describes no column"), "{empty}");
    operator.write("wrong.toml", &COLUMNS.replace("\"text\"", "\"txt\""));
    let wrong = operator.refused(2, &["publish", "--columns", &operator.file("wrong.toml")]).await;
    assert!(wrong.contains("\"txt\" is no type: expected one of bytes, text"), "{wrong}");

    connection.batch_execute("drop table app.users").await.unwrap();
    for words in [&["rotate"][..], &["verify"], &["list", "--cells"]] {
        let gone = operator.refused(1, words).await;
        assert!(
            gone.contains("there is no table app.users") && gone.contains("withdraw the column"),
            "{gone}"
        );
    }
    assert_eq!(operator.done(&["withdraw", "app.users.email"]).await, "withdrawn  app.users.email\n");
    let again = operator.refused(2, &["withdraw", "app.users.email"]).await;
    assert!(again.contains("nobody has said which columns are sealed"), "{again}");
}

#[tokio::test]
async fn a_role_and_a_server_that_do_not_let_it_are_told_apart() {
    let (operator, _) = Operator::with_users(3).await;
    let name = operator.database.address().database().to_owned();
    let role = format!("keeper_of_{name}");
    let connection = operator.connection().await;
    let as_role = |settings: &str| format!("{} options='{settings}'", operator.address());
    connection.batch_execute(&format!("create role {role}")).await.unwrap();
    let says = async |words: &[&str], options: &str| {
        let keyring = operator.file("keyring.toml");
        let address = as_role(options);
        let variables = [("PGKEEL_DATABASE_URL", address.as_str()), ("PGKEEL_KEYRING", &keyring)];
        let ended = crate::program::run(&[&["keys"], words].concat(), &variables).await;
        assert_eq!(ended.status.code(), Some(1), "{words:?}");
        String::from_utf8(ended.stderr).unwrap()
    };
    let as_keeper = format!("-c role={role}");
    for words in [&["status"][..], &["rotate"], &["pause", "1"]] {
        let message = says(words, &as_keeper).await;
        let remedy = "is not allowed to this role, which needs `usage` on the schema pgkeel";
        assert!(message.contains(remedy), "{message}");
        assert!(message.contains("permission denied for schema pgkeel (42501)"), "{message}");
    }
    let read_only = "-c default_transaction_read_only=on";
    for words in [&["rotate"][..], &["pause", "1"]] {
        let message = says(words, read_only).await;
        assert!(message.contains("connect to the primary, by a session that is not read-only"), "{message}");
    }
    connection.batch_execute(&format!("drop role {role}")).await.unwrap();
}
