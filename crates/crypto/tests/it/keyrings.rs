//! Keyrings: what they say, in three ways, and what is wrong with them.

use pgkeel_crypto::{
    BlindIndex, Column, KeyState, Keyring, KeyringConfig, KeyringProblem, Normalizer, Place, RootKey, Vault,
};

use crate::fixture::{
    Environment, INDEX, INDEX_SECRET, OLD, OLD_SECRET, PRIMARY, SECRET, environment, from_environment, hex,
    load, sources,
};

const TOML: &str = r#"
version = 1

[[seal]]
id = "3f9a1c22"
state = "primary"
source = "env:APP_KEY"
kcv = "PRIMARY_KCV"

[[seal]]
id = "0badcafe"
state = "decrypt"
source = "env:APP_OLD_KEY"
kcv = "OLD_KCV"

[[seal]]
id = "0000dead"
state = "disabled"

[[index]]
id = "77e0b1aa"
state = "primary"
source = "env:APP_INDEX_KEY"
kcv = "INDEX_KCV"
"#;

const JSON: &str = r#"{
    "version": 1,
    "seal": [
        {"id": "3f9a1c22", "state": "primary", "source": "env:APP_KEY", "kcv": "PRIMARY_KCV"},
        {"id": "0badcafe", "state": "decrypt", "source": "env:APP_OLD_KEY", "kcv": "OLD_KCV"},
        {"id": "0000dead", "state": "disabled"}
    ],
    "index": [{"id": "77e0b1aa", "state": "primary", "source": "env:APP_INDEX_KEY", "kcv": "INDEX_KCV"}]
}"#;

/// Computed by another implementation, after `FORMAT.md`.
const CHECK_VALUES: [&str; 3] = ["f686840ffc4cdb57", "4f036d81e33b234a", "f1032b46fcba1375"];

fn with_check_values(document: &str) -> String {
    let [primary, old, index] = CHECK_VALUES;
    document.replace("PRIMARY_KCV", primary).replace("OLD_KCV", old).replace("INDEX_KCV", index)
}

fn secrets() -> Environment {
    environment(&[("APP_KEY", SECRET), ("APP_OLD_KEY", OLD_SECRET), ("APP_INDEX_KEY", INDEX_SECRET)])
}

fn of_toml(document: &str, environment: &Environment) -> Result<Keyring, Vec<KeyringProblem>> {
    let config = KeyringConfig::from_toml(document).map_err(|error| error.problems().to_vec())?;
    load(&config, &sources(environment)).map_err(|error| error.problems().to_vec())
}

fn of_variables(variables: &[(&str, &str)]) -> Result<Keyring, Vec<KeyringProblem>> {
    from_environment(&environment(variables)).map_err(|error| error.problems().to_vec())
}

/// The one problem, as text.
#[track_caller]
fn problem(refused: Result<Keyring, Vec<KeyringProblem>>) -> String {
    let problems = refused.unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems[0].to_string()
}

