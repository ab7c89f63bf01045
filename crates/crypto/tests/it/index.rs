//! Equal values are found, and nothing else is told.

use pgkeel_crypto::{BlindIndex, Cost, Error, Misplaced, Normalizer, Vault};

use crate::fixture::{PRIMARY, SECRET, all_keys, environment, from_environment, hex, vault};

const BY_EMAIL: BlindIndex<String> = BlindIndex::text("app.users.email", "email_bidx", Normalizer::Email);

fn value(index: &BlindIndex<String>, text: &str) -> String {
    hex(vault().index(index, text, None).unwrap().as_bytes())
}

#[test]
fn what_the_normaliser_makes_equal_is_equal() {
    assert_eq!(value(&BY_EMAIL, " Ada@Example.org"), value(&BY_EMAIL, "ada@example.ORG"));
    assert_ne!(value(&BY_EMAIL, "ada@example.org"), value(&BY_EMAIL, "bob@example.org"));
    assert_eq!(value(&BY_EMAIL, "ada@example.org").len(), 32);
    let exact = BlindIndex::<String>::new("app.users.email", "email_bidx");
    assert_ne!(value(&exact, "ada"), value(&exact, "Ada"));
    let phones = BlindIndex::text("app.users.phone", "phone_bidx", Normalizer::Digits);
    assert_eq!(value(&phones, "+964 (770) 000-0000"), value(&phones, "٩٦٤٧٧٠٠٠٠٠٠٠٠"));
    let names = BlindIndex::text("app.users.name", "name_bidx", Normalizer::Nfc);
    assert_eq!(value(&names, "Zoe\u{308}"), value(&names, "Zoë"));
}

/// A value's hash under one index says nothing of it under another one.
#[test]
fn each_index_has_a_key_of_its_own() {
    let indexes = [
        BlindIndex::text("app.users.email", "email_bidx", Normalizer::Exact),
        BlindIndex::text("app.users.email", "email_bidx", Normalizer::Lower),
        BlindIndex::text("app.users.email", "email_bidx2", Normalizer::Exact),
        BlindIndex::text("app.users.emai", "lemail_bidx", Normalizer::Exact),
        BlindIndex::text("app.admins.email", "email_bidx", Normalizer::Exact),
        BlindIndex::text("app.users.email", "email_bidx", Normalizer::Exact).beacon(64),
        BlindIndex::text("app.users.email", "email_bidx", Normalizer::Exact).slow(Cost::INDEX),
        BlindIndex::text("app.users.email", "email_bidx", Normalizer::Exact).slow(Cost::new(4096, 4, 1)),
    ];
    let mut values: Vec<_> = indexes.iter().map(|index| value(index, "ada")[..16].to_owned()).collect();
    values.sort_unstable();
    values.dedup();
    assert_eq!(values.len(), indexes.len());
}

#[test]
fn each_type_is_indexed_as_itself() {
    let (vault, bytes) = (vault(), 7_i64.to_be_bytes());
    let number = vault.index(&BlindIndex::<i64>::new("a", "b"), &7, None).unwrap();
    let raw = vault.index(&BlindIndex::<Vec<u8>>::new("a", "b"), &bytes, None).unwrap();
    assert_ne!(number, raw);
    assert_eq!(number, vault.index(&BlindIndex::<i64>::new("a", "b"), &7, None).unwrap());
}

#[test]
fn tenants_have_keys_of_their_own() {
    let (vault, index) = (vault(), BY_EMAIL.per_tenant());
    let of = |tenant| vault.index(&index, "ada@example.org", tenant);
    assert_eq!(of(Some("acme")).unwrap(), of(Some("acme")).unwrap());
    assert_ne!(of(Some("acme")).unwrap(), of(Some("other")).unwrap());
    let misplaced = |mistake| Error::Misplaced { context: "app.users.email".into(), mistake };
    assert_eq!(of(None).unwrap_err(), misplaced(Misplaced::TenantMissing));
    let unexpected = vault.index(&BY_EMAIL, "ada@example.org", Some("acme")).unwrap_err();
    assert_eq!(unexpected, misplaced(Misplaced::TenantUnexpected));
}

#[test]
fn a_beacon_is_the_beginning_of_what_it_would_be_with_more_bytes_and_groups_values() {
    let vault = vault();
    let three_bits = BY_EMAIL.beacon(3);
    let mut groups = [0; 8];
    for number in 0..800 {
        let value = vault.index(&three_bits, &format!("user{number}@example.org"), None).unwrap();
        let [byte] = value.as_bytes() else { panic!("one byte") };
        assert_eq!(byte & 0x1f, 0);
        groups[usize::from(byte >> 5)] += 1;
    }
    assert!(groups.iter().all(|count| (50..200).contains(count)), "{groups:?}");
}

#[test]
fn looking_up_asks_for_each_key_that_may_have_indexed() {
    let vault = vault();
    let values = vault.lookup(&BY_EMAIL, "ada@example.org", None).unwrap();
    assert_eq!(values.len(), 2);
    let mut old = all_keys();
    old.insert("PGKEEL_INDEX_PRIMARY".into(), "00c0ffee".into());
    old.insert("PGKEEL_INDEX_LOOKUP".into(), "77e0b1aa".into());
    let old = Vault::new(from_environment(&old).unwrap());
    for writer in [&vault, &old] {
        assert!(values.contains(&writer.index(&BY_EMAIL, "ada@example.org", None).unwrap()));
    }
    assert_ne!(
        vault.index(&BY_EMAIL, "ada@example.org", None).unwrap(),
        old.index(&BY_EMAIL, "ada@example.org", None).unwrap()
    );
}

#[test]
fn without_a_key_for_indexes_there_is_none() {
    let environment = environment(&[("PGKEEL_SEAL_PRIMARY", PRIMARY), ("PGKEEL_KEY_3F9A1C22", SECRET)]);
    let vault = Vault::new(from_environment(&environment).unwrap());
    assert_eq!(vault.index(&BY_EMAIL, "ada", None).unwrap_err(), Error::NoIndexKey);
    assert_eq!(vault.lookup(&BY_EMAIL, "ada", None).unwrap_err(), Error::NoIndexKey);
}

/// Computed by another implementation, after `FORMAT.md`.
#[test]
fn indexes_are_what_they_were() {
    assert_eq!(value(&BY_EMAIL, "ada@example.org"), "7ccbc0b4a7c0bdc08c2bb082d4b83717");
    assert_eq!(value(&BY_EMAIL.beacon(12), "ada@example.org"), "7d10");
    assert_eq!(value(&BY_EMAIL.slow(Cost::INDEX), "ada@example.org"), "e442a3f0ddec739e6daca9689575cc56");
}
