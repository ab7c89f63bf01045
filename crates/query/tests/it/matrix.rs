//! Every Rust value on every type of the server's: it reads back equal, or is refused before a byte is sent.

use pgkeel_query::bind::{MisfitReason, Param, ParamName};
use pgkeel_query::connect::{Connection, dial};
use pgkeel_query::{Bind, Error, Executor as _};
use pgkeel_testkit::{Direction, Proxy, Random, TestDatabase, scaled};
use tokio_postgres::Statement;

use crate::samples::{RULES, SCHEMA, Sample, TYPES, all, by_chance, fits, natural};

struct Tried {
    proxy: Proxy,
    connection: Connection,
    /// A type, and a statement that stores a value of it.
    columns: Vec<(String, Statement)>,
}

impl Tried {
    async fn new(database: &TestDatabase) -> Self {
        let proxy = Proxy::before(database.address()).await;
        let connection = dial(&pgkeel_query::connect::Config::new(proxy.address())).await.unwrap();
        connection.batch_execute(SCHEMA).await.unwrap();
        connection.batch_execute("set timezone = 'UTC'").await.unwrap();
        let names: Vec<String> =
            TYPES.iter().flat_map(|kind| [(*kind).to_owned(), format!("{kind}[]")]).collect();
        let columns: Vec<String> =
            names.iter().enumerate().map(|(index, kind)| format!("c{index} {kind}")).collect();
        connection.batch_execute(&format!("create temp table m({})", columns.join(", "))).await.unwrap();
        let mut columns = Vec::new();
        for (index, kind) in names.into_iter().enumerate() {
            let sql = format!("insert into m(c{index}) values ($1) returning c{index}::text");
            columns.push((kind, connection.prepare(&sql).await.unwrap()));
        }
        Self { proxy, connection, columns }
    }

    /// What the column's text is then.
    async fn store(&self, sample: &Sample, statement: &Statement) -> Result<Option<String>, Error> {
        let param = Param { number: 1, name: ParamName::Bind("value"), value: &*sample.value };
        let rows = self.connection.query_prepared(statement, &[&param]).await?;
        Ok(rows[0].get(0))
    }

    /// What the server makes of the value if it is given as a text of its natural type.
    async fn expected(&self, sample: &Sample, kind: &str) -> Option<String> {
        let literal = sample.literal.as_ref()?.replace('\'', "''");
        let natural = natural(&sample.value.type_name());
        // What is written as json stays as it was written.
        let by_way_of = if kind.starts_with("json") { kind } else { &natural };
        let sql = format!("select ('{literal}'::{by_way_of}::{kind})::text");
        self.connection.query_scalar_typed(&sql, &[]).await.ok()
    }

    async fn is_alive(&self) {
        let one: i32 = self.connection.query_scalar_typed("select 1", &[]).await.unwrap();
        assert_eq!(one, 1);
    }
}

#[tokio::test]
async fn every_value_reads_back_equal_or_is_refused_before_a_byte_is_sent() {
    let database = TestDatabase::empty().await;
    let tried = Tried::new(&database).await;
    let (mut stored, mut refused, mut left_to_server) = (0, 0, 0);
    let mut samples = all();
    samples.extend(by_chance(&mut Random::seeded(), scaled(1, 200)));
    for sample in &samples {
        let rust = sample.value.type_name();
        for (kind, statement) in &tried.columns {
            let case = format!("{rust} {:?} -> {kind}", sample.literal);
            let before = tried.proxy.passed(Direction::ToServer);
            match tried.store(sample, statement).await {
                Ok(text) => {
                    assert!(fits(&rust, kind), "{case} is not to be stored");
                    assert_eq!(text, tried.expected(sample, kind).await, "{case}");
                    stored += 1;
                }
                Err(Error::Parameter(bad)) => {
                    assert!(!fits(&rust, kind), "{case} is to be stored: {bad}");
                    assert_eq!(tried.proxy.passed(Direction::ToServer), before, "{case}: not a byte");
                    assert_eq!((bad.number(), bad.bind_name()), (1, Some("value")));
                    assert_eq!(bad.misfit().rust_type(), rust);
                    assert_eq!(bad.misfit().reason(), MisfitReason::OtherType, "{case}");
                    let told = bad.to_string();
                    let server = bad.misfit().server_type().unwrap();
                    let is_named =
                        told.contains(&*rust) && told.contains(&server) && told.contains("{value} ($1)");
                    assert!(is_named && server.contains(kind.trim_matches(['"', '[', ']'])), "{told}");
                    refused += 1;
                }
                // Labels of an enum, and texts too long for a name: the server's to check, and it has no other value.
                Err(error) => {
                    assert!(error.server().is_some() && fits(&rust, kind), "{case}: {error:?}");
                    assert!(kind.starts_with("mood") || kind.starts_with("name"), "{case}: {error:?}");
                    assert_ne!(
                        tried.expected(sample, kind).await,
                        sample.literal,
                        "{case}: the server has it"
                    );
                    left_to_server += 1;
                }
            }
            tried.is_alive().await;
        }
    }
    println!("{stored} stored, {refused} refused, {left_to_server} refused by the server");
    let pairs = samples.iter().flat_map(|sample| tried.columns.iter().map(move |(kind, _)| (sample, kind)));
    let (fitting, others): (Vec<_>, Vec<_>) =
        pairs.partition(|(sample, kind)| fits(&sample.value.type_name(), kind));
    assert_eq!((stored + left_to_server, refused), (fitting.len(), others.len()));
    assert!(stored > 400 && left_to_server > 0);
}

