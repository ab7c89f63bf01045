//! What becomes of each of squawk's rules here.

use squawk_linter::Rule as R;

use super::LintLevel::{self, Error, Info, Warning};
use super::When::{self, Always, Forward, InUse, OldProgram};

/// What becomes of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Usual {
        level: LintLevel,
        when: When,
    },
    /// Squawk does not look for it either unless it is asked to.
    OnRequest {
        when: When,
    },
    /// It holds anyway, or something else here says it; the reason is shown to who asks for it.
    LeftOut {
        reason: &'static str,
    },
}

const fn usual(level: LintLevel, when: When) -> Place {
    Place::Usual { level, when }
}

const fn on_request(when: When) -> Place {
    Place::OnRequest { when }
}

const fn left_out(reason: &'static str) -> Place {
    Place::LeftOut { reason }
}

const TRANSACTIONS: &str =
    "a file that begins or ends a transaction does not run: migrate validate says where";
const TIMEOUTS: &str = "every file runs under a lock_timeout and a statement_timeout";
const ROBUST: &str = "a file is rolled back as a whole, or goes on with the statement that failed";
const CONCURRENTLY: &str =
    "a file that needs transaction=off and does not say so does not run: migrate validate says where";
const DESTRUCTIVE: &str = "destructive says it";

/// In squawk's order, so that a rule that is missing is noticed.
pub(super) const TABLE: [(R, Place); 78] = [
    (R::RequireConcurrentIndexCreation, usual(Error, InUse)),
    // The lock is held for a moment, and waited for within the lock_timeout.
    (R::RequireConcurrentIndexDeletion, usual(Warning, InUse)),
    (R::ConstraintMissingNotValid, usual(Error, InUse)),
    (R::AddingFieldWithDefault, usual(Error, InUse)),
    (R::AddingForeignKeyConstraint, usual(Error, InUse)),
    (R::ChangingColumnType, usual(Error, InUse)),
    (R::AddingNotNullableField, usual(Error, InUse)),
    (R::AddingSerialPrimaryKeyField, usual(Error, InUse)),
    (R::RenamingColumn, usual(Error, OldProgram)),
    (R::RenamingTable, usual(Error, OldProgram)),
    (R::DisallowedUniqueConstraint, usual(Error, InUse)),
    (R::BanDropDatabase, left_out(DESTRUCTIVE)),
    (R::PreferBigintOverInt, usual(Info, Forward)),
    (R::PreferBigintOverSmallint, usual(Info, Forward)),
    (R::PreferIdentity, usual(Info, Forward)),
    (R::PreferRepack, usual(Error, InUse)),
    (R::PreferRobustStmts, left_out(ROBUST)),
    (R::PreferTextField, usual(Info, Forward)),
    (R::PreferTimestampTz, usual(Warning, Forward)),
    (R::BanCharField, usual(Info, Forward)),
    (R::BanDropColumn, usual(Warning, OldProgram)),
    (R::BanDropTable, usual(Warning, OldProgram)),
    (R::BanDropNotNull, usual(Info, OldProgram)),
    (R::TransactionNesting, left_out(TRANSACTIONS)),
    (R::AddingRequiredField, usual(Error, InUse)),
    (R::BanConcurrentIndexCreationInTransaction, left_out(CONCURRENTLY)),
    (R::UnusedIgnore, usual(Warning, Always)),
    (R::BanCreateDomainWithConstraint, usual(Info, Forward)),
    (R::BanAlterDomainWithAddConstraint, usual(Warning, InUse)),
    (R::BanTruncateCascade, usual(Warning, Always)),
    (R::RequireTimeoutSettings, left_out(TIMEOUTS)),
    (R::BanUncommittedTransaction, left_out(TRANSACTIONS)),
    (R::RequireEnumValueOrdering, usual(Info, Forward)),
    (R::RequireTableSchema, on_request(Always)),
    (R::IdentifierTooLong, usual(Warning, Always)),
    (R::RequireConcurrentPartitionDetach, usual(Warning, InUse)),
    (R::RequireConcurrentReindex, usual(Error, InUse)),
    (R::RequireLockTimeout, left_out(TIMEOUTS)),
    (R::RequireStatementTimeout, left_out(TIMEOUTS)),
    // The server refuses it.
    (R::BanDuplicateColumnAssignments, usual(Error, Always)),
    (R::BanDropView, usual(Warning, OldProgram)),
    (R::BanDropFunction, usual(Warning, OldProgram)),
    (R::BanDropType, usual(Warning, OldProgram)),
    (R::BanDropDefault, usual(Warning, OldProgram)),
    (R::BanDropTrigger, on_request(OldProgram)),
    (R::BanDropSchema, usual(Warning, OldProgram)),
    (R::BanDropSequence, usual(Warning, OldProgram)),
    (R::BanDropDomain, usual(Warning, OldProgram)),
    (R::BanDropConstraint, usual(Info, OldProgram)),
    (R::BanDropGeneratedExpression, usual(Warning, OldProgram)),
    (R::RenamingObject, usual(Warning, OldProgram)),
    (R::BanSetSchema, usual(Error, OldProgram)),
    (R::BanAlterIdentity, usual(Warning, OldProgram)),
    (R::BanDropExtension, usual(Warning, OldProgram)),
    (R::BanAlterGeneratedExpression, on_request(OldProgram)),
    (R::BanDropIndex, on_request(OldProgram)),
    (R::BanSetDefault, on_request(OldProgram)),
    (R::BanDisableTrigger, on_request(OldProgram)),
    (R::BanReplicaIdentity, on_request(OldProgram)),
    (R::BanDropPolicy, on_request(OldProgram)),
    (R::BanRevoke, on_request(OldProgram)),
    (R::BanReplaceViewFunction, on_request(OldProgram)),
    (R::BanAlterPolicyCondition, on_request(OldProgram)),
    (R::BanAlterPolicyRoles, on_request(OldProgram)),
    (R::BanCreatePolicy, on_request(OldProgram)),
    (R::BanAlterFunctionOptions, on_request(OldProgram)),
    (R::BanAlterViewOptions, on_request(OldProgram)),
    (R::BanAlterRoleOptions, on_request(OldProgram)),
    (R::BanAlterDatabaseOptions, on_request(OldProgram)),
    (R::BanAlterRowLevelSecurity, on_request(OldProgram)),
    (R::BanNewWriteRestriction, on_request(OldProgram)),
    (R::BanAddEnumValue, on_request(OldProgram)),
    (R::BanAddCompositeAttribute, on_request(OldProgram)),
    (R::BanAddColumn, on_request(OldProgram)),
    (R::BanDetachInheritance, on_request(OldProgram)),
    (R::BanAlterSequenceValues, on_request(OldProgram)),
    (R::BanAlterSystemOptions, on_request(OldProgram)),
    (R::BanAlterExtension, on_request(OldProgram)),
];

