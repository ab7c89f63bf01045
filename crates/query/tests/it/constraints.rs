//! What rules of a program and of the database say of values, as users are told it.

use garde::Validate;
use pgkeel_query::input::{Fault, Limit, check, check_with};
use pgkeel_query::{Constraints, Entity, Error, Executor, FieldErrors, NewRow, Rejected, sql};
use pgkeel_testkit::{TestDatabase, in_full};
use serde_json::json;

const CANARY: &str = "Zanzibar4711";

#[derive(Debug, Entity)]
#[pgkeel(table = "app.members", columns = m)]
#[expect(dead_code, reason = "only the columns matter")]
struct Member {
    #[pgkeel(id)]
    id: i32,
    #[pgkeel(unique)]
    email: Option<String>,
    tenant: i32,
    nick: Option<String>,
    age: i32,
    team: Option<i32>,
    this_column_has_a_name_that_is_much_longer_than_others_have_it: Option<i32>,
}

const TABLE: &str = "create schema app; create table app.teams(id int4 primary key); insert into app.teams values (1);
    create table app.members(id int4 primary key, email text not null unique, tenant int4 default 0, nick text,
        age int4 check (age >= 0), team int4 references app.teams,
        this_column_has_a_name_that_is_much_longer_than_others_have_it int4 unique,
        constraint grown_up check (age <> 17), unique (tenant, nick), check (age < 1000));
    create unique index members_lower on app.members (lower(email));
    create table app.logs(id int4 check (id < 100));
    create function app.log() returns trigger language plpgsql as
        'begin insert into app.logs values (new.id); return new; end';
    create trigger log after insert on app.members for each row execute function app.log();
    insert into app.members values (1, 'ann@b', 1, 'ann', 20, 1, 5)";

fn rules() -> Constraints<Member> {
    Constraints::new()
        .on("members_lower", (m::email,))
        .saying("grown_up", (m::age,), "has to be 18 or more")
        .called(m::email, "mail")
}

async fn told(on: &impl Executor, values: &str) -> Rejected {
    let text = format!("insert into app.members values ({values})");
    let error = pgkeel_query::AuditedSql::new("a test of constraints", text).execute(on).await.unwrap_err();
    let rejected = rules().judge(error);
    let shown = format!("{rejected:?} {}", in_full(&rejected));
    assert!(!shown.contains(CANARY), "{shown}");
    rejected
}

async fn each(on: &impl Executor) {
    let long = "body.this_column_has_a_name_that_is_much_longer_than_others_have_it: there is one already";
    let cases: [(&str, &str, u16); 9] = [
        ("2, null, 0, 'Zanzibar4711'", "body.mail: there has to be a value", 422),
        ("2, 'ann@b'", "body.mail: there is one already", 409),
        ("2, 'ANN@B'", "body.mail: there is one already", 409),
        ("1, 'Zanzibar4711'", "body.id: there is one already", 409),
        (
            "2, 'Zanzibar4711', 1, 'ann'",
            "body.tenant: there is one already; body.nick: there is one already",
            409,
        ),
        ("2, 'Zanzibar4711', 1, 'x', -1", "body.age: this is not allowed", 422),
        ("2, 'Zanzibar4711', 1, 'x', 1000", "body.age: this is not allowed", 422),
        ("2, 'Zanzibar4711', 1, 'x', 17", "body.age: has to be 18 or more", 422),
        (
            "2, 'Zanzibar4711', 1, 'x', 1, 7",
            "body.team: what it refers to is not there, or something refers to it",
            409,
        ),
    ];
    for (values, expected, status) in cases {
        let rejected = told(on, values).await;
        let errors = rejected.fields().unwrap_or_else(|| panic!("{values}: {rejected:?}"));
        assert_eq!((errors.to_string().as_str(), errors.status()), (expected, status));
    }
    let rejected = told(on, "2, 'Zanzibar4711', 1, 'x', 1, 1, 5").await;
    assert_eq!(rejected.fields().unwrap().to_string(), long, "the name of its constraint is cut");
    let rejected = told(on, "200, 'Zanzibar4711'").await;
    assert!(matches!(&rejected, Rejected::Failed(error) if error.is_check_violation()), "of another table");
    let rejected = told(on, "200, 'Zanzibar4711', 1, 'x', 1 / 0").await;
    assert!(rejected.fields().is_none(), "{rejected:?}");
}

#[tokio::test]
async fn what_the_database_refuses_names_the_fields_on_every_executor() {
    let database = TestDatabase::empty().await;
    let pool = crate::pool_of(&database);
    pool.batch_execute(TABLE).await.unwrap();
    each(&pool).await;
    let connection = database.connection().await;
    each(&connection).await;
    each(connection.client()).await;
}

#[tokio::test]
async fn a_row_that_is_referred_to_is_told_of_the_table_that_refers() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLE).await.unwrap();
    let deleted = || async { sql!("delete from app.teams").execute(&connection).await.unwrap_err() };
    let rejected = rules().judge(deleted().await);
    assert_eq!(rejected.fields().unwrap().iter().next().unwrap().fault(), &Fault::NoSuchRow);
    let closed = database.connection().await;
    let timeout = sql!("select 'x'::int4").execute(&closed).await.unwrap_err();
    assert!(matches!(rules().judge(timeout), Rejected::Failed(Error::Database(_))));
}