/// Values that a binder which trusts the Rust type alone stores as something else: the same bytes read as another type.
#[tokio::test]
async fn bytes_are_never_taken_for_those_of_another_type() {
    let database = TestDatabase::empty().await;
    let tried = Tried::new(&database).await;
    let cells: [(Box<dyn Bind>, &str, Option<&str>); 14] = [
        (Box::new(5_i32), "float4", None),
        (Box::new(5_i64), "float8", None),
        (Box::new(1.5_f32), "int4", None),
        (Box::new(1.5_f64), "int8", None),
        (Box::new(u64::MAX), "int8", None),
        (Box::new(4_000_000_000_u32), "int4", None),
        (Box::new(5_i64), "numeric", Some("5")),
        (Box::new("abcd"), "int4", None),
        (Box::new("12345678"), "int8", None),
        (Box::new("0123456789abcdef"), "uuid", None),
        (Box::new("x"), "bool", None),
        (Box::new("12345678"), "timestamptz", None),
        (Box::new(0x4142_4344_i32), "text", None),
        (Box::new(5_i64), "timestamptz", None),
    ];
    for (value, kind, stored) in cells {
        let case = format!("{} -> {kind}", value.type_name());
        let (_, statement) = tried.columns.iter().find(|(known, _)| known == kind).unwrap();
        let before = tried.proxy.passed(Direction::ToServer);
        match tried.store(&Sample { value, literal: None }, statement).await {
            Ok(text) => assert_eq!(text.as_deref(), stored, "{case}"),
            Err(Error::Parameter(_)) => {
                assert_eq!(stored, None, "{case}");
                assert_eq!(tried.proxy.passed(Direction::ToServer), before, "{case}: not a byte");
            }
            Err(error) => panic!("{case}: {error:?}"),
        }
        tried.is_alive().await;
    }
}

#[tokio::test]
async fn every_value_is_sent_as_its_natural_type_too() {
    let database = TestDatabase::empty().await;
    let tried = Tried::new(&database).await;
    for sample in all() {
        let rust = sample.value.type_name();
        let natural = natural(&rust);
        let sql =
            pgkeel_query::AuditedSql::new("a test of every type", format!("select ($1::{natural})::text"));
        let got: Option<String> = sql.bind(&*sample.value).scalar(&tried.connection).await.unwrap();
        assert_eq!(got, tried.expected(&sample, &natural).await, "{rust} {:?}", sample.literal);
    }
}

#[test]
fn every_rule_has_a_value_and_every_value_a_rule() {
    let samples = all();
    for rule in RULES {
        assert!(samples.iter().any(|sample| sample.value.type_name() == rule.rust), "{}", rule.rust);
    }
    for sample in &samples {
        let rust = sample.value.type_name();
        assert!(TYPES.iter().any(|kind| fits(&rust, kind) || fits(&rust, &format!("{kind}[]"))), "{rust}");
    }
    assert!(TYPES.len() >= 22);
}
