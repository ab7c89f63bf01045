//! Columns and indexes that are described at run time: what is done with them is what is done with those that have types.

use pgkeel_crypto::{
    BadSpec, BlindIndex, Column, ColumnSpec, Cost, Difference, Error, IndexSpec, KeyId, Kind, Misplaced,
    Normalizer, Padding, Place, Sealed, Suite, Vault, envelope_from_text, envelope_to_text,
};

use crate::fixture::{all_keys, from_environment, vault};

const EMAIL: Column<String> = Column::new("app.users.email").per_tenant().padded(Padding::to(32));
const BY_EMAIL: BlindIndex<String> = BlindIndex::text("app.users.email", "email_bidx", Normalizer::Email);

fn place(row: i64) -> Place<'static> {
    Place::row(row).tenant("acme")
}

/// Whose primary key is the one that the others only read with.
fn old_vault() -> Vault {
    let mut keys = all_keys();
    keys.insert("PGKEEL_SEAL_PRIMARY".to_owned(), crate::fixture::OLD.to_owned());
    keys.insert("PGKEEL_SEAL_DECRYPT".to_owned(), crate::fixture::PRIMARY.to_owned());
    Vault::new(from_environment(&keys).unwrap())
}

fn spec() -> ColumnSpec {
    ColumnSpec::new("app.users.email", Kind::Text).unwrap().per_tenant().padded(Padding::to(32))
}

#[test]
fn an_envelope_of_an_old_key_becomes_one_of_the_primary_key_and_opens_as_before() {
    let (old, new) = (old_vault(), vault());
    let before = old.seal(&EMAIL, "ada@example.org", place(7)).unwrap();
    assert!(!before.as_bytes().starts_with(&new.prefix_of(&spec())));
    let after = new.reseal(&spec(), before.as_bytes(), place(7)).unwrap().unwrap();
    assert!(after.starts_with(&new.prefix_of(&spec())));
    assert_eq!(new.prefix_of(&spec()), new.prefix(&EMAIL));
    assert_eq!(new.reseal(&spec(), &after, place(7)), Ok(None));
    assert_eq!(envelope_from_text(&envelope_to_text(&after)).unwrap(), after);
    let opened = new.open(&EMAIL, &Sealed::from_bytes(after).unwrap(), place(7)).unwrap();
    assert_eq!(opened.expose(), "ada@example.org");
}

#[test]
fn what_does_not_open_is_not_sealed_anew() {
    let (old, new) = (old_vault(), vault());
    let sealed = old.seal(&EMAIL, "ada@example.org", place(7)).unwrap().into_bytes();
    let key = KeyId::new(0x0bad_cafe).unwrap();
    let refused = |envelope: &[u8], place| new.reseal(&spec(), envelope, place).unwrap_err();
    assert_eq!(refused(&sealed, place(8)), Error::Tampered(key));
    let tenant_missing =
        Error::Misplaced { context: "app.users.email".into(), mistake: Misplaced::TenantMissing };
    assert_eq!(refused(&sealed, Place::row(7)), tenant_missing);
    let mut changed = sealed.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert_eq!(refused(&changed, place(7)), Error::Tampered(key));
    assert_eq!(new.check(&spec(), &changed, place(7)), Err(Error::Tampered(key)));
    assert!(matches!(refused(b"ada@example.org", place(7)), Error::Malformed(_)));
    let other = ColumnSpec::new("app.users.email", Kind::Bytes).unwrap().per_tenant();
    let kind = Difference::Kind { envelope: Kind::Text, column: Kind::Bytes };
    assert_eq!(new.reseal(&other, &sealed, place(7)), Err(Error::WrongContext(kind)));
}

#[test]
fn the_first_bytes_tell_which_key_an_envelope_was_sealed_under() {
    let (new, long) = (vault(), "x".repeat(1000));
    for value in ["", "ada", &long] {
        let sealed = new.seal(&EMAIL, value, place(7)).unwrap().into_bytes();
        for envelope in [&sealed[..], &sealed[..Vault::QUICK]] {
            assert_eq!(new.check_key(&spec(), envelope, place(7)), Ok(()));
            let key = KeyId::new(0x3f9a_1c22).unwrap();
            let other_tenant = Place::row(7).tenant("other");
            assert_eq!(new.check_key(&spec(), envelope, other_tenant), Err(Error::WrongKey(key)));
            let mut unknown = envelope.to_vec();
            unknown[7] ^= 1;
            let key = KeyId::new(0x3f9a_1c23).unwrap();
            assert_eq!(new.check_key(&spec(), &unknown, place(7)), Err(Error::UnknownKey(key)));
        }
        assert!(matches!(new.check_key(&spec(), &sealed[..79], place(7)), Err(Error::Malformed(_))));
    }
}

