//! Each expression and clause beside plain SQL, on rows with ties and NULLs, and read as the types that the compiler gave.

use std::time::SystemTime;

use pgkeel_query::relation::{
    BadStatement, FrameEnd, Unit, Window, array_agg, avg, bool_and, bool_or, coalesce, count, count_distinct,
    count_of, date_trunc, dense_rank, first_value, lag, last_value, lead, length, lower, max, min, named,
    now, rank, row_number, string_agg, sum, upper, value,
};
use pgkeel_query::{AuditedSql, Entity, Error, Executor as _, FromRow};
use pgkeel_testkit::TestDatabase;
use rust_decimal::Decimal;

use crate::oracle::same;

#[derive(Entity)]
#[pgkeel(table = "rows", columns = r)]
#[expect(dead_code, reason = "only the columns matter")]
pub(crate) struct Row {
    id: i64,
    small: i16,
    number: Option<i32>,
    large: i64,
    real: f64,
    single: f32,
    price: Decimal,
    word: Option<String>,
    name: String,
    at: SystemTime,
    is_open: bool,
    is_known: Option<bool>,
}

const TABLE: &str =
    "create table rows as select n::int8 as id, (n % 7)::int2 as small, nullif(n % 5, 0)::int4 as number,
    (n % 11)::int8 * 1000000000000 as large, n::float8 / 4 as real, ((n % 4) / 2.0)::float4 as single,
    (n % 13)::numeric / 10 as price, nullif('W' || n % 6, 'W3') as word, 'Name ' || chr(65 + n % 26) as name,
    timestamptz '2020-01-01 00:00Z' + n * interval '17 hours' as at, n % 3 = 0 as is_open,
    case n % 4 when 1 then true when 2 then false end as is_known from generate_series(1, 120) n";

/// The rows of a statement, each as the text of its JSON: columns of any type, with NULLs.
async fn shown(connection: &pgkeel_query::connect::Connection, plain: &str) -> Vec<String> {
    let text = format!("select to_jsonb(plain)::text from ({plain}) as plain");
    let rows = AuditedSql::new("an oracle", &text).fetch_all::<(String,)>(connection).await;
    rows.unwrap_or_else(|error| panic!("{plain}: {error:?}")).into_iter().map(|(row,)| row).collect()
}

type Sums = (Option<i64>, Option<i64>, Option<Decimal>, Option<f64>, Option<f32>, Option<Decimal>);
type Means = (Option<Decimal>, Option<Decimal>, Option<Decimal>, Option<f64>, Option<f64>, Option<Decimal>);
type Ends = (Option<i16>, Option<i32>, Option<Decimal>, Option<String>, Option<SystemTime>, Option<String>);
type Bools = (Option<bool>, Option<bool>, Option<bool>, Option<bool>);
type Lists = (Option<Vec<i64>>, Option<Vec<Option<i32>>>, Option<String>);
type Numbers = (i64, i64, i64, i64, Option<i32>, Option<i32>);
type Values = (Option<i64>, Option<i64>, Option<i64>, i64, i64);

#[tokio::test]
async fn aggregates_have_the_values_and_the_types_of_the_server() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLE).await.unwrap();
    let on = &connection;
    let sums = Row::select((
        sum(r::small),
        sum(r::number),
        sum(r::large),
        sum(r::real),
        sum(r::single),
        sum(r::price),
    ));
    same!(
        on,
        sums.clone(),
        Sums,
        "select sum(small), sum(number), sum(large), sum(real), sum(single), sum(price) from rows"
    );
    let none: Vec<Sums> = sums.filter(r::id.lt(0)).fetch_all(on).await.unwrap();
    assert_eq!(none, [(None, None, None, None, None, None)], "the sum of no rows is NULL");
    same!(
        on,
        Row::select((
            avg(r::small),
            avg(r::number),
            avg(r::large),
            avg(r::real),
            avg(r::single),
            avg(r::price)
        )),
        Means,
        "select avg(small), avg(number), avg(large), avg(real), avg(single), avg(price) from rows"
    );
    same!(
        on,
        Row::select((min(r::small), max(r::number), max(r::price), min(r::word), max(r::at), max(r::name))),
        Ends,
        "select min(small), max(number), max(price), min(word), max(at), max(name) from rows"
    );
    same!(
        on,
        Row::select((count(), count_of(r::number), count_distinct(r::word), count_distinct(lower(r::name)))),
        (i64, i64, i64, i64),
        "select count(*), count(number), count(distinct word), count(distinct lower(name)) from rows"
    );
    same!(
        on,
        Row::select((
            bool_and(r::is_open),
            bool_or(r::is_known),
            bool_and(r::id.gt(0)),
            bool_or(r::number.gt(3))
        )),
        Bools,
        "select bool_and(is_open), bool_or(is_known), bool_and(id > 0), bool_or(number > 3) from rows"
    );
    same!(
        on,
        Row::select((array_agg(r::id), array_agg(r::number), string_agg(r::word, "', --")))
            .filter(r::id.lt(12)),
        Lists,
        "select array_agg(id), array_agg(number), string_agg(word, ''', --') from rows where id < 12"
    );
    same!(
        on,
        Row::select((count().filter(r::number.gt(2)), sum(r::small).filter(r::is_open.eq(true)))),
        (i64, Option<i64>),
        "select count(*) filter (where number > 2), sum(small) filter (where is_open) from rows"
    );
}

