//! Which plaintext is adopted and emptied, as what, and what is left as it is.

use std::time::Duration;

use pgkeel_crypto::{Plain, Sealed};
use pgkeel_query::rotation::{FailureClass, RotationState};
use pgkeel_testkit::{TestCluster, eventually};

use super::adoption::{SEALED, people, plain_people};
use super::*;

/// Rows with this plaintext, adopted and emptied; what is sealed meanwhile, and the classes of failures.
async fn adopted<T: Plain + Clone>(kind: &str, values: &str) -> (Vec<Option<T>>, Vec<FailureClass>) {
    let column = Column::<T>::new("app.things.sealed");
    let database = database().await;
    let (connection, vault) = (database.connection().await, index_vault(I1, &[]).await);
    let sql = format!(
        "create table app.things (id int8 primary key, plain {kind}, sealed bytea);
        insert into app.things select row_number() over (), v from unnest(array[{values}]::{kind}[]) v;
        set datestyle = 'SQL, DMY'; set timezone = 'Asia/Tokyo'; set bytea_output = 'escape'"
    );
    connection.batch_execute(&sql).await.unwrap();
    let table = Table::parse("app.things").unwrap();
    let sealed = SealedColumn::new(table, ident("sealed"), ColumnSpec::from(&column), vec![ident("id")]);
    rotation::publish(&connection, std::slice::from_ref(&sealed)).await.unwrap();
    let plain = ident("plain");
    let first = Rotation::adopting(&vault, &sealed, &plain).run(&connection, |_| {}).await.unwrap();
    assert_eq!(first.state, RotationState::Finished);
    let failures = rotation::failures(&connection, first.id, 100).await.unwrap();
    let second = Rotation::clearing(&vault, &sealed, &plain).run(&connection, |_| {}).await.unwrap();
    assert_eq!((second.counts.failed, second.counts.rewritten), (0, first.counts.rewritten), "{kind}");
    let left = rotation::adoption(&connection, &sealed, &plain).await.unwrap();
    let failed = u64::try_from(failures.len()).unwrap();
    assert_eq!((left.plaintext, left.unsealed), (failed, failed), "{kind}");
    let rows = connection.query("select id, sealed from app.things order by id", &[]).await.unwrap();
    let opened = rows.iter().map(|row| {
        let envelope: Vec<u8> = row.get::<_, Option<_>>(1)?;
        let opened =
            vault.open(&column, &Sealed::from_bytes(envelope).unwrap(), Place::row(row.get::<_, i64>(0)));
        Some(opened.unwrap().expose().clone())
    });
    (opened.collect(), failures.iter().map(|failure| failure.class).collect())
}

#[tokio::test]
async fn plaintext_of_each_type_is_sealed_as_the_value_that_it_is() {
    use pgkeel_crypto::{Date, Decimal, Json, Timestamp, Uuid};
    let failed = vec![FailureClass::NotOfKind; 2];
    let none = Vec::new();
    let some = |values: &[&str]| values.iter().map(|value| Some((*value).to_owned())).collect::<Vec<_>>();
    assert_eq!(adopted::<String>("text", "'', 'é'").await, (some(&["", "é"]), none.clone()));
    assert_eq!(adopted::<String>("varchar(9)", "'a '").await, (some(&["a "]), none.clone()));
    assert_eq!(
        adopted::<Vec<u8>>("bytea", "'\\x00ff', '\\x'").await,
        (vec![Some(vec![0, 255]), Some(Vec::new())], none.clone())
    );
    for (kind, end) in [("int2", i64::from(i16::MIN)), ("int4", i64::from(i32::MAX)), ("int8", i64::MIN)] {
        assert_eq!(
            adopted::<i64>(kind, &format!("'{end}', null, 7")).await,
            (vec![Some(end), None, Some(7)], none.clone())
        );
    }
    let json = |text: &str| Some(Json(text.to_owned()));
    assert_eq!(adopted::<Json>("json", "'{\"b\":1,  \"a\":2}'").await.0, [json("{\"b\":1,  \"a\":2}")]);
    assert_eq!(adopted::<Json>("jsonb", "'{\"b\":1,  \"a\":2}'").await.0, [json("{\"a\": 2, \"b\": 1}")]);
    let uuid = Some(Uuid([0xab; 16]));
    assert_eq!(adopted::<Uuid>("uuid", "repeat('ab', 16)").await.0, [uuid]);
    let decimals = ["1.0", "-0.00000000000000000001", "NaN"].map(|text| Some(Decimal(text.to_owned())));
    assert_eq!(adopted::<Decimal>("numeric", "1.0, -1e-20, 'NaN'").await.0, decimals);
    assert_eq!(adopted::<bool>("bool", "true, false").await.0, [Some(true), Some(false)]);
    let moments = [-1, 0, 1_763_884_800_000_001].map(|micros| Some(Timestamp(micros)));
    let (read, classes) = adopted::<Timestamp>(
        "timestamptz",
        "'1969-12-31 23:59:59.999999+00', '1970-01-01 01:00+01', '2025-11-23 08:00:00.000001+00', 'infinity', '-infinity'",
    )
    .await;
    assert_eq!((&read[..3], &read[3..], classes), (&moments[..], &[None, None][..], failed.clone()));
    let days = [Some(Date(-1)), Some(Date(0)), Some(Date(20_415)), None, None].to_vec();
    let dates = "'1969-12-31', '1970-01-01', '2025-11-23', 'infinity', '-infinity'";
    assert_eq!(adopted::<Date>("date", dates).await, (days, failed));
}

