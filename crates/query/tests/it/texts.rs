//! Statements that are built: their texts are kept by what they are made of.

use std::sync::Mutex;

use pgkeel_query::connect::{Error, TypedParam};
use pgkeel_query::{Entity, Executor, Filter, StatementTexts};
use pgkeel_testkit::{is_soak, scaled};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

#[derive(Debug, Entity)]
#[pgkeel(table = "items")]
#[expect(dead_code, reason = "no row is read")]
struct Item {
    id: i32,
    name: Option<String>,
}

/// Runs nothing, and notes the last text and where it is.
#[derive(Default)]
struct Noted(Mutex<(usize, String)>);

impl Noted {
    fn last(&self) -> (usize, String) {
        self.0.lock().unwrap().clone()
    }
}

impl Executor for Noted {
    type Error = Error;

    async fn query(&self, sql: &str, _: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        *self.0.lock().unwrap() = (sql.as_ptr().addr(), sql.to_owned());
        Ok(Vec::new())
    }

    async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
        Ok(self.query(sql, params).await?.len() as u64)
    }

    async fn batch_execute(&self, _: &str) -> Result<(), Error> {
        Ok(())
    }

    async fn query_typed(&self, _: &str, _: &[TypedParam<'_>]) -> Result<Vec<Row>, Error> {
        Ok(Vec::new())
    }

    async fn execute_typed(&self, _: &str, _: &[TypedParam<'_>]) -> Result<u64, Error> {
        Ok(0)
    }
}

/// One of as many shapes as there are numbers.
fn shape(mut number: u32, value: i32) -> Filter<'static, Item> {
    let mut filter = item::id.eq(value);
    while number > 0 {
        let next = if number.is_multiple_of(2) {
            item::id.ne(value)
        } else {
            item::name.contains(value.to_string())
        };
        filter = if number % 4 < 2 { filter & next } else { filter | next };
        number /= 2;
    }
    filter
}

#[tokio::test]
async fn of_a_shape_that_comes_again_no_text_is_built() {
    let noted = Noted::default();
    let (mut places, before) = (Vec::new(), StatementTexts::now());
    for id in 0..1_000 {
        let filter = item::id.eq(id) | item::name.eq(format!("name {id}"));
        Item::query().filter(filter).limit(u64::try_from(id).unwrap()).fetch_all(&noted).await.unwrap();
        places.push(noted.last());
    }
    let (place, text) = places[0].clone();
    assert!(text.ends_with(r#"where (("items"."id" = $1) or ("items"."name" = $2)) limit $3"#), "{text}");
    assert!(
        places.iter().all(|it| *it == (place, text.clone())),
        "all ran the text of the first, where it was"
    );
    assert!(StatementTexts::now().hits >= before.hits + 999);
}

#[tokio::test]
async fn every_call_has_the_text_of_its_own_shape() {
    let noted = Noted::default();
    for turn in 0..3 {
        for number in 0..100 {
            let filter = || shape(number, turn);
            let select = Item::query().filter(filter()).order_by(item::id.desc());
            let text = select.text().unwrap();
            select.clone().fetch_all(&noted).await.unwrap();
            assert_eq!(noted.last().1, text);
            let exists = select.exists(&noted).await.unwrap_err();
            assert!(exists.is_not_found() && noted.last().1 == format!("select exists({text})"), "{text}");
            let update = Item::update().set(item::name, Some("a")).filter(filter());
            let text = update.text().unwrap();
            update.clone().fetch_all(&noted).await.unwrap();
            assert_eq!(noted.last().1, text);
            update.execute(&noted).await.unwrap();
            assert!(text.starts_with(&noted.last().1) && !noted.last().1.contains("returning"), "{text}");
        }
    }
}

#[tokio::test]
async fn any_number_of_shapes_takes_bounded_memory_and_leaves_those_in_use() {
    let (noted, count) = (Noted::default(), scaled(20_000, 1_000_000));
    let in_use = || Item::query().filter(item::id.eq(7) & item::id.ne(8) & item::id.ne(9));
    in_use().fetch_all(&noted).await.unwrap();
    in_use().fetch_all(&noted).await.unwrap();
    let (place, settled) = (noted.last().0, count / 10);
    let mut memory = 0;
    for number in 0..count {
        Item::query().filter(shape(number, 1)).fetch_all(&noted).await.unwrap();
        if number % 100 == 0 {
            in_use().fetch_all(&noted).await.unwrap();
            assert_eq!(noted.last().0, place, "after {number} others");
        }
        if number == settled {
            memory = resident();
        }
    }
    let texts = StatementTexts::now();
    assert!(texts.texts <= 1_024 && texts.bytes <= 8 << 20, "{texts:?}");
    assert!(texts.misses >= u64::from(count), "{texts:?}");
    let grown = resident().saturating_sub(memory);
    assert!(!is_soak() || grown < 8 << 20, "{grown} bytes more after ten times as many");
}

/// The memory of this process, in bytes: the second field of `statm` (proc(5)), in pages of 4 KiB.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}
