//! TLS between the socket and the driver, with libpq's modes.
//!
//! [`TlsSettings`] is what the address says. [`TlsSettings::ways`] gives the ways in which `sslmode` lets a host be tried,
//! and [`secure()`] turns a socket that was just opened into a [`MaybeTls`] by one of them. Whoever opens a socket to a
//! PostgreSQL does it like this, be it for a session or for a cancel request:
//!
//! ```text
//! let stream = attempt.step(DialStep::Tls, tls::secure(socket, settings, host.name(), way)).await?;
//! ```
//!
//! A cancel request takes [`Way::Tls`] if its session did, and [`Way::Clear`] otherwise.
//!
//! The driver could ask for TLS itself, but then its TLS stream would lie above our scanner, which would see nothing but
//! ciphertext. So the `SSLRequest` and the handshake are made here, the scanner lies above them, and the driver gets
//! the result by way of [`Handed`]: a `TlsConnect` that has nothing left to do but to say what the channel can be
//! bound to. The driver is told to negotiate "directly", which for it means to send no `SSLRequest` of its own.
//!
//! Of the answer to the `SSLRequest` exactly one byte is read. Whatever else has come goes to the TLS library, which takes
//! it for a part of the handshake and refuses it; so nothing that was sent in the clear is ever taken for something that
//! came encrypted (CVE-2021-23222).
//!
//! Sources: PostgreSQL documentation, "SSL Support" of libpq, and "SSL Session Encryption" of the protocol.

mod handed;
mod info;
mod mode;
mod settings;
mod stream;
mod wishes;
#[cfg(feature = "tls")]
mod certificate;
#[cfg(feature = "tls")]
mod client_key;
#[cfg(feature = "tls")]
mod error;
#[cfg(feature = "tls")]
mod explain;
#[cfg(feature = "tls")]
mod files;
#[cfg(feature = "tls")]
mod loaded;
#[cfg(feature = "tls")]
mod negotiation;
#[cfg(feature = "tls")]
mod secure;
#[cfg(feature = "tls")]
mod verifier;

#[cfg(not(feature = "tls"))]
mod absent;

#[cfg(not(feature = "tls"))]
pub(crate) use self::absent::{falls_back, is_not_offered, late, may_pass, secure};
#[cfg(feature = "tls")]
pub(crate) use self::explain::{falls_back, is_not_offered, late, may_pass};
pub(crate) use self::handed::{Handed, cannot_bind};
pub use self::info::TlsInfo;
pub(crate) use self::mode::{SslMode, Way};
#[cfg(feature = "tls")]
pub(crate) use self::secure::secure;
pub(crate) use self::settings::TlsSettings;
pub(crate) use self::stream::MaybeTls;
pub(crate) use self::wishes::{CertMode, ChannelBinding, Fault, Negotiation, Root, Version, Wishes};