#[tokio::test]
async fn what_is_sealed_as_something_else_keeps_its_plaintext() {
    let database = database().await;
    let (connection, vault) = (database.connection().await, index_vault(I1, &[]).await);
    plain_people(&connection, 100).await;
    let (column, plaintext) = (people(), ident("email"));
    let seal = async |id: i64, email: &str| {
        let cell = vault.seal(&SEALED, email, Place::row(id)).unwrap().into_bytes();
        connection.execute("update app.people set sealed = $2 where id = $1", &[&id, &cell]).await.unwrap();
    };
    seal(1, &email(1)).await; // by a program that writes both
    seal(2, "other@example.org").await;
    let first = Rotation::adopting(&vault, &column, &plaintext).run(&connection, |_| {}).await.unwrap();
    assert_eq!((first.counts.rewritten, first.counts.failed), (88, 0));
    // By one that writes plaintext alone.
    connection.execute("update app.people set email = 'new@example.org' where id = 3", &[]).await.unwrap();
    connection.execute("insert into app.people values (101, 'late@example.org')", &[]).await.unwrap();
    connection
        .execute("update app.people set sealed = set_byte(sealed, 90, 0) where id = 4", &[])
        .await
        .unwrap();
    let clear = async || Rotation::clearing(&vault, &column, &plaintext).run(&connection, |_| {}).await;
    let second = clear().await.unwrap();
    let failures = rotation::failures(&connection, second.id, 10).await.unwrap();
    let failures: Vec<_> =
        failures.iter().map(|failure| (failure.row.columns()[0].as_str(), failure.class)).collect();
    let (differs, tampered) = (FailureClass::Differs, FailureClass::Tampered);
    assert_eq!(failures, [("2", differs), ("3", differs), ("4", tampered)]);
    assert_eq!((second.counts.rewritten, second.counts.failed), (87, 3));
    let left = rotation::adoption(&connection, &column, &plaintext).await.unwrap();
    assert_eq!((left.plaintext, left.unsealed), (4, 1));
    // The plaintext is right: it is sealed anew.
    connection.execute("update app.people set sealed = null where id in (2, 3, 4)", &[]).await.unwrap();
    let again = Rotation::adopting(&vault, &column, &plaintext).run(&connection, |_| {}).await.unwrap();
    assert_eq!((again.counts.rewritten, again.counts.failed), (4, 0));
    assert_eq!(clear().await.unwrap().counts.rewritten, 4);
    let left = rotation::adoption(&connection, &column, &plaintext).await.unwrap();
    assert_eq!((left.plaintext, left.unsealed), (0, 0));
    let cell = connection.query_one("select sealed from app.people where id = 3", &[]).await.unwrap().get(0);
    let opened = vault.open(&SEALED, &Sealed::from_bytes(cell).unwrap(), Place::row(3)).unwrap();
    assert_eq!(opened.expose(), "new@example.org");
}

#[tokio::test]
async fn a_column_that_cannot_be_adopted_or_emptied_is_told_why() {
    let database = database().await;
    let (connection, vault) = (database.connection().await, index_vault(I1, &[]).await);
    plain_people(&connection, 3).await;
    let sql = "alter table app.people add number int8, add kept text not null default ''";
    connection.batch_execute(sql).await.unwrap();
    let column = people();
    let adopting = async |name: &str| {
        told(&Rotation::adopting(&vault, &column, &ident(name)).run(&connection, |_| {}).await.unwrap_err())
    };
    let number = "app.people.number is of type bigint: what is sealed is of text, character varying";
    assert!(adopting("number").await.contains(number));
    assert!(adopting("nothing").await.contains("app.people has no column nothing"));
    let kept =
        Rotation::clearing(&vault, &column, &ident("kept")).run(&connection, |_| {}).await.unwrap_err();
    let expected = "app.people.kept is not null: `alter table app.people alter column kept drop not null`";
    assert!(told(&kept).contains(expected), "{}", told(&kept));
    let email = ident("email");
    let keyless = super::vault(K1, &[], &[]).await;
    let keyless = Rotation::adopting(&keyless, &column, &email).run(&connection, |_| {}).await.unwrap_err();
    assert!(told(&keyless).contains("the keyring has no primary key for indexes"), "{}", told(&keyless));
    assert_eq!(rotation::adoption(&connection, &column, &email).await.unwrap().unsealed, 3);
}

