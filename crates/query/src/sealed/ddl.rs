use std::fmt::Write as _;

use super::facts::{IndexFacts, SealedFacts};
use super::sealer::SealedRow;
use crate::entity::{ColumnFacts, EntityFacts, default_name::made};

/// Statements that add the sealed columns of an entity and their blind indexes to its table: text to be put into a migration, and to be
/// looked at there.
///
/// A check of each column refuses what is no envelope of its type: plaintext, what is too short, another type's. It is no proof of
/// more: only who has the keys can tell. Columns are `not null` as the fields are no `Option`s, which a table with rows refuses.
///
/// ```
/// # use pgkeel_query::Entity;
/// # use pgkeel_query::sealed::{Sealed, ddl};
/// #[derive(Entity)]
/// #[pgkeel(table = "app.users", columns = u)]
/// struct User {
///     #[pgkeel(id, generated)]
///     id: i64,
///     #[pgkeel(sealed(context = "app.users.email", index(column = "email_bidx", normalize = "email", unique)))]
///     email: Option<Sealed<String>>,
/// }
///
/// assert_eq!(
///     ddl::<User>(),
///     r#"alter table "app"."users"
///     add column "email" bytea,
///     add constraint "users_email_sealed" check ("email" is null or
///         substring("email" from 1 for 1) = '\xc1' and substring("email" from 4 for 1) = '\x01' and octet_length("email") >= 80),
///     alter column "email" set storage external,
///     add column "email_bidx" bytea,
///     add constraint "users_email_bidx_length" check (octet_length("email_bidx") = 16);
/// create unique index "users_email_bidx_key" on "app"."users" ("email_bidx");
/// "#
/// );
/// # let _ = |user: User| (user.id, user.email);
/// ```
#[must_use]
pub fn ddl<E: SealedRow>() -> String {
    let mut changes = Vec::new();
    let mut indexes = String::new();
    for facts in E::SEALED {
        changes.extend(of_column(facts));
        for index in facts.indexes() {
            changes.extend(of_index(E::FACTS, facts, index));
            push_index(E::FACTS, index, &mut indexes);
        }
    }
    format!("alter table {}\n    {};\n{indexes}", E::FACTS.sql, changes.join(",\n    "))
}

fn of_column(facts: &SealedFacts) -> [String; 3] {
    let column = facts.column().bare;
    let check = name(facts.entity(), facts.column(), "sealed");
    let (kind, least) = (facts.kind().code(), facts.least_len());
    [
        format!("add column {column} bytea{}", not_null(facts)),
        format!(
            r"add constraint {check} check ({column} is null or
        substring({column} from 1 for 1) = '\xc1' and substring({column} from 4 for 1) = '\x{kind:02x}' and octet_length({column}) >= {least})"
        ),
        format!("alter column {column} set storage external"),
    ]
}

fn of_index(table: &EntityFacts, facts: &SealedFacts, index: &IndexFacts) -> [String; 2] {
    let (column, length) = (index.column().bare, index.len());
    let check = name(table, index.column(), "length");
    [
        format!("add column {column} bytea{}", not_null(facts)),
        format!("add constraint {check} check (octet_length({column}) = {length})"),
    ]
}

fn push_index(table: &EntityFacts, index: &IndexFacts, to: &mut String) {
    let (unique, word) = if index.is_unique() { ("unique ", "key") } else { ("", "idx") };
    let (name, on, column) = (name(table, index.column(), word), table.sql, index.column().bare);
    let _ = writeln!(to, "create {unique}index {name} on {on} ({column});");
}

fn not_null(facts: &SealedFacts) -> &'static str {
    if facts.is_nullable() { "" } else { " not null" }
}

/// As PostgreSQL would call it, quoted.
fn name(table: &EntityFacts, column: &ColumnFacts, word: &str) -> String {
    format!("\"{}\"", made(table.name(), Some(column.name()), word).replace('"', "\"\""))
}
