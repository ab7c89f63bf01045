//! Pages behind a row: walked forwards and backwards they are the rows in their order, without a gap or a repeat.

use std::time::SystemTime;

use pgkeel_query::connect::Connection;
use pgkeel_query::page::PageProblem;
use pgkeel_query::{CursorKeys, Edges, Entity, Error, Executor, Filter, KeysetRequest, Order, Select, sql};
use pgkeel_testkit::{Random, TestDatabase, scaled};

use crate::watched::Watched;

#[derive(Debug, PartialEq, Clone, Entity)]
#[pgkeel(table = "app.rows", columns = r)]
struct Item {
    #[pgkeel(id)]
    id: i64,
    #[pgkeel(unique)]
    code: String,
    #[pgkeel(unique)]
    alias: Option<i32>,
    a: Option<i32>,
    b: String,
    c: Option<f64>,
    d: i16,
    e: Option<SystemTime>,
    f: bool,
}

const TABLE: &str = "create schema app;
    create table app.rows(id int8 primary key, code text unique not null, alias int4 unique, a int4, b text not null,
        c float8, d int2 not null, e timestamptz, f bool not null)";
/// Of a few values each, so that there are many ties, from `$1` on.
const FILL: &str = "insert into app.rows
    select n, md5(n::text), nullif(n::int4 % 2 * n::int4, 0), case when random() < 0.3 then null else (random() * 3)::int4 end,
        (array['a', 'A', 'b', 'ä', 'B', '', ' a', 'a b'])[1 + (random() * 7)::int4],
        (array['NaN', '-0', '0', 'inf', '-inf', '0.1', '1e-300', null]::float8[])[1 + (random() * 7)::int4],
        (random() * 2)::int2,
        (array['infinity', '-infinity', '2000-01-01 00:00:00.000001Z', '2000-01-01Z', null]::timestamptz[])[1 + (random() * 4)::int4],
        random() < 0.5
    from generate_series($1::int8, $2::int8) n on conflict do nothing";

pub(crate) fn cursors() -> CursorKeys {
    CursorKeys::new(&[7; 32]).unwrap()
}

type Ids<'a> = Select<'a, Item, (i64,)>;

/// What is read, whatever values there are in the other columns.
fn ids<'a>() -> Ids<'a> {
    Item::select((r::id,))
}

fn listed(page: Edges<(i64,)>) -> Vec<i64> {
    page.into_nodes().map(|(id,)| id).collect()
}

async fn forwards(all: &Ids<'_>, size: u32, on: &impl Executor, mut between: impl AsyncFnMut()) -> Vec<i64> {
    let (cursors, mut walked, mut after) = (cursors(), Vec::new(), None::<String>);
    loop {
        let request = KeysetRequest::first(size).after(after.as_deref());
        let page = all.clone().keyset(&cursors, request).fetch(on).await.unwrap();
        let info = page.page_info.clone();
        assert_eq!((info.has_previous_page, page.edges.len() <= size as usize), (after.is_some(), true));
        walked.extend(listed(page));
        if !info.has_next_page {
            return walked;
        }
        after = info.end_cursor;
        between().await;
    }
}

async fn backwards(all: &Ids<'_>, size: u32, on: &impl Executor, mut between: impl AsyncFnMut()) -> Vec<i64> {
    let (cursors, mut walked, mut before) = (cursors(), Vec::new(), None::<String>);
    loop {
        let request = KeysetRequest::last(size).before(before.as_deref());
        let page = all.clone().keyset(&cursors, request).fetch(on).await.unwrap();
        let info = page.page_info.clone();
        assert_eq!(info.has_next_page, before.is_some());
        let mut page = listed(page);
        page.append(&mut walked);
        walked = page;
        if !info.has_previous_page {
            return walked;
        }
        before = info.start_cursor;
        between().await;
    }
}

