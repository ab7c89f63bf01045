//! Cursors that come from outside: what is not exactly one of ours, for this statement, now, is refused and nothing is sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pgkeel_query::connect::Connection;
use pgkeel_query::page::{CursorReason, PageProblem};
use pgkeel_query::{CursorKeys, Entity, Error, Executor as _, KeysetRequest, Select};
use pgkeel_testkit::{Random, TestDatabase, in_full, scaled};

use crate::moods::Mood;
use crate::watched::Nowhere;

const CANARY: &str = "Zanzibar4711";

#[derive(Debug, Entity)]
#[pgkeel(table = "items", columns = i)]
struct Item {
    #[pgkeel(id)]
    id: i32,
    name: Option<String>,
}

#[derive(Debug, Entity)]
#[pgkeel(table = "other_items", columns = x)]
struct Other {
    #[pgkeel(id)]
    id: i32,
    name: Option<String>,
}

async fn items() -> (TestDatabase, Connection) {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let table = format!(
        "create table items(id int4 primary key, name text);
         insert into items select n, '{CANARY}' from generate_series(1, 9) n"
    );
    connection.batch_execute(&table).await.unwrap();
    (database, connection)
}

fn by_name<'a>() -> Select<'a, Item> {
    Item::query().order_by(i::name.asc()).filter(i::name.ne("x"))
}

fn keys(byte: u8) -> CursorKeys {
    CursorKeys::new(&[byte; 32]).unwrap()
}

/// The cursor of the third row.
async fn third(connection: &Connection, keys: &CursorKeys, request: KeysetRequest<'_>) -> String {
    let page = by_name().keyset(keys, request).fetch(connection).await.unwrap();
    assert_eq!(page.edges[2].node.id, 3);
    page.edges[2].cursor.clone().unwrap()
}

fn reason(error: &Error) -> CursorReason {
    assert!(error.is_bad_request());
    match error {
        Error::Cursor(invalid) => invalid.reason(),
        error => panic!("{error:?}"),
    }
}

async fn refused(select: Select<'_, Item>, keys: &CursorKeys, cursor: &str) -> CursorReason {
    reason(&select.keyset(keys, KeysetRequest::first(3).after(cursor)).fetch(&Nowhere).await.unwrap_err())
}

#[tokio::test]
async fn a_cursor_with_any_bit_changed_or_cut_anywhere_is_refused() {
    let (_database, connection) = items().await;
    let keys = keys(7);
    let cursor = third(&connection, &keys, KeysetRequest::first(3)).await;
    for place in 0..cursor.len() {
        for bit in 0..8 {
            let mut bytes = cursor.clone().into_bytes();
            bytes[place] ^= 1 << bit;
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            let reason = refused(by_name(), &keys, &changed).await;
            assert!(
                matches!(reason, CursorReason::Malformed | CursorReason::Signature),
                "{place} {bit} {reason:?}"
            );
        }
        refused(by_name(), &keys, &cursor[..place]).await;
        refused(by_name(), &keys, &cursor[place + 1..]).await;
        refused(by_name(), &keys, &format!("{}A{}", &cursor[..place], &cursor[place..])).await;
    }
    refused(by_name(), &keys, &format!("{cursor}{cursor}")).await;
    refused(by_name(), &keys, &format!("{cursor}=")).await;
    assert_eq!(
        by_name()
            .keyset(&keys, KeysetRequest::first(3).after(&*cursor))
            .fetch(&connection)
            .await
            .unwrap()
            .edges[0]
            .node
            .id,
        4
    );
}

#[tokio::test]
async fn garbage_is_refused_however_long() {
    let keys = keys(7);
    let mut random = Random::seeded();
    assert_eq!(refused(by_name(), &keys, &"A".repeat(1 << 20)).await, CursorReason::Malformed);
    assert_eq!(refused(by_name(), &keys, &"\u{1f980}".repeat(1 << 18)).await, CursorReason::Malformed);
    for _ in 0..scaled(2_000, 1_000_000) {
        let length = random.below(200);
        let letter = |random: &mut Random| {
            b"ABCDEFabcdef0123456789-_AAAAAAA"[usize::try_from(random.below(31)).unwrap()] as char
        };
        let garbage: String = (0..length).map(|_| letter(&mut random)).collect();
        refused(by_name(), &keys, &garbage).await;
    }
    for text in ["", " ", "=", "\0", "null", "undefined", "' or 1=1 --", "AQ==", "\n"] {
        assert_eq!(refused(by_name(), &keys, text).await, CursorReason::Malformed, "{text:?}");
    }
}