/// What keys are derived of them shows in what does not depend on chance.
#[test]
fn toml_json_and_variables_make_the_same_keys() {
    let toml = of_toml(&with_check_values(TOML), &secrets()).unwrap();
    let json = KeyringConfig::from_json(&with_check_values(JSON)).unwrap();
    let json = load(&json, &sources(&secrets())).unwrap();
    let variables = of_variables(&[
        ("PGKEEL_SEAL_PRIMARY", PRIMARY),
        ("PGKEEL_SEAL_DECRYPT", OLD),
        ("PGKEEL_SEAL_DISABLED", "0000dead"),
        ("PGKEEL_INDEX_PRIMARY", INDEX),
        ("PGKEEL_KEY_3F9A1C22", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"),
        ("PGKEEL_KEY_0BADCAFE", &OLD_SECRET.to_uppercase()),
        ("PGKEEL_KEY_77E0B1AA", INDEX_SECRET),
        ("PGKEEL_KCV_77E0B1AA", CHECK_VALUES[2]),
    ]);
    for keyring in [toml, json, variables.unwrap()] {
        let keys: Vec<_> = keyring.keys().collect();
        let states: Vec<_> = keys.iter().map(|key| (key.name.to_string(), key.state)).collect();
        assert_eq!(
            states,
            [
                ("seal key 0000dead".to_owned(), KeyState::Disabled),
                ("seal key 0badcafe".to_owned(), KeyState::Reading),
                ("seal key 3f9a1c22".to_owned(), KeyState::Primary),
                ("index key 77e0b1aa".to_owned(), KeyState::Primary),
            ]
        );
        assert_eq!(keys[2].check_value.unwrap().to_string(), CHECK_VALUES[0]);
        let vault = Vault::new(keyring);
        let same = Column::<String>::new("app.users.phone").deterministic();
        let sealed = vault.seal(&same, "+964 770 000 0000", Place::any_row()).unwrap();
        assert_eq!(
            hex(sealed.as_bytes()),
            "c11300013f9a1c2209951f2d65116ab8b05c5ef07ce16e05f59ce2f1eb0d1d8b30735a10b08de0f5c1"
        );
        let by_email = BlindIndex::text("app.users.email", "email_bidx", Normalizer::Email);
        let value = vault.index(&by_email, "Ada@Example.org", None).unwrap();
        assert_eq!(hex(value.as_bytes()), "7ccbc0b4a7c0bdc08c2bb082d4b83717");
    }
}

#[test]
fn a_document_that_is_none_says_where() {
    assert_eq!(problem(of_toml("version = 1\nseal = [[", &secrets())), "not TOML, at line 2, column 10");
    let refused = KeyringConfig::from_json("{\n\"version\": 1,}").unwrap_err();
    assert_eq!(refused.to_string(), "the keyring cannot be used: not JSON, at line 2, column 14");
}

#[test]
fn all_that_is_wrong_with_fields_comes_at_once() {
    let document = r#"
        version = 2
        index = 3
        [[seal]]
        id = "00000000"
        stat = "primary"
        source = "0f0e0d0c0b0a09080706050403020100ffeeddccbbaa99887766554433221100"
        kcv = "12"
        [[seal]]
        id = 7
        state = "lookup"
        source = "env:1NAME"
        0f0e0d0c0b0a09080706050403020100ffeeddccbbaa99887766554433221100 = ""
    "#;
    let problems = KeyringConfig::from_toml(document).unwrap_err().problems().to_vec();
    let texts: Vec<_> = problems.iter().map(ToString::to_string).collect();
    let source = "has to be `env:NAME`, `file:PATH`, `passphrase:env:NAME`, `passphrase:file:PATH` or `wrapped:REFERENCE`";
    assert_eq!(
        texts,
        [
            "version has to be 1",
            "seal[0].stat: there is no such field",
            "seal[0].id has to be 8 hexadecimal digits, not all of them 0",
            "seal[0].state is missing: it has to be `primary`, `decrypt` or `disabled`",
            &format!("seal[0].source {source}"),
            "seal[0].kcv has to be 16 hexadecimal digits",
            "seal[1].…: there is no such field",
            "seal[1].id has to be 8 hexadecimal digits, not all of them 0",
            "seal[1].state has to be `primary`, `decrypt` or `disabled`",
            &format!("seal[1].source {source}"),
            "index has to be a list of keys",
        ]
    );
}

#[test]
fn one_key_of_a_list_is_primary() {
    let none = of_variables(&[("PGKEEL_SEAL_DECRYPT", PRIMARY), ("PGKEEL_KEY_3F9A1C22", SECRET)]);
    assert_eq!(problem(none), "no seal key is primary: give one of them `state = \"primary\"`");
    assert_eq!(problem(of_variables(&[])), "no seal key is primary: give one of them `state = \"primary\"`");
    let two = of_variables(&[("PGKEEL_SEAL_PRIMARY", "3f9a1c22, 0badcafe")]);
    assert_eq!(
        problem(two),
        "seal key 3f9a1c22 and seal key 0badcafe are both primary: one of them has to be `decrypt`"
    );
    let no_index = of_variables(&[
        ("PGKEEL_SEAL_PRIMARY", PRIMARY),
        ("PGKEEL_KEY_3F9A1C22", SECRET),
        ("PGKEEL_INDEX_LOOKUP", INDEX),
    ]);
    assert_eq!(problem(no_index), "no index key is primary: give one of them `state = \"primary\"`");
}

#[test]
fn each_key_has_an_id_and_a_secret_of_its_own() {
    let twice = of_variables(&[("PGKEEL_SEAL_PRIMARY", PRIMARY), ("PGKEEL_INDEX_PRIMARY", PRIMARY)]);
    assert_eq!(problem(twice), "the id 3f9a1c22 is given twice: each key needs its own, never used before");
    let same = of_variables(&[
        ("PGKEEL_SEAL_PRIMARY", PRIMARY),
        ("PGKEEL_INDEX_PRIMARY", INDEX),
        ("PGKEEL_KEY_3F9A1C22", SECRET),
        ("PGKEEL_KEY_77E0B1AA", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"),
    ]);
    assert_eq!(
        problem(same),
        "seal key 3f9a1c22 and index key 77e0b1aa have the same secret: draw another one for one of them"
    );
}

#[test]
fn a_secret_that_is_another_one_is_found_by_its_check_value() {
    let mut environment = secrets();
    environment.insert("APP_KEY".into(), OLD_SECRET.replace('f', "e"));
    let refused = problem(of_toml(&with_check_values(TOML), &environment));
    let [primary, ..] = CHECK_VALUES;
    assert!(
        refused.starts_with("seal key 3f9a1c22: the secret that was found has the check value "),
        "{refused}"
    );
    assert!(
        refused.contains(&format!(
            "the keyring's has {primary}: it is another secret, so restore the right one"
        )),
        "{refused}"
    );
}

#[test]
fn a_check_value_that_is_missing_is_told() {
    let document = with_check_values(TOML).replace(&format!("kcv = \"{}\"", CHECK_VALUES[0]), "");
    let refused = problem(of_toml(&document, &secrets()));
    let found = RootKey::from_text(SECRET).unwrap().check_value();
    assert_eq!(
        refused,
        format!(
            "seal key 3f9a1c22: `kcv` is missing: if the secret that was found is the right one, it is \"{found}\""
        )
    );
    assert_eq!(found.to_string(), CHECK_VALUES[0]);
}

#[test]
fn a_secret_that_is_no_key_is_refused() {
    fn primary(secret: &str) -> String {
        problem(of_variables(&[("PGKEEL_SEAL_PRIMARY", PRIMARY), ("PGKEEL_KEY_3F9A1C22", secret)]))
    }
    let no_key = "seal key 3f9a1c22: its secret is not 32 bytes, as 64 hexadecimal digits or 43 characters of base64url \
                  without padding";
    assert_eq!(primary("correct horse battery staple"), no_key);
    assert_eq!(primary(&SECRET[2..]), no_key);
    let placeholder =
        "seal key 3f9a1c22: its secret is a placeholder: draw one, as by `openssl rand -hex 32`";
    assert_eq!(primary(&"ab".repeat(32)), placeholder);
    let unset = "seal key 3f9a1c22: the environment variable PGKEEL_KEY_3F9A1C22 is not set: it has to have the secret";
    assert_eq!(primary(""), unset);
}

#[test]
fn variables_that_are_none_are_refused() {
    let ids = problem(of_variables(&[("PGKEEL_SEAL_PRIMARY", "3f9a1c2")]));
    assert_eq!(
        ids,
        "PGKEEL_SEAL_PRIMARY has to be ids of keys, 8 hexadecimal digits each, separated by commas"
    );
    let check = problem(of_variables(&[
        ("PGKEEL_SEAL_PRIMARY", PRIMARY),
        ("PGKEEL_KEY_3F9A1C22", SECRET),
        ("PGKEEL_KCV_3F9A1C22", "no"),
    ]));
    assert_eq!(check, "PGKEEL_KCV_3F9A1C22 has to be 16 hexadecimal digits");
}

#[test]
fn a_keyring_has_a_bounded_number_of_keys() {
    let ids: Vec<_> = (1..=1025).map(|id| format!("{id:08x}")).collect();
    let refused = problem(of_variables(&[("PGKEEL_SEAL_DECRYPT", &ids.join(","))]));
    assert_eq!(
        refused,
        "1025 keys are more than the 1024 of a keyring: leave out those that nothing is sealed under"
    );
}