#[tokio::test]
async fn functions_have_the_values_and_the_types_of_the_server() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLE).await.unwrap();
    let on = &connection;
    same!(
        on,
        Row::select((lower(r::word), upper(r::name), length(r::word), length(lower(r::name))))
            .order_by(r::id.asc()),
        (Option<String>, String, Option<i32>, i32),
        "select lower(word), upper(name), length(word), length(name) from rows order by id"
    );
    same!(
        on,
        Row::select((
            coalesce(r::word, value("none")),
            coalesce(r::word, r::name),
            coalesce(r::number, value(-1))
        ))
        .order_by(r::id.asc()),
        (String, String, i32),
        "select coalesce(word, 'none'), coalesce(word, name), coalesce(number, -1) from rows order by id"
    );
    same!(
        on,
        Row::select((
            r::number.plus(value(1)).times(r::number),
            r::small.minus(value(3_i16)),
            r::real.divided_by(value(3.0)),
            r::price.times(r::price).plus(value(Decimal::new(5, 1))),
        ))
        .order_by(r::id.asc()),
        (Option<i32>, i16, f64, Decimal),
        "select (number + 1) * number, small - 3::int2, real / 3, price * price + 0.5 from rows order by id"
    );
    same!(
        on,
        Row::select((
            r::small.cast::<String>(),
            r::number.cast::<i64>(),
            r::price.cast::<f64>(),
            r::id.cast::<Decimal>()
        ))
        .order_by(r::id.asc()),
        (String, Option<i64>, f64, Decimal),
        "select small::text, number::int8, price::float8, id::numeric from rows order by id"
    );
    let units = [
        (Unit::Millisecond, "milliseconds"),
        (Unit::Second, "second"),
        (Unit::Minute, "minute"),
        (Unit::Hour, "hour"),
        (Unit::Day, "day"),
        (Unit::Week, "week"),
        (Unit::Month, "month"),
        (Unit::Quarter, "quarter"),
        (Unit::Year, "year"),
    ];
    for (unit, name) in units {
        let plain = format!("select date_trunc('{name}', at), count(*) from rows group by 1 order by 1");
        let built = Row::select((date_trunc(unit, r::at), count()))
            .group_by((date_trunc(unit, r::at),))
            .order_by(date_trunc(unit, r::at).asc());
        same!(on, built, (SystemTime, i64), &plain);
    }
    let (at, later) = Row::select((now::<SystemTime>(), r::at.lt_expr(now::<SystemTime>())))
        .limit(1)
        .fetch_one(on)
        .await
        .unwrap();
    assert!(at > SystemTime::UNIX_EPOCH && later == Some(true));
}

