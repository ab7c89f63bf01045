//! Each operator beside plain SQL, on rows with ties and NULLs.

use std::time::{Duration, SystemTime};

use chrono::NaiveDate;
use pgkeel_query::{AuditedSql, Entity, Executor as _, Filter, sql};
use pgkeel_testkit::TestDatabase;
use rust_decimal::Decimal;
use uuid::Uuid;

#[derive(Entity)]
#[pgkeel(table = "rows", columns = r)]
#[expect(dead_code, reason = "only the columns matter")]
struct Row {
    id: i64,
    small: i16,
    number: Option<i32>,
    real: f64,
    word: Option<String>,
    name: String,
    tags: Option<Vec<String>>,
    bytes: Vec<u8>,
    at: SystemTime,
    day: Option<NaiveDate>,
    key: Uuid,
    price: Decimal,
    is_open: bool,
    parent: Option<i64>,
}

const TABLE: &str = "create table rows as select n::int8 as id, (n % 7)::int2 as small, nullif(n % 5, 0)::int4 as number,
    n::float8 / 4 as real, nullif('w' || n % 6, 'w3') as word, 'Name ' || chr(65 + n % 26) as name,
    case when n % 4 > 0 then array['t' || n % 3, 'x'] end as tags, convert_to('b' || n % 3, 'UTF8') as bytes,
    timestamptz '2020-01-01 00:00Z' + n * interval '1 hour' as at, nullif(date '2020-01-01' + n % 9, '2020-01-02') as day,
    ('00000000-0000-0000-0000-' || lpad(to_hex(n % 11), 12, '0'))::uuid as key, (n % 13)::numeric / 10 as price,
    n % 3 = 0 as is_open, nullif(n / 10, 0)::int8 as parent from generate_series(1, 120) n";

#[tokio::test]
async fn each_operator_finds_the_rows_that_plain_sql_finds() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLE).await.unwrap();
    let at = SystemTime::UNIX_EPOCH + Duration::from_hours(438_300); // 2020-01-01 12:00
    let day = NaiveDate::from_ymd_opt(2020, 1, 5).unwrap();
    let (key, price) = (Uuid::from_u128(4), Decimal::new(7, 1));
    let own = String::from("w2");
    let (ids, words) = (vec![1, 5, 999], ["w1", "w2"]);
    let cases: Vec<(Filter<'_, Row>, &str)> = vec![
        (r::id.eq(7), "id = 7"),
        (r::word.eq(&own), "word = 'w2'"),
        (r::small.ne(3), "small <> 3"),
        (r::number.eq(3), "number = 3"),
        (r::number.ne(3), "number <> 3"),
        (!r::number.eq(3), "not number = 3"),
        (r::number.lt(3), "number < 3"),
        (r::number.le(3), "number <= 3"),
        (r::number.gt(3), "number > 3"),
        (r::number.ge(3), "number >= 3"),
        (r::number.is_null(), "number is null"),
        (r::number.is_not_null(), "number is not null"),
        (r::number.same_as(Some(2)), "number is not distinct from 2"),
        (r::number.same_as(None::<i32>), "number is not distinct from null"),
        (r::number.differs_from(Some(2)), "number is distinct from 2"),
        (r::number.differs_from(None::<i32>), "number is distinct from null"),
        (r::real.between(3.0, 7.25), "real between 3 and 7.25"),
        (r::real.lt(f64::INFINITY), "real < 'infinity'"),
        (r::word.eq("w1"), "word = 'w1'"),
        (r::word.eq(String::from("w1")), "word = 'w1'"),
        (r::word.eq(std::borrow::Cow::from("w1")), "word = 'w1'"),
        (r::word.between("w1", "w4"), "word between 'w1' and 'w4'"),
        (r::word.any_of(words), "word in ('w1', 'w2')"),
        (r::word.any_of([] as [&str; 0]), "false"),
        (r::word.none_of(["w1", "w2"]), "word not in ('w1', 'w2')"),
        (r::word.none_of([] as [&str; 0]), "true"),
        (!r::word.any_of(&words[..]), "not word in ('w1', 'w2')"),
        (r::word.contains("3"), "strpos(word, '3') > 0"),
        (r::name.starts_with("Name B"), "left(name, 6) = 'Name B'"),
        (r::name.ends_with("B"), "right(name, 1) = 'B'"),
        (r::name.contains_ignore_case("E b"), "strpos(lower(name), 'e b') > 0"),
        (r::name.starts_with_ignore_case("nAME c"), "left(lower(name), 6) = 'name c'"),
        (r::name.ends_with_ignore_case("b"), "right(lower(name), 1) = 'b'"),
        (r::name.eq_ignore_case("nAME b"), "lower(name) = 'name b'"),
        (r::name.like_pattern("N_me %"), "name ~ '^N.me '"),
        (r::tags.eq(["t1", "x"].map(String::from)), "tags = '{t1,x}'"),
        (r::bytes.eq(&b"b1"[..]), "bytes = 'b1'"),
        (r::at.le(at), "at <= '2020-01-01 12:00Z'"),
        (r::day.ge(day), "day >= '2020-01-05'"),
        (r::key.eq(key), "key = '00000000-0000-0000-0000-000000000004'"),
        (r::price.gt(price), "price > 0.7"),
        (r::is_open.eq(true), "is_open"),
        (r::id.any_of(&ids), "id in (1, 5, 999)"),
        (r::id.any_of(ids.clone()), "id in (1, 5, 999)"),
        (r::id.any_of(&ids[1..]), "id in (5, 999)"),
        (r::id.none_of([2, 3]), "id not in (2, 3)"),
        (r::word.eq_column(r::word), "word = word"),
        (r::id.lt(20) & r::small.eq(1) & r::is_open.eq(true), "id < 20 and small = 1 and is_open"),
        (r::id.lt(9) | r::small.eq(1) & r::is_open.eq(true), "id < 9 or small = 1 and is_open"),
        ((r::id.lt(9) | r::small.eq(1)) & r::is_open.eq(true), "(id < 9 or small = 1) and is_open"),
        (!(r::id.lt(9) | r::number.eq(1)), "not (id < 9 or number = 1)"),
        (!!r::id.lt(9), "id < 9"),
    ];
    for (filter, plain) in cases {
        let told = format!("{plain}: {filter:?}");
        let statement = Row::select((r::id,)).filter(filter).order_by(r::id.asc());
        let found = statement
            .clone()
            .fetch_all(&connection)
            .await
            .unwrap_or_else(|error| panic!("{told}: {error:?}"));
        let text = format!("select id from rows where {plain} order by id");
        let expected: Vec<(i64,)> = AuditedSql::new("an oracle", text).fetch_all(&connection).await.unwrap();
        assert_eq!(found, expected, "{told}");
        let count = i64::try_from(expected.len()).unwrap();
        assert_eq!(statement.clone().count(&connection).await.unwrap(), count, "{told}");
        assert_eq!(statement.exists(&connection).await.unwrap(), count > 0, "{told}");
    }
}

