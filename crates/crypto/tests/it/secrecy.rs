//! No plaintext and no secret in what is printed.

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};

use base64ct::{Base64, Base64Unpadded, Base64Url, Base64UrlUnpadded, Encoding as _};
use pgkeel_crypto::{
    BlindIndex, Column, Cost, Date, Decimal, Json, KeyId, KeyList, KeyringConfig, Kind, Normalizer, Padding,
    Place, Plain, RootKey, RowId, Sealed, Secret, Suite, Timestamp, Uuid,
};

use crate::fixture::{
    INDEX_SECRET, OLD_INDEX_SECRET, OLD_SECRET, SECRET, all_keys, from_environment, hex, sources, unhex,
    vault,
};

const CANARY: &str = "canary-4711-plaintext";
const NUMBER: i64 = 4_711_471_147_114_711;
const EMAIL: Column<String> = Column::new("app.users.email");

/// As text, hexadecimal digits, base64 of each alphabet, and a list of numbers.
fn forms(bytes: &[u8]) -> Vec<String> {
    let digits = hex(bytes);
    let list = |bytes: &[u8]| format!("{bytes:?}").trim_matches(['[', ']']).to_owned();
    let lines = format!("{bytes:#?}");
    vec![
        String::from_utf8_lossy(bytes).into_owned(),
        digits.to_uppercase(),
        digits,
        Base64::encode_string(bytes),
        Base64Unpadded::encode_string(bytes),
        Base64Url::encode_string(bytes),
        Base64UrlUnpadded::encode_string(bytes),
        list(&bytes[..8]),
        lines.trim_matches(['[', ']']).to_owned(),
    ]
}

#[track_caller]
fn tells_nothing(shown: &str) {
    let secrets = [SECRET, OLD_SECRET, INDEX_SECRET, OLD_INDEX_SECRET].map(unhex);
    let canaries =
        [CANARY.as_bytes().to_vec(), NUMBER.to_string().into_bytes(), NUMBER.to_be_bytes().to_vec()];
    for trace in secrets.iter().chain(&canaries).flat_map(|bytes| forms(bytes)) {
        assert!(!shown.contains(&trace), "{trace} in {shown}");
    }
}

/// Also by whoever panics of it.
#[track_caller]
fn shown(value: &impl Debug) -> String {
    let unwrapped = catch_unwind(AssertUnwindSafe(|| panic!("{value:?}"))).unwrap_err();
    let panicked = unwrapped.downcast::<String>().unwrap();
    let all = format!("{value:?} {value:#?} {panicked}");
    tells_nothing(&all);
    all
}

#[test]
fn what_is_looked_for_would_be_found() {
    for leaking in [
        format!("{CANARY:?}"),
        format!("{:?}", unhex(SECRET)),
        format!("{:#?}", unhex(SECRET)),
        NUMBER.to_string(),
    ] {
        catch_unwind(|| tells_nothing(&leaking)).unwrap_err();
    }
}

#[test]
fn whatever_is_printed_tells_no_secret() {
    let vault = vault();
    let sealed = vault.seal(&EMAIL, CANARY, Place::row(7)).unwrap();
    assert!(shown(&sealed).starts_with("Sealed(text, KC-XAES-256-GCM, key 3f9a1c22, 101 B)"));
    assert!(shown(&vault.open(&EMAIL, &sealed, Place::row(7)).unwrap()).starts_with("Secret(…)"));
    shown(&vault);
    shown(&vault.keys());
    shown(&from_environment(&all_keys()).unwrap());
    let environment = all_keys();
    let sources = sources(&environment);
    shown(&sources);
    shown(&KeyringConfig::from_environment(&sources).unwrap());
    let root = RootKey::from_text(SECRET).unwrap();
    shown(&(&root, root.to_text(), root.check_value()));
    shown(&(Json(CANARY.into()), Decimal(CANARY.into()), Timestamp(NUMBER), Date(4711), Uuid([0x47; 16])));
    shown(&(Secret::new(NUMBER), Secret::new(CANARY.to_owned()), Secret::new(CANARY.as_bytes().to_vec())));
    let index = BlindIndex::text("app.users.email", "email_bidx", Normalizer::Exact);
    shown(&(index, vault.index(&index, CANARY, None).unwrap()));
    let parts = [RowId::Int(NUMBER), RowId::Text(CANARY), RowId::Bytes(CANARY.as_bytes())];
    shown(&(Place::row(&parts), Place::row(CANARY).tenant(CANARY)));
    shown(&(
        EMAIL,
        Padding::to(64),
        Cost::INDEX,
        Suite::KcXaes256Gcm,
        Kind::Text,
        KeyList::Seal,
        KeyId::new(1),
    ));
}

/// Each type of values, sealed by each suite.
#[test]
fn no_type_of_values_is_shown_by_what_is_sealed_of_it() {
    fn all<T: Plain>(value: &T::Borrowed) {
        let (vault, column) = (vault(), Column::<T>::new("app.users.any").any_row());
        for column in [column, column.uncommitted(), column.deterministic(), column.padded(Padding::to(32))] {
            let sealed = vault.seal(&column, value, Place::any_row()).unwrap();
            shown(&sealed);
            tells_nothing(&sealed.to_text());
            shown(&vault.open(&column, &sealed, Place::any_row()).unwrap());
        }
    }
    all::<String>(CANARY);
    all::<Vec<u8>>(CANARY.as_bytes());
    all::<i64>(&NUMBER);
    all::<Json>(&Json(CANARY.into()));
    all::<Decimal>(&Decimal(CANARY.into()));
    all::<Timestamp>(&Timestamp(NUMBER));
}

#[test]
fn no_error_of_a_call_tells_a_value() {
    let vault = vault();
    let sealed = vault.seal(&EMAIL, CANARY, Place::row(7)).unwrap();
    let errors = [
        vault.open(&EMAIL, &sealed, Place::row(8)).unwrap_err(),
        vault.seal(&EMAIL, CANARY, Place::any_row()).unwrap_err(),
        Sealed::<String>::from_bytes(CANARY.into()).unwrap_err(),
        Sealed::<String>::from_text(CANARY).unwrap_err(),
        Sealed::<i64>::from_bytes(sealed.into_bytes()).unwrap_err(),
    ];
    for error in errors {
        shown(&error);
        tells_nothing(&error.to_string());
    }
}

/// Secrets in the wrong place, of each kind.
#[test]
fn no_error_of_a_keyring_tells_what_stands_in_it() {
    let fields = ["version", "id", "state", "source", "kcv"];
    for field in fields {
        for value in [
            format!("\"{SECRET}\""),
            format!("\"env:{SECRET}\""),
            "4711471147114711".to_owned(),
            SECRET.to_owned(),
        ] {
            let mut document = vec!["version = 1".to_owned(), "[[seal]]".to_owned()];
            document.extend(fields[1..].iter().map(|name| format!("{name} = \"\"")));
            let line = document.iter().position(|line| line.starts_with(field)).unwrap();
            document[line] = format!("{field} = {value}");
            let refused = KeyringConfig::from_toml(&document.join("\n")).unwrap_err();
            shown(&refused);
            tells_nothing(&refused.to_string());
        }
    }
    for secret in [&SECRET[1..], &format!("{SECRET}{SECRET}"), CANARY] {
        let mut environment = all_keys();
        environment.insert("PGKEEL_KEY_3F9A1C22".into(), secret.into());
        let refused = from_environment(&environment).unwrap_err();
        tells_nothing(&format!("{refused} {refused:?}"));
    }
}