#[tokio::test]
async fn a_cursor_is_good_for_its_statement_alone() {
    let (_database, connection) = items().await;
    let keys = keys(7);
    let cursor = third(&connection, &keys, KeysetRequest::first(3)).await;
    let others: [(&str, Select<'_, Item>); 7] = [
        ("no order", Item::query().filter(i::name.ne("x"))),
        ("another direction", Item::query().order_by(i::name.desc()).filter(i::name.ne("x"))),
        (
            "NULL at the other end",
            Item::query().order_by(i::name.asc().nulls_first()).filter(i::name.ne("x")),
        ),
        ("no filter", Item::query().order_by(i::name.asc())),
        ("another filter", Item::query().order_by(i::name.asc()).filter(i::name.eq("x"))),
        ("another value", Item::query().order_by(i::name.asc()).filter(i::name.ne("y"))),
        ("one more filter", by_name().filter(i::id.gt(0))),
    ];
    for (about, other) in others {
        assert_eq!(refused(other, &keys, &cursor).await, CursorReason::OtherStatement, "{about}");
    }
    let entity = Other::query().order_by(x::name.asc()).filter(x::name.ne("x"));
    let error =
        entity.keyset(&keys, KeysetRequest::last(3).before(&*cursor)).fetch(&Nowhere).await.unwrap_err();
    assert_eq!(reason(&error), CursorReason::OtherStatement);
    let _ = |item: Item, other: Other| (item.name, other.id, other.name);
    let owned = Item::query().order_by(i::name.asc()).filter(i::name.ne("x".to_owned()));
    let page = owned.keyset(&keys, KeysetRequest::first(1).after(&*cursor)).fetch(&connection).await.unwrap();
    assert_eq!(page.edges[0].node.id, 4, "the same value in another Rust type");
    let names = Item::select((i::name, i::id)).order_by(i::name.asc()).filter(i::name.ne("x"));
    let page = names.keyset(&keys, KeysetRequest::last(2).before(&*cursor)).fetch(&connection).await.unwrap();
    assert_eq!(
        page.into_nodes().map(|(_, id)| id).collect::<Vec<_>>(),
        [1, 2],
        "other columns do, and backwards"
    );
}

#[tokio::test]
async fn a_cursor_is_good_for_whom_it_was_made() {
    let (_database, connection) = items().await;
    let keys = keys(7);
    let request = || KeysetRequest::first(3);
    let cursor = third(&connection, &keys, request().bound_to("tenant 1")).await;
    let told = async |request: KeysetRequest<'_>| {
        reason(&by_name().keyset(&keys, request).fetch(&Nowhere).await.unwrap_err())
    };
    assert_eq!(told(request().after(&*cursor)).await, CursorReason::OtherStatement);
    assert_eq!(told(request().after(&*cursor).bound_to("tenant 2")).await, CursorReason::OtherStatement);
    let unbound = third(&connection, &keys, request()).await;
    assert_eq!(told(request().after(&*unbound).bound_to("tenant 1")).await, CursorReason::OtherStatement);
    let page =
        by_name().keyset(&keys, request().after(&*cursor).bound_to(b"tenant 1")).fetch(&connection).await;
    assert_eq!(page.unwrap().edges[0].node.id, 4);
}

/// A clock that is set.
#[derive(Clone, Default)]
struct Time(Arc<AtomicU64>);

impl Time {
    fn set(&self, seconds: u64) {
        self.0.store(seconds, Ordering::SeqCst);
    }

