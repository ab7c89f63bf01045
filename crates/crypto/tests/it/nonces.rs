//! No nonce comes twice.

use pgkeel_crypto::{Column, Place, Suite};
use pgkeel_testkit::scaled;

use crate::fixture::vault;

const THREADS: usize = 8;

#[test]
fn no_two_envelopes_of_many_threads_have_the_same_nonce() {
    const TOKEN: Column<i64> = Column::new("app.users.token").any_row();
    let vault = vault();
    let each = scaled(1 << 16, 1 << 22) / THREADS;
    let mut nonces: Vec<[u8; 24]> = std::thread::scope(|scope| {
        let sealing = [(); THREADS].map(|()| {
            scope.spawn(|| {
                let mut nonces = Vec::with_capacity(each);
                while nonces.len() < each {
                    let one = vault.seal(&TOKEN, &7, Place::any_row()).unwrap();
                    let many = vault.seal_batch(&TOKEN, &vec![(&7, Place::any_row()); 700]).unwrap();
                    nonces.extend([one].iter().chain(&many).map(|sealed| {
                        assert_eq!(sealed.suite().unwrap(), Suite::KcXaes256Gcm);
                        <[u8; 24]>::try_from(&sealed.as_bytes()[8..32]).unwrap()
                    }));
                }
                nonces
            })
        });
        sealing.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let drawn = nonces.len();
    nonces.sort_unstable();
    nonces.dedup();
    assert_eq!(nonces.len(), drawn);
    assert!(!nonces.contains(&[0; 24]));
}