#[tokio::test]
async fn comparisons_of_expressions_find_the_rows_that_plain_sql_finds() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLE).await.unwrap();
    let sum_of_both = || r::number.plus(r::number);
    let cases: Vec<(pgkeel_query::Filter<'_, pgkeel_query::relation::Joined>, &str)> = vec![
        (lower(r::word).eq("w1").joined(), "lower(word) = 'w1'"),
        (lower(r::word).ne("w1").joined(), "lower(word) <> 'w1'"),
        (sum_of_both().lt(4).joined(), "number + number < 4"),
        (sum_of_both().le(4).joined(), "number + number <= 4"),
        (sum_of_both().gt(4).joined(), "number + number > 4"),
        (sum_of_both().ge(4).joined(), "number + number >= 4"),
        (sum_of_both().between(3, 6).joined(), "number + number between 3 and 6"),
        (sum_of_both().any_of([2, 4]).joined(), "number + number in (2, 4)"),
        (sum_of_both().none_of([2, 4]).joined(), "number + number not in (2, 4)"),
        (sum_of_both().is_null().joined(), "number + number is null"),
        (!sum_of_both().is_null().joined(), "number is not null"),
        (r::word.eq_expr(upper(r::word)), "word = upper(word)"),
        (r::small.cast::<i32>().eq_expr(r::number), "small::int4 = number"),
        (r::number.ne_expr(value(3)), "number <> 3"),
        (r::real.lt_expr(r::price.cast::<f64>().plus(value(9.0))), "real < price + 9"),
        (r::number.le_expr(value(2)), "number <= 2"),
        (r::number.gt_expr(value(2)), "number > 2"),
        (r::number.ge_expr(value(2)), "number >= 2"),
        (r::number.differs_from_expr(value(2)), "number is distinct from 2"),
        (coalesce(r::is_known, value(false)).holds().joined(), "coalesce(is_known, false)"),
        (
            lower(r::word).eq("w1").joined() & r::id.gt(9) | !r::small.cast::<i32>().eq_expr(r::number),
            "lower(word) = 'w1' and id > 9 or not small = number",
        ),
        (r::number.eq("3".parse().unwrap_or(0)).expr_of_filter(), "coalesce(number = 3, false)"),
    ];
    for (filter, plain) in cases {
        let statement = Row::query().filter(filter).order_by(r::id.asc());
        let ids = statement.clone().select((r::id,)).fetch_all(&connection).await;
        let ids = ids.unwrap_or_else(|error| panic!("{plain}: {error:?}"));
        let oracle = format!("select id from rows where {plain} order by id");
        let oracle = AuditedSql::new("an oracle", &oracle).fetch_all::<(i64,)>(&connection).await.unwrap();
        assert_eq!(ids, oracle, "{plain}: {statement:?}");
        assert_eq!(statement.count(&connection).await.unwrap(), i64::try_from(oracle.len()).unwrap());
    }
}

trait OfFilter<'a> {
    fn expr_of_filter(self) -> pgkeel_query::Filter<'a, pgkeel_query::relation::Joined>;
}

impl<'a> OfFilter<'a> for pgkeel_query::Filter<'a, Row> {
    fn expr_of_filter(self) -> pgkeel_query::Filter<'a, pgkeel_query::relation::Joined> {
        coalesce(self, value(false)).holds().joined()
    }
}

#[derive(Debug, PartialEq, FromRow)]
struct Group {
    word: Option<String>,
    rows: i64,
    #[pgkeel(rename = "the \"sum\"")]
    sum: Option<i64>,
}

#[tokio::test]
async fn groups_are_those_of_plain_sql_and_read_by_position_or_by_name() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLE).await.unwrap();
    let on = &connection;
    let groups = || {
        Row::select((r::word, count().named("rows"), sum(r::number).named("the \"sum\"")))
            .filter(r::small.gt(1))
            .group_by((r::word,))
            .having(count().gt(5) & sum(r::number).gt(20))
    };
    let plain = "select word, count(*) as rows, sum(number) as \"the \"\"sum\"\"\" from rows where small > 1 group by word
        having count(*) > 5 and sum(number) > 20 order by 2 desc, 1 nulls first";
    let ordered = groups().order_by((named("rows").desc(), r_word().nulls_first()));
    same!(on, ordered.clone(), (Option<String>, i64, Option<i64>), plain);
    same!(on, ordered.rows_as::<Group>(), Group, plain);
    same!(
        on,
        Row::select((lower(r::word), r::is_open, max(r::id)))
            .group_by((lower(r::word),))
            .group_by((r::is_open,))
            .order_by(max(r::id).desc()),
        (Option<String>, bool, Option<i64>),
        "select lower(word), is_open, max(id) from rows group by lower(word), is_open order by max(id) desc"
    );
    let by_value = Row::select((coalesce(r::word, value("it's none")).named("w"), count()))
        .group_by_name(named("w"))
        .order_by(named("w").asc());
    same!(
        on,
        by_value,
        (String, i64),
        "select coalesce(word, 'it''s none') as w, count(*) from rows group by w order by w"
    );
    assert_eq!(groups().count(on).await.unwrap(), i64::try_from(shown(on, plain).await.len()).unwrap());
    assert!(groups().exists(on).await.unwrap());
    assert_eq!(Row::select((count(),)).count(on).await.unwrap(), 1, "of no groups there is one row");
    let distinct = Row::select((r::word,)).distinct().order_by(r::word.asc());
    same!(on, distinct, (Option<String>,), "select distinct word from rows order by word");
}

