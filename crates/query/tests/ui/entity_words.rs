//! The words of entities and new rows, and the shapes that have them.

use pgkeel_query::{Entity, NewRow};

#[derive(Entity)]
struct NoTable {
    id: i64,
}

#[derive(Entity)]
#[pgkeel(table = "app.")]
struct BadTable {
    id: i64,
}

#[derive(Entity)]
#[pgkeel(tabel = "users")]
struct Typo {
    id: i64,
}

#[derive(Entity)]
#[pgkeel(table = "users")]
struct FieldTypo {
    #[pgkeel(genrated)]
    id: i64,
}

#[derive(Entity)]
#[pgkeel(table = "users")]
struct Generated {
    #[pgkeel(id, generated)]
    id: i64,
    #[pgkeel(id)]
    other: i64,
}

#[derive(Entity)]
#[pgkeel(table = "users", version = "count")]
struct NoColumn {
    id: i64,
    counted: i32,
}

#[derive(Entity)]
#[pgkeel(table = "users", version = "name")]
struct Version {
    name: String,
}

#[derive(Entity)]
#[pgkeel(table = "users", soft_delete = "deleted_at")]
struct SoftDelete {
    deleted_at: std::time::SystemTime,
}

#[derive(Entity)]
#[pgkeel(table = "users")]
struct OptionalId {
    #[pgkeel(id)]
    id: Option<i64>,
}

#[derive(Entity)]
#[pgkeel(table = "users")]
struct SameColumn {
    id: i64,
    #[pgkeel(rename = "id")]
    other: i64,
}

#[derive(Entity)]
#[pgkeel(table = "users")]
struct TwoTimes {
    #[pgkeel(created, updated)]
    at: std::time::SystemTime,
}

#[derive(Entity)]
#[pgkeel(table = "users")]
struct NoSuchColumn {
    id: i64,
    #[pgkeel(default, unique)]
    orders: i64,
}

#[derive(Entity)]
#[pgkeel(table = "users")]
struct Parameter<T> {
    id: T,
}

#[derive(Entity)]
#[pgkeel(table = "users")]
struct Type {
    id: i64,
}

#[derive(Entity)]
#[pgkeel(table = "users")]
struct Long {
    #[pgkeel(rename = "a_name_of_more_than_63_bytes_which_the_server_would_cut_off_at_its_end")]
    id: i64,
}

#[derive(Entity)]
#[pgkeel(table = "users", version = "id")]
struct CountedId {
    #[pgkeel(id)]
    id: i64,
}

#[derive(Entity)]
#[pgkeel(table = "users", version = "count", tenant = "count")]
struct CountedTenant {
    id: i64,
    count: i32,
}

#[derive(Entity)]
#[pgkeel(table = "users", soft_delete = "changed_at")]
struct DeletedWhenChanged {
    #[pgkeel(updated)]
    changed_at: Option<std::time::SystemTime>,
}

#[derive(Entity)]
#[pgkeel(table = "users", columns = tenants, tenant = "tenant")]
struct TenantInId {
    #[pgkeel(id)]
    tenant: i64,
    #[pgkeel(id)]
    id: i64,
}

#[derive(NewRow)]
struct NoEntity {
    id: i64,
}

#[derive(NewRow)]
#[pgkeel(entity = Long)]
struct FieldWords {
    #[pgkeel(rename = "id")]
    id: i64,
}

fn main() {}
