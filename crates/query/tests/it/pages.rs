//! Pages by number: their rows, and how many there are on all.

use std::time::Instant;

use pgkeel_query::connect::Connection;
use pgkeel_query::page::{PageProblem, Total};
use pgkeel_query::{CountMode, Entity, Error, Executor as _, Page, PageRequest, sql};
use pgkeel_testkit::{TestDatabase, is_soak, scaled};

use crate::watched::Nowhere;

/// With the names that the statement itself has.
#[derive(Debug, PartialEq, Clone, Entity)]
#[pgkeel(table = "rows")]
struct Item {
    #[pgkeel(id)]
    id: i32,
    place: i32,
    count: Option<String>,
}

async fn of(rows: i32) -> (TestDatabase, Connection) {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute("create table rows(id int4 primary key, place int4, count text)").await.unwrap();
    let fill = sql!("insert into rows select n, n % 3, n::text from generate_series(1, {rows}) n");
    fill.execute(&connection).await.unwrap();
    (database, connection)
}

const MODES: [CountMode; 6] = [
    CountMode::None,
    CountMode::Exact,
    CountMode::Estimated,
    CountMode::Capped(5),
    CountMode::Capped(1_000),
    CountMode::Auto,
];

async fn page(connection: &Connection, page: u64, size: u32, mode: CountMode) -> Page<Item> {
    let down = Item::query().order_by((item::place.desc(), item::id.asc()));
    down.page(PageRequest::offset(page, size).count(mode)).fetch(connection).await.unwrap()
}

#[tokio::test]
async fn pages_together_are_all_rows_in_order_whatever_is_counted() {
    let (_database, connection) = of(23).await;
    let all =
        Item::query().order_by((item::place.desc(), item::id.asc())).fetch_all(&connection).await.unwrap();
    for mode in MODES {
        for size in [1, 4, 23, 24] {
            let mut walked = Vec::new();
            for number in 1.. {
                let page = page(&connection, number, size, mode).await;
                assert_eq!((page.page, page.size, page.has_previous), (number, size, number > 1));
                assert_eq!(
                    page.has_next,
                    walked.len() + page.items.len() < all.len(),
                    "{mode:?} {size} {number}"
                );
                walked.extend(page.items);
                if !page.has_next {
                    assert_eq!(
                        page.total,
                        if mode == CountMode::Capped(5) { Total::AtLeast(23) } else { Total::Exact(23) }
                    );
                    break;
                }
            }
            assert_eq!(walked, all, "{mode:?} {size}");
        }
    }
}

#[tokio::test]
async fn totals_say_how_well_they_are_known() {
    let (_database, connection) = of(23).await;
    let total = async |number, mode| page(&connection, number, 4, mode).await.total;
    assert_eq!(total(1, CountMode::None).await, Total::Unknown);
    assert_eq!(total(1, CountMode::Exact).await, Total::Exact(23));
    assert_eq!(total(1, CountMode::Capped(5)).await, Total::AtLeast(6));
    assert_eq!(total(3, CountMode::Capped(5)).await, Total::AtLeast(13), "what was seen counts too");
    assert_eq!(total(1, CountMode::Capped(22)).await, Total::AtLeast(23));
    assert_eq!(total(1, CountMode::Capped(23)).await, Total::Exact(23));
    assert_eq!(total(1, CountMode::Capped(u64::MAX)).await, Total::Exact(23));
    assert_eq!(total(1, CountMode::Auto).await, Total::Exact(23));
    assert!(matches!(total(1, CountMode::Estimated).await, Total::Estimated(5..)));
}

#[tokio::test]
async fn behind_the_last_page_is_an_empty_one_with_the_total() {
    let (_database, connection) = of(23).await;
    for (mode, total) in [
        (CountMode::Exact, Total::Exact(23)),
        (CountMode::Auto, Total::Exact(23)),
        (CountMode::None, Total::Unknown),
    ] {
        let behind = page(&connection, 9, 4, mode).await;
        assert_eq!(
            (behind.items.len(), behind.total, behind.has_next, behind.has_previous),
            (0, total, false, true)
        );
    }
    sql!("truncate rows").execute(&connection).await.unwrap();
    for mode in MODES {
        let none = page(&connection, 1, 4, mode).await;
        let total = if mode == CountMode::Estimated { none.total } else { Total::Exact(0) };
        assert_eq!((none.items.len(), none.total, none.pages().is_some()), (0, total, true), "{mode:?}");
    }
}

