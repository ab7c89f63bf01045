//! No nonce comes twice.

use pgkeel_crypto::{Column, Place, Suite, Vault};
use pgkeel_testkit::scaled;

use crate::fixture::vault;

const THREADS: usize = 8;
const TOKEN: Column<i64> = Column::new("app.users.token").any_row();

type Nonce = [u8; 24];

/// Those of at least so many envelopes, which are sealed one by one and together.
fn drawn(vault: &Vault, count: usize) -> Vec<Nonce> {
    let mut nonces = Vec::with_capacity(count);
    while nonces.len() < count {
        let one = vault.seal(&TOKEN, &7, Place::any_row()).unwrap();
        let many = vault.seal_batch(&TOKEN, &vec![(&7, Place::any_row()); 700]).unwrap();
        nonces.extend([one].iter().chain(&many).map(|sealed| {
            assert_eq!(sealed.suite().unwrap(), Suite::KcXaes256Gcm);
            Nonce::try_from(&sealed.as_bytes()[8..32]).unwrap()
        }));
    }
    nonces
}

fn assert_different(mut nonces: Vec<Nonce>) {
    let drawn = nonces.len();
    nonces.sort_unstable();
    nonces.dedup();
    assert_eq!(nonces.len(), drawn);
    assert!(!nonces.contains(&[0; 24]));
}

#[test]
fn no_two_envelopes_of_many_threads_have_the_same_nonce() {
    let (vault, each) = (vault(), scaled(1 << 16, 1 << 22) / THREADS);
    assert_different(std::thread::scope(|scope| {
        let sealing = [(); THREADS].map(|()| scope.spawn(|| drawn(&vault, each)));
        sealing.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    }));
}

/// A process that has sealed is copied, with all that it has in memory; then all copies go on.
#[cfg(unix)]
#[test]
fn no_two_envelopes_of_copies_of_a_process_have_the_same_nonce() {
    use fork::{Fork, fork, waitpid};

    const COPIES: usize = 4;
    let (vault, each) = (vault(), scaled(1 << 12, 1 << 18));
    let directory = tempfile::tempdir().unwrap();
    let file = |number: usize| directory.path().join(number.to_string());
    let mut nonces = drawn(&vault, each);
    let copies: Vec<_> = (0..COPIES)
        .map(|number| match fork().unwrap() {
            Fork::Parent(copy) => copy,
            Fork::Child => {
                let written = std::fs::write(file(number), drawn(&vault, each).as_flattened());
                std::process::exit(i32::from(written.is_err())) // the tests are the first one's to go on with
            }
        })
        .collect();
    nonces.extend(drawn(&vault, each));
    for (number, copy) in copies.into_iter().enumerate() {
        assert_eq!(waitpid(copy).unwrap(), 0);
        nonces.extend(std::fs::read(file(number)).unwrap().as_chunks().0);
    }
    assert!(nonces.len() >= (COPIES + 2) * each);
    assert_different(nonces);
}
