//! Values made by chance go there and back.

use pgkeel_query::connect::Connection;
use pgkeel_query::{Bind, sql};
use pgkeel_testkit::{Random, TestDatabase, scaled};
use rust_decimal::Decimal;

async fn texts<T: Bind>(connection: &Connection, numbers: &T, kind: &str) -> Vec<Option<String>> {
    let text = format!(
        "select array_agg(value::text order by place) from unnest($1::{kind}[]) with ordinality as t(value, place)"
    );
    let all = pgkeel_query::AuditedSql::new("a test of every type", text);
    all.bind_as(numbers, array(kind)).scalar(connection).await.unwrap()
}

fn array(kind: &str) -> pgkeel_query::Type {
    match kind {
        "int8" => pgkeel_query::Type::INT8_ARRAY,
        "numeric" => pgkeel_query::Type::NUMERIC_ARRAY,
        _ => pgkeel_query::Type::FLOAT8_ARRAY,
    }
}

#[tokio::test]
async fn numbers_keep_every_digit() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let mut random = Random::seeded();
    let count = scaled(2_000, 200_000);
    // Of all lengths, as numerics are groups of four digits.
    let mut number = || random.next() >> (random.next() % 64);
    let unsigned: Vec<u64> = (0..count).map(|_| number()).collect();
    let signed: Vec<i64> = unsigned.iter().map(|number| number.cast_signed()).collect();
    let some: Vec<Option<i64>> = signed.iter().map(|number| (number % 7 != 0).then_some(*number)).collect();
    let decimals: Vec<Decimal> = unsigned
        .iter()
        .zip(unsigned.iter().rev())
        .map(|(low, high)| {
            let digits = ((i128::from(*high) << 32) | i128::from(*low)) & ((1 << 96) - 1);
            let scale = u32::try_from(low % 29).unwrap();
            Decimal::from_i128_with_scale(if high % 2 == 0 { digits } else { -digits }, scale)
        })
        .collect();
    let shown = |text: String| Some(text);
    let written: Vec<_> = unsigned.iter().map(|number| shown(number.to_string())).collect();
    assert_eq!(texts(&connection, &unsigned, "numeric").await, written);
    let written: Vec<_> = signed.iter().map(|number| shown(number.to_string())).collect();
    assert_eq!(texts(&connection, &signed, "numeric").await, written);
    assert_eq!(texts(&connection, &signed, "int8").await, written);
    let written: Vec<_> = some.iter().map(|number| number.map(|number| number.to_string())).collect();
    assert_eq!(texts(&connection, &some, "numeric").await, written);
    let written: Vec<_> = decimals.iter().map(|number| shown(positive_zero(*number).to_string())).collect();
    assert_eq!(texts(&connection, &decimals, "numeric").await, written);
}

/// The server's numerics have no zero below zero.
fn positive_zero(number: Decimal) -> Decimal {
    if number.is_zero() { number.abs() } else { number }
}

#[tokio::test]
async fn floats_keep_every_bit() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let mut random = Random::seeded();
    let floats: Vec<f64> = (0..scaled(2_000, 200_000)).map(|_| f64::from_bits(random.next())).collect();
    let back: Vec<f64> = sql!("select {floats}::float8[]").scalar(&connection).await.unwrap();
    let bits = |floats: &[f64]| floats.iter().map(|float| float.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&back), bits(&floats));
    let single: Vec<f32> =
        floats.iter().map(|float| f32::from_bits(u32::try_from(float.to_bits() >> 32).unwrap())).collect();
    let back: Vec<f64> = sql!("select {single}::float8[]").scalar(&connection).await.unwrap();
    for (back, single) in back.iter().zip(&single) {
        let is_same = back.to_bits() == f64::from(*single).to_bits();
        assert!(is_same || single.is_nan() && back.is_nan(), "{single:?}");
    }
}

#[tokio::test]
async fn texts_of_any_letters_come_back_byte_for_byte() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let mut random = Random::seeded();
    let mut letter =
        || char::from_u32(u32::try_from(random.below(0x11_0000)).unwrap()).filter(|it| *it != '\0');
    let texts: Vec<Option<String>> = (0..scaled(500, 50_000))
        .map(|number| (number % 11 != 0).then(|| (0..number % 40).filter_map(|_| letter()).collect()))
        .collect();
    let back: Vec<Option<String>> = sql!("select {texts}::text[]").scalar(&connection).await.unwrap();
    assert_eq!(back, texts);
    let bytes: Vec<Vec<u8>> =
        texts.iter().flatten().map(|text| text.bytes().rev().chain([0]).collect()).collect();
    let back: Vec<Vec<u8>> = sql!("select {bytes}::bytea[]").scalar(&connection).await.unwrap();
    assert_eq!(back, bytes);
}