pub(super) fn place(rule: R) -> Place {
    TABLE.into_iter().find(|(row, _)| *row == rule).map_or(usual(Warning, Always), |(_, place)| place)
}

/// What to do instead, where that is more than squawk can know.
pub(super) fn help(rule: R) -> Option<&'static str> {
    Some(match rule {
        R::RequireConcurrentIndexCreation => {
            "Build it CONCURRENTLY, in a file with -- pgkeel: transaction=off; migrate new NAME --concurrent-index \
             'table(column)' writes one."
        }
        R::RequireConcurrentIndexDeletion
        | R::RequireConcurrentReindex
        | R::RequireConcurrentPartitionDetach => {
            "Do it CONCURRENTLY, in a file with -- pgkeel: transaction=off."
        }
        R::AddingForeignKeyConstraint => {
            "Add it NOT VALID, and VALIDATE it in a transaction of its own; migrate new NAME --foreign-key 'table(column) \
             references other(column)' writes a file that does."
        }
        R::ConstraintMissingNotValid => {
            "Add it NOT VALID, and VALIDATE it in another file, or in this one with -- pgkeel: transaction=off."
        }
        R::AddingNotNullableField => {
            "Let a CHECK constraint be validated first; migrate new NAME --not-null 'table(column)' writes a file that \
             does."
        }
        R::RenamingColumn | R::RenamingTable | R::RenamingObject | R::BanSetSchema => {
            "Add the new one, use both, and drop the old one later; if nothing that runs uses the old name any more, write \
             -- pgkeel: phase=contract at the top of the file."
        }
        rule if matches!(place(rule), Place::Usual { when: OldProgram, .. }) => {
            "If nothing that runs needs it any more, write -- pgkeel: phase=contract at the top of the file."
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_one_place() {
        for (index, (rule, _)) in TABLE.iter().enumerate() {
            assert_eq!(*rule as usize, index, "{rule}");
        }
        let placed: Vec<R> = TABLE.iter().map(|(rule, _)| *rule).collect();
        for rule in squawk_linter::Linter::with_default_rules().rules {
            assert!(placed.contains(&rule), "{rule}");
        }
    }

    #[test]
    fn what_squawk_leaves_to_others_is_on_request() {
        for (rule, place) in TABLE.into_iter().filter(|(rule, _)| *rule != R::RequireTimeoutSettings) {
            assert_eq!(rule.is_opt_in(), matches!(place, Place::OnRequest { .. }), "{rule}");
        }
    }
}
