//! Fields sealed by the application: values in, authenticated envelopes out, and equality by blind index.
//!
//! Talks to no database and no network, reads no environment of its own accord, logs nothing. Where envelopes are stored,
//! rotated and looked up is the business of whoever has the database.
//!
//! Read [`Column`] (what is sealed, and what it is bound to), [`Vault`] (what seals and opens), [`Sealed`] and [`Secret`] (what
//! is stored, and what must not be), then [`KeyringConfig`], [`Sources`] and [`Keyring`] (where keys come from), and
//! [`BlindIndex`] (equality without opening); [`ColumnSpec`] is for programs that do not have the types. The bytes are described in
//! `FORMAT.md`, for other programs to read them. Who gets what, what is not protected, and how keys are kept, is said in
//! `SECURITY.md`.
//!
//! ```
//! use pgkeel_crypto::{Column, KeyringConfig, Place, Sources, Vault};
//!
//! const EMAIL: Column<String> = Column::new("app.users.email");
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! # let environment = |name: &str| match name {
//! #     "PGKEEL_SEAL_PRIMARY" => Some("3f9a1c22".to_owned()),
//! #     "PGKEEL_KEY_3F9A1C22" => Some("9bf5c1a0d7e2446f8c13b0a95e7d2f6481c3e5a79b0d1f2e3c4b5a6978869504".to_owned()),
//! #     _ => None,
//! # };
//! let sources = Sources::new(environment); // such as |name: &str| std::env::var(name).ok()
//! let vault = Vault::new(KeyringConfig::from_environment(&sources)?.load(&sources).await?);
//!
//! let sealed = vault.seal(&EMAIL, "ada@example.org", Place::row(7))?;
//! assert_eq!(vault.open(&EMAIL, &sealed, Place::row(7))?.expose(), "ada@example.org");
//! assert!(vault.open(&EMAIL, &sealed, Place::row(8)).is_err()); // another row's
//! # Ok(())
//! # }
//! # let mut future = std::pin::pin!(example());
//! # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
//! # assert!(matches!(future.as_mut().poll(&mut context), std::task::Poll::Ready(Ok(()))));
//! ```
//!
//! # Invariants
//! - No plaintext and no key is in any `Debug`, `Display` or error. Plaintext that is opened is a [`Secret`].
//! - Nothing is given out of an envelope that is not authentic, byte for byte, for its column, tenant and row.
//! - An envelope names its key: one key is tried, never several.
//! - A nonce is drawn from the operating system for each envelope; if it has none to give nothing is sealed.
//! - Keys are asked for when a keyring is loaded, never while sealing or opening; sealing and opening take no lock.
//! - What is kept in memory has a bound: at most 1,280 derived ciphers and as many keys of indexes.
//! - Keys, what is derived of them, and plaintext in [`Secret`]s are overwritten before their memory is given back, and so is the
//!   stack on which a cipher is made.
//!
//! # Features
//! - `siv` (on by default): columns that are deterministic, AES-256-SIV.
//! - `unicode` (on by default): `Normalizer::Nfc`.
//! - `postgres`: [`Sealed`] is read and written by the driver, as `bytea` or `text`.
//! - `passphrase`: root keys from passphrases and slow blind indexes, by argon2id.

mod column;
mod place;
mod spec;
mod vault;
mod sealed;
#[cfg(feature = "postgres")]
mod postgres;
mod secret;
mod plain;
mod envelope;
mod suite;
mod keys;
mod index;
mod argon2id;
mod fixed_buffer;
mod random;
mod stack;
mod error;

pub use self::argon2id::Cost;
pub use self::column::{Column, Padding};
pub use self::envelope::{Kind, Malformed, from_text as envelope_from_text, to_text as envelope_to_text};
pub use self::error::{Difference, Error, Misplaced, NoRandomness};
pub use self::index::{BlindIndex, IndexValue, Normalizer};
pub use self::keys::{
    BadCheckValue, BadKeyId, CheckValue, KeyFuture, KeyId, KeyList, KeyName, KeySource, KeyState, KeyStatus,
    Keyring, KeyringConfig, KeyringError, KeyringProblem, RootKey, Sources,
};
pub use self::place::{Place, RowId};
pub use self::plain::{Date, Decimal, Json, Plain, Timestamp, Uuid};
pub use self::sealed::Sealed;
pub use self::secret::Secret;
pub use self::spec::{BadSpec, ColumnSpec, IndexSpec};
pub use self::suite::Suite;
pub use self::vault::Vault;
