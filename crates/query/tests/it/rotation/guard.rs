//! What is verified and counted before a key is retired, and when that is refused.

use pgkeel_query::rotation::{
    Depth, FailureClass, RetireProblem, RotationProblem, RotationState, TableProblem,
};
use pgkeel_testkit::scaled;

use super::*;

#[tokio::test]
async fn a_key_is_retired_once_no_cell_is_left_under_it_and_a_dump_from_before_is_told_apart() {
    let rows = scaled(500, 200_000);
    let database = database().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    let connection = users(&database, &old, rows).await;
    connection.batch_execute("create table dump as table app.users").await.unwrap();
    rotated(&connection, &new).await;
    // One instance had not got the new keyring.
    let late = sealed(&old, 1, "late@example.org");
    connection.execute("update app.users set email = $1 where id = 1", &[&late]).await.unwrap();
    let refused = rotation::retire(&connection, &new, key(K1)).await.unwrap_err();
    let expected = "key 11111111 is in use: 1 cells of app.users.email; rotate these columns, then retire it";
    assert!(told(&refused).ends_with(expected), "{}", told(&refused));
    assert_eq!(rotated(&connection, &new).await.counts.rewritten, 1);
    let retired = rotation::retire(&connection, &new, key(K1)).await.unwrap();
    assert_eq!(retired.columns, ["app.users.email"]);
    assert!(retired.to_string().contains("keep its secret in escrow"), "{retired}");
    let alone = vault(K2, &[], &[]).await;
    let found = rotation::verify(&connection, &alone, &emails(), Depth::Full, None, |_| {}).await.unwrap();
    assert!(found.is_sound() && found.cells == rows.cast_unsigned(), "{found:?}");

    let restore = "truncate app.users; insert into app.users select * from dump";
    connection.batch_execute(restore).await.unwrap();
    for depth in [Depth::Quick, Depth::Full] {
        let found = rotation::verify(&connection, &alone, &emails(), depth, None, |_| {}).await.unwrap();
        assert_eq!(
            found.failures.into_iter().collect::<Vec<_>>(),
            [(FailureClass::UnknownKey, rows.cast_unsigned())]
        );
        assert_eq!(found.missing_keys.into_iter().collect::<Vec<_>>(), [key(K1)]);
        assert_eq!(found.by_key.into_iter().collect::<Vec<_>>(), [(key(K1), rows.cast_unsigned())]);
        assert_eq!(found.first_failures.len(), 20);
        assert_eq!(found.first_failures[0].row.columns(), ["1"]);
        assert_eq!(format!("{:?}", found.first_failures[0].row), "RowKey(…)");
    }
}

#[tokio::test]
async fn a_key_is_not_retired_where_it_is_not_known_whether_it_is_needed() {
    let database = database().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    let connection = database.connection().await;
    let refused = async |id: &str| match rotation::retire(&connection, &new, key(id)).await.unwrap_err() {
        Error::Rotation(problem) => problem,
        other => panic!("{other:?}"),
    };
    assert!(matches!(refused(K1).await, RotationProblem::Retire(RetireProblem::NothingPublished)));
    insert(&connection, &old, 1, 3).await;
    rotation::publish(&connection, &[emails()]).await.unwrap();
    assert!(matches!(refused(K2).await, RotationProblem::Retire(RetireProblem::PrimaryKey { .. })));
    rotated(&connection, &new).await;
    connection.execute("update app.users set email = 'plain@example.org' where id = 2", &[]).await.unwrap();
    let RotationProblem::Retire(RetireProblem::UnreadableCells { cells }) = refused(K1).await else {
        panic!("a cell names no key")
    };
    assert_eq!(cells, [("app.users.email".to_owned(), 1)]);
    connection.execute("delete from app.users where id = 2", &[]).await.unwrap();
    let back = "insert into pgkeel.rotation (column_id, to_key, started_by) select id, $1, 'test' from pgkeel.sealed_column";
    connection.execute(back, &[&K1]).await.unwrap();
    assert!(matches!(refused(K1).await, RotationProblem::Retire(RetireProblem::RotationToKey { .. })));
    connection.execute("delete from pgkeel.rotation where to_key = $1", &[&K1]).await.unwrap();
    rotation::retire(&connection, &new, key(K1)).await.unwrap();
    connection.batch_execute("drop table app.users").await.unwrap();
    assert!(matches!(refused(K1).await, RotationProblem::Table(TableProblem::NoTable { .. })));
}