    fn of(&self, keys: CursorKeys) -> CursorKeys {
        let time = self.clone();
        keys.clock(move || at(time.0.load(Ordering::SeqCst)))
    }
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

#[tokio::test]
async fn a_cursor_expires_and_former_keys_are_known_for_a_grace() {
    let (_database, connection) = items().await;
    let time = Time::default();
    time.set(1_000);
    let old = time.of(keys(7).lifetime(Duration::from_secs(100)));
    let cursor = third(&connection, &old, KeysetRequest::first(3)).await;
    let works = async |keys: &CursorKeys| {
        let page = by_name().keyset(keys, KeysetRequest::first(3).after(&*cursor)).fetch(&connection).await;
        page.map(|page| page.edges[0].node.id)
    };
    assert_eq!(works(&old).await.unwrap(), 4);
    assert_eq!(refused(by_name(), &keys(8), &cursor).await, CursorReason::Signature, "another key");
    let new = time.of(keys(8).accept_until(&[7; 32], at(1_050)).unwrap());
    assert_eq!(works(&new).await.unwrap(), 4);
    let made = third(&connection, &new, KeysetRequest::first(3)).await;
    assert_eq!(
        refused(by_name(), &old, &made).await,
        CursorReason::Signature,
        "cursors are made with the new key"
    );
    time.set(1_049);
    assert_eq!(works(&new).await.unwrap(), 4);
    time.set(1_050);
    assert_eq!(refused(by_name(), &new, &cursor).await, CursorReason::Signature, "the grace is over");
    time.set(1_099);
    assert_eq!(works(&old).await.unwrap(), 4);
    time.set(1_100);
    assert_eq!(refused(by_name(), &old, &cursor).await, CursorReason::Expired);
    assert_eq!(refused(Item::query(), &old, &cursor).await, CursorReason::Expired);
}

#[tokio::test]
async fn a_column_that_has_another_type_by_now_is_another_statement() {
    let (_database, connection) = items().await;
    let keys = keys(7);
    let cursor = third(&connection, &keys, KeysetRequest::first(3)).await;
    connection.batch_execute("alter table items alter name type bytea using name::bytea").await.unwrap();
    let page = Item::select((i::id,)).order_by(i::name.asc()).filter(i::name.ne("x"));
    let page = page.keyset(&keys, KeysetRequest::first(3).after(&*cursor)).fetch(&connection).await;
    assert!(page.is_err());
    connection
        .batch_execute("alter table items alter name type text using encode(name, 'escape')")
        .await
        .unwrap();
    connection.batch_execute("alter table items alter id type int8").await.unwrap();
    let page = Item::select((i::name,)).order_by(i::name.asc()).filter(i::name.ne("x"));
    let error =
        page.keyset(&keys, KeysetRequest::first(3).after(&*cursor)).fetch(&connection).await.unwrap_err();
    assert_eq!(reason(&error), CursorReason::OtherStatement);
}

#[derive(Entity)]
#[pgkeel(table = "moody", columns = m)]
#[expect(dead_code, reason = "only the columns matter")]
struct Moody {
    #[pgkeel(id)]
    id: i32,
    mood: Mood,
}

#[tokio::test]
async fn a_value_of_a_type_of_the_programs_own_is_a_part_of_the_statement() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let table = "create type mood as enum ('sad', 'glad'); create table moody(id int4 primary key, mood mood not null);
        insert into moody select n, (array['sad', 'glad'])[1 + n % 2]::mood from generate_series(1, 9) n";
    connection.batch_execute(table).await.unwrap();
    let keys = keys(7);
    let of = |filter| Moody::select((m::id,)).filter(filter);
    let pairs = [
        (m::mood.eq(Mood::Sad), m::mood.eq(Mood::Glad)),
        (m::mood.any_of([Mood::Sad]), m::mood.any_of([Mood::Sad, Mood::Glad])),
        (!m::mood.eq(Mood::Sad), !m::mood.eq(Mood::Glad)),
    ];
    for (one, other) in pairs {
        let page = of(one.clone()).keyset(&keys, KeysetRequest::first(1)).fetch(&connection).await.unwrap();
        let cursor = page.page_info.end_cursor.unwrap();
        let again = of(one).keyset(&keys, KeysetRequest::first(1).after(&*cursor)).fetch(&connection).await;
        assert_eq!(again.unwrap().edges.len(), 1);
        let other = of(other).keyset(&keys, KeysetRequest::first(1).after(&*cursor)).fetch(&Nowhere).await;
        assert_eq!(reason(&other.unwrap_err()), CursorReason::OtherStatement);
    }
}

/// In text, as far as the server has an order of it.
#[derive(Entity)]
#[pgkeel(table = "any_type", columns = y)]
#[expect(dead_code, reason = "only the columns matter")]
struct AnyType {
    #[pgkeel(id)]
    id: i32,
    value: Option<String>,
}

