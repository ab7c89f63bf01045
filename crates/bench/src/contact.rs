//! The rows that are inserted: two sealed columns and a blind index, or as many bytes that mean nothing.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::ensure;
use pgkeel_pool::Pool;
use pgkeel_query::sealed::{KeyringConfig, Sealed, Sealer, Sources, Vault};
use pgkeel_query::{Entity, NewRow};

/// As both have them.
pub(crate) const TABLES: [&str; 2] = [
    "create table contact (id bigint generated always as identity primary key, email bytea not null,
        email_bidx bytea not null unique, phone bytea not null)",
    "create table noise (like contact including all)",
];

/// The bytes of an envelope beside those of its value.
const OVERHEAD: usize = 80;

#[derive(Debug, Clone, Entity)]
#[pgkeel(table = "contact", columns = c)]
struct Contact {
    #[pgkeel(id, generated)]
    id: i64,
    #[pgkeel(sealed(context = "contact.email", index(column = "email_bidx", normalize = "email", unique)))]
    email: Sealed<String>,
    #[pgkeel(sealed(context = "contact.phone"))]
    phone: Sealed<String>,
}

#[derive(NewRow)]
#[pgkeel(entity = Contact, columns = c)]
struct NewContact<'a> {
    email: &'a str,
    phone: &'a str,
}

#[derive(Debug, Clone, Entity)]
#[pgkeel(table = "noise", columns = n)]
struct Noise {
    #[pgkeel(id, generated)]
    id: i64,
    email: Vec<u8>,
    phone: Vec<u8>,
    email_bidx: Vec<u8>,
}

#[derive(NewRow)]
#[pgkeel(entity = Noise, columns = n)]
struct NewNoise<'a> {
    email: &'a [u8],
    phone: &'a [u8],
    email_bidx: &'a [u8],
}

/// With keys that everybody knows.
pub(crate) async fn sealer() -> anyhow::Result<Sealer> {
    let sources = Sources::new(|name: &str| {
        let value = match name {
            "PGKEEL_SEAL_PRIMARY" => "3f9a1c22",
            "PGKEEL_INDEX_PRIMARY" => "77e0b1aa",
            "PGKEEL_KEY_3F9A1C22" => "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
            "PGKEEL_KEY_77E0B1AA" => "2b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfe",
            _ => return None,
        };
        Some(value.to_owned())
    });
    Ok(Sealer::new(Vault::new(KeyringConfig::from_environment(&sources)?.load(&sources).await?)))
}

/// Inserts a row of which two values are sealed.
pub(crate) async fn insert_sealed(pool: &Pool, sealer: &Sealer) -> anyhow::Result<()> {
    let number = next();
    let (email, phone) = (format!("account{number:012}@example.org"), format!("+49 {number:012}"));
    let new = NewContact { email: &email, phone: &phone };
    let row = Contact::repo().sealed_by(sealer).insert(pool, &new).await?;
    verify(row.id, row.email.as_bytes().len(), row.phone.as_bytes().len())
}

/// Inserts one of as many bytes.
pub(crate) async fn insert_noise(pool: &Pool) -> anyhow::Result<()> {
    let number = next();
    let (email, phone) = (format!("account{number:012}@example.org"), format!("+49 {number:012}"));
    let (mut email, mut phone) = (noise(email.into_bytes(), number), noise(phone.into_bytes(), number));
    email.resize(email.len() + OVERHEAD, 0);
    phone.resize(phone.len() + OVERHEAD, 0);
    let email_bidx = noise(number.to_le_bytes().repeat(2), number);
    let new = NewNoise { email: &email, phone: &phone, email_bidx: &email_bidx };
    let row = Noise::repo().insert(pool, &new).await?;
    ensure!(row.email_bidx == email_bidx, "the row of id {} is another one", row.id);
    verify(row.id, row.email.len(), row.phone.len())
}

fn verify(id: i64, email: usize, phone: usize) -> anyhow::Result<()> {
    let are_whole = email == OVERHEAD + "account000000000000@example.org".len()
        && phone == OVERHEAD + "+49 000000000000".len();
    ensure!(id > 0 && are_whole, "the row of id {id} has {email} and {phone} bytes");
    Ok(())
}

/// A number that no row has yet, also not one of another process on the same server. At most 12 digits.
fn next() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    u64::from(std::process::id()) % 100_000 * 10_000_000 + LAST.fetch_add(1, Ordering::Relaxed)
}

/// As many bytes by `SplitMix64`, of which indexes see no order either.
fn noise(mut bytes: Vec<u8>, seed: u64) -> Vec<u8> {
    let mut state = seed;
    for chunk in bytes.chunks_mut(8) {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        chunk.copy_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes()[..chunk.len()]);
    }
    bytes
}
