//! Statements that a shadow does not keep in, as what they change belongs to the whole server.
//!
//! What a DO block or a function does is not seen.

use super::Chain;
use crate::statements::{Statement, statements};
use crate::{Migrations, VerifyError};

/// Refuses files that have one.
pub(crate) fn refuse(migrations: &Migrations) -> Result<(), VerifyError> {
    migrations.iter().try_for_each(|migration| check(migration.file(), migration.sql()))
}

/// As [`refuse`], with the files that undo them.
pub(crate) fn refuse_in(chain: &Chain) -> Result<(), VerifyError> {
    chain.iter().try_for_each(|link| {
        check(link.migration().file(), link.migration().sql())?;
        link.down().map_or(Ok(()), |down| check(&link.down_file(), down))
    })
}

fn check(file: &str, sql: &str) -> Result<(), VerifyError> {
    match statements(sql).iter().find_map(words) {
        None => Ok(()),
        Some(statement) => Err(VerifyError::ServerWide { file: file.to_owned(), statement }),
    }
}

const MAKERS: [&str; 3] = ["create", "alter", "drop"];
const SHARED: [&str; 6] = ["role", "user", "group", "database", "tablespace", "subscription"];

/// The words that say so, in capitals.
fn words(statement: &Statement<'_>) -> Option<String> {
    let words: Vec<String> = statement.words.iter().map(|word| word.to_ascii_lowercase()).collect();
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let is_shared = match word(0) {
        "create" | "alter" | "drop" if word(1) == "user" && word(2) == "mapping" => false,
        maker if MAKERS.contains(&maker) => SHARED.contains(&word(1)) || word(1) == "system",
        "reassign" => true,
        // Of roles, which have no ON; what has one is kept in the database.
        "grant" | "revoke" => !words.iter().any(|word| word == "on"),
        "comment" => ["role", "database", "tablespace"].contains(&word(2)),
        _ => false,
    };
    is_shared.then(|| words[..words.len().min(2)].join(" ").to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sql: &str) -> Option<String> {
        statements(sql).iter().find_map(words)
    }

    #[test]
    fn what_reaches_beyond_the_database_is_found() {
        for (sql, told) in [
            ("create role app", "CREATE ROLE"),
            ("select 1; ALTER USER app WITH login", "ALTER USER"),
            ("drop tablespace fast", "DROP TABLESPACE"),
            ("alter system set work_mem = '1GB'", "ALTER SYSTEM"),
            ("alter database shop set search_path = x", "ALTER DATABASE"),
            ("grant readers to app", "GRANT READERS"),
            ("create subscription s connection '' publication p", "CREATE SUBSCRIPTION"),
            ("reassign owned by a to b", "REASSIGN OWNED"),
            ("comment on role app is 'x'", "COMMENT ON"),
        ] {
            assert_eq!(found(sql).as_deref(), Some(told), "{sql}");
        }
    }

    #[test]
    fn what_stays_in_the_database_is_not() {
        for sql in [
            "create user mapping for public server s",
            "grant select on t to app; revoke all on schema x from public",
            "comment on table t is 'create role'; alter table t owner to app",
            "create table role (id int); alter default privileges grant select on tables to app",
        ] {
            assert_eq!(found(sql), None, "{sql}");
        }
    }
}
