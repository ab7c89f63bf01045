//! Blind indexes go over to another key.

use pgkeel_crypto::{Cost, IndexSpec};
use pgkeel_query::rotation::{
    FailureClass, RetireProblem, RotationProblem, RotationState, RotationTask, SealedIndex,
};
use pgkeel_testkit::scaled;

use super::adoption::{BIDX, SEALED, people};
use super::rotators::{operator, status};
use super::*;

/// Of this table of people, whose index is unique or not, filled by this vault; every tenth has no address.
async fn filled(connection: &Connection, vault: &Vault, unique: &str, rows: i64) {
    let table = format!(
        "create table app.people (id int8 primary key, email text, sealed bytea, bidx bytea {unique})"
    );
    connection.batch_execute(&table).await.unwrap();
    let ids: Vec<i64> = (1..=rows).collect();
    let put = "insert into app.people (id, sealed, bidx) select * from unnest($1::int8[], $2::bytea[], $3::bytea[])";
    for ids in ids.chunks(5_000) {
        let is_there = |id: &i64| id % 10 > 0;
        let sealed: Vec<_> =
            ids.iter().map(|id| is_there(id).then(|| cell(vault, *id, &email(*id)))).collect();
        let index: Vec<_> = ids.iter().map(|id| is_there(id).then(|| indexed(vault, &email(*id)))).collect();
        connection.execute(put, &[&ids, &sealed, &index]).await.unwrap();
    }
    rotation::publish(connection, &[people()]).await.unwrap();
}

fn cell(vault: &Vault, id: i64, email: &str) -> Vec<u8> {
    vault.seal(&SEALED, email, Place::row(id)).unwrap().into_bytes()
}

fn indexed(vault: &Vault, email: &str) -> Vec<u8> {
    vault.index(&BIDX, email, None).unwrap().as_bytes().to_vec()
}

/// Whose index has something else than this vault makes.
async fn others(connection: &Connection, vault: &Vault) -> Vec<i64> {
    let rows = connection.query("select id, sealed, bidx from app.people order by id", &[]).await.unwrap();
    let is_other = |row: &&tokio_postgres::Row| {
        let expected = row.get::<_, Option<Vec<u8>>>(1).map(|sealed| {
            let sealed = pgkeel_crypto::Sealed::from_bytes(sealed).unwrap();
            indexed(vault, vault.open(&SEALED, &sealed, Place::row(row.get::<_, i64>(0))).unwrap().expose())
        });
        row.get::<_, Option<Vec<u8>>>(2) != expected
    };
    rows.iter().filter(is_other).map(|row| row.get(0)).collect()
}