#[test]
fn an_index_made_of_envelopes_is_the_one_made_of_values() {
    let new = vault();
    let index = IndexSpec::from(&BY_EMAIL);
    let sealed = new.seal(&EMAIL, " Ada@Example.ORG", place(7)).unwrap();
    let made = new.reindex(&spec(), &index, sealed.as_bytes(), place(7)).unwrap();
    assert_eq!(made, new.index(&BY_EMAIL, "ada@example.org", None).unwrap());
    let of_tenants = new.reindex(&spec(), &index.clone().per_tenant(), sealed.as_bytes(), place(7)).unwrap();
    assert_eq!(of_tenants, new.index(&BY_EMAIL.per_tenant(), "ada@example.org", Some("acme")).unwrap());
    let other = ColumnSpec::new("app.users.phone", Kind::Text).unwrap();
    let refused = new.reindex(&other, &index, sealed.as_bytes(), place(7)).unwrap_err();
    assert_eq!(refused.to_string(), "index email_bidx is not of column app.users.phone");
}

#[test]
fn an_index_is_made_under_the_key_that_is_named() {
    let new = vault();
    let [primary, old] = [crate::fixture::INDEX, crate::fixture::OLD_INDEX].map(|key| key.parse().unwrap());
    let index = IndexSpec::from(&BY_EMAIL);
    let sealed = new.seal(&EMAIL, "ada@example.org", place(7)).unwrap();
    let made = |key| new.reindex_under(key, &spec(), &index, sealed.as_bytes(), place(7));
    let typed = |key| new.index_under(key, &BY_EMAIL, "ada@example.org", None);
    assert_eq!(made(primary).unwrap(), new.index(&BY_EMAIL, "ada@example.org", None).unwrap());
    assert_eq!((made(primary), made(old)), (typed(primary), typed(old)));
    assert_ne!(made(primary), made(old));
    let unknown = KeyId::new(0x0000_0bad).unwrap();
    assert_eq!(made(unknown), Err(Error::UnknownKey(unknown)));
    assert_eq!(typed(unknown), Err(Error::UnknownKey(unknown)));
}

#[test]
fn bytes_are_sealed_as_the_value_that_they_are_or_not_at_all() {
    let new = vault();
    let sealed = new.seal_bytes(&spec(), b"ada@example.org", place(7)).unwrap();
    let opened = new.open(&EMAIL, &Sealed::from_bytes(sealed.clone()).unwrap(), place(7)).unwrap();
    assert_eq!(opened.expose(), "ada@example.org");
    assert_eq!(new.opens_to(&spec(), &sealed, b"ada@example.org", place(7)), Ok(true));
    assert_eq!(new.opens_to(&spec(), &sealed, b"ada@example.or", place(7)), Ok(false));
    assert!(matches!(new.opens_to(&spec(), &sealed, b"ada@example.org", place(8)), Err(Error::Tampered(_))));
    for (kind, bytes) in
        [(Kind::Text, &b"\xff"[..]), (Kind::Int, b"7"), (Kind::Bool, b"\x02"), (Kind::Uuid, b"")]
    {
        let column = ColumnSpec::new("a", kind).unwrap().any_row();
        assert_eq!(new.seal_bytes(&column, bytes, Place::any_row()), Err(Error::NotOfKind(kind)));
    }
}

#[test]
fn descriptions_that_cannot_be_are_refused() {
    assert_eq!(ColumnSpec::new("", Kind::Text).unwrap_err(), BadSpec::Context { bytes: 0 });
    assert_eq!(ColumnSpec::new("x".repeat(129), Kind::Text).unwrap_err(), BadSpec::Context { bytes: 129 });
    let number = ColumnSpec::new("a", Kind::Int).unwrap();
    assert_eq!(IndexSpec::new(&number, "i", Normalizer::Lower).unwrap_err(), BadSpec::NoText);
    assert_eq!(IndexSpec::new(&number, "", Normalizer::Exact).unwrap_err(), BadSpec::Name { bytes: 0 });
    let index = IndexSpec::new(&number, "i", Normalizer::Exact).unwrap();
    assert_eq!(index.clone().beacon(65).unwrap_err(), BadSpec::Bits { bits: 65 });
    assert_eq!(index.beacon(8).unwrap().bits(), Some(8));
    assert_eq!(Cost::checked(1, 1, 1), None);
    assert_eq!(Cost::checked(4096, 3, 1), Some(Cost::INDEX));
}

#[test]
fn words_are_read_as_they_are_written() {
    for suite in [Suite::Xaes256Gcm, Suite::KcXaes256Gcm, Suite::Aes256Siv] {
        assert_eq!(suite.to_string().parse(), Ok(suite));
    }
    let all = [Normalizer::Exact, Normalizer::Lower, Normalizer::Email, Normalizer::Digits, Normalizer::Nfc];
    for normalizer in all {
        assert_eq!(normalizer.to_string().parse(), Ok(normalizer));
    }
    let refused = "txt".parse::<Kind>().unwrap_err().to_string();
    assert!(refused.starts_with("\"txt\" is no type: expected one of bytes, text, "), "{refused}");
    let deterministic = spec().sealed_with(Suite::Aes256Siv).unwrap();
    assert_eq!(deterministic, ColumnSpec::from(&EMAIL.deterministic()));
    assert!(!deterministic.is_row_bound());
}
