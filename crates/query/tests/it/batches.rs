//! Batches by id: each row once, from wherever it goes on, whatever others do meanwhile.

use pgkeel_query::connect::Connection;
use pgkeel_query::page::PageProblem;
use pgkeel_query::stream::BatchPosition;
use pgkeel_query::{Alias, Entity, Error, Executor, sql};
use pgkeel_testkit::{Random, TestDatabase, scaled};

use crate::watched::Nowhere;

#[derive(Debug, PartialEq, Entity)]
#[pgkeel(table = "pairs", columns = p)]
struct Pair {
    #[pgkeel(id)]
    left: i32,
    #[pgkeel(id)]
    right: String,
    weight: i32,
}

#[derive(Debug, PartialEq, Entity)]
#[pgkeel(table = "other", columns = o)]
struct Other {
    #[pgkeel(id)]
    left: i32,
    weight: i32,
}

async fn pairs(rows: i32) -> (TestDatabase, Connection) {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let table =
        "create table pairs(\"left\" int4, \"right\" text, weight int4, primary key (\"left\", \"right\"))";
    connection.batch_execute(table).await.unwrap();
    sql!("insert into pairs select n / 5, md5(n::text), n from generate_series(1, {rows}) n")
        .execute(&connection)
        .await
        .unwrap();
    (database, connection)
}

async fn all(on: &impl Executor) -> Vec<Pair> {
    Pair::query().order_by((p::left.asc(), p::right.asc())).fetch_all(on).await.unwrap()
}

#[tokio::test]
async fn batches_together_are_all_rows_and_go_on_from_anywhere() {
    let (_database, connection) = pairs(53).await;
    let whole = all(&connection).await;
    for size in [1, 7, 52, 53, 54] {
        let (mut walked, mut kept) = (Vec::new(), None::<Vec<u8>>);
        loop {
            // As another process would: nothing but the bytes is left of the one before.
            let position = kept.as_deref().map(BatchPosition::from_bytes);
            let mut batches = Pair::query().in_batches(size).after(position);
            let Some(batch) = batches.next(&connection).await.unwrap() else { break };
            assert!(!batch.is_empty() && batch.len() <= size as usize);
            walked.extend(batch);
            kept = batches.position().map(|position| position.as_bytes().to_vec());
        }
        assert_eq!(walked, whole, "{size}");
        let mut batches = Pair::query().filter(p::weight.gt(20)).in_batches(size);
        let mut heavy = 0;
        while let Some(batch) = batches.next(&connection).await.unwrap() {
            heavy += batch.len();
        }
        assert_eq!((heavy, batches.next(&connection).await.unwrap()), (33, None));
    }
}

#[tokio::test]
async fn rows_that_come_and_go_leave_no_other_out() {
    let (database, connection) = pairs(200).await;
    let other = database.connection().await;
    let mut random = Random::seeded();
    for round in 0..scaled(10, 300) {
        connection.batch_execute("delete from pairs where weight < 0").await.unwrap();
        let whole = all(&connection).await;
        let mut walked = Vec::new();
        let mut batches = Pair::query().in_batches(1 + u32::try_from(random.below(20)).unwrap());
        while let Some(batch) = batches.next(&connection).await.unwrap() {
            walked.extend(batch.into_iter().filter(|pair| pair.weight >= 0));
            let left = i32::try_from(random.below(45)).unwrap();
            if random.below(2) == 0 {
                let new = sql!(
                    "insert into pairs select {left}, gen_random_uuid()::text, -1 from generate_series(1, 5)"
                );
                new.execute(&other).await.unwrap();
            } else {
                sql!("delete from pairs where weight < 0 and \"left\" > {left}")
                    .execute(&other)
                    .await
                    .unwrap();
            }
        }
        assert_eq!(walked, whole, "round {round}");
    }
}

#[tokio::test]
async fn an_error_leaves_the_batch_to_be_asked_for_again() {
    let (_database, connection) = pairs(20).await;
    let mut batches = Pair::query().in_batches(15);
    assert_eq!(batches.next(&connection).await.unwrap().unwrap().len(), 15);
    let position = batches.position().cloned();
    connection.batch_execute("alter table pairs rename to away").await.unwrap();
    assert_eq!(batches.next(&connection).await.unwrap_err().code().unwrap().code(), "42P01");
    assert_eq!(batches.position(), position.as_ref());
    connection.batch_execute("alter table away rename to pairs").await.unwrap();
    assert_eq!(batches.next(&connection).await.unwrap().unwrap().len(), 5);
    assert_eq!(batches.next(&connection).await.unwrap(), None);
}

#[tokio::test]
async fn a_position_in_one_of_two_like_tables_is_none_in_the_other() {
    type Twin = Alias<Other, 0>;
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let table = "create table other as select n as left, n as weight from generate_series(1, 4) n";
    connection.batch_execute(table).await.unwrap();
    let both = || Other::query().inner_join::<Twin>(o::left.ge_expr(Twin::of(o::left)));
    let mut batches = both().in_batches(3);
    batches.next(&connection).await.unwrap();
    let position = batches.position().cloned().unwrap();
    let swapped = Twin::query().inner_join::<Other>(o::left.ge_expr(Twin::of(o::left)));
    let error = swapped.in_batches(3).after(position.clone()).next(&Nowhere).await.unwrap_err();
    assert!(matches!(error, Error::Page(PageProblem::OtherPosition)), "{error:?}");
    let rest = both().in_batches(9).after(position).next(&connection).await.unwrap().unwrap();
    assert_eq!(rest.len(), 7);
}

#[tokio::test]
async fn positions_of_something_else_and_statements_with_an_order_are_refused() {
    let (_database, connection) = pairs(20).await;
    let mut batches = Pair::query().in_batches(5);
    batches.next(&connection).await.unwrap();
    let position = batches.position().cloned().unwrap();
    assert!(!format!("{position:?} {batches:?}").contains("1, "), "{position:?}");
    let problem = |error| match error {
        Error::Page(problem) => problem,
        error => panic!("{error:?}"),
    };
    let other = Other::query().in_batches(5).after(position.clone()).next(&Nowhere).await.unwrap_err();
    assert_eq!(problem(other), PageProblem::OtherPosition);
    let bytes = position.as_bytes();
    for end in 0..bytes.len() {
        let cut = Pair::query().in_batches(5).after(BatchPosition::from_bytes(&bytes[..end]));
        let error = { cut }.next(&Nowhere).await.unwrap_err();
        assert_eq!(problem(error), PageProblem::OtherPosition, "{end}");
    }
    let ordered = Pair::query().order_by(p::weight.asc()).in_batches(5).next(&Nowhere).await.unwrap_err();
    assert_eq!(problem(ordered), PageProblem::AlreadyOrdered);
    let none = Pair::query().in_batches(0).next(&Nowhere).await.unwrap_err();
    assert_eq!(problem(none), PageProblem::Zero);
    let _ = (o::left, o::weight, |other: Other| (other.left, other.weight));
}