/// Types with an order, and two values of each.
const KINDS: &[(&str, &str, &str)] = &[
    ("varchar(9)", "x", "y"),
    ("char(9)", "x", "y"),
    ("name", "x", "y"),
    ("\"char\"", "x", "y"),
    ("text collate blind", "a", "A"),
    ("varchar collate \"C\"", "a", "A"),
    ("shorter", "x", "y"),
    ("mood", "a", "b"),
    ("bytea", "x", "y"),
    ("uuid", "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"),
    ("numeric", "1.10", "1.1"),
    ("numeric(5, 2)", "1.1", "NaN"),
    ("inet", "10.0.0.1/8", "10.0.0.1"),
    ("cidr", "10.0.0.0/8", "11.0.0.0/8"),
    ("macaddr", "08:00:2b:01:02:03", "08:00:2b:01:02:04"),
    ("interval", "1 month", "30 days"),
    ("date", "infinity", "2000-01-01"),
    ("time", "24:00", "00:00"),
    ("timetz", "12:00+01", "11:00+00"),
    ("timestamp", "-infinity", "2000-01-01"),
    ("money", "1", "2"),
    ("bit(3)", "101", "111"),
    ("varbit", "1", "11"),
    ("bool", "t", "f"),
    ("real", "0.1", "-0"),
    ("oid", "1", "4000000000"),
    ("regclass", "pg_class", "pg_type"),
    ("regrole", "pg_monitor", "pg_read_all_data"),
    ("oidvector", "1 2", "2"),
    ("int4[]", "{1}", "{2}"),
    ("varchar[]", "{x}", "{y}"),
    ("mood[]", "{a}", "{b}"),
    ("short[]", "{x}", "{y}"),
    ("int4range", "[1,2)", "empty"),
    ("int4multirange", "{[1,2)}", "{}"),
    ("jsonb", "{}", "[]"),
    ("tsvector", "x", "y"),
    ("pg_lsn", "0/1", "1/0"),
];

#[tokio::test]
async fn a_column_of_any_type_that_has_an_order_is_walked() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let made = "create domain short as varchar(9); create domain shorter as short; create type mood as enum ('b', 'a');
        create collation blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false)";
    connection.batch_execute(made).await.unwrap();
    let keys = keys(7);
    for (kind, one, other) in KINDS {
        let plain = kind.split(" collate").next().unwrap();
        let table = format!(
            "create table any_type(id int4 primary key, value {kind});
             insert into any_type
             select n, (array['{one}', '{other}', null])[1 + n % 3]::{plain} from generate_series(1, 9) n"
        );
        connection.batch_execute(&table).await.unwrap();
        for id in [y::id.asc(), y::id.desc()] {
            let all = || AnyType::select((y::id,)).order_by((y::value.asc(), id));
            let (mut walked, mut cursor) = (Vec::new(), None::<String>);
            while walked.len() < 9 {
                let request = KeysetRequest::first(1).after(cursor.as_deref());
                let page = all().keyset(&keys, request).fetch(&connection).await;
                let page = page.unwrap_or_else(|error| panic!("{kind}: {error:?}"));
                cursor = page.page_info.end_cursor.clone();
                walked.push(page.into_nodes().next().unwrap());
            }
            assert_eq!(walked, all().fetch_all(&connection).await.unwrap(), "{kind}");
        }
        connection.batch_execute("drop table any_type").await.unwrap();
    }
}

#[test]
fn a_key_needs_32_bytes_and_is_not_shown() {
    for bytes in [0, 1, 31] {
        let weak = CursorKeys::new(&vec![7; bytes]).unwrap_err();
        assert_eq!(weak.bytes, bytes);
        assert!(keys(7).accept_until(&vec![7; bytes], SystemTime::now()).is_err());
    }
    let secret = b"Zanzibar4711Zanzibar4711Zanzibar4711";
    let shown =
        format!("{:?}", CursorKeys::new(secret).unwrap().accept_until(secret, SystemTime::now()).unwrap());
    assert_eq!(shown, "CursorKeys { former: 1, lifetime: 86400s, .. }");
}

