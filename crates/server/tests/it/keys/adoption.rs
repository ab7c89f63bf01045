//! Plaintext that is sealed, and indexes that are made anew.

use pgkeel_connect::Executor as _;

use super::operator::{COLUMNS, Operator, address_of};

const ROWS: i64 = 120;

/// Users with plaintext alone, and an index that is empty; their column is published, and the keyring has a key of indexes.
async fn with_plaintext() -> Operator {
    let (operator, key) = Operator::with_users(0).await;
    let table = format!(
        "alter table app.users add plain text, add email_bidx bytea unique;
         insert into app.users (id, plain) select n, 'canary-' || n || '@example.org' from generate_series(1, {ROWS}) as n"
    );
    operator.connection().await.batch_execute(&table).await.unwrap();
    let index = operator.new_index_key("index").await;
    operator.keyrings(&[(&key, "primary")], &[(&index, "primary")]);
    let index = "[[column.index]]\ncolumn = \"email_bidx\"\nnormalize = \"email\"\n";
    operator.write("columns.toml", &format!("{COLUMNS}{index}"));
    operator.done(&["publish", "--columns", &operator.file("columns.toml")]).await;
    operator
}

async fn count(operator: &Operator, which: &str) -> i64 {
    let sql = format!("select count(*) from app.users where {which}");
    operator.connection().await.query_scalar(&sql, &[]).await.unwrap()
}

#[tokio::test]
async fn plaintext_is_sealed_and_then_emptied() {
    let operator = with_plaintext().await;
    let adopt = ["adopt", "--plaintext", "plain"];
    let clear = ["adopt", "--plaintext", "plain", "--clear"];
    let too_early = operator.refused(1, &clear).await;
    assert!(too_early.contains("120 rows have plaintext and nothing sealed"), "{too_early}");
    let adopted = operator.done(&[&adopt[..], &["--workers", "2"]].concat()).await;
    assert!(
        adopted
            .contains("app.users.email with plain: finished: all that has plaintext is sealed (120 sealed"),
        "{adopted}"
    );
    assert_eq!(
        count(&operator, "email is not null and email_bidx is not null and plain is not null").await,
        ROWS
    );
    assert!(operator.done(&["verify"]).await.contains("120 values"));
    let cleared = operator.done(&clear).await;
    assert!(cleared.contains("(120 emptied"), "{cleared}");
    assert_eq!(count(&operator, "plain is not null").await, 0);
    let status = operator.done(&["status"]).await;
    assert!(status.contains("adopt plain") && status.contains("clear plain"), "{status}");
    for text in [adopted, cleared, status] {
        assert!(!text.contains("canary") && !text.contains(&address_of(1)), "{text}");
    }
}

#[tokio::test]
async fn a_value_that_was_changed_since_is_told_of_and_stays() {
    let operator = with_plaintext().await;
    operator.done(&["adopt", "--plaintext", "plain"]).await;
    let change = "update app.users set plain = 'other' where id = 7";
    operator.connection().await.batch_execute(change).await.unwrap();
    let cleared = operator.says(&["adopt", "--plaintext", "plain", "--clear"]).await;
    assert_eq!(cleared.code, 1);
    assert!(cleared.out.contains("row 7: differs"), "{cleared:?}");
    assert_eq!(count(&operator, "plain is not null").await, 1);
}

#[tokio::test]
async fn without_an_index_there_is_none_to_make() {
    let (operator, _) = Operator::with_users(1).await;
    let none = operator.refused(2, &["rotate", "--indexes"]).await;
    assert!(none.contains("no blind index of these columns is published"), "{none}");
}

#[tokio::test]
async fn what_has_ended_is_told_of_where_a_later_column_fails() {
    let (operator, _) = Operator::with_users(3).await;
    let table = "create table app.zone (id int8 primary key, email bytea)";
    operator.connection().await.batch_execute(table).await.unwrap();
    let other = COLUMNS.replace("app.users", "app.zone");
    operator.write("other.toml", &other);
    operator.done(&["publish", "--columns", &operator.file("other.toml")]).await;
    operator.connection().await.batch_execute("drop table app.zone").await.unwrap();
    let rotated = operator.says(&["rotate"]).await;
    assert_eq!(rotated.code, 1, "{rotated:?}");
    assert!(rotated.out.contains("app.users.email: finished"), "{rotated:?}");
    assert!(rotated.err.contains("there is no table app.zone"), "{rotated:?}");
}

#[tokio::test]
async fn an_index_is_filled_where_it_is_empty() {
    let operator = with_plaintext().await;
    operator.done(&["adopt", "--plaintext", "plain"]).await;
    let empty = "update app.users set email_bidx = null where id <= 20";
    operator.connection().await.batch_execute(empty).await.unwrap();
    let rotated = operator.done(&["rotate", "--indexes"]).await;
    assert!(rotated.contains("app.users.email with email_bidx: finished: the index is under the primary key throughout (20 made anew"), "{rotated}");
    assert_eq!(count(&operator, "email_bidx is null").await, 0);
}