#[tokio::test]
async fn filters_tuples_and_distinct_rows_have_pages() {
    let (_database, connection) = of(23).await;
    let places = Item::select((item::place,)).distinct().order_by(item::place.asc()).filter(item::id.gt(1));
    for mode in MODES {
        let page =
            places.clone().page(PageRequest::offset(2, 2).count(mode)).fetch(&connection).await.unwrap();
        assert_eq!((page.items, page.total), (vec![(2,)], Total::Exact(3)), "{mode:?}");
    }
    let twice = Item::select((item::id, item::id)).filter(item::place.eq(0)).order_by(item::id.desc());
    let page = twice.page(PageRequest::offset(1, 2)).fetch(&connection).await.unwrap();
    assert_eq!(
        (page.items.as_slice(), page.total, page.pages()),
        ([(21, 21), (18, 18)].as_slice(), Total::Exact(7), Some(4))
    );
    let locked = Item::query().filter(item::id.eq(7)).for_update().page(PageRequest::offset(1, 2));
    assert_eq!(locked.fetch(&connection).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn rows_and_their_number_are_of_one_snapshot() {
    let (database, connection) = of(10).await;
    let change = tokio::spawn({
        let other = database.connection().await;
        async move {
            for _ in 0..scaled(100, 5_000) {
                other.batch_execute("begin; delete from rows where id > 5; commit").await.unwrap();
                let back = "begin; insert into rows select n, 0, null from generate_series(6, 10) n; commit";
                other.batch_execute(back).await.unwrap();
            }
        }
    });
    while !change.is_finished() {
        for mode in [CountMode::Exact, CountMode::Auto, CountMode::Capped(1_000)] {
            // The number comes from the statement, as there is another row behind this page.
            let page = page(&connection, 1, 4, mode).await;
            assert!(matches!(page.total, Total::Exact(5 | 10)), "{page:?}");
            let page = self::page(&connection, 2, 4, mode).await;
            let (rows, total) = (page.items.len(), page.total);
            assert!(
                (rows, total) == (1, Total::Exact(5)) || (rows, total) == (4, Total::Exact(10)),
                "{rows} {total:?}"
            );
        }
    }
    change.await.unwrap();
}

#[tokio::test]
async fn what_is_no_page_is_told_before_anything_is_sent() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let refused = async |page: u64, size, deep| {
        let request = PageRequest::offset(page, size).max_depth(deep).max_size(100);
        let error = Item::query().page(request).fetch(&connection).await.unwrap_err();
        assert!(error.is_bad_request(), "{error:?}");
        match error {
            Error::Page(problem) => problem,
            error => panic!("{error:?}"),
        }
    };
    assert_eq!(refused(0, 10, 100).await, PageProblem::Zero);
    assert_eq!(refused(1, 0, 100).await, PageProblem::Zero);
    assert_eq!(refused(1, 101, 100).await, PageProblem::TooLarge { most: 100 });
    assert_eq!(refused(12, 10, 100).await, PageProblem::TooDeep { most: 100 });
    assert_eq!(refused(u64::MAX, 10, 100).await, PageProblem::TooDeep { most: 100 });
    for cut in [Item::query().limit(3), Item::query().offset(3)] {
        let error = cut.page(PageRequest::offset(1, 3)).fetch(&connection).await.unwrap_err();
        assert!(
            matches!(error, Error::Page(PageProblem::AlreadyCut)) && !error.is_bad_request(),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn rows_that_are_locked_are_passed_over_where_nothing_is_counted() {
    let (database, connection) = of(9).await;
    let other = database.connection().await;
    other.batch_execute("begin; select from rows where id in (2, 4) for update").await.unwrap();
    let free = || Item::query().order_by(item::id.asc()).for_update().skip_locked();
    let first =
        free().page(PageRequest::offset(1, 4).count(CountMode::None)).fetch(&connection).await.unwrap();
    let ids: Vec<_> = first.items.iter().map(|item| item.id).collect();
    assert_eq!((ids, first.total, first.has_next), (vec![1, 3, 5, 6], Total::Unknown, true));
    let last =
        free().page(PageRequest::offset(2, 4).count(CountMode::None)).fetch(&connection).await.unwrap();
    assert_eq!((last.items.len(), last.total), (3, Total::Exact(7)), "those that were not locked");
    for mode in MODES.into_iter().filter(|mode| *mode != CountMode::None) {
        let error = free().page(PageRequest::offset(1, 4).count(mode)).fetch(&Nowhere).await.unwrap_err();
        assert!(matches!(error, Error::Page(PageProblem::SkipsLocked)), "{mode:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_page_is_json_with_all_that_is_known_of_it() {
    let (_database, connection) = of(23).await;
    let page = page(&connection, 3, 4, CountMode::Exact).await.map(|item| item.id);
    let told = serde_json::to_value(&page).unwrap();
    let expected = serde_json::json!({
        "items": page.items, "page": 3, "size": 4, "total": 23, "total_is": "exact", "pages": 6,
        "has_next": true, "has_previous": true
    });
    assert_eq!(told, expected);
    let unknown = self::page(&connection, 1, 4, CountMode::None).await.map(|item| item.id);
    let told = serde_json::to_value(&unknown).unwrap();
    assert!(told["total"].is_null() && told["pages"].is_null() && told["total_is"] == "unknown", "{told}");
}

#[test]
fn nothing_of_a_page_shows_values_and_its_text_is_that_of_its_parts() {
    let of = |number, value| {
        Item::query()
            .filter(item::count.eq(value))
            .order_by(item::id.asc())
            .page(PageRequest::offset(number, 10))
    };
    assert_eq!(of(1, "a").text().unwrap(), of(7, "Zanzibar4711").text().unwrap());
    let shown = format!("{:?}", of(7, "Zanzibar4711"));
    assert!(shown.contains("rows.count") && !shown.contains("4711"), "{shown}");
}

/// Where counting all would take long, an estimate does, and says what it is.
#[tokio::test]
async fn a_large_table_is_counted_up_to_a_cap_and_estimated_beyond() {
    let rows: i32 = scaled(60_000, 5_000_000);
    let (_database, connection) = of(rows).await;
    connection.batch_execute("vacuum analyze rows").await.unwrap();
    let auto = PageRequest::offset(1, 50).count(CountMode::Auto);
    let by_id = Item::query().order_by(item::id.asc());
    for (filtered, truth) in [
        (by_id.clone(), rows),
        (by_id.clone().filter(item::place.eq(1)), rows / 3),
        (by_id.clone().filter(item::id.gt(rows / 2)), rows / 2),
    ] {
        let began = Instant::now();
        let page = filtered.page(auto).fetch(&connection).await.unwrap();
        let took = began.elapsed();
        let Total::Estimated(told) = page.total else { panic!("{:?}", page.total) };
        let truth = u64::from(truth.unsigned_abs());
        assert!(told.abs_diff(truth) * 5 < truth, "{told} of {truth}: more than 20 % off");
        assert_eq!((page.items.len(), page.has_next), (50, true));
        if is_soak() {
            assert!(took.as_millis() < 100, "{took:?}");
        }
    }
    for few in [9_999, 10_000] {
        let page = by_id.clone().filter(item::id.le(few)).page(auto).fetch(&connection).await.unwrap();
        assert_eq!(page.total, Total::Exact(few.unsigned_abs().into()));
    }
    let page = by_id.filter(item::id.le(10_001)).page(auto).fetch(&connection).await.unwrap();
    assert!(matches!(page.total, Total::Estimated(10_001..)), "{:?}", page.total);
}
