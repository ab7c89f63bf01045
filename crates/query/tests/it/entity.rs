//! Structs that are tables: what is known of them, and how they are read.

use std::error::Error as _;

use pgkeel_query::entity::Role;
use pgkeel_query::{Entity, Executor as _, FromRow, sql};
use pgkeel_testkit::TestDatabase;
use serde::Deserialize;

#[derive(Debug, PartialEq, Entity)]
#[pgkeel(table = "app.users", version = "lock_version", soft_delete = "deletedAt", tenant = "tenant")]
struct User {
    #[pgkeel(id, generated)]
    id: i64,
    tenant: i32,
    #[pgkeel(unique, rename = "e\"mail")]
    email: String,
    #[pgkeel(json)]
    prefs: Prefs,
    #[pgkeel(json)]
    extra: Option<Prefs>,
    #[pgkeel(try_from = "i16")]
    floor: Floor,
    #[pgkeel(flatten)]
    address: Address,
    #[pgkeel(default)]
    orders: i64,
    lock_version: i32,
    #[pgkeel(rename = "deletedAt")]
    deleted_at: Option<std::time::SystemTime>,
    r#type: String,
}

#[derive(Debug, PartialEq, FromRow)]
struct Address {
    street: String,
    zip: Option<String>,
}

#[derive(Debug, PartialEq, Deserialize, serde::Serialize)]
struct Prefs {
    dark: bool,
}

#[derive(Debug, PartialEq)]
struct Floor(u8);

impl TryFrom<i16> for Floor {
    type Error = std::num::TryFromIntError;

    fn try_from(floor: i16) -> Result<Self, Self::Error> {
        floor.try_into().map(Self)
    }
}

const TABLE: &str = "create schema app; create table app.users(id int8 generated always as identity primary key, tenant int4,
    \"e\"\"mail\" text, prefs jsonb, extra jsonb, floor int2, street text, zip text, lock_version int4,
    \"deletedAt\" timestamptz, type text, surplus int4);
    insert into app.users(tenant, \"e\"\"mail\", prefs, floor, street, lock_version, type)
    values (1, 'a@b', '{\"dark\": true}', 3, 'High', 0, 'x'), (2, 'c@d', '{\"dark\": false}', 4, 'Low', 0, 'y')";

#[test]
fn what_the_words_say_is_known() {
    let facts = User::FACTS;
    assert_eq!(facts.table(), "app.users");
    let names: Vec<_> = facts.columns().iter().map(pgkeel_query::entity::ColumnFacts::name).collect();
    assert_eq!(
        names,
        ["id", "tenant", "e\"mail", "prefs", "extra", "floor", "lock_version", "deletedAt", "type"],
        "neither what is flattened nor what the table does not have"
    );
    let of = |role| facts.columns_for(role).map(pgkeel_query::entity::ColumnFacts::name).collect::<Vec<_>>();
    assert_eq!((of(Role::Id), of(Role::Generated)), (vec!["id"], vec!["id"]));
    assert_eq!((of(Role::Unique), of(Role::Version)), (vec!["e\"mail"], vec!["lock_version"]));
    assert_eq!((of(Role::SoftDelete), of(Role::Tenant)), (vec!["deletedAt"], vec!["tenant"]));
    assert!(of(Role::Created).is_empty());
    assert_eq!(format!("{:?}", user::email), "Column(users.e\"mail)");
}

#[tokio::test]
async fn an_entity_is_read_from_its_own_statements_and_from_any_other() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLE).await.unwrap();
    let first = User::query().filter(user::email.eq("a@b")).fetch_one(&connection).await.unwrap();
    let expected = User {
        id: 1,
        tenant: 1,
        email: "a@b".into(),
        prefs: Prefs { dark: true },
        extra: None,
        floor: Floor(3),
        address: Address { street: "High".into(), zip: None },
        orders: 0,
        lock_version: 0,
        deleted_at: None,
        r#type: "x".into(),
    };
    assert_eq!(first, expected);
    let other =
        sql!("select 7::int8 as orders, * from app.users where id = 1").fetch_one::<User>(&connection).await;
    assert_eq!(other.unwrap(), User { orders: 7, ..expected });
    let found = User::query().filter(user::floor.gt(3) & user::extra.is_null() & user::r#type.eq('y'));
    assert_eq!(found.fetch_one(&connection).await.unwrap().address.street, "Low");
}

#[tokio::test]
async fn columns_are_read_as_tuples_and_rows_as_other_structs() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLE).await.unwrap();
    let statement = User::select((user::id, user::email, user::deleted_at)).order_by(user::id.desc());
    assert_eq!(
        statement.text().unwrap(),
        r#"select "users"."id", "users"."e""mail", "users"."deletedAt" from "app"."users" order by "users"."id" desc"#
    );
    let rows = statement.fetch_all(&connection).await.unwrap();
    assert_eq!(rows, [(2, "c@d".to_owned(), None), (1, "a@b".to_owned(), None)]);
    let (prefs,) = User::select((user::prefs,)).limit(1).fetch_one(&connection).await.unwrap();
    assert!(prefs.0.dark);
    let statement = User::query().filter(user::id.eq(2)).read_as::<Address>();
    assert_eq!(
        statement.text().unwrap(),
        r#"select "users"."street", "users"."zip" from "app"."users" where ("users"."id" = $1)"#
    );
    assert_eq!(statement.fetch_one(&connection).await.unwrap(), Address { street: "Low".into(), zip: None });
}

#[tokio::test]
async fn an_error_of_reading_names_the_table() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLE).await.unwrap();
    let told = async || {
        let error = User::query().fetch_all(&connection).await.unwrap_err();
        error.source().unwrap().to_string()
    };
    connection.batch_execute("update app.users set tenant = null").await.unwrap();
    assert_eq!(
        told().await,
        "`User.tenant` of app.users: column \"tenant\" (`int4`) is NULL; make the field an `Option` of `i32`"
    );
    connection.batch_execute("alter table app.users alter lock_version type int8").await.unwrap();
    assert_eq!(
        told().await,
        "`User.lock_version` of app.users: column \"lock_version\" is `int8`, which is not read as `i32`"
    );
}
