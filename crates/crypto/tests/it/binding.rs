//! A value opens where it was sealed, and nowhere else.

use pgkeel_crypto::{
    BlindIndex, Column, Difference, Error, Json, Misplaced, Padding, Place, RowId, Sealed, Suite,
};

use crate::fixture::vault;

const EMAIL: Column<String> = Column::new("app.users.email");
const PER_TENANT: Column<String> = EMAIL.per_tenant();
const ANY_ROW: Column<String> = EMAIL.any_row();
const PHONE: Column<String> = Column::new("app.users.phone");

fn moved<T: pgkeel_crypto::Plain>(sealed: &Sealed<String>, column: &Column<T>, place: Place<'_>) -> Error {
    match Sealed::from_bytes(sealed.as_bytes().to_vec()) {
        Ok(stored) => vault().open(column, &stored, place).unwrap_err(),
        Err(error) => error,
    }
}

#[test]
fn it_opens_in_no_other_row() {
    let parts = [RowId::Int(7)];
    let homes = [
        RowId::Int(7),
        RowId::Int(-7),
        RowId::Text("7"),
        RowId::Bytes(b"7"),
        RowId::Uuid([7; 16]),
        RowId::Composite(&parts),
    ];
    for home in homes {
        let sealed = vault().seal(&EMAIL, "ada", Place::row(home)).unwrap();
        for place in homes {
            let opened = vault().open(&EMAIL, &sealed, Place::row(place));
            match opened {
                Ok(value) => assert_eq!((value.expose().as_str(), place), ("ada", home)),
                Err(error) => {
                    assert_eq!(error, Error::Tampered(sealed.key().unwrap()));
                    assert_ne!(place, home);
                }
            }
        }
    }
}

#[test]
fn it_opens_in_no_other_column() {
    let sealed = vault().seal(&EMAIL, "ada", Place::row(7)).unwrap();
    assert_eq!(moved(&sealed, &PHONE, Place::row(7)), Error::WrongKey(sealed.key().unwrap()));
    let uncommitted = vault().seal(&EMAIL.uncommitted(), "ada", Place::row(7)).unwrap();
    let refused = moved(&uncommitted, &PHONE.uncommitted(), Place::row(7));
    assert_eq!(refused, Error::Tampered(sealed.key().unwrap()));
    let same = vault().seal(&EMAIL.deterministic(), "ada", Place::any_row()).unwrap();
    let refused = moved(&same, &PHONE.deterministic(), Place::any_row());
    assert_eq!(refused, Error::Tampered(sealed.key().unwrap()));
}

#[test]
fn it_opens_for_no_other_tenant() {
    let sealed = vault().seal(&PER_TENANT, "ada", Place::row(7).tenant("acme")).unwrap();
    let opened = vault().open(&PER_TENANT, &sealed, Place::row(7).tenant("acme")).unwrap();
    assert_eq!(opened.expose(), "ada");
    assert_eq!(
        moved(&sealed, &PER_TENANT, Place::row(7).tenant("acme2")),
        Error::WrongKey(sealed.key().unwrap())
    );
    assert_eq!(moved(&sealed, &EMAIL, Place::row(7)), Error::WrongContext(Difference::Tenant));
}

#[test]
fn it_opens_as_no_other_type() {
    let sealed = vault().seal(&EMAIL, "{}", Place::row(7)).unwrap();
    let as_json = moved(&sealed, &Column::<Json>::new("app.users.email"), Place::row(7));
    assert!(matches!(as_json, Error::WrongContext(Difference::Kind { .. })), "{as_json}");
    let mut relabelled = sealed.as_bytes().to_vec();
    relabelled[3] = 3;
    let relabelled = Sealed::from_bytes(relabelled).unwrap();
    let column = Column::<Json>::new("app.users.email");
    let refused = vault().open(&column, &relabelled, Place::row(7)).unwrap_err();
    assert_eq!(refused, Error::Tampered(sealed.key().unwrap()));
}

#[test]
fn a_column_opens_its_own_suite_and_those_that_it_says() {
    let sealed = vault().seal(&EMAIL.uncommitted(), "ada", Place::row(7)).unwrap();
    let refused = moved(&sealed, &EMAIL, Place::row(7));
    assert!(matches!(refused, Error::WrongContext(Difference::Suite { .. })), "{refused}");
    let both = EMAIL.also_opens(Suite::Xaes256Gcm);
    assert_eq!(vault().open(&both, &sealed, Place::row(7)).unwrap().expose(), "ada");
    assert!(vault().needs_reseal(&both, &sealed));

    let same = vault().seal(&EMAIL.deterministic(), "ada", Place::any_row()).unwrap();
    let both = EMAIL.also_opens(Suite::Aes256Siv);
    assert_eq!(vault().open(&both, &same, Place::row(7)).unwrap().expose(), "ada");
}

