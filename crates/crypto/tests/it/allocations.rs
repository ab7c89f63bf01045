//! What a call allocates, once its cipher is there.

use allocation_counter::measure;
use pgkeel_crypto::{BlindIndex, Column, Normalizer, Padding, Place, Suite};

use crate::fixture::vault;

const EMAIL: Column<String> = Column::new("app.users.email").per_tenant();
const PLACE: fn() -> Place<'static> = || Place::row("user-7").tenant("acme");

#[test]
fn sealing_allocates_the_envelope_and_opening_the_value() {
    let vault = vault();
    for column in [EMAIL, EMAIL.padded(Padding::to(64)), EMAIL.uncommitted()] {
        let sealed = vault.seal(&column, "ada@example.org", PLACE()).unwrap();
        let sealing = measure(|| drop(vault.seal(&column, "ada@example.org", PLACE())));
        assert_eq!((sealing.count_total, sealing.bytes_total), (1, sealed.as_bytes().len() as u64));
        let opening = measure(|| drop(vault.open(&column, &sealed, PLACE())));
        assert_eq!(opening.count_total, 1, "{:?}", Suite::KcXaes256Gcm);
    }
}

#[test]
fn a_batch_allocates_its_envelopes_its_nonces_and_its_list() {
    let vault = vault();
    let batch = [("ada@example.org", PLACE()); 100];
    vault.seal_batch(&EMAIL, &batch).unwrap();
    assert_eq!(measure(|| drop(vault.seal_batch(&EMAIL, &batch))).count_total, 102);
}

#[test]
fn an_index_allocates_no_more_than_the_normalised_value() {
    let vault = vault();
    let allocations = |normalizer| {
        let index = BlindIndex::text("app.users.email", "email_bidx", normalizer);
        vault.index(&index, "Ada@Example.ORG", None).unwrap();
        measure(|| drop(vault.index(&index, "Ada@Example.ORG", None))).count_total
    };
    assert_eq!([allocations(Normalizer::Exact), allocations(Normalizer::Email)], [0, 1]);
}