fn any_order(random: &mut Random) -> Vec<Order<Item>> {
    let mut order = Vec::new();
    for _ in 0..random.below(5) {
        let (up, down) = match random.below(8) {
            0 | 1 => (r::a.asc(), r::a.desc()),
            2 => (r::b.asc(), r::b.desc()),
            3 => (r::c.asc(), r::c.desc()),
            4 => (r::d.asc(), r::d.desc()),
            5 => (r::e.asc(), r::e.desc()),
            6 => (r::f.asc(), r::f.desc()),
            _ => (r::alias.asc(), r::alias.desc()),
        };
        let one = if random.below(2) == 0 { up } else { down };
        order.push(match random.below(4) {
            0 => one.nulls_first(),
            1 => one.nulls_last(),
            _ => one,
        });
    }
    order
}

fn any_filter(random: &mut Random) -> Option<Filter<'static, Item>> {
    match random.below(4) {
        0 => Some(r::d.ge(1)),
        1 => Some(r::a.is_null() | r::b.any_of(["a", "A", "b"])),
        _ => None,
    }
}

/// A column that is there twice matters once.
fn last_of(order: &[Order<Item>]) -> Option<Order<Item>> {
    let column = |one: &Order<Item>| format!("{one:?}").split(' ').next().map(str::to_owned);
    let is_first = |(place, one): &(usize, &Order<Item>)| {
        !order[..*place].iter().any(|other| column(other) == column(one))
    };
    order.iter().enumerate().rfind(is_first).map(|(_, one)| *one)
}

/// Those of the first rows, which nobody touches.
fn kept(ids: &[i64], rows: i64) -> Vec<i64> {
    ids.iter().copied().filter(|id| *id <= rows).collect()
}

#[tokio::test]
async fn any_order_is_walked_from_either_end_without_gap_or_repeat_while_others_write() {
    let database = TestDatabase::empty().await;
    let (connection, other) = (database.connection().await, database.connection().await);
    connection.batch_execute(TABLE).await.unwrap();
    let mut random = Random::seeded();
    for round in 0..scaled(25, 2_000) {
        let rows = i64::try_from(random.below(80)).unwrap();
        connection.batch_execute("delete from app.rows").await.unwrap();
        connection.execute(FILL, &[&1_i64, &rows]).await.unwrap();
        let order = any_order(&mut random);
        let filter = any_filter(&mut random);
        let all = ids().order_by(order.clone()).and_if_some(filter, |filter| filter);
        // The id is put behind, in the direction of the last column.
        let is_down = last_of(&order).is_some_and(|last| format!("{last:?}").contains(" desc"));
        let whole = all.clone().order_by(if is_down { r::id.desc() } else { r::id.asc() });
        let whole: Vec<i64> =
            whole.fetch_all(&connection).await.unwrap().into_iter().map(|(id,)| id).collect();
        let size = 1 + u32::try_from(random.below(50)).unwrap();
        let about = format!("round {round}, pages of {size}, {order:?}");
        assert_eq!(forwards(&all, size, &connection, async || ()).await, whole, "{about}");
        assert_eq!(backwards(&all, size, &connection, async || ()).await, whole, "backwards, {about}");
        let mut noise = random.fork(1);
        let mut write = async || {
            let from = rows + 1 + i64::try_from(noise.below(20)).unwrap();
            if noise.below(2) == 0 {
                other.execute(FILL, &[&from, &(from + 5)]).await.unwrap();
            } else {
                other.execute("delete from app.rows where id between $1 and $1 + 7", &[&from]).await.unwrap();
            }
        };
        let small = 1 + size % 7;
        let walked = forwards(&all, small, &connection, &mut write).await;
        assert_eq!(kept(&walked, rows), whole, "while others write, {about}");
        let walked = backwards(&all, small, &connection, &mut write).await;
        assert_eq!(kept(&walked, rows), whole, "backwards, while others write, {about}");
    }
}

