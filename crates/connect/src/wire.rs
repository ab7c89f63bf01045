//! What the server's own words say of a connection, read as they pass by.
//!
//! Source of the message formats: PostgreSQL documentation, "Frontend/Backend Protocol: Message Formats".

mod scanner;
mod watched;

use std::sync::atomic::{AtomicI32, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

pub(crate) use self::watched::Watched;
use crate::ServerError;
use crate::address::{AuthRule, Method};

/// The transaction status that the server named in its last `ReadyForQuery`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the protocol knows these three")]
pub enum TransactionStatus {
    /// In no transaction.
    Idle,
    /// In a transaction that can go on.
    Open,
    /// In a transaction that failed and can only be rolled back.
    Failed,
}

/// What passed by, shared between the socket and whoever asks.
#[derive(Debug, Clone)]
pub(crate) struct Wire(Arc<Seen>);

#[derive(Debug)]
struct Seen {
    status: AtomicU8,
    /// Statements that were carried out, when it named that status.
    completed: AtomicU64,
    /// The same when it refused something last.
    completed_before_refusal: AtomicU64,
    /// The server's process for this session; 0 until it is known.
    pid: AtomicI32,
    /// The values of [`PARAMETERS`], as far as the server has named them.
    parameters: Mutex<[Option<String>; PARAMETERS.len()]>,
    /// The error with which the server ended the session.
    last_word: OnceLock<ServerError>,
    /// How the server may let this side in.
    auth_rule: AuthRule,
    /// How it asked for a proof.
    asked: OnceLock<Method>,
    /// Why its way of letting this side in was not gone along with.
    refused_auth: OnceLock<String>,
}

/// What the server reports at start-up and at every change, as far as it is kept.
pub(crate) const PARAMETERS: [&str; 4] =
    ["default_transaction_read_only", "in_hot_standby", "is_superuser", "server_version"];

impl Wire {
    pub(crate) fn new(auth_rule: AuthRule) -> Self {
        Self(Arc::new(Seen {
            status: AtomicU8::new(b'I'),
            completed: AtomicU64::new(0),
            completed_before_refusal: AtomicU64::new(0),
            pid: AtomicI32::new(0),
            parameters: Mutex::default(),
            last_word: OnceLock::new(),
            auth_rule,
            asked: OnceLock::new(),
            refused_auth: OnceLock::new(),
        }))
    }

    /// The error with which the server ended the session. The driver hands it to whichever request is waiting, and that
    /// may have nobody behind it any more.
    pub(crate) fn last_word(&self) -> Option<&ServerError> {
        self.0.last_word.get()
    }

    /// The driver hands a reply on through a channel after its bytes were read, so whoever has got the reply sees the
    /// status that came with it or a later one.
    pub(crate) fn status(&self) -> TransactionStatus {
        match self.0.status.load(Ordering::Acquire) {
            b'I' => TransactionStatus::Idle,
            b'T' => TransactionStatus::Open,
            _ => TransactionStatus::Failed,
        }
    }

    /// Statements that were carried out. Who has got the reply to the next one sees those before it, as with the status.
    pub(crate) fn completed(&self) -> u64 {
        self.0.completed.load(Ordering::Acquire)
    }

    /// The same when something was refused last.
    pub(crate) fn completed_before_refusal(&self) -> u64 {
        self.0.completed_before_refusal.load(Ordering::Acquire)
    }

    /// The server's process for this session, if it has named one.
    pub(crate) fn pid(&self) -> Option<i32> {
        Some(self.0.pid.load(Ordering::Acquire)).filter(|pid| *pid != 0)
    }

    /// The value that the server reported last.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let at = PARAMETERS.iter().position(|kept| *kept == name)?;
        self.0.parameters.lock().unwrap_or_else(PoisonError::into_inner)[at].clone()
    }

    /// Why the server was not let go on with its way of authentication.
    pub(crate) fn refused_auth(&self) -> Option<&str> {
        self.0.refused_auth.get().map(String::as_str)
    }

    fn note_status(&self, status: u8) {
        self.0.status.store(status, Ordering::Release);
    }

    fn note_completed(&self, statements: u64) {
        self.0.completed.store(statements, Ordering::Release);
    }

    fn note_refusal(&self) {
        self.0.completed_before_refusal.store(self.completed(), Ordering::Release);
    }

    fn note_pid(&self, pid: i32) {
        self.0.pid.store(pid, Ordering::Release);
    }

    fn note_parameter(&self, name: &str, value: String) {
        if let Some(at) = PARAMETERS.iter().position(|kept| *kept == name) {
            self.0.parameters.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some(value);
        }
    }

    fn note_fatal(&self, error: ServerError) {
        let _ = self.0.last_word.set(error);
    }

    /// Notes how the server asks for a proof, or that it asks for none any more. `Err` if that is not allowed: what came
    /// must then not reach the driver, which would answer.
    fn note_auth(&self, code: i32) -> Result<(), String> {
        let checked = self.0.auth_rule.check(code, self.0.asked.get().copied());
        match &checked {
            Ok(Some(method)) => {
                let _ = self.0.asked.set(*method);
            }
            Ok(None) => {}
            Err(refusal) => {
                let _ = self.0.refused_auth.set(refusal.clone());
            }
        }
        checked.map(drop)
    }
}