fn r_word() -> pgkeel_query::statement::OrderExpr<'static, pgkeel_query::relation::Anywhere> {
    named("word").asc()
}

#[tokio::test]
async fn windows_are_those_of_plain_sql() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLE).await.unwrap();
    let on = &connection;
    let by = || Window::new().partition_by(r::word).order_by((r::small.desc(), r::id.asc()));
    let ties =
        || Window::new().partition_by(r::word).partition_by(lower(r::name)).order_by(length(r::word).asc());
    same!(
        on,
        Row::select((
            r::id,
            row_number().over(by()),
            rank().over(ties()),
            dense_rank().over(Window::new().order_by(r::small.asc())),
            lag(r::number, 1).over(by()),
            lead(r::number, 2).over(by()),
        ))
        .order_by(r::id.asc()),
        Numbers,
        "select id, row_number() over w, rank() over (partition by word, lower(name) order by length(word)),
         dense_rank() over (order by small), lag(number) over w, lead(number, 2) over w
         from rows window w as (partition by word order by small desc, id) order by id"
    );
    same!(
        on,
        Row::select((
            first_value(r::id).over(by()),
            last_value(r::id).over(by()),
            sum(r::small).over(by()),
            count().filter(r::number.is_null()).over(Window::new()),
            row_number().over(by()).plus(value(10_i64)),
        ))
        .order_by(r::id.asc()),
        Values,
        "select first_value(id) over w, last_value(id) over w, sum(small) over w,
         count(*) filter (where number is null) over (), row_number() over w + 10
         from rows window w as (partition by word order by small desc, id) order by id"
    );
    let around = || Window::new().order_by(r::id.asc()).rows(FrameEnd::Before(2), FrameEnd::Behind(3));
    let alike = || Window::new().partition_by(r::word).order_by(r::small.asc());
    same!(
        on,
        Row::select((
            sum(r::small).over(around()),
            last_value(r::id).over(Window::new().order_by(r::id.asc()).rows(FrameEnd::First, FrameEnd::Last)),
            count().over(alike().groups(FrameEnd::Before(1), FrameEnd::Current)),
            sum(r::small).over(alike().rows(FrameEnd::Current, FrameEnd::Last)),
            count().over(Window::new().rows(FrameEnd::First, FrameEnd::Behind(0))),
        ))
        .order_by(r::id.asc()),
        (Option<i64>, Option<i64>, i64, Option<i64>, i64),
        "select sum(small) over (order by id rows between 2 preceding and 3 following),
         last_value(id) over (order by id rows between unbounded preceding and unbounded following),
         count(*) over (partition by word order by small groups between 1 preceding and current row),
         sum(small) over (partition by word order by small rows between current row and unbounded following),
         count(*) over (rows between unbounded preceding and 0 following) from rows order by id"
    );
    let ranked = row_number().over(Window::new().order_by(r::id.desc())).desc();
    same!(on, Row::select((r::id,)).order_by(ranked), (i64,), "select id from rows order by id");
}

#[tokio::test]
async fn a_name_that_is_none_is_refused_and_any_other_is_quoted() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLE).await.unwrap();
    let long = "x".repeat(63);
    let longest: &'static str = Box::leak(long.into_boxed_str());
    for name in ["a", "select", "\"", "\"\"; drop table rows; --", "ä ß", longest] {
        let rows = Row::select((r::id.named(name),)).order_by(named(name).asc()).limit(1);
        assert_eq!(rows.fetch_all(&connection).await.unwrap(), [(1,)], "{name}");
    }
    let too_long: &'static str = Box::leak("x".repeat(64).into_boxed_str());
    for name in ["", "a\0b", too_long] {
        for statement in
            [Row::select((r::id.named(name),)), Row::select((r::id,)).order_by(named(name).asc())]
        {
            let error = statement.fetch_all(&connection).await.unwrap_err();
            assert!(matches!(error, Error::Statement(BadStatement::BadName)), "{error:?}");
        }
    }
}
