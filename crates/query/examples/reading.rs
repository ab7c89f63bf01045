//! How long it takes to make structs of rows, beside reading each cell by its index with the driver alone.
//!
//! `cargo run --release -p pgkeel-query --example reading` starts its own PostgreSQL.

use std::hint::black_box;
use std::time::{Duration, Instant};

use pgkeel_query::row::RowReader;
use pgkeel_query::{Executor as _, FromRow};
use pgkeel_testkit::TestDatabase;
use tokio_postgres::Row;

const ROWS: &str = "select n::int8 as id, n::int4 as place, 'name ' || n as name, n % 3 = 0 as is_open, n::float8 / 7 as price,
    nullif(n % 5, 0)::int8 as parent, nullif('note ' || n % 2, 'note 1') as note, n::int2 as kind
    from generate_series(1, 30000) n, generate_series(1, 4) m limit 100000";
const ROUNDS: u32 = 40;

#[derive(FromRow)]
struct Item {
    id: i64,
    place: i32,
    name: String,
    is_open: bool,
    price: f64,
    parent: Option<i64>,
    note: Option<String>,
    kind: i16,
}

impl Item {
    fn by_index(row: &Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            id: row.try_get(0)?,
            place: row.try_get(1)?,
            name: row.try_get(2)?,
            is_open: row.try_get(3)?,
            price: row.try_get(4)?,
            parent: row.try_get(5)?,
            note: row.try_get(6)?,
            kind: row.try_get(7)?,
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "the sum is only compared with itself")]
    fn sum(&self) -> f64 {
        let text = self.name.len() + self.note.as_ref().map_or(0, String::len);
        let numbers = f64::from(self.place) + f64::from(self.kind) + f64::from(u8::from(self.is_open));
        numbers + self.price + (text as f64) + (self.id as f64) + (self.parent.unwrap_or(0) as f64)
    }
}

fn timed(read: impl FnOnce() -> Vec<Item>) -> (Duration, f64) {
    let begun = Instant::now();
    let items = black_box(read());
    let took = begun.elapsed();
    (took, items.iter().map(Item::sum).sum())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let database = TestDatabase::empty().await;
    let rows = database.connection().await.query(ROWS, &[]).await?;
    let (mut derived, mut by_index) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        let (took, sum) = timed(|| {
            let mut reader = RowReader::new(rows[0].columns()).expect("the columns fit");
            rows.iter().map(|row| reader.read(row).expect("a row")).collect()
        });
        derived = derived.min(took);
        let (took, same) = timed(|| rows.iter().map(|row| Item::by_index(row).expect("a row")).collect());
        by_index = by_index.min(took);
        assert!((sum - same).abs() < f64::EPSILON, "both read the same");
    }
    let ratio = by_index.as_secs_f64() / derived.as_secs_f64();
    println!(
        "{} rows of 8 columns, best of {ROUNDS}: derived {derived:?}, by index {by_index:?}",
        rows.len()
    );
    println!("derived reaches {ratio:.3} of the speed by index");
    Ok(())
}
