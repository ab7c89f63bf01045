//! One set of migrations for many tenants' schemas.

mod cli;
mod many;
mod one;
mod race;
mod schema;
mod stop;

use pgkeel_connect::Executor as _;
use pgkeel_migrate::Tenant;
use pgkeel_testkit::TestDatabase;

fn tenant(schema: &str) -> Tenant {
    Tenant::new(schema).unwrap()
}

/// The versions in a tenant's history, as whoever knows the table's name reads it.
async fn history(database: &TestDatabase, tenant: &Tenant) -> Vec<i64> {
    let sql = format!("select version from {}.pgkeel_schema_history order by version", tenant.schema());
    let rows = database.connection().await.query(&sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

async fn has_schema(database: &TestDatabase, schema: &str) -> bool {
    let sql = "select exists (select from pg_namespace where nspname = $1)";
    database.connection().await.query_scalar(sql, &[&schema]).await.unwrap()
}

async fn execute(database: &TestDatabase, sql: &str) {
    database.connection().await.batch_execute(sql).await.unwrap();
}
