//! Nothing is opened but what was sealed: envelopes that are changed anywhere, and bytes of all kinds behind a right header.

#![no_main]

use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use libfuzzer_sys::fuzz_target;
use pgkeel_crypto::{Column, KeyringConfig, Padding, Place, Sealed, Sources, Suite, Vault};

const PLAIN: Column<Vec<u8>> = Column::new("app.files.content").any_row();
const VALUE: &[u8] = b"what was sealed";

static VAULT: LazyLock<Vault> = LazyLock::new(|| {
    let sources = Sources::new(|name: &str| match name {
        "PGKEEL_SEAL_PRIMARY" => Some("00000001".to_owned()),
        "PGKEEL_KEY_00000001" => Some("0123456789abcdef".repeat(4)),
        _ => None,
    });
    let config = KeyringConfig::from_environment(&sources).expect("a keyring");
    match pin!(config.load(&sources)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(keyring) => Vault::new(keyring.expect("keys")),
        Poll::Pending => unreachable!("there is nothing to wait for"),
    }
});

fuzz_target!(|data: &[u8]| {
    let Some((choice, data)) = data.split_first() else { return };
    let column = [PLAIN, PLAIN.padded(Padding::to(64)), PLAIN.uncommitted(), PLAIN.deterministic()]
        [usize::from(choice % 4)]
    .also_opens(Suite::Xaes256Gcm);
    let sealed = VAULT.seal(&column, VALUE, Place::any_row()).expect("a short value");
    let mut changed = sealed.as_bytes().to_vec();
    if choice & 4 == 0 {
        changed.truncate(8);
        changed.extend_from_slice(data);
    } else {
        changed.iter_mut().zip(data).for_each(|(byte, change)| *byte ^= change);
    }
    let is_same = changed == sealed.as_bytes();
    let opened =
        Sealed::from_bytes(changed).and_then(|sealed| VAULT.open(&column, &sealed, Place::any_row()));
    assert_eq!(opened.is_ok(), is_same);
});