#[tokio::test]
async fn a_cursor_shows_nothing_of_its_row_and_equal_rows_have_equal_cursors() {
    use base64::Engine as _;
    let (_database, connection) = items().await;
    let time = Time::default();
    let keys = time.of(keys(7));
    let (one, again) = (
        third(&connection, &keys, KeysetRequest::first(3)).await,
        third(&connection, &keys, KeysetRequest::first(4)).await,
    );
    assert_eq!(one, again);
    let raw = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(&one).unwrap();
    assert!(!raw.windows(4).any(|part| part == &CANARY.as_bytes()[..4]));
    assert!(one.bytes().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_')));
    let error =
        by_name().keyset(&keys, KeysetRequest::first(3).after(&one[1..])).fetch(&Nowhere).await.unwrap_err();
    assert!(!in_full(&error).contains(&one[1..]), "{error:?}");
}

#[tokio::test]
async fn a_row_that_is_too_long_for_a_cursor_is_on_its_page_and_no_page_begins_behind_it() {
    let (_database, connection) = items().await;
    let keys = keys(7);
    let long = format!(
        "update items set name = '{CANARY}' || id || repeat('x', case id when 5 then 20000 else 0 end)"
    );
    connection.batch_execute(&long).await.unwrap();
    let ids =
        |page: &pgkeel_query::Edges<Item>| page.edges.iter().map(|edge| edge.node.id).collect::<Vec<_>>();
    let page = by_name().keyset(&keys, KeysetRequest::first(6)).fetch(&connection).await.unwrap();
    assert_eq!(ids(&page), [1, 2, 3, 4, 5, 6]);
    assert!(page.edges.iter().all(|edge| edge.cursor.is_some() == (edge.node.id != 5)));
    let after = page.page_info.end_cursor.unwrap();
    let rest =
        by_name().keyset(&keys, KeysetRequest::first(6).after(&*after)).fetch(&connection).await.unwrap();
    assert_eq!(ids(&rest), [7, 8, 9]);
    for ends_with_it in [KeysetRequest::first(5), KeysetRequest::last(5)] {
        let error = by_name().keyset(&keys, ends_with_it).fetch(&connection).await.unwrap_err();
        assert!(matches!(error, Error::Page(PageProblem::KeyTooLong { most: 16_384 })), "{error:?}");
        assert!(!error.is_bad_request() && !in_full(&error).contains(CANARY), "{error:?}");
    }
    connection.batch_execute("delete from items where id > 5").await.unwrap();
    let last = by_name().keyset(&keys, KeysetRequest::first(5)).fetch(&connection).await.unwrap();
    assert_eq!((ids(&last).len(), last.page_info.has_next_page, last.page_info.end_cursor), (5, false, None));
}

#[tokio::test]
async fn a_column_of_a_composite_type_is_told_and_an_array_of_such_is_walked() {
    let (_database, connection) = items().await;
    let table =
        "create type pair as (a int4, b text); create table any_type(id int4 primary key, value pair);
        insert into any_type select n, row(n, 'x')::pair from generate_series(1, 3) n";
    connection.batch_execute(table).await.unwrap();
    let keys = keys(7);
    let all = || AnyType::select((y::id,)).order_by(y::value.asc());
    let error = all().keyset(&keys, KeysetRequest::first(2)).fetch(&connection).await.unwrap_err();
    assert!(matches!(error, Error::Page(PageProblem::Composite { column: "any_type.value" })), "{error:?}");
    let array = "alter table any_type alter column value type pair[] using array[value]";
    connection.batch_execute(array).await.unwrap();
    let first = all().keyset(&keys, KeysetRequest::first(2)).fetch(&connection).await.unwrap();
    let after = first.page_info.end_cursor.unwrap();
    let rest = all().keyset(&keys, KeysetRequest::first(2).after(&*after)).fetch(&connection).await.unwrap();
    assert_eq!(rest.into_nodes().collect::<Vec<_>>(), [(3,)]);
}

#[tokio::test]
async fn edges_have_the_shape_of_relay() {
    let (_database, connection) = items().await;
    let keys = keys(7);
    let page = Item::select((i::id,)).keyset(&keys, KeysetRequest::relay(Some(2), None, None, None));
    let told = serde_json::to_value(page.fetch(&connection).await.unwrap().map(|(id,)| id)).unwrap();
    let (one, two) = (&told["edges"][0], &told["edges"][1]);
    let expected = serde_json::json!({
        "edges": [{"cursor": one["cursor"], "node": 1}, {"cursor": two["cursor"], "node": 2}],
        "pageInfo": {
            "hasNextPage": true, "hasPreviousPage": false, "startCursor": one["cursor"], "endCursor": two["cursor"]
        }
    });
    assert_eq!(told, expected);
    connection.batch_execute("truncate items").await.unwrap();
    let page = Item::query().keyset(&keys, KeysetRequest::last(2)).fetch(&connection).await.unwrap();
    let info = page.page_info;
    assert!(page.edges.is_empty() && info.start_cursor.is_none() && info.end_cursor.is_none());
    assert!(!info.has_next_page && !info.has_previous_page);
}
