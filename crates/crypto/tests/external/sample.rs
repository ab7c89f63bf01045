//! Values of all types, and the same as JSON.

use pgkeel_crypto::{Date, Decimal, Json, Plain, Timestamp, Uuid};
use pgkeel_testkit::Random;
use serde_json::{Value, json};

/// A type of values, and how they are drawn and written as JSON.
pub(crate) trait Sample: Plain {
    const NAME: &'static str;
    fn draw(random: &mut Random) -> Self;
    fn to_json(&self) -> Value;
}

macro_rules! sample {
    ($type:ty, $name:literal, $draw:expr, $json:expr) => {
        impl Sample for $type {
            const NAME: &'static str = $name;

            fn draw(random: &mut Random) -> Self {
                $draw(random)
            }

            fn to_json(&self) -> Value {
                $json(self)
            }
        }
    };
}

sample!(Vec<u8>, "bytes", bytes, |value: &Vec<u8>| hex(value).into());
sample!(String, "text", text, |value: &String| value.as_str().into());
sample!(i64, "int", number, |value: &i64| (*value).into());
sample!(Json, "json", |random| Json(json!({ "a": text(random) }).to_string()), |value: &Json| value
    .0
    .as_str()
    .into());
sample!(Uuid, "uuid", |random| Uuid(uuid(random)), |value: &Uuid| dashed(value.0).into());
sample!(Timestamp, "timestamp", |random| Timestamp(number(random)), |value: &Timestamp| value.0.into());
sample!(Decimal, "decimal", |random| Decimal(format!("{}.50", number(random))), |value: &Decimal| value
    .0
    .as_str()
    .into());
sample!(bool, "bool", |random: &mut Random| random.below(2) == 1, |value: &bool| (*value).into());
sample!(Date, "date", |random| Date(i32::try_from(number(random) >> 32).unwrap()), |value: &Date| value
    .0
    .into());

pub(crate) fn bytes(random: &mut Random) -> Vec<u8> {
    (0..=random.below(100)).map(|_| random.next().to_le_bytes()[0]).collect()
}

/// With letters of one to four bytes.
pub(crate) fn text(random: &mut Random) -> String {
    let letters = ['a', '\u{80}', 'é', 'ب', '\u{feff}', '🗝'];
    (0..=random.below(40)).map(|_| letters[usize::try_from(random.below(6)).unwrap()]).collect()
}

pub(crate) fn number(random: &mut Random) -> i64 {
    i64::from_le_bytes(random.next().to_le_bytes()) >> random.below(63)
}

pub(crate) fn uuid(random: &mut Random) -> [u8; 16] {
    std::array::from_fn(|_| random.next().to_le_bytes()[0])
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"))
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

pub(crate) fn dashed(uuid: [u8; 16]) -> String {
    let digits = hex(&uuid);
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}
