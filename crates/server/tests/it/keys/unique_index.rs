//! A unique index that goes over to another key by a second column, in the hands of an operator.

use pgkeel_connect::Executor as _;
use serde_json::json;

use super::operator::{COLUMNS, Made, Operator};

const ROWS: i64 = 150;

const INDEXES: &str = "\n[[column.index]]\ncolumn = \"email_bidx\"\nnormalize = \"email\"\n\
    \n[[column.index]]\ncolumn = \"email_bidx2\"\nnormalize = \"email\"\n";

/// Addresses under a unique index, and a second column that is empty. Returns the old key of indexes and the new one, which is primary.
async fn expanded() -> (Operator, [Made; 2]) {
    let (operator, seal) = Operator::with_users(ROWS).await;
    let [old, new] = [operator.new_index_key("old").await, operator.new_index_key("new").await];
    let columns = "alter table app.users add email_bidx bytea unique, add email_bidx2 bytea unique";
    operator.connection().await.batch_execute(columns).await.unwrap();
    operator.keyrings(&[(&seal, "primary")], &[(&old, "primary")]);
    operator.write("columns.toml", &format!("{COLUMNS}{INDEXES}"));
    operator.done(&["publish", "--columns", &operator.file("columns.toml")]).await;
    operator.done(&["rotate", "--index", "email_bidx"]).await;
    operator.keyrings(&[(&seal, "primary")], &[(&old, "lookup"), (&new, "primary")]);
    (operator, [old, new])
}

/// How many rows there are of which this holds.
async fn count(operator: &Operator, condition: &str) -> i64 {
    let sql = format!("select count(*) from app.users where {condition}");
    operator.connection().await.query_scalar(&sql, &[]).await.unwrap()
}

async fn first_column(operator: &Operator) -> Vec<Vec<u8>> {
    let sql = "select email_bidx from app.users order by id";
    let rows = operator.connection().await.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn the_first_column_stays_as_it_is_and_the_second_one_is_filled() {
    let (operator, [old, new]) = expanded().await;
    let before = first_column(&operator).await;
    let rotated = operator.says(&["rotate", "--indexes", "--workers", "2"]).await;
    assert_eq!(rotated.code, 1, "something is under another key: {rotated:?}");
    let stays = format!(
        "app.users.email, index email_bidx: stays as it is: app.users.email_bidx is unique, and has values under key {}: \
         fill a second column",
        old.id
    );
    assert!(rotated.err.contains(&stays), "{rotated:?}");
    let filled = format!(
        "app.users.email with email_bidx2: finished: the index is under the primary key throughout ({ROWS} made anew under {}",
        new.id
    );
    assert!(rotated.out.contains(&filled), "{rotated:?}");
    assert!(!rotated.out.contains("email_bidx:"), "{rotated:?}");
    assert!(first_column(&operator).await == before);
    assert_eq!(count(&operator, "email_bidx2 is null or email_bidx2 = email_bidx").await, 0);
    let all = operator.says(&["rotate", "--indexes", "--json"]).await;
    assert_eq!(all.code, 1, "{all:?}");
    let all: serde_json::Value = serde_json::from_str(&all.out).unwrap();
    assert_eq!(all[0], json!({ "stays": { "index": "app.users.email_bidx", "key": old.id } }));
    assert_eq!(
        (&all[1]["rotation"]["other_column"], all.as_array().unwrap().len()),
        (&json!("email_bidx2"), 2)
    );
    // Nothing is in the way of what comes next.
    let again = operator.says(&["rotate", "--index", "email_bidx2", "--json"]).await.json();
    assert_eq!(
        (&again[0]["rotation"]["counts"]["rewritten"], again.as_array().unwrap().len()),
        (&json!(0), 1)
    );
    operator.done(&["rotate"]).await;
    let none = operator.refused(2, &["rotate", "--index", "email_bidx3"]).await;
    assert!(none.contains("no blind index email_bidx3 of these columns is published"), "{none}");
}

#[tokio::test]
async fn what_is_under_the_old_key_is_sound_and_the_key_stays_until_its_column_is_dropped() {
    let (operator, [old, new]) = expanded().await;
    assert!(operator.done(&["verify"]).await.contains(&format!("{ROWS} values")));
    operator.done(&["rotate", "--index", "email_bidx2"]).await;
    assert!(operator.done(&["verify"]).await.contains("all sound"));
    let stays = operator.refused(1, &["retire", &old.id]).await;
    let why = format!(
        "the key stays: key {} is of indexes, whose values do not tell their key: disable it once a rotation of each index to \
         another key has finished, and the columns of unique ones that stayed under it are dropped",
        old.id
    );
    assert!(stays.contains(&why), "{stays}");
    let primary = operator.refused(1, &["retire", &new.id]).await;
    assert!(primary.contains(&format!("key {} is the primary key", new.id)), "{primary}");

    operator.connection().await.batch_execute("alter table app.users drop column email_bidx").await.unwrap();
    let second = INDEXES.split("\n\n").last().unwrap();
    operator.write("columns.toml", &format!("{COLUMNS}\n{second}"));
    let published = operator.done(&["publish", "--columns", &operator.file("columns.toml")]).await;
    assert_eq!(published, "changed  app.users.email\n0 unchanged\n");
    let rotated = operator.done(&["rotate", "--indexes"]).await;
    assert!(
        rotated.contains("app.users.email with email_bidx2: finished") && rotated.contains("(0 made anew"),
        "{rotated}"
    );
}