/// Whoever writes to the table cannot make an envelope that is bound to its row pass for one that is not, nor the other way.
#[test]
fn what_is_bound_and_what_not_are_not_taken_for_each_other() {
    let bound = vault().seal(&EMAIL, "ada", Place::row(7)).unwrap();
    let free = vault().seal(&ANY_ROW, "ada", Place::any_row()).unwrap();
    assert_eq!(moved(&bound, &ANY_ROW, Place::any_row()), Error::WrongContext(Difference::Row));
    assert_eq!(moved(&free, &EMAIL, Place::row(7)), Error::WrongContext(Difference::Row));
    for (sealed, column, place) in [(bound, ANY_ROW, Place::any_row()), (free, EMAIL, Place::row(7))] {
        let mut relabelled = sealed.as_bytes().to_vec();
        relabelled[2] ^= 0b10;
        let relabelled = Sealed::from_bytes(relabelled).unwrap();
        assert_eq!(
            vault().open(&column, &relabelled, place).unwrap_err(),
            Error::Tampered(sealed.key().unwrap())
        );
    }
}

#[test]
fn a_place_that_does_not_go_with_the_column_is_refused_before_anything_is_sealed() {
    let long = "x".repeat(129);
    let row = [0; 512];
    let cases = [
        (EMAIL, Place::any_row(), Misplaced::RowMissing),
        (ANY_ROW, Place::row(7), Misplaced::RowUnexpected),
        (EMAIL, Place::row(RowId::Bytes(&row)), Misplaced::RowTooLong),
        (EMAIL, Place::row(7).tenant("acme"), Misplaced::TenantUnexpected),
        (PER_TENANT, Place::row(7), Misplaced::TenantMissing),
        (PER_TENANT, Place::row(7).tenant(""), Misplaced::TenantLength),
        (PER_TENANT, Place::row(7).tenant(&long), Misplaced::TenantLength),
    ];
    for (column, place, mistake) in cases {
        let refused = vault().seal(&column, "ada", place).unwrap_err();
        assert_eq!(refused, Error::Misplaced { context: "app.users.email".into(), mistake });
    }
}

#[test]
fn deterministic_columns_tell_equality_and_others_do_not() {
    let seal = |column: &Column<String>, value: &str| {
        vault().seal(column, value, Place::any_row()).unwrap().into_bytes()
    };
    let same = ANY_ROW.deterministic();
    assert_eq!(seal(&same, "ada"), seal(&same, "ada"));
    assert_ne!(seal(&same, "ada"), seal(&same, "bob"));
    assert_ne!(seal(&ANY_ROW, "ada"), seal(&ANY_ROW, "ada"));
}

#[test]
fn padding_makes_lengths_alike() {
    let padded = ANY_ROW.padded(Padding::to(32));
    let len = |value: &str| vault().seal(&padded, value, Place::any_row()).unwrap().as_bytes().len();
    assert_eq!([len(""), len("a"), len(&"a".repeat(31))], [112; 3]);
    assert_eq!(len(&"a".repeat(32)), 144);
}

#[test]
fn what_would_be_sealed_otherwise_now_is_told() {
    let sealed = vault().seal(&EMAIL, "ada", Place::row(7)).unwrap();
    assert!(!vault().needs_reseal(&EMAIL, &sealed));
    assert!(vault().needs_reseal(&EMAIL.padded(Padding::to(8)), &sealed));
    assert!(sealed.as_bytes().starts_with(&vault().prefix(&EMAIL)));
}

/// Of constants, the compiler says it.
#[test]
fn what_is_declared_wrongly_is_told_at_once() {
    let wrong: [fn(); 5] = [
        || _ = Column::<String>::new(""),
        || _ = Column::<String>::new("x".repeat(129).leak()),
        || _ = BlindIndex::<String>::new("app.users.email", "x".repeat(64).leak()),
        || _ = BlindIndex::<String>::new("app.users.email", "email_bidx").beacon(65),
        || _ = Padding::to(0),
    ];
    for declare in wrong {
        assert!(std::panic::catch_unwind(declare).is_err());
    }
}
