use crate::BindType;
use crate::bind::written;
use crate::entity::Role;
use crate::repository::Tenanted;

/// The statements for a migration that turns row-level security on for the table of an entity: for its owner too, and with a policy
/// that lets through the rows of the tenant that the transaction has [entered](super::enter), for reading and for writing.
///
/// The tenant is asked for once a statement, not once a row, and compared in the type of the column, so that an index is of use.
/// Whoever has to see all rows (a dump, a migration of data) connects as a role with BYPASSRLS.
///
/// ```
/// # use pgkeel_query::{Entity, tenant};
/// # #[derive(Entity)]
/// # #[pgkeel(table = "app.notes", columns = n, tenant = "tenant_id")]
/// # struct Note { #[pgkeel(id)] id: i64, tenant_id: i32 }
/// assert_eq!(
///     tenant::policy_sql::<Note>(),
///     r#"alter table "app"."notes" enable row level security;
/// alter table "app"."notes" force row level security;
/// create policy "pgkeel_tenant" on "app"."notes"
///     using ("tenant_id" = (select nullif(current_setting('pgkeel.tenant', true), '')::int4))
///     with check ("tenant_id" = (select nullif(current_setting('pgkeel.tenant', true), '')::int4));
/// "#
/// );
/// # let _ = |note: Note| (note.id, note.tenant_id);
/// ```
#[must_use]
pub fn policy_sql<E: Tenanted<Tenant: BindType>>() -> String {
    let table = E::FACTS.sql;
    // There is one, as the entity is `Tenanted`.
    let column = E::FACTS.columns_for(Role::Tenant).next().map_or("null", |column| column.bare);
    let own = "nullif(current_setting('pgkeel.tenant', true), '')";
    let holds = match E::Tenant::natural_type() {
        Some(kind) => format!("{column} = (select {own}::{})", written(&kind)),
        None => format!("{column}::text = (select {own})"),
    };
    format!(
        "alter table {table} enable row level security;\n\
         alter table {table} force row level security;\n\
         create policy \"pgkeel_tenant\" on {table}\n    using ({holds})\n    with check ({holds});\n"
    )
}