#[derive(Validate, NewRow)]
#[pgkeel(entity = Member, columns = m)]
#[garde(context(Limits))]
struct NewMember {
    #[garde(skip)]
    id: i32,
    #[garde(required, inner(length(chars, min = 3, max = 20), contains("@")))]
    email: Option<String>,
    #[garde(range(min = 18, max = 130))]
    age: i32,
    #[garde(custom(is_short))]
    nick: Option<String>,
}

struct Limits {
    nick: usize,
}

#[expect(clippy::ref_option, reason = "as garde calls it")]
fn is_short(nick: &Option<String>, limits: &Limits) -> garde::Result {
    let is_short = nick.as_ref().is_none_or(|nick| nick.len() <= limits.nick);
    if is_short { Ok(()) } else { Err(garde::Error::new("too long\u{1b}[2J a nick")) }
}

fn new(email: Option<&str>, age: i32, nick: &str) -> NewMember {
    NewMember { id: 7, email: email.map(str::to_owned), age, nick: Some(nick.to_owned()) }
}

fn checked(member: &NewMember) -> Result<(), FieldErrors> {
    check_with(member, &Limits { nick: 5 })
}

#[test]
fn rules_are_told_with_codes_and_limits_and_without_values() {
    let errors = checked(&new(Some("Zanzibar4711Zanzibar4711"), 4711, "Zanzibar4711")).unwrap_err();
    assert_eq!(
        serde_json::to_value(&errors).unwrap(),
        json!([
            {"loc": ["body", "age"], "msg": "greater than 130", "type": "less_than_equal", "ctx": {"le": 130}},
            {"loc": ["body", "email"], "msg": "length is greater than 20", "type": "too_long", "ctx": {"max_length": 20}},
            {"loc": ["body", "email"], "msg": "does not contain \"@\"", "type": "contains", "ctx": {"part": "@"}},
            {"loc": ["body", "nick"], "msg": "too long?[2J a nick", "type": "invalid"},
        ])
    );
    assert!(!format!("{errors:?}{errors}").contains("4711") && errors.status() == 422);
    let errors = checked(&new(None, 18, "x")).unwrap_err();
    assert_eq!(errors.to_string(), "body.email: there has to be a value");
    checked(&new(Some("a@b"), 18, "x")).unwrap();
}

#[test]
fn limits_are_numbers_where_they_are() {
    #[derive(Validate)]
    struct Share {
        #[garde(range(min = 0.5))]
        share: f64,
        #[garde(pattern("^[a-z]+$"), prefix("a"))]
        word: String,
    }
    let errors = check(&Share { share: 0.25, word: "B".into() }).unwrap_err();
    let limits: Vec<_> = errors
        .iter()
        .map(|error| match error.fault() {
            Fault::Rule { code, limits, .. } => (*code, limits[0].clone()),
            fault => panic!("{fault:?}"),
        })
        .collect();
    let text = |text: &str| Limit::Text(text.to_owned());
    assert_eq!(
        limits,
        [
            ("greater_than_equal", ("ge", Limit::Float(0.5))),
            ("starts_with", ("part", text("a"))),
            ("pattern_mismatch", ("pattern", text("^[a-z]+$"))),
        ]
    );
}

async fn register(database: &impl Executor, member: &NewMember) -> Result<i32, Rejected> {
    checked(member)?;
    let statement = Member::insert().values(member).returning((m::id,));
    Ok(statement.fetch_one(database).await.map_err(|error| rules().judge(error))?.0)
}

#[tokio::test]
async fn rules_of_the_program_and_of_the_database_come_out_alike() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLE).await.unwrap();
    assert_eq!(register(&connection, &new(Some("bob@b"), 30, "bob")).await.unwrap(), 7);
    let told = |rejected: Rejected| serde_json::to_value(rejected.fields().unwrap()).unwrap();
    let short = register(&connection, &new(Some("@"), 30, "bob")).await.unwrap_err();
    assert_eq!(
        told(short),
        json!([{"loc": ["body", "email"], "msg": "length is lower than 3", "type": "too_short", "ctx": {"min_length": 3}}])
    );
    let taken = register(&connection, &NewMember { id: 8, ..new(Some("Bob@b"), 30, "x") }).await.unwrap_err();
    assert_eq!(
        told(taken),
        json!([{"loc": ["body", "mail"], "msg": "there is one already", "type": "taken"}])
    );
}

#[derive(Debug, Clone, Entity)]
#[pgkeel(table = "labels", columns = l)]
#[expect(dead_code, reason = "only the columns matter")]
struct Label {
    #[pgkeel(id)]
    id: i32,
    text: String,
}

#[derive(NewRow)]
#[pgkeel(entity = Label, columns = l)]
struct NewLabel {
    id: i32,
    text: &'static str,
}

#[tokio::test]
async fn what_a_repository_has_found_out_of_a_unique_index_is_told() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    let table = "create table labels(id int4 primary key, text text not null);
        create unique index only_one on labels(lower(text))";
    connection.batch_execute(table).await.unwrap();
    Label::repo().insert(&connection, &NewLabel { id: 1, text: "a" }).await.unwrap();
    let error = Label::repo().insert(&connection, &NewLabel { id: 2, text: "A" }).await.unwrap_err();
    let rejected = Constraints::<Label>::new().judge(error);
    assert_eq!(rejected.fields().unwrap().to_string(), "body.text: there is one already");
}