/// Types that a cursor has to bring back exactly, with values between which nothing may get lost.
const KINDS: &[(&str, &[&str])] = &[
    ("float4", &["NaN", "inf", "-inf", "0", "-0", "0.1", "1e-40", "3.4028235e38"]),
    ("float8", &["NaN", "inf", "-inf", "0", "-0", "0.1", "5e-324", "0.30000000000000004", "0.3"]),
    (
        "numeric",
        &["NaN", "0", "1", "1.0", "1.00", "-0.0000000000000000000000000000000001", "1e100", "1e-100"],
    ),
    ("int2", &["-32768", "32767"]),
    ("text", &["", " ", "a", "A", "ä", "a b", "ab", "\u{1f980}", "'; drop table app.one --"]),
    ("varchar", &["", "a", "A", "ab"]),
    ("varchar(3)", &["", "a", "ab"]),
    ("char(3)", &["", "a", "ab"]),
    ("name", &["", "a", "ab"]),
    ("text collate \"C\"", &["", "a", "A", "ä", "Z"]),
    ("bytea", &["\\x", "\\x00", "\\xff00"]),
    ("bool", &["true", "false"]),
    ("uuid", &["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"]),
    ("date", &["infinity", "-infinity", "4713-01-01 BC", "2000-01-01"]),
    ("time", &["00:00", "24:00", "00:00:00.000001"]),
    ("timetz", &["00:00+01", "00:00-01", "23:59:59.999999+00"]),
    ("timestamp", &["infinity", "-infinity", "2000-01-01 00:00:00.000001", "2000-01-01"]),
    ("timestamptz", &["infinity", "-infinity", "2000-01-01 00:00:00.000001Z", "2000-01-01 00:00:00.000002Z"]),
    ("interval", &["1 month", "30 days", "720 hours", "1 microsecond", "-1 month"]),
    ("inet", &["10.0.0.1", "10.0.0.1/8", "::1", "10.0.0.0/8"]),
    ("cidr", &["10.0.0.0/8", "10.0.0.0/16", "::/0"]),
    ("macaddr", &["08:00:2b:01:02:03", "08:00:2b:01:02:04"]),
    ("money", &["1.00", "-1.00"]),
    ("oid", &["0", "4294967295"]),
    ("jsonb", &["null", "1", "1.0", "\"a\"", "[]", "{}", "{\"a\":[1,2]}"]),
    ("int4[]", &["{}", "{NULL}", "{1}", "{1,2}", "[0:1]={1,2}"]),
    ("text[]", &["{}", "{a}", "{NULL,a}"]),
    ("int4range", &["empty", "[1,2)", "(,)", "[1,)"]),
    ("mood", &["sad", "glad"]),
    ("mood[]", &["{sad}", "{glad,sad}"]),
    ("age", &["1", "2"]),
    ("label", &["a", "b"]),
];

#[derive(Entity)]
#[pgkeel(table = "app.one", columns = o)]
struct One {
    #[pgkeel(id)]
    id: i64,
    k: Option<String>,
}

#[tokio::test]
async fn values_of_every_type_come_back_exactly() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection
        .batch_execute(
            "create schema app; create type mood as enum ('sad', 'glad');
             create domain age as int4; create domain label as varchar",
        )
        .await
        .unwrap();
    let cursors = cursors();
    for (kind, values) in KINDS {
        let table =
            format!("drop table if exists app.one; create table app.one(id int8 primary key, k {kind})");
        connection.batch_execute(&table).await.unwrap();
        let base = kind.split(" collate").next().unwrap();
        let fill = format!(
            "insert into app.one select row_number() over (), v::{base} from (select unnest($1::text[]) union all
             select unnest($1::text[]) union all select null) as all_twice(v)"
        );
        connection.execute(&fill, &[values]).await.unwrap();
        for order in [o::k.asc(), o::k.desc(), o::k.asc().nulls_first(), o::k.desc().nulls_last()] {
            let all = One::select((o::id,)).order_by(order);
            let is_down = format!("{order:?}").contains(" desc");
            let whole = all.clone().order_by(if is_down { o::id.desc() } else { o::id.asc() });
            let whole = whole.fetch_all(&connection).await.unwrap();
            let (mut walked, mut cursor) = (Vec::new(), None::<String>);
            for _ in 0..=whole.len() {
                let request = KeysetRequest::first(1).after(cursor.as_deref());
                let page = all.clone().keyset(&cursors, request).fetch(&connection).await.unwrap();
                cursor.clone_from(&page.page_info.end_cursor);
                let has_next = page.page_info.has_next_page;
                walked.extend(page.into_nodes());
                if !has_next {
                    break;
                }
            }
            assert_eq!(walked, whole, "{kind} {order:?}");
            walked.clear();
            cursor = None;
            for _ in 0..=whole.len() {
                let request = KeysetRequest::last(2).before(cursor.as_deref());
                let page = all.clone().keyset(&cursors, request).fetch(&connection).await.unwrap();
                cursor.clone_from(&page.page_info.start_cursor);
                let has_previous = page.page_info.has_previous_page;
                walked.splice(0..0, page.into_nodes());
                if !has_previous {
                    break;
                }
            }
            assert_eq!(walked, whole, "backwards, {kind} {order:?}");
        }
    }
}

