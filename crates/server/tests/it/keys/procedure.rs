//! The whole of it, with what each step answers.

use pgkeel_connect::Executor as _;
use serde_json::json;

use super::operator::{COLUMNS, Operator};

#[tokio::test]
async fn a_key_is_made_rotated_to_verified_and_the_old_one_retired() {
    let operator = Operator::new().await;
    let old = operator.new_key("old").await;
    operator.keyring(&[(&old, "primary")]);
    operator.fill(500).await;
    operator.write("columns.toml", COLUMNS);
    assert!(operator.done(&["setup"]).await.contains("are made, in the schema pgkeel"));
    assert_eq!(operator.done(&["setup"]).await, "the tables are there\n");
    let publish = ["publish", "--columns", &operator.file("columns.toml")];
    assert_eq!(operator.done(&publish).await, "added  app.users.email\n0 unchanged\n");
    assert_eq!(operator.done(&publish).await, "1 unchanged\n");

    let new = operator.new_key("new").await;
    operator.keyring(&[(&old, "primary"), (&new, "decrypt")]);
    let expected = format!("app.users.email: 500 values (500 under {}), all sound\n", old.id);
    assert_eq!(operator.done(&["verify"]).await, expected);
    operator.keyring(&[(&old, "decrypt"), (&new, "primary")]);
    let in_use = operator.refused(1, &["retire", &old.id]).await;
    let expected = format!("the key stays: key {} is in use: 500 cells of app.users.email;", old.id);
    assert!(in_use.contains(&expected), "{in_use}");

    let rotated = operator.done(&["rotate", "--workers", "2"]).await;
    let expected = format!("finished: nothing is left under another key (500 sealed anew under {}", new.id);
    assert!(rotated.contains(&expected), "{rotated}");
    let status = operator.done(&["status"]).await;
    let row: Vec<&str> = status.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(row[1..6], ["app.users.email", &new.id, "finished", "500", "0"]);
    assert!(operator.done(&["verify", "--quick"]).await.contains("all sound"));
    let retired = operator.done(&["retire", &old.id]).await;
    assert!(retired.contains("set its state to `disabled`") && retired.contains("escrow"), "{retired}");
    operator.keyring(&[(&old, "disabled"), (&new, "primary")]);
    assert!(operator.done(&["verify"]).await.contains(&format!("(500 under {}), all sound", new.id)));
    let listed = operator.done(&["list"]).await;
    assert!(listed.contains(&format!("seal  {}  disabled  -", old.id)), "{listed}");
}

#[tokio::test]
async fn each_answer_is_json_for_programs() {
    let (operator, old) = Operator::with_users(20).await;
    let new = operator.new_key("second").await;
    operator.keyring(&[(&old, "decrypt"), (&new, "primary")]);
    let says = async |words: &[&str]| operator.says(&[words, &["--json"]].concat()).await.json();

    assert_eq!(says(&["setup"]).await, json!({ "applied": [] }));
    let columns = operator.file("columns.toml");
    let published = json!({ "added": [], "changed": [], "unchanged": 1 });
    assert_eq!(says(&["publish", "--columns", &columns]).await, published);
    let cells = json!([{ "column": "app.users.email", "by_key": { &old.id: 20 }, "others": 0 }]);
    let listed = says(&["list", "--cells"]).await;
    assert_eq!(listed["columns"], cells);
    for (key, state) in [(&old, "decrypt"), (&new, "primary")] {
        let expected = json!({ "list": "seal", "id": key.id, "state": state, "kcv": key.kcv });
        assert!(listed["keys"].as_array().unwrap().contains(&expected), "{listed}");
    }

    let rotated = says(&["rotate", "--column", "app.users.email"]).await;
    assert_eq!(rotated[0]["failures"], json!([]));
    let counts = json!({ "scanned": 20, "rewritten": 20, "cas_lost": 0, "failed": 0 });
    assert_eq!(rotated[0]["rotation"]["counts"], counts);
    assert_eq!(rotated[0]["rotation"]["state"], "finished");
    let status = says(&["status"]).await;
    assert_eq!(status[0]["to_key"], json!(new.id));
    let verified = says(&["verify"]).await;
    assert_eq!(verified[0]["by_key"], json!({ &new.id: 20 }));
    assert_eq!((&verified[0]["depth"], &verified[0]["failures"]), (&json!("full"), &json!({})));
    let retired = json!({ "key": old.id, "columns": ["app.users.email"] });
    assert_eq!(says(&["retire", &old.id]).await, retired);
    let withdrawn = json!({ "column": "app.users.email", "withdrawn": true });
    assert_eq!(says(&["withdraw", "app.users.email"]).await, withdrawn);
}

#[tokio::test]
async fn values_that_do_not_open_are_told_of_by_row_and_end_it_with_1() {
    let (operator, old) = Operator::with_users(30).await;
    let new = operator.new_key("second").await;
    operator.keyring(&[(&old, "decrypt"), (&new, "primary")]);
    let spoil = "update app.users set email = set_byte(email, 90, get_byte(email, 90) # 1) where id = 7";
    operator.connection().await.batch_execute(spoil).await.unwrap();
    let rotated = operator.says(&["rotate"]).await;
    assert_eq!(rotated.code, 1);
    assert!(rotated.out.contains("finished, but for rows that do not open (29 sealed anew"), "{rotated:?}");
    assert!(rotated.out.contains("\n  row 7: tampered\n"), "{rotated:?}");
    operator.keyring(&[(&old, "disabled"), (&new, "primary")]);
    let verified = operator.says(&["verify"]).await;
    assert_eq!(verified.code, 1);
    let missing = format!("  key {} is missing in the keyring, or disabled\n", old.id);
    for expected in ["  1 do not open: disabled_key\n", &missing, "  row 7: disabled_key\n"] {
        assert!(verified.out.contains(expected), "{verified:?}");
    }
    assert!(operator.says(&["verify", "--quick", "--most", "6"]).await.out.contains("6 values"));
}