async fn reindexed(connection: &Connection, vault: &Vault) -> Result<rotation::RotationStatus, Error> {
    let column = people();
    Rotation::of_index(vault, &column, &column.indexes()[0]).run(connection, |_| {}).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_is_not_unique_is_rewritten_in_place_whoever_is_killed() {
    let rows = scaled(3_000, 200_000);
    let database = database().await;
    let connection = database.connection().await;
    let (old, new) = (index_vault(I1, &[]).await, index_vault(I2, &[I1]).await);
    filled(&connection, &old, "", rows).await;
    // Of an earlier value, of nothing that is sealed, and none at all.
    let strange = "update app.people set bidx = case id when 3 then '\\x00'::bytea when 10 then '\\x00' end where id in (3, 5, 10)";
    connection.execute(strange, &[]).await.unwrap();
    assert_eq!(rotation::unindexed(&connection, &people(), &people().indexes()[0]).await.unwrap(), 1);
    let task = RotationTask::Reindex;
    let killed = operator(&database, &connection, task, rows, scaled(3, 20)).await;
    assert!(killed > 0);
    let ended = status(&connection, task).await.unwrap();
    println!("{:?} in {:.1} s and {} passes", ended.counts, ended.seconds, ended.pass);
    assert_eq!((ended.state, ended.to_key, ended.counts.failed), (RotationState::Finished, key(I2), 0));
    assert_eq!((ended.task, ended.other_column.as_deref()), (task, Some("bidx")));
    let (there, changed) = ((rows * 9 / 10).cast_unsigned(), (rows * 9 / 10 + 1).cast_unsigned());
    assert_eq!((ended.counts.rewritten, ended.counts.scanned), (changed, there + changed));
    assert!(others(&connection, &new).await.is_empty());
    let again = reindexed(&connection, &new).await.unwrap();
    assert_eq!((again.counts.rewritten, again.counts.scanned, again.pass), (0, there, 1));
}

#[tokio::test]
async fn a_lookup_finds_a_row_before_during_and_after_its_index_is_rewritten() {
    let database = database().await;
    let connection = database.connection().await;
    let (old, new) = (index_vault(I1, &[]).await, index_vault(I2, &[I1]).await);
    filled(&connection, &old, "", 300).await;
    let found = async |id: i64| {
        let values = new.lookup(&BIDX, &email(id), None).unwrap();
        let values: Vec<_> = values.iter().map(|value| value.as_bytes().to_vec()).collect();
        let row = connection.query_one("select id from app.people where bidx = any($1)", &[&values]).await;
        assert_eq!(row.unwrap().get::<_, i64>(0), id);
    };
    found(7).await;
    let column = people();
    let part = Rotation::of_index(&new, &column, &column.indexes()[0]).most_rows(10).range_rows(100);
    let (moving, watching) = (database.connection().await, async {
        for id in (1..=300).filter(|id| id % 10 > 0) {
            found(id).await;
        }
    });
    tokio::join!(async { part.run(&moving, |_| {}).await.unwrap() }, watching);
    found(7).await;
    assert!(others(&connection, &new).await.is_empty());
}

#[tokio::test]
async fn a_unique_index_is_not_rewritten_under_another_key_but_mended_under_its_own() {
    let database = database().await;
    let connection = database.connection().await;
    let (old, new) = (index_vault(I1, &[]).await, index_vault(I2, &[I1]).await);
    filled(&connection, &old, "unique", 100).await;
    let refused = reindexed(&connection, &new).await.unwrap_err();
    let expected = "app.people.bidx is unique, and has values under key aaaaaaaa: fill a second column";
    assert!(told(&refused).contains(expected), "{}", told(&refused));
    assert!(others(&connection, &old).await.is_empty());
    let given_up = rotation::rotations(&connection).await.unwrap().remove(0);
    assert_eq!((given_up.state, given_up.counts.rewritten), (RotationState::Cancelled, 0));
    // Two rows have each other's values: there is a moment at which both would have the same.
    let swap = "alter table app.people drop constraint people_bidx_key;
        update app.people as t set bidx = v.bidx from app.people as v where (t.id, v.id) in ((1, 2), (2, 1));
        create unique index on app.people (bidx)";
    connection.batch_execute(swap).await.unwrap();
    let stays = reindexed(&connection, &old).await.unwrap();
    let failures = rotation::failures(&connection, stays.id, 10).await.unwrap();
    let classes: Vec<_> = failures.iter().map(|failure| failure.class).collect();
    assert_eq!((stays.state, classes), (RotationState::Finished, vec![FailureClass::Duplicate; 2]));
    connection.execute("update app.people set bidx = null where id = 1", &[]).await.unwrap();
    let mended = reindexed(&connection, &old).await.unwrap();
    assert_eq!((mended.counts.failed, mended.counts.rewritten), (0, 2));
    assert!(others(&connection, &old).await.is_empty());
}

/// As of a first column that newer programs leave out, or one whose first rows another worker has.
#[tokio::test]
async fn a_unique_index_has_nothing_written_where_a_value_under_another_key_comes_late() {
    let database = database().await;
    let (connection, other) = (database.connection().await, database.connection().await);
    let (old, new) = (index_vault(I1, &[]).await, index_vault(I2, &[I1]).await);
    filled(&connection, &old, "unique", 1_000).await;
    connection.execute("update app.people set bidx = null where id <> 995", &[]).await.unwrap();
    // One of an earlier value, which is under none of the keys of what is sealed.
    connection.execute("update app.people set bidx = '\\x00' where id = 5", &[]).await.unwrap();
    let column = people();
    let worker = Rotation::of_index(&new, &column, &column.indexes()[0]).range_rows(100).most_rows(10);
    let (first, second) = tokio::join!(worker.run(&connection, |_| {}), worker.run(&other, |_| {}));
    let is_told = |ended: &Result<_, Error>| {
        matches!(ended, Err(Error::Rotation(RotationProblem::UniqueInPlace { .. })))
    };
    assert!(is_told(&first) || is_told(&second), "{first:?}, {second:?}");
    let given_up = rotation::rotations(&connection).await.unwrap().remove(0);
    assert_eq!((given_up.state, given_up.pass), (RotationState::Cancelled, 1));
    let there = "select array_agg(id order by id) from app.people where bidx is not null";
    let there: Vec<i64> = connection.query_scalar(there, &[]).await.unwrap();
    assert_eq!((there, given_up.counts.rewritten), (vec![5, 995], 0));
    // Without that value there is no other key: what is missing is filled, and what is strange made anew.
    connection.execute("update app.people set bidx = null where id = 995", &[]).await.unwrap();
    let ended = reindexed(&connection, &new).await.unwrap();
    assert_eq!((ended.state, ended.counts.rewritten, ended.pass), (RotationState::Finished, 900, 3));
    assert!(others(&connection, &new).await.is_empty());
}

#[tokio::test]
async fn a_row_that_a_unique_index_does_not_let_in_is_told_of_and_the_others_go_in() {
    let database = database().await;
    let connection = database.connection().await;
    let old = index_vault(I1, &[]).await;
    filled(&connection, &old, "", 500).await;
    let same = cell(&old, 77, &email(1));
    connection.execute("update app.people set sealed = $1 where id = 77", &[&same]).await.unwrap();
    connection
        .batch_execute("update app.people set bidx = null; create unique index on app.people (bidx)")
        .await
        .unwrap();
    let ended = reindexed(&connection, &old).await.unwrap();
    assert_eq!((ended.state, ended.counts.rewritten, ended.counts.failed), (RotationState::Finished, 449, 1));
    let failures = rotation::failures(&connection, ended.id, 10).await.unwrap();
    assert_eq!((failures[0].row.columns()[0].as_str(), failures[0].class), ("77", FailureClass::Duplicate));
    assert_eq!(others(&connection, &old).await, [77]);
}

#[tokio::test]
async fn an_index_that_cannot_be_made_is_told_what_is_wrong() {
    let database = database().await;
    let connection = database.connection().await;
    let new = index_vault(I2, &[]).await;
    filled(&connection, &new, "", 10).await;
    connection.batch_execute("alter table app.people add other text, add number bytea").await.unwrap();
    let spec = IndexSpec::from(&BIDX);
    let column = people();
    let run = async |vault: &Vault, index: &SealedIndex| {
        told(&Rotation::of_index(vault, &column, index).run(&connection, |_| {}).await.unwrap_err())
    };
    let keyless = run(&vault(K1, &[], &[]).await, &column.indexes()[0]).await;
    assert!(keyless.contains("the keyring has no primary key for indexes"), "{keyless}");
    for (name, expected) in [
        ("other", "app.people.other is of type text: blind indexes are bytea"),
        ("nothing", "app.people has no column nothing"),
        ("number", "the index number of app.people.sealed is not published as it is"),
    ] {
        let said = run(&new, &SealedIndex::new(ident(name), spec.clone())).await;
        assert!(said.contains(expected), "{said}");
    }
    let begun = "insert into pgkeel.rotation (column_id, to_key, started_by) select id, $1, 'test' from pgkeel.sealed_column";
    connection.execute(begun, &[&K1]).await.unwrap();
    let busy = run(&new, &column.indexes()[0]).await;
    assert!(
        busy.contains(
            "of app.people.sealed is under way, to reseal: let it finish or cancel it, then reindex bidx"
        ),
        "{busy}"
    );
    let both = index_vault(I2, &[I1]).await;
    let retired = async |id| rotation::retire(&connection, &both, key(id)).await.unwrap_err();
    let primary = retired(I2).await;
    assert!(
        matches!(primary, Error::Rotation(RotationProblem::Retire(RetireProblem::PrimaryKey { .. }))),
        "{primary:?}"
    );
    let other = retired(I1).await;
    assert!(
        matches!(other, Error::Rotation(RotationProblem::Retire(RetireProblem::KeyOfIndexes { .. }))),
        "{other:?}"
    );
}

#[tokio::test]
async fn a_slow_index_and_one_of_tenants_are_made_as_programs_make_them() {
    let database = database().await;
    let connection = database.connection().await;
    let vault = index_vault(I2, &[]).await;
    connection
        .batch_execute(
            "create table app.people (id int8 primary key, tenant text not null, sealed bytea, slow bytea, few bytea);
            insert into app.people select n, 'team-' || n % 3 from generate_series(1, 20) n",
        )
        .await
        .unwrap();
    let (slow, few) = (BIDX.slow(Cost::INDEX).per_tenant(), BIDX.beacon(5));
    for id in 1..=20_i64 {
        let cell = cell(&vault, id, &email(id % 7));
        connection.execute("update app.people set sealed = $2 where id = $1", &[&id, &cell]).await.unwrap();
    }
    let table = Table::parse("app.people").unwrap();
    let column = SealedColumn::new(table, ident("sealed"), ColumnSpec::from(&SEALED), vec![ident("id")])
        .tenant(ident("tenant"))
        .index(SealedIndex::new(ident("slow"), IndexSpec::from(&slow)))
        .index(SealedIndex::new(ident("few"), IndexSpec::from(&few)));
    rotation::publish(&connection, std::slice::from_ref(&column)).await.unwrap();
    for index in column.indexes() {
        let rotation = Rotation::of_index(&vault, &column, index);
        let ended = rotation.run(&connection, |progress| {
            assert!(index.column().name() != "slow" || progress.batch <= 16);
        });
        assert_eq!(ended.await.unwrap().counts.rewritten, 20);
    }
    for row in connection.query("select id, tenant, slow, few from app.people", &[]).await.unwrap() {
        let email = email(row.get::<_, i64>(0) % 7);
        let expected = vault.index(&slow, &email, Some(row.get(1))).unwrap();
        assert_eq!(row.get::<_, &[u8]>(2), expected.as_bytes());
        assert_eq!(row.get::<_, &[u8]>(3), vault.index(&few, &email, None).unwrap().as_bytes());
    }
}
