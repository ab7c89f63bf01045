//! Many values at once.

use pgkeel_crypto::{Column, Error, Misplaced, Place};

use crate::fixture::vault;

const EMAIL: Column<String> = Column::new("app.users.email");

#[test]
fn each_of_a_batch_opens_at_its_own_place() {
    let vault = vault();
    let values: Vec<String> = (0..1300).map(|row| format!("user{row}@example.org")).collect();
    let places = (0_i64..).map(Place::row);
    let batch: Vec<_> = values.iter().map(String::as_str).zip(places).collect();
    let sealed = vault.seal_batch(&EMAIL, &batch).unwrap();
    assert_eq!(sealed.len(), values.len());
    for ((value, place), sealed) in batch.iter().zip(&sealed) {
        assert_eq!(vault.open(&EMAIL, sealed, *place).unwrap().expose(), value);
    }
    let elsewhere = vault.open(&EMAIL, &sealed[0], Place::row(1));
    assert_eq!(elsewhere.unwrap_err(), Error::Tampered(sealed[0].key().unwrap()));
    assert!(vault.seal_batch(&EMAIL, &[]).unwrap().is_empty());
}

#[test]
fn the_one_that_cannot_be_sealed_is_named() {
    let mut batch: Vec<_> = (0_i64..600).map(|row| ("ada", Place::row(row))).collect();
    batch[555].1 = Place::any_row();
    let refused = vault().seal_batch(&EMAIL, &batch).unwrap_err();
    let source = Error::Misplaced { context: "app.users.email".into(), mistake: Misplaced::RowMissing };
    assert_eq!(refused, Error::InBatch { position: 555, source: Box::new(source) });
}
