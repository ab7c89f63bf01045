use pgkeel_crypto::{BlindIndex, Column, KeyringConfig, Place, Secret, Sources, Vault};

use crate::masked::Masked;
use crate::scan::scan;

const CONTEXT: &str = "app.users.note";
const NOTE: Column<Vec<u8>> = Column::new(CONTEXT);
const TAG: Column<Vec<u8>> = Column::new(CONTEXT).deterministic();
const INDEX: BlindIndex<Vec<u8>> = BlindIndex::new(CONTEXT, "note_bidx");

const PRIMARY: &str = "a60b02779b9c05557f6983d16241caf5b4fd4d45d143ab223eae60fe8b95e78c";
const OLD: &str = "9342dcc4c31a46f290a72bd35d82b5c3053aabbf0d8a4b1ade648123f709ccda";
const INDEXING: &str = "f0940585c7315394284ca47e286a44f05593b7223da23f2597f1dfc6d151f8f3";
const CANARY: &str = "ef37ffb316e2994c6a8b70fa1b67f13afc8cf875275638c9";

/// What is derived of these root keys, computed by another implementation after `FORMAT.md`.
const DERIVED: [(&str, &str); 8] = [
    ("prk of the primary key", "7ea7a30c8fa8c4438a9b1d672dfb3e9b6e584a76dfdded56ce1d5eede941a350"),
    ("prk of the old key", "95529e12027793fd3c980cf6c8a0daf1bd9805a9a1701dee655a81e8451621ed"),
    ("prk of the index key", "61eb8c821e42d703f1a43c7b02d4776ba9ac2237f442b50f1590f49896bbe108"),
    ("key of KC-XAES", "4f63b2c7307a869b72af3f90ed26d26c741c2977749f1b3e61750458dc3a8264"),
    ("key of SIV", "0b20a66584405317f917c23de54090fe463745ca0832216849c06b117c923453"),
    ("key of the index", "d9639450022c85a0f7e6526fdfc9b7eb196d5bb78974dcab34493a073a12cbd1"),
    // SHA-256 after the block of key and pad that HMAC begins with (RFC 2104): as good as the key. Eight words as the processor has them.
    ("HMAC's inner state of the index", "5957e4ccddc86540ad8b05880745cf81be208eabae90ca49e9d40a3b9fc338d9"),
    (
        "HKDF's inner state of the primary key",
        "b517045c9ecc7c6772e992a73b787e646850d79161f53e5cd7571ec895ff5a04",
    ),
];

fn secrets() -> Vec<Masked> {
    let roots = [("primary key", PRIMARY), ("old key", OLD), ("index key", INDEXING)];
    let mut secrets: Vec<_> = roots.into_iter().map(|(name, hex)| Masked::new(name, hex)).collect();
    secrets.extend([secrets[0].of_digits("primary key's digits"), secrets[1].of_digits("old key's digits")]);
    secrets.extend(DERIVED.map(|(name, hex)| Masked::new(name, hex)));
    secrets.push(Masked::new("plaintext", CANARY));
    secrets
}

/// One key is in a file, the others are variables.
fn vault() -> Vault {
    let file = tempfile::NamedTempFile::new().unwrap(); // readable by its owner alone
    std::fs::write(file.path(), &**Masked::new("", OLD).digits()).unwrap();
    let path = file.path().display().to_string();
    let sources = Sources::new(|name: &str| match name {
        "PGKEEL_SEAL_PRIMARY" => Some("00000001".to_owned()),
        "PGKEEL_SEAL_DECRYPT" => Some("00000002".to_owned()),
        "PGKEEL_INDEX_PRIMARY" => Some("00000003".to_owned()),
        "PGKEEL_KEY_00000001" => Some(std::mem::take(&mut *Masked::new("", PRIMARY).digits())),
        "PGKEEL_KEY_00000002_FILE" => Some(path.clone()),
        "PGKEEL_KEY_00000003" => Some(std::mem::take(&mut *Masked::new("", INDEXING).digits())),
        _ => None,
    });
    let config = KeyringConfig::from_environment(&sources).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    Vault::new(runtime.block_on(config.load(&sources)).unwrap())
}

/// Seals, indexes and opens a value by each suite, so many times; what was opened is there still.
fn used(vault: &Vault, canary: &Masked, times: i64) -> Vec<Secret<Vec<u8>>> {
    let suites = [(NOTE, true), (TAG, false)].into_iter().cycle();
    let opened = suites.zip(0..times).map(|((column, is_row_bound), number)| {
        let value = canary.value(&number.to_be_bytes());
        let place = if is_row_bound { Place::row(number) } else { Place::any_row() };
        let sealed = vault.seal(&column, &value, place).unwrap();
        vault.index(&INDEX, &value, None).unwrap();
        vault.open(&column, &sealed, place).unwrap()
    });
    opened.collect()
}

/// After a few calls, which nothing has written over by chance, and after many.
#[test]
fn keys_and_values_are_gone_once_they_are_dropped() {
    let (secrets, canary) = (secrets(), Masked::new("", CANARY));
    for times in [1, 2, 1000] {
        let vault = vault();
        let opened = used(&vault, &canary, times);
        let counts = scan(&secrets);
        println!("while they are in use: {counts:?}");
        let found = |name: &str| counts.iter().find(|(known, _)| *known == name).unwrap().1;
        assert!(found("plaintext") >= opened.len(), "the scan finds what is there: {counts:?}");
        for name in [
            "prk of the primary key",
            "prk of the old key",
            "prk of the index key",
            "key of KC-XAES",
            "HMAC's inner state of the index",
        ] {
            assert!(found(name) > 0, "the scan finds what is there, {name}: {counts:?}");
        }

        drop((vault, opened));
        let left: Vec<_> = scan(&secrets).into_iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(left, [], "after {times} values");
    }
}