#[tokio::test]
async fn each_way_not_to_open_has_its_name() {
    let database = database().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[], &[K1]).await);
    let connection = users(&database, &new, 9).await;
    let put = async |id: i64, cell: Vec<u8>| {
        connection.execute("update app.users set email = $2 where id = $1", &[&id, &cell]).await.unwrap();
    };
    let mut changed = sealed(&new, 2, "ada@example.org");
    *changed.last_mut().unwrap() ^= 1;
    put(1, sealed(&new, 2, "ada@example.org")).await; // another row's
    put(2, changed).await;
    put(3, b"ada@example.org".to_vec()).await;
    put(4, sealed(&old, 4, "ada@example.org")).await; // under a key that is disabled
    let other = Column::<String>::new("app.users.phone");
    put(5, new.seal(&other, "ada", Place::row(5)).unwrap().into_bytes()).await;
    put(6, new.seal(&EMAIL.any_row(), "ada", Place::any_row()).unwrap().into_bytes()).await;
    put(7, sealed(&new, 7, "ada@example.org")[..79].to_vec()).await;
    put(8, sealed(&vault(K3, &[], &[]).await, 8, "ada")).await;

    let found = rotation::verify(&connection, &new, &emails(), Depth::Quick, None, |_| {}).await.unwrap();
    let (malformed, wrong_context, wrong_key) =
        ((FailureClass::Malformed, 2), (FailureClass::WrongContext, 1), (FailureClass::WrongKey, 1));
    let disabled = (FailureClass::DisabledKey, 1);
    // A secret of that id is in no keyring of ours but the one that sealed it.
    let unknown = vault(K2, &[], &[K1]).await.keys().iter().all(|known| known.name.id != key(K3));
    assert!(unknown);
    let expected = [malformed, (FailureClass::UnknownKey, 1), disabled, wrong_key, wrong_context];
    assert_eq!(found.failures.iter().map(|(class, cells)| (*class, *cells)).collect::<Vec<_>>(), expected);
    assert_eq!(found.missing_keys.iter().copied().collect::<Vec<_>>(), [key(K1), key(K3)]);
    let found = rotation::verify(&connection, &new, &emails(), Depth::Full, None, |_| {}).await.unwrap();
    assert_eq!(found.failures[&FailureClass::Tampered], 2);
    assert_eq!(found.failures.values().sum::<u64>(), 8);
    let first = rotation::verify(&connection, &new, &emails(), Depth::Full, Some(3), |_| {}).await.unwrap();
    assert_eq!((first.cells, first.first_failures.len()), (3, 3));
}

#[tokio::test]
async fn rows_that_do_not_open_are_left_as_they_are_and_told_of() {
    let database = database().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    let connection = users(&database, &old, 300).await;
    let spoil =
        "update app.users set email = set_byte(email, 90, get_byte(email, 90) # 1) where id % 100 = 7";
    connection.execute(spoil, &[]).await.unwrap();
    let ended = rotated(&connection, &new).await;
    assert_eq!((ended.state, ended.counts.rewritten, ended.counts.failed), (RotationState::Finished, 297, 3));
    let failures = rotation::failures(&connection, ended.id, 100).await.unwrap();
    let rows: Vec<_> =
        failures.iter().map(|failure| (failure.row.columns()[0].as_str(), failure.class)).collect();
    let tampered = FailureClass::Tampered;
    assert_eq!(rows, [("107", tampered), ("207", tampered), ("7", tampered)]);
    assert_eq!(by_key(&connection).await, [(K1.to_owned(), 3), (K2.to_owned(), 297)]);
    let few = Rotation::new(&new, &emails()).most_failures(2).run(&connection, |_| {}).await.unwrap_err();
    assert!(told(&few).contains("3 rows do not open, the last for tampered"), "{}", told(&few));
}