#[tokio::test]
async fn no_plaintext_is_in_the_log_of_a_server_that_logs_all_statements_and_parameters() {
    let cluster = TestCluster::start_with(|options| {
        options.setting("log_statement", "all").setting("log_parameter_max_length_on_error", "-1")
    })
    .await;
    let (connection, vault) = (cluster.connection().await, index_vault(I1, &[]).await);
    connection.batch_execute(rotation::MIGRATIONS[0].1).await.unwrap();
    connection.batch_execute("create schema app").await.unwrap();
    plain_people(&connection, 50).await;
    connection
        .execute("update app.people set email = $1 || md5('canary') where id in (1, 2)", &[&""])
        .await
        .unwrap();
    let (column, plaintext) = (people(), ident("email"));
    let ended = Rotation::adopting(&vault, &column, &plaintext).run(&connection, |_| {}).await.unwrap();
    assert_eq!((ended.counts.rewritten, ended.counts.failed), (44, 1), "two rows have the same address");
    Rotation::clearing(&vault, &column, &plaintext).run(&connection, |_| {}).await.unwrap();
    let canary: String = connection.query_scalar("select md5('canary')", &[]).await.unwrap();
    let log = cluster.log();
    assert!(
        log.contains("update \"app\".\"people\"") || log.contains("update app.people"),
        "statements are logged"
    );
    let hex: String =
        connection.query_scalar("select encode(md5('canary')::bytea, 'hex')", &[]).await.unwrap();
    for form in [canary.as_str(), hex.as_str(), "user-7@example.org", "757365722d37406578616d706c65"] {
        assert!(!log.contains(form), "{form}");
    }
}

#[tokio::test]
async fn rows_of_a_partitioned_table_are_adopted_and_emptied() {
    let database = database().await;
    let (connection, vault) = (database.connection().await, index_vault(I1, &[]).await);
    connection
        .batch_execute(
            "create table app.people (id int8 primary key, email text, sealed bytea, bidx bytea) partition by hash (id);
            create table app.people_0 partition of app.people for values with (modulus 2, remainder 0);
            create table app.people_1 partition of app.people for values with (modulus 2, remainder 1);
            insert into app.people select n, 'user-' || n from generate_series(1, 300) n",
        )
        .await
        .unwrap();
    let (column, plaintext) = (people(), ident("email"));
    rotation::publish(&connection, std::slice::from_ref(&column)).await.unwrap();
    let next = index_vault(I2, &[I1]).await;
    for rotation in [
        Rotation::adopting(&vault, &column, &plaintext),
        Rotation::clearing(&vault, &column, &plaintext),
        Rotation::of_index(&next, &column, &column.indexes()[0]),
    ] {
        let ended = rotation.run(&connection, |_| {}).await.unwrap();
        assert_eq!((ended.counts.rewritten, ended.counts.cas_lost, ended.counts.failed), (300, 0, 0));
    }
}

/// A row that is locked when it is to be written, and changed once it is free.
#[tokio::test]
async fn a_row_that_is_changed_while_it_is_waited_for_keeps_what_it_was_given() {
    let database = database().await;
    let (connection, vault) = (database.connection().await, index_vault(I1, &[]).await);
    plain_people(&connection, 5).await;
    let other = database.connection().await;
    let (column, plaintext) = (people(), ident("email"));
    let sealed = vault.seal(&SEALED, "new@example.org", Place::row(3)).unwrap().into_bytes();
    other.batch_execute("begin").await.unwrap();
    let change = "update app.people set email = 'new@example.org', sealed = $1 where id = 3";
    other.execute(change, &[&sealed]).await.unwrap();
    let adopting = Rotation::adopting(&vault, &column, &plaintext).lock_timeout(Duration::from_secs(10));
    let waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    let onlooker = database.connection().await;
    let freeing = async {
        eventually("it is waited for", async || {
            let waiting: i64 = onlooker.query_scalar(waiting, &[]).await.unwrap();
            (waiting > 0).then_some(())
        })
        .await;
        other.batch_execute("commit").await.unwrap();
    };
    let (ended, ()) = tokio::join!(adopting.run(&connection, |_| {}), freeing);
    let counts = ended.unwrap().counts;
    assert_eq!((counts.rewritten, counts.cas_lost), (4, 1));
    let kept: Vec<u8> =
        connection.query_scalar("select sealed from app.people where id = 3", &[]).await.unwrap();
    assert_eq!(kept, sealed);
}
