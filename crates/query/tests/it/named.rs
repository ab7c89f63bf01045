//! Statements by names: what they find, and names and values that are hostile.

use pgkeel_query::{Error, FromRow, Ident, Table, col, q, sql};
use pgkeel_testkit::TestDatabase;

#[derive(Debug, PartialEq, FromRow)]
struct User {
    id: i64,
    email: Option<String>,
}

#[tokio::test]
async fn a_line_by_names_finds_what_an_entity_would() {
    let database = TestDatabase::empty().await;
    let pool = crate::pool_of(&database);
    sql!("create schema app").execute(&pool).await.unwrap();
    sql!("create table app.users(id int8, email text, visits int4)").execute(&pool).await.unwrap();
    sql!("insert into app.users values (1, 'a@b', 3), (2, 'c%d', 4), (3, null, null)")
        .execute(&pool)
        .await
        .unwrap();
    let users = || q("app.users");
    let rows: Vec<(i64, Option<String>)> = users()
        .select(("id", "email"))
        .order_by([col("id").desc()])
        .limit(2)
        .offset(1)
        .fetch_all(&pool)
        .await
        .unwrap();
    assert_eq!(rows, [(2, Some("c%d".into())), (1, Some("a@b".into()))]);
    let ids = async |statement: pgkeel_query::statement::NamedSelect<'_>| {
        let ids = statement
            .select(["id"])
            .order_by(vec![col("id").asc()])
            .fetch_all::<(i64,)>(&pool)
            .await
            .unwrap();
        ids.into_iter().map(|(id,)| id).collect::<Vec<_>>()
    };
    let visits = || col("visits");
    assert_eq!(ids(users().filter(col("email").eq("a@b") | col("email").is_null())).await, [1, 3]);
    assert_eq!(ids(users().filter(visits().ge(3_i32) & visits().lt(4_i32))).await, [1]);
    assert_eq!(
        ids(users().filter(!visits().gt(3_i32)).and_if_some(Some(2_i64), |id| col("id").le(id))).await,
        [1]
    );
    assert_eq!(ids(users().filter(col("id").any_of([2_i64, 3]))).await, [2, 3]);
    assert_eq!(ids(users().filter(col("id").none_of(&[2_i64, 3][..]))).await, [1]);
    assert_eq!(ids(users().filter(col("email").contains("%"))).await, [2], "no wildcard");
    assert_eq!(
        ids(users().filter(col("email").starts_with("a") | col("email").ends_with("d"))).await,
        [1, 2]
    );
    assert_eq!(ids(users().filter(visits().ne(3_i32))).await, [2]);
    let user: User = users().filter(col("id").eq(3_i64)).fetch_one(&pool).await.unwrap();
    assert_eq!(user, User { id: 3, email: None }, "a struct names its columns");
    assert_eq!(users().filter(col("id").eq(9_i64)).fetch_opt::<User>(&pool).await.unwrap(), None);
    let order = [visits().asc().nulls_first(), col("id").desc().nulls_last()];
    assert_eq!(users().order_by(order).limit(1).fetch_one::<User>(&pool).await.unwrap().id, 3);
    assert_eq!(users().filter(col("email").is_not_null()).count(&pool).await.unwrap(), 2);
    assert_eq!(users().limit(1).count(&pool).await.unwrap(), 1);
    assert!(!users().filter(col("id").eq(9_i64)).exists(&pool).await.unwrap());
}

#[tokio::test]
async fn names_that_are_made_at_run_time_are_checked_and_quoted() {
    let database = TestDatabase::empty().await;
    let pool = crate::pool_of(&database);
    sql!(r#"create table "us""ers"("na;me" text, "b""c" int4)"#).execute(&pool).await.unwrap();
    sql!(r#"insert into "us""ers" values ('x', 7), ('y', 8)"#).execute(&pool).await.unwrap();
    let table = Table::parse("us\"ers").unwrap();
    for (name, wanted) in [("na;me", ["x", "y"]), ("b\"c", ["7", "8"])] {
        let name = Ident::new(name).unwrap();
        let rows = q(&table).select([&name]).order_by([col(&name).asc()]);
        assert_eq!(rows.text().unwrap(), format!("select {name} from {table} order by {name} asc"));
        match wanted {
            ["x", "y"] => assert_eq!(rows.fetch_all::<(String,)>(&pool).await.unwrap().len(), 2),
            _ => assert_eq!(rows.fetch_all::<(i32,)>(&pool).await.unwrap(), [(7,), (8,)]),
        }
    }
    let refused =
        q("us\"ers").select(("na;me",)).filter(col("b\"c").eq(7_i64)).fetch_all::<(String,)>(&pool).await;
    let Err(Error::Parameter(bad)) = refused else { panic!("{refused:?}") };
    assert_eq!(bad.column(), Some("b\"c"));
}

#[tokio::test]
async fn a_literal_that_is_no_name_is_an_error_and_nothing_is_sent() {
    let database = TestDatabase::empty().await;
    let pool = crate::pool_of(&database);
    for statement in
        [q("").select(("id",)), q("app.").select(("id",)), q("a").select(("",)), q("a").select(("i\0d",))]
    {
        for _ in 0..2 {
            let refused = statement.clone().fetch_all::<(i32,)>(&pool).await;
            assert!(matches!(refused, Err(Error::Name { .. })), "{refused:?}");
        }
        assert!(format!("{statement:?}").contains("Name"));
    }
    let refused = q("a").fetch_all::<(i32,)>(&pool).await;
    assert!(matches!(refused, Err(Error::NothingSelected)), "{refused:?}");
    assert!(pool.statement_stats().is_empty(), "nothing was sent");
}

#[test]
fn debug_shows_no_value() {
    let statement = q("users").select(("id",)).filter(col("email").eq("Zanzibar4711")).limit(4711);
    let shown = format!("{statement:?}");
    assert!(
        shown.contains(r#"\"email\" = $1"#) && shown.contains("str") && !shown.contains("4711"),
        "{shown}"
    );
}
