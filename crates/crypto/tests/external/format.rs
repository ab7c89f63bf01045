//! `FORMAT.md` is enough for another program to seal and open: `format.py`, which has its AES from OpenSSL.

use pgkeel_crypto::{Date, Decimal, Json, KeyringConfig, Sources, Timestamp, Uuid, Vault};
use pgkeel_testkit::Random;
use serde_json::{Value, json};

use crate::python;
use crate::sample::Sample;
use crate::shape::Shape;

const CELLS: usize = 1000;
const PRIMARY: &str = "3f9a1c22";
const SECRET: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const OLD: &str = "0badcafe";
const OLD_SECRET: &str = "ffeeddccbbaa99887766554433221100f0e0d0c0b0a090807060504030201000";

async fn vault() -> Vault {
    let sources = Sources::new(|name: &str| match name {
        "PGKEEL_SEAL_PRIMARY" => Some(PRIMARY.to_owned()),
        "PGKEEL_SEAL_DECRYPT" => Some(OLD.to_owned()),
        "PGKEEL_KEY_3F9A1C22" => Some(SECRET.to_owned()),
        "PGKEEL_KEY_0BADCAFE" => Some(OLD_SECRET.to_owned()),
        _ => None,
    });
    let config = KeyringConfig::from_environment(&sources).unwrap();
    Vault::new(config.load(&sources).await.unwrap())
}

fn roots() -> Value {
    json!({ PRIMARY: SECRET, OLD: OLD_SECRET })
}

/// What is done with cells of one type.
struct Kind {
    seal: fn(&Shape, &Vault, &mut Random) -> (Value, Value),
    draw: fn(&Shape, &str, &mut Random) -> (Value, Value),
    open: fn(&Shape, &Vault, &str) -> Value,
}

const fn kind<T: Sample>() -> Kind {
    Kind { seal: Shape::sealed::<T>, draw: Shape::unsealed::<T>, open: Shape::open::<T> }
}

const KINDS: [Kind; 9] = [
    kind::<Vec<u8>>(),
    kind::<String>(),
    kind::<i64>(),
    kind::<Json>(),
    kind::<Uuid>(),
    kind::<Timestamp>(),
    kind::<Decimal>(),
    kind::<bool>(),
    kind::<Date>(),
];

#[tokio::test]
async fn another_program_opens_what_is_sealed_here() {
    let (vault, mut random) = (vault().await, Random::seeded());
    let cells = KINDS.iter().cycle().take(CELLS);
    let (cells, values): (Vec<_>, Vec<_>) =
        cells.map(|kind| (kind.seal)(&Shape::draw(&mut random), &vault, &mut random)).unzip();
    let opened = python::run("open", &roots(), &cells);
    assert_eq!(opened.len(), CELLS);
    for ((opened, value), cell) in opened.iter().zip(values).zip(cells) {
        assert_eq!(*opened, value, "{cell}");
    }
}

#[tokio::test]
async fn what_another_program_seals_is_opened_here() {
    let (vault, mut random) = (vault().await, Random::seeded());
    let shapes: Vec<_> = (0..CELLS).map(|_| Shape::draw(&mut random)).collect();
    let kinds = KINDS.iter().cycle();
    let (cells, values): (Vec<_>, Vec<_>) = kinds
        .clone()
        .zip(&shapes)
        .map(|(kind, shape)| {
            (kind.draw)(shape, if random.below(2) == 0 { PRIMARY } else { OLD }, &mut random)
        })
        .unzip();
    let sealed = python::run("seal", &roots(), &cells);
    assert_eq!(sealed.len(), CELLS);
    for ((((kind, shape), envelope), value), cell) in kinds.zip(&shapes).zip(&sealed).zip(values).zip(cells) {
        assert_eq!((kind.open)(shape, &vault, envelope.as_str().unwrap()), value, "{cell}");
    }
}
