//! What takes looking inside: which ciphers are called, and what happens without randomness.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::*;
use crate::error::NoRandomness;
use crate::random::{OperatingSystem, Random};
use crate::suite::counted;
use crate::{ColumnSpec, KeyringConfig, Place, Sources};

const EMAIL: Column<String> = Column::new("app.users.email");

fn secret(number: u8) -> String {
    let bytes = (0..32).map(|byte| byte ^ number);
    bytes.fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"))
}

/// A keyring of variables; nobody has to be waited for.
fn keyring(variables: &[(String, String)]) -> Keyring {
    let sources = Sources::new(|name: &str| {
        variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    });
    let config = KeyringConfig::from_environment(&sources).unwrap();
    let loading = pin!(config.load(&sources));
    match loading.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(loaded) => loaded.unwrap(),
        Poll::Pending => panic!("there is nothing to wait for"),
    }
}

/// The keys 1 to `count`, of which the last one is primary.
fn vault_of(count: u8) -> Vault {
    let ids: Vec<_> = (1..count).map(|id| format!("{id:08x}")).collect();
    let mut variables = vec![("PGKEEL_SEAL_PRIMARY".to_owned(), format!("{count:08x}"))];
    if !ids.is_empty() {
        variables.push(("PGKEEL_SEAL_DECRYPT".to_owned(), ids.join(",")));
    }
    variables.extend((1..=count).map(|id| (format!("PGKEEL_KEY_{id:08X}"), secret(id))));
    Vault::new(keyring(&variables))
}

#[test]
fn of_two_hundred_keys_the_one_that_is_named_is_tried_once() {
    let vault = vault_of(200);
    let sealed = vault_of(77).seal(&EMAIL, "ada", Place::row(7)).unwrap();
    assert_eq!(sealed.key().unwrap(), KeyId::new(77).unwrap());

    let (opened, calls) = counted::during(|| vault.open(&EMAIL, &sealed, Place::row(7)).unwrap());
    assert_eq!((opened.expose().as_str(), calls), ("ada", 1));
}

#[test]
fn a_key_that_nobody_has_costs_no_decryption() {
    let sealed = vault_of(201).seal(&EMAIL, "ada", Place::row(7)).unwrap();
    let (refused, calls) = counted::during(|| vault_of(200).open(&EMAIL, &sealed, Place::row(7)));
    assert_eq!(refused.unwrap_err(), Error::UnknownKey(KeyId::new(201).unwrap()));
    assert_eq!(calls, 0);
}

/// A check value would have found it when the keyring was loaded; these have none.
#[test]
fn another_secret_under_the_same_id_is_told_by_the_commitment() {
    let variables = |number| {
        [
            ("PGKEEL_SEAL_PRIMARY".to_owned(), "00000001".to_owned()),
            ("PGKEEL_KEY_00000001".to_owned(), secret(number)),
        ]
    };
    let [right, wrong] = [1, 2].map(|number| Vault::new(keyring(&variables(number))));
    let sealed = right.seal(&EMAIL, "ada", Place::row(7)).unwrap();
    let (refused, calls) = counted::during(|| wrong.open(&EMAIL, &sealed, Place::row(7)));
    assert_eq!(refused.unwrap_err(), Error::WrongKey(KeyId::new(1).unwrap()));
    assert_eq!(calls, 0);
}

/// Gives some bytes, then none.
struct Failing;

impl Random for Failing {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), getrandom::Error> {
        bytes[0] = 1;
        Err(getrandom::Error::UNEXPECTED)
    }
}

#[test]
fn without_randomness_nothing_is_sealed() {
    let vault = vault_of(1);
    let ring = vault.ring.load();
    let refused = Error::NoRandomness(NoRandomness(getrandom::Error::UNEXPECTED));
    let (one, calls) = counted::during(|| ring.seal(&Failing, &EMAIL, "ada", Place::row(7)));
    assert_eq!((one.unwrap_err(), calls), (refused.clone(), 0));
    let many = [("ada", Place::row(7)), ("bob", Place::row(8))];
    let (many, calls) = counted::during(|| ring.seal_batch(&Failing, &EMAIL, &many));
    assert_eq!((many.unwrap_err(), calls), (refused, 0));
}

#[test]
fn what_is_authentic_and_no_value_of_its_type_is_not_sealed_anew() {
    let (old, new) = (vault_of(1), vault_of(2));
    let spec = ColumnSpec::new("app.users.count", crate::Kind::Int).unwrap();
    let sealed =
        old.ring.load().seal_bytes(&OperatingSystem, &spec.shape(), b"seven", Place::row(7)).unwrap();
    let undecodable = Error::Undecodable(crate::Kind::Int);
    assert_eq!(new.check(&spec, &sealed, Place::row(7)), Err(undecodable.clone()));
    assert_eq!(new.reseal(&spec, &sealed, Place::row(7)), Err(undecodable));
    assert_eq!(new.check_key(&spec, &sealed, Place::row(7)), Ok(()));
}
