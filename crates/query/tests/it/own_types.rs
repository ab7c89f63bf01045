//! Types of one's own, and types that were made on the server.

use std::borrow::Cow;
use std::error::Error as StdError;

use bytes::BytesMut;
use pgkeel_query::bind::{IsNull, Misfit, MisfitReason, ViaToSql};
use pgkeel_query::{BindType, Error, Executor as _, Type, sql};
use pgkeel_testkit::TestDatabase;
use tokio_postgres::types::{ToSql, to_sql_checked};

const SCHEMA: &str = "create type mood as enum ('sad', 'glad'); create domain age as int4 check (value >= 0);
    create domain ages as age[]; create table people(mood mood, age age, ages ages, moods mood[])";

#[tokio::test]
async fn domains_are_what_they_are_of_and_the_server_checks_labels() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(SCHEMA).await.unwrap();
    let (moods, ages) = (vec!["sad", "glad"], vec![1_i16, 2]);
    let insert = sql!(
        "insert into people values ({mood}, {age}, {ages}, {moods}) returning mood::text, age::text, ages::text, moods::text",
        mood = "glad",
        age = 7_u8,
    );
    let stored: (String, String, String, String) = insert.fetch_one(&connection).await.unwrap();
    assert_eq!(stored, ("glad".into(), "7".into(), "{1,2}".into(), "{sad,glad}".into()));
    let bad = "gald";
    let error = sql!("insert into people(mood) values ({bad})").execute(&connection).await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "22P02");
    let bad = -1_i16;
    let error = sql!("insert into people(age) values ({bad})").execute(&connection).await.unwrap_err();
    assert!(error.is_check_violation() && error.constraint() == Some("age_check"), "{error:?}");
}

/// Accepts what it should not, and fails in ways of its own.
#[derive(Debug)]
enum Rude {
    Panics,
    Fails,
    WritesAndFails,
    Writes(i32),
}

impl ToSql for Rude {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self {
            Self::Panics => {
                out.extend_from_slice(b"half");
                panic!("secret");
            }
            Self::Fails => Err("secret".into()),
            Self::WritesAndFails => {
                out.extend_from_slice(b"half a value");
                Err("secret".into())
            }
            Self::Writes(number) => number.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::INT4
    }

    to_sql_checked!();
}

#[tokio::test]
async fn an_error_or_a_panic_in_to_sql_is_told_and_harms_nothing() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    for (rude, reason) in [
        (Rude::Panics, MisfitReason::Panicked),
        (Rude::Fails, MisfitReason::Refused),
        (Rude::WritesAndFails, MisfitReason::Refused),
    ] {
        let value = ViaToSql(rude);
        let error = sql!("select {value}::int4").scalar::<i32>(&connection).await.unwrap_err();
        let Error::Parameter(bad) = &error else { panic!("{error:?}") };
        assert_eq!((bad.misfit().reason(), bad.misfit().rust_type()), (reason, "Rude"));
        assert!(!pgkeel_testkit::in_full(&error).contains("secret"));
        assert_eq!(sql!("select 1").scalar::<i32>(&connection).await.unwrap(), 1);
    }
    let value = ViaToSql(Rude::Writes(7));
    assert_eq!(sql!("select {value}::int4").scalar::<i32>(&connection).await.unwrap(), 7);
    let error = sql!("select {value}::int8").scalar::<i64>(&connection).await.unwrap_err();
    assert!(matches!(error, Error::Parameter(_)), "its `accepts` decides: {error:?}");
}

struct OrderId(i64);

impl BindType for OrderId {
    fn rust_type() -> Cow<'static, str> {
        "OrderId".into()
    }

    fn natural_type() -> Option<Type> {
        i64::natural_type()
    }

    fn fits(kind: &Type) -> bool {
        i64::fits(kind)
    }

    fn write(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
        assert!(self.0 >= 0, "secret");
        self.0.write(kind, out)
    }
}

#[tokio::test]
async fn a_type_of_ones_own_is_a_value_in_every_form() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let (one, none, many) = (OrderId(7), None::<OrderId>, [OrderId(1), OrderId(2)]);
    let got = sql!("select {one}::int8, {none}::int8, {many}::int8[]");
    let got: (i64, Option<i64>, Vec<i64>) = got.fetch_one(&connection).await.unwrap();
    assert_eq!(got, (7, None, vec![1, 2]));
    let wrong = [OrderId(-1)];
    let error = sql!("select {wrong}::int8[]").scalar::<Vec<i64>>(&connection).await.unwrap_err();
    let Error::Parameter(bad) = error else { panic!("{error:?}") };
    assert_eq!(bad.misfit().reason(), MisfitReason::Panicked);
    assert_eq!(sql!("select 1").scalar::<i32>(&connection).await.unwrap(), 1);
}

/// Says that it is NULL, having written something.
struct Undecided;

impl BindType for Undecided {
    fn rust_type() -> Cow<'static, str> {
        "Undecided".into()
    }

    fn natural_type() -> Option<Type> {
        Some(Type::INT4)
    }

    fn fits(kind: &Type) -> bool {
        *kind == Type::INT4
    }

    fn write(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, MisfitReason> {
        out.extend_from_slice(b"half");
        Ok(IsNull::Yes)
    }
}

#[tokio::test]
async fn nothing_is_sent_of_what_was_written_for_null() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let (none, many) = (Undecided, [Undecided, Undecided]);
    let statement = sql!("select {none}::int4, {many}::int4[]");
    let got: (Option<i32>, Vec<Option<i32>>) = statement.fetch_one(&connection).await.unwrap();
    assert_eq!(got, (None, vec![None, None]));
}

/// A value with no type that could be known without it.
struct Loose;

impl pgkeel_query::Bind for Loose {
    fn type_name(&self) -> Cow<'static, str> {
        "Loose".into()
    }

    fn sent_as(&self) -> Option<Type> {
        None
    }

    fn write_checked(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Misfit> {
        out.extend_from_slice(b"half");
        panic!("secret")
    }
}

#[tokio::test]
async fn a_panic_in_any_value_is_told_and_harms_nothing() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let value = Loose;
    let error = sql!("select {value}::int4").scalar::<i32>(&connection).await.unwrap_err();
    let Error::Parameter(bad) = error else { panic!("{error:?}") };
    assert_eq!(bad.misfit().reason(), MisfitReason::Panicked);
    assert_eq!(sql!("select 1").scalar::<i32>(&connection).await.unwrap(), 1);
}

#[tokio::test]
async fn citext_takes_text_alone_and_in_arrays() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute("create schema apart; create extension citext schema apart").await.unwrap();
    let (one, many) = ("Ann", [Some("Ann"), None]);
    let stored = sql!("select {one}::apart.citext::text, {many}::apart.citext[]::text[]");
    let stored: (String, Vec<Option<String>>) = stored.fetch_one(&connection).await.unwrap();
    assert_eq!(stored, ("Ann".into(), vec![Some("Ann".into()), None]));
}