#[test]
fn the_order_goes_as_far_as_it_tells_rows_apart() {
    let cursors = cursors();
    let order = |order: Vec<Order<Item>>| {
        let text = ids().order_by(order).keyset(&cursors, KeysetRequest::first(1)).text().unwrap();
        text.split_once(" order by ").unwrap().1.replace("\"rows\".", "").replace('"', "")
    };
    assert_eq!(order(vec![]), "id asc limit $1");
    assert_eq!(order(vec![r::a.desc()]), "a desc, id desc limit $1");
    assert_eq!(order(vec![r::a.desc(), r::b.asc()]), "a desc, b asc, id asc limit $1");
    assert_eq!(order(vec![r::id.desc(), r::a.asc()]), "id desc limit $1", "nothing behind the id matters");
    assert_eq!(order(vec![r::code.desc(), r::a.asc()]), "code desc limit $1");
    assert_eq!(order(vec![r::alias.asc()]), "alias asc, id asc limit $1", "unique, but NULL is often");
    assert_eq!(order(vec![r::a.asc(), r::a.desc().nulls_first()]), "a asc, id asc limit $1");
}

#[derive(Entity)]
#[pgkeel(table = "pairs")]
struct Pair {
    #[pgkeel(id)]
    left: i32,
    #[pgkeel(id)]
    right: i32,
    weight: i32,
}

#[derive(Entity)]
#[pgkeel(table = "loose")]
struct Loose {
    #[pgkeel(unique)]
    word: String,
    number: i32,
}

#[tokio::test]
async fn an_id_of_several_columns_tells_rows_apart_and_none_is_an_error() {
    let cursors = cursors();
    let text = |order: Vec<Order<Pair>>| {
        Pair::query().order_by(order).keyset(&cursors, KeysetRequest::first(1)).text().unwrap()
    };
    assert!(
        text(vec![pair::weight.desc()])
            .contains(r#""weight" desc, "pairs"."left" desc, "pairs"."right" desc"#)
    );
    assert!(
        text(vec![pair::right.asc()]).contains(r#"order by "pairs"."right" asc, "pairs"."left" asc limit"#)
    );
    assert!(
        Loose::query().order_by(loose::word.asc()).keyset(&cursors, KeysetRequest::first(1)).text().is_ok()
    );
    let refused = |select: Select<'_, Loose>| match select.keyset(&cursors, KeysetRequest::first(1)).text() {
        Err(Error::Page(problem)) => problem,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(Loose::query().order_by(loose::number.asc())), PageProblem::NoIdentity);
    assert_eq!(refused(Loose::query()), PageProblem::NoIdentity);
    let by_word = || Loose::query().order_by(loose::word.asc());
    assert_eq!(refused(by_word().limit(3)), PageProblem::AlreadyCut);
    assert_eq!(refused(by_word().distinct()), PageProblem::NotPaged);
    assert_eq!(refused(by_word().for_update()), PageProblem::NotPaged);
    let _ = |pair: Pair, loose: Loose| (pair.left, pair.right, pair.weight, loose.word, loose.number);
}

#[derive(Entity)]
#[pgkeel(table = "app.rows", columns = w)]
struct Wrong {
    #[pgkeel(id)]
    id: i64,
    a: i32,
}

#[tokio::test]
async fn null_in_a_column_that_has_no_place_for_it_is_told_and_no_row_is_left_out() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLE).await.unwrap();
    connection
        .batch_execute("insert into app.rows values (1, 'c', 1, null, 'b', null, 1, null, true)")
        .await
        .unwrap();
    let cursors = cursors();
    let page = Wrong::select((w::id,)).order_by(w::a.asc()).keyset(&cursors, KeysetRequest::first(1));
    let error = page.fetch(&connection).await.unwrap_err();
    assert!(matches!(error, Error::Page(PageProblem::NullInKey)) && !error.is_bad_request(), "{error:?}");
    let _ = |wrong: Wrong| (wrong.id, wrong.a);
}

