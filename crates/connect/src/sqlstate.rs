//! What the server's error codes mean to a caller. The only table of its kind in the project.
//!
//! Source: PostgreSQL documentation, appendix "PostgreSQL Error Codes".

use tokio_postgres::error::SqlState;

/// The class of an SQLSTATE: its first two characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SqlClass {
    /// 08: the connection.
    Connection,
    /// 0A: the server cannot do this.
    Unsupported,
    /// 22: a value that does not fit.
    Data,
    /// 23: a constraint.
    Integrity,
    /// 25: not in this state of the transaction.
    TransactionState,
    /// 28: who are you?
    Authorization,
    /// 40: the transaction was rolled back by the server.
    Rollback,
    /// 42: the statement is wrong, or not allowed.
    SyntaxOrAccess,
    /// 53: out of memory, disk or connections.
    Resources,
    /// 54: too complex for the server.
    Limit,
    /// 55: an object is not in the state that is needed.
    ObjectState,
    /// 57: an operator or administrator stepped in.
    Operator,
    /// 58: the system below the server.
    System,
    /// P0: raised by PL/pgSQL.
    Raised,
    /// XX: a fault of the server itself.
    Internal,
    /// Any other.
    Other,
}

/// The class that a code belongs to.
#[must_use]
pub fn class(code: &SqlState) -> SqlClass {
    match code.code().get(..2) {
        Some("08") => SqlClass::Connection,
        Some("0A") => SqlClass::Unsupported,
        Some("22") => SqlClass::Data,
        Some("23") => SqlClass::Integrity,
        Some("25") => SqlClass::TransactionState,
        Some("28") => SqlClass::Authorization,
        Some("40") => SqlClass::Rollback,
        Some("42") => SqlClass::SyntaxOrAccess,
        Some("53") => SqlClass::Resources,
        Some("54") => SqlClass::Limit,
        Some("55") => SqlClass::ObjectState,
        Some("57") => SqlClass::Operator,
        Some("58") => SqlClass::System,
        Some("P0") => SqlClass::Raised,
        Some("XX") => SqlClass::Internal,
        _ => SqlClass::Other,
    }
}

/// Whether the server has definitely rolled the transaction back and running the whole of it again can succeed:
/// a serialization failure or a deadlock.
#[must_use]
pub fn rolls_back_cleanly(code: &SqlState) -> bool {
    *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED
}

/// Whether a refused connection may be accepted a little later: the server is starting, stopping or full.
#[must_use]
pub fn refuses_for_now(code: &SqlState) -> bool {
    [
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::TOO_MANY_CONNECTIONS,
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
    ]
    .contains(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_fall_into_their_classes() {
        assert_eq!(class(&SqlState::UNIQUE_VIOLATION), SqlClass::Integrity);
        assert_eq!(class(&SqlState::ADMIN_SHUTDOWN), SqlClass::Operator);
        assert_eq!(class(&SqlState::from_code("")), SqlClass::Other);
    }

    #[test]
    fn only_definite_aborts_roll_back_cleanly() {
        assert!(rolls_back_cleanly(&SqlState::T_R_DEADLOCK_DETECTED));
        assert!(!rolls_back_cleanly(&SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN));
        assert!(!rolls_back_cleanly(&SqlState::UNIQUE_VIOLATION));
    }
}
