//! Keys are replaced while they are used.

use std::sync::atomic::{AtomicBool, Ordering};

use pgkeel_crypto::{Column, Error, Keyring, Place};

use crate::fixture::{Environment, OLD, PRIMARY, all_keys, from_environment, vault};

const EMAIL: Column<String> = Column::new("app.users.email");

fn keyring(primary: &str, other: (&str, &str)) -> Keyring {
    let mut environment: Environment = all_keys();
    environment.remove("PGKEEL_SEAL_DECRYPT");
    environment.insert("PGKEEL_SEAL_PRIMARY".into(), primary.into());
    environment.insert(format!("PGKEEL_SEAL_{}", other.0), other.1.into());
    from_environment(&environment).unwrap()
}

#[test]
fn what_was_sealed_before_opens_after_and_the_new_key_seals() {
    let vault = vault();
    let before = vault.seal(&EMAIL, "ada", Place::row(7)).unwrap();
    vault.reload(keyring(OLD, ("DECRYPT", PRIMARY)));
    let after = vault.seal(&EMAIL, "bob", Place::row(7)).unwrap();
    assert_eq!(
        (before.key().unwrap().to_string(), after.key().unwrap().to_string()),
        (PRIMARY.to_owned(), OLD.to_owned())
    );
    assert_eq!(vault.open(&EMAIL, &before, Place::row(7)).unwrap().expose(), "ada");
    assert!(vault.needs_reseal(&EMAIL, &before) && !vault.needs_reseal(&EMAIL, &after));
}

#[test]
fn a_key_that_was_disabled_opens_nothing_more() {
    let vault = vault();
    let before = vault.seal(&EMAIL, "ada", Place::row(7)).unwrap();
    vault.open(&EMAIL, &before, Place::row(7)).unwrap();
    vault.reload(keyring(OLD, ("DISABLED", PRIMARY)));
    let refused = vault.open(&EMAIL, &before, Place::row(7)).unwrap_err();
    assert_eq!(refused, Error::DisabledKey(PRIMARY.parse().unwrap()));
    assert!(refused.is_key_missing() && !refused.is_not_authentic());
}

#[test]
fn calls_that_are_under_way_while_keys_are_replaced_all_succeed() {
    let vault = vault();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let workers = [0_i64, 1, 2].map(|worker| {
            let (vault, is_over) = (&vault, &is_over);
            scope.spawn(move || {
                let mut calls = 0;
                while !is_over.load(Ordering::Relaxed) || calls < 1000 {
                    let place = Place::row(worker << 32 | calls);
                    let sealed = vault.seal(&EMAIL, "ada", place).unwrap();
                    assert_eq!(vault.open(&EMAIL, &sealed, place).unwrap().expose(), "ada");
                    calls += 1;
                }
            })
        });
        for turn in 0..200 {
            let (primary, other) = if turn % 2 == 0 { (OLD, PRIMARY) } else { (PRIMARY, OLD) };
            vault.reload(keyring(primary, ("DECRYPT", other)));
        }
        is_over.store(true, Ordering::Relaxed);
        for worker in workers {
            worker.join().unwrap();
        }
    });
}