#[tokio::test]
async fn order_limit_and_distinct_are_those_of_plain_sql() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLE).await.unwrap();
    let all = || Row::select((r::id, r::number));
    let cases = [
        (all().order_by((r::number.asc(), r::id.desc())), "order by number, id desc"),
        (all().order_by((r::number.desc(), r::id.asc())), "order by number desc, id"),
        (
            all().order_by(r::number.asc().nulls_first()).order_by(r::id.asc()),
            "order by number nulls first, id",
        ),
        (all().order_by((r::number.desc().nulls_last(), r::id.asc())), "order by number desc nulls last, id"),
        (all().order_by(vec![r::is_open.asc(), r::id.asc()]).limit(7), "order by is_open, id limit 7"),
        (all().order_by(r::id.asc()).limit(7).offset(115), "order by id limit 7 offset 115"),
        (all().order_by(r::id.asc()).limit(0), "order by id limit 0"),
        (all().order_by(r::id.asc()).offset(u64::MAX), "order by id offset 1000"),
        (all().order_by(r::id.asc()).limit(u64::MAX), "order by id"),
        (all().filter(r::id.lt(50)).when(true, |it| it.order_by(r::id.asc())), "where id < 50 order by id"),
        (all().when(false, |it| it.limit(0)).order_by(r::id.asc()), "order by id"),
        (all().and_if_some(Some(9), |n| r::id.gt(n)).order_by(r::id.asc()), "where id > 9 order by id"),
        (all().and_if_some(None, |n: i64| r::id.gt(n)).order_by(r::id.asc()), "order by id"),
    ];
    for (statement, plain) in cases {
        let text = format!("select id, number from rows {plain}");
        let expected: Vec<(i64, Option<i32>)> =
            AuditedSql::new("an oracle", text).fetch_all(&connection).await.unwrap();
        assert_eq!(statement.clone().fetch_all(&connection).await.unwrap(), expected, "{plain}");
        let count = i64::try_from(expected.len()).unwrap();
        assert_eq!(statement.clone().count(&connection).await.unwrap(), count, "{plain}");
        assert_eq!(statement.exists(&connection).await.unwrap(), count > 0, "{plain}");
    }
    let distinct = Row::select((r::number,)).distinct();
    let numbers = distinct.clone().order_by(r::number.asc()).fetch_all(&connection).await.unwrap();
    assert_eq!(numbers, [(Some(1),), (Some(2),), (Some(3),), (Some(4),), (None,)]);
    assert_eq!(distinct.count(&connection).await.unwrap(), 5);
    let newest =
        Row::select((r::small, r::id)).distinct_on((r::small,)).order_by((r::small.asc(), r::id.desc()));
    let expected = sql!("select small, max(id) from rows group by small order by small");
    let expected: Vec<(i16, i64)> = expected.fetch_all(&connection).await.unwrap();
    assert_eq!(newest.clone().fetch_all(&connection).await.unwrap(), expected);
    assert_eq!(newest.count(&connection).await.unwrap(), 7);
}
