//! No plaintext and no secret in what is printed.

use std::fmt::Debug;

use pgkeel_crypto::{
    BlindIndex, Column, Date, Decimal, Json, KeyringConfig, Normalizer, Place, RootKey, Sealed, Secret,
    Timestamp, Uuid,
};

use crate::fixture::{
    INDEX_SECRET, OLD_INDEX_SECRET, OLD_SECRET, SECRET, all_keys, from_environment, sources, unhex, vault,
};

const CANARY: &str = "canary-4711-plaintext";
const NUMBER: i64 = 4_711_471_147_114_711;
const EMAIL: Column<String> = Column::new("app.users.email");

/// In full, as text, hexadecimal digits, and lists of bytes.
#[track_caller]
fn tells_nothing(shown: &str) {
    let mut traces = vec![CANARY.to_owned(), NUMBER.to_string()];
    for secret in [SECRET, OLD_SECRET, INDEX_SECRET, OLD_INDEX_SECRET] {
        let bytes = unhex(secret);
        traces.extend([
            secret.to_owned(),
            secret.to_uppercase(),
            format!("{bytes:?}"),
            format!("{:?}", &bytes[..8]),
        ]);
    }
    let list = format!("{:?}", CANARY.as_bytes());
    traces.extend([list.trim_matches(['[', ']']).to_owned()]);
    for trace in traces {
        assert!(!shown.contains(trace.trim_matches(['[', ']'])), "{shown}");
    }
}

#[track_caller]
fn shown(value: &impl Debug) -> String {
    let both = format!("{value:?} {value:#?}");
    tells_nothing(&both);
    both
}

#[test]
fn whatever_is_printed_tells_no_secret() {
    let vault = vault();
    let sealed = vault.seal(&EMAIL, CANARY, Place::row(7)).unwrap();
    assert!(shown(&sealed).starts_with("Sealed(text, KC-XAES-256-GCM, key 3f9a1c22, 101 B)"));
    assert!(shown(&vault.open(&EMAIL, &sealed, Place::row(7)).unwrap()).starts_with("Secret(…)"));
    shown(&vault);
    shown(&from_environment(&all_keys()).unwrap());
    let environment = all_keys();
    let sources = sources(&environment);
    shown(&sources);
    shown(&KeyringConfig::from_environment(&sources).unwrap());
    shown(&RootKey::from_text(SECRET).unwrap());
    shown(&RootKey::from_text(SECRET).unwrap().to_text());
    shown(&Secret::new(NUMBER));
    shown(&(Json(CANARY.into()), Decimal(CANARY.into()), Timestamp(NUMBER), Date(4711), Uuid([0x47; 16])));
    let index = BlindIndex::text("app.users.email", "email_bidx", Normalizer::Exact);
    shown(&index);
    shown(&vault.index(&index, CANARY, None).unwrap());
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