/// In no order, so that each page has as many rows from elsewhere as the first.
async fn large(rows: i64) -> (TestDatabase, Connection) {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLE).await.unwrap();
    sql!(
        "insert into app.rows select n, n::text, n, nullif(n / 7 % 1000, 3), (n % 3)::text, n, n % 5, null, n % 2 = 0
         from generate_series(1::int8, {rows}) n order by md5(n::text)"
    )
    .execute(&connection)
    .await
    .unwrap();
    connection
        .batch_execute(
            "create index on app.rows(b, id); create index on app.rows(b desc, id); create index on app.rows(a, id);
             create index on app.rows(d, a desc, id)",
        )
        .await
        .unwrap();
    connection.batch_execute("vacuum analyze app.rows").await.unwrap();
    (database, connection)
}

/// Also where most rows are alike in the first column: `b` has three values.
#[tokio::test]
async fn a_page_far_behind_costs_no_more_than_the_first_with_an_index() {
    let pages = scaled(200, 10_000);
    let (_database, connection) = large(50 * i64::from(pages) + 500).await;
    let (watched, cursors) = (Watched::of(&connection), cursors());
    let _ = |one: One| (one.id, one.k);
    let orders: [(&str, Vec<Order<Item>>); 6] = [
        ("the id alone", vec![]),
        ("one direction", vec![r::b.asc(), r::id.asc()]),
        ("the other way round", vec![r::b.desc()]),
        ("two directions", vec![r::b.desc(), r::id.asc()]),
        ("with NULL", vec![r::a.asc()]),
        ("three columns", vec![r::d.asc(), r::a.desc(), r::id.asc()]),
    ];
    for (about, order) in orders {
        let all = Item::query().order_by(order);
        let mut after = None::<String>;
        let mut first = 0;
        for page in 1..=pages {
            let request = KeysetRequest::first(50).after(after.as_deref());
            let statement = all.clone().keyset(&cursors, request);
            let is_looked_at = page == 1 || page > pages - 3;
            let found = if is_looked_at {
                statement.fetch(&watched).await.unwrap()
            } else {
                statement.fetch(&connection).await.unwrap()
            };
            assert_eq!(found.edges.len(), 50);
            let buffers = if is_looked_at { watched.buffers() } else { 0 };
            if page == 1 {
                first = buffers;
            }
            assert!(buffers <= 3 * first, "{about}: page {page} takes {buffers} buffers, the first {first}");
            after = found.page_info.end_cursor;
        }
    }
}

#[tokio::test]
async fn texts_depend_on_the_order_and_on_where_null_is() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLE).await.unwrap();
    connection.execute(FILL, &[&1_i64, &300_i64]).await.unwrap();
    let cursors = cursors();
    let mut texts = std::collections::BTreeSet::new();
    let mut after = None::<String>;
    let all = ids().order_by((r::a.asc(), r::b.desc()));
    loop {
        let page = all.clone().keyset(&cursors, KeysetRequest::first(2).after(after.as_deref()));
        texts.insert(page.text().unwrap());
        assert!(!format!("{page:?}").contains(after.as_deref().unwrap_or("no cursor")));
        let info = page.fetch(&connection).await.unwrap().page_info;
        if !info.has_next_page {
            break;
        }
        after = info.end_cursor;
    }
    assert_eq!(texts.len(), 3, "the first page, behind a value, behind NULL: {texts:?}");
}
