//! Which columns are sealed: published, read from files, and held against the catalog.

use pgkeel_crypto::{BlindIndex, ColumnSpec, Cost, IndexSpec, Kind, Normalizer, Padding, Suite};
use pgkeel_query::rotation::{Depth, RotationProblem, SealedIndex};

use super::*;

fn full() -> SealedColumn {
    const BY_EMAIL: BlindIndex<String> =
        BlindIndex::text("app.users.email", "by_email", Normalizer::Email).beacon(8).per_tenant();
    let spec = ColumnSpec::from(&EMAIL).per_tenant().padded(Padding::to(64)).also_opens(Suite::Xaes256Gcm);
    let slow = IndexSpec::new(&spec, "slowly", Normalizer::Exact).unwrap().slow(Cost::INDEX);
    let table = Table::parse("app.users").unwrap();
    SealedColumn::new(table, ident("email"), spec, vec![ident("id")])
        .tenant(ident("note"))
        .index(SealedIndex::new(ident("email_bidx"), IndexSpec::from(&BY_EMAIL)))
        .index(SealedIndex::new(ident("email_slow"), slow))
}

#[tokio::test]
async fn the_tables_go_as_they_came() {
    let database = database().await;
    let connection = database.connection().await;
    let [(_, up), (_, down)] = rotation::MIGRATIONS;
    let tables = async || {
        let sql = "select count(*) from pg_class where relnamespace = 'pgkeel'::regnamespace";
        connection.query_scalar::<i64>(sql, &[]).await.unwrap()
    };
    let made = tables().await;
    connection.batch_execute(down).await.unwrap();
    assert_eq!(tables().await, 0);
    connection.batch_execute(up).await.unwrap();
    assert_eq!(tables().await, made);
}

#[tokio::test]
async fn what_is_published_is_read_as_it_was_described() {
    let database = database().await;
    let connection = database.connection().await;
    let published = rotation::publish(&connection, &[full()]).await.unwrap();
    assert_eq!(
        (published.added.as_slice(), published.unchanged),
        (["app.users.email".to_owned()].as_slice(), 0)
    );
    assert_eq!(rotation::published(&connection).await.unwrap(), [full()]);
    let again = rotation::publish(&connection, &[full()]).await.unwrap();
    assert_eq!((again.added.len(), again.changed.len(), again.unchanged), (0, 0, 1));
}

#[tokio::test]
async fn publishing_changes_what_is_described_otherwise_and_leaves_the_rest() {
    let database = database().await;
    let connection = database.connection().await;
    let notes = ColumnSpec::new("app.users.note", Kind::Text).unwrap().any_row();
    let notes = SealedColumn::new(Table::parse("users").unwrap(), ident("note"), notes, vec![ident("id")]);
    connection.batch_execute("set search_path = app, public").await.unwrap();
    rotation::publish(&connection, &[notes]).await.unwrap();
    rotation::publish(&connection, &[emails()]).await.unwrap();
    let published = rotation::publish(&connection, &[full()]).await.unwrap();
    assert_eq!(published.changed, ["app.users.email"]);
    let known: Vec<String> =
        rotation::published(&connection).await.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(
        known,
        ["app.users.email", "app.users.note"],
        "found by the search path, kept with its schema"
    );
    let mut indexes: Vec<_> = full().indexes().to_vec();
    let kept = indexes.pop().unwrap();
    let fewer = emails().tenant(ident("note")).index(kept.clone());
    assert_eq!(rotation::publish(&connection, &[fewer]).await.unwrap().changed, ["app.users.email"]);
    assert_eq!(
        rotation::published(&connection).await.unwrap()[0].indexes(),
        [kept],
        "one that is gone is forgotten"
    );
    assert!(rotation::withdraw(&connection, &full()).await.unwrap());
    assert!(!rotation::withdraw(&connection, &full()).await.unwrap());
    assert_eq!(rotation::published(&connection).await.unwrap().len(), 1);
}

#[test]
fn a_file_says_the_same_in_words() {
    let read = rotation::from_toml(
        r#"
        [[column]]
        table = "app.users"
        column = "email"
        row = ["id"]
        tenant = "note"
        context = "app.users.email"
        kind = "text"
        also_opens = "XAES-256-GCM"
        per_tenant = true
        pad = 64
        index = [
            { column = "email_bidx", name = "by_email", normalize = "email", bits = 8, per_tenant = true },
            { column = "email_slow", name = "slowly", cost = [4096, 3, 1] },
        ]
        "#,
    );
    assert_eq!(read.unwrap(), [full()]);
}

#[test]
fn a_file_that_makes_no_sense_is_told_what_is_wrong() {
    let base = "[[column]]\ntable = \"app.users\"\ncolumn = \"email\"\nrow = [\"id\"]\ncontext = \"a\"\n";
    let refused = |lines: &str| told(&rotation::from_toml(&format!("{base}{lines}")).unwrap_err());
    let cases = [
        ("kind = \"txt\"", "\"txt\" is no type: expected one of bytes, text"),
        ("kind = \"text\"\nsuite = \"AES\"", "\"AES\" is no suite"),
        ("kind = \"text\"\npad = 0", "app.users.email has pad = 0, expected 1 to 65535"),
        ("kind = \"text\"\nper_tenant = true", "say which column has them, as `tenant`"),
        ("kind = \"text\"\ntenant = \"\"", "\"\" of the sealed column app.users.email is no name"),
        ("kind = \"int\"\nindex = [{ column = \"b\", normalize = \"lower\" }]", "its index has to be exact"),
        ("kind = \"int\"\nindex = [{ column = \"b\", bits = 65 }]", "a beacon has 1 to 64 bits, not 65"),
        ("kind = \"int\"\nindex = [{ column = \"b\", cost = [1, 1, 1] }]", "a cost that an index may have"),
        ("kind = \"text\"\ncolour = 1", "unknown field `colour`"),
    ];
    for (lines, expected) in cases {
        assert!(refused(lines).contains(expected), "{lines}: {}", refused(lines));
    }
}

#[tokio::test]
async fn a_table_that_is_not_as_described_is_told_what_is_wrong() {
    let database = database().await;
    let connection = database.connection().await;
    connection
        .batch_execute(
            "create table heap (id int8, email bytea); create view seen as select * from heap;
            create table float_key (id float8 primary key, email bytea);
            create table number (id int8 primary key, email int8)",
        )
        .await
        .unwrap();
    let of = |table: &str, column: &str, row: &[&str]| {
        let spec = ColumnSpec::from(&EMAIL);
        let row = row.iter().map(|name| ident(name)).collect();
        SealedColumn::new(Table::parse(table).unwrap(), ident(column), spec, row)
    };
    let cases = [
        (of("app.nobody", "email", &["id"]), "there is no table app.nobody"),
        (of("seen", "email", &["id"]), "seen is no table with rows of its own"),
        (of("heap", "email", &["id"]), "heap has no primary key"),
        (
            of("app.users", "email", &["note"]),
            "the primary key of app.users is (id), and the values are bound to (note)",
        ),
        (of("app.users", "mail", &["id"]), "app.users has no column mail"),
        (of("app.users", "email", &["id"]).tenant(ident("team")), "app.users has no column team"),
        (of("float_key", "email", &["id"]), "float_key.id is of type double precision"),
        (of("number", "email", &["id"]), "number.email is of type bigint: sealed values are bytea, or text"),
    ];
    let new = vault(K2, &[], &[]).await;
    for (column, expected) in cases {
        let published =
            told(&rotation::publish(&connection, std::slice::from_ref(&column)).await.unwrap_err());
        assert!(published.contains(expected), "{published}");
        let run = told(&Rotation::new(&new, &column).run(&connection, |_| {}).await.unwrap_err());
        assert!(run.contains(expected), "{run}");
    }
    let unpublished = Rotation::new(&new, &emails()).run(&connection, |_| {}).await.unwrap_err();
    assert!(matches!(unpublished, Error::Rotation(RotationProblem::NotPublished { .. })), "{unpublished:?}");
    rotation::publish(&connection, &[full()]).await.unwrap();
    let other = Rotation::new(&new, &emails()).run(&connection, |_| {}).await.unwrap_err();
    assert!(matches!(other, Error::Rotation(RotationProblem::PublishedOtherwise { .. })), "{other:?}");
}

#[tokio::test]
async fn a_role_that_lacks_rights_or_sees_not_all_rows_is_refused() {
    let database = database().await;
    let old = vault(K1, &[], &[]).await;
    let connection = users(&database, &old, 3).await;
    let role = format!("rotator_of_{}", database.address().database());
    let sql = format!(
        "create role {role}; grant usage on schema app, pgkeel to {role};
        grant select, insert, update, delete on all tables in schema pgkeel to {role}; set role {role}"
    );
    connection.batch_execute(&sql).await.unwrap();
    let new = vault(K2, &[K1], &[]).await;
    let refused = async || told(&Rotation::new(&new, &emails()).run(&connection, |_| {}).await.unwrap_err());
    let as_owner = async |sql: &str| {
        connection.batch_execute(&format!("reset role; {sql}; set role {role}")).await.unwrap();
    };
    assert!(
        refused().await.contains("lacks the right to select app.users: `grant select on app.users to` it")
    );
    as_owner(&format!("grant select on app.users to {role}")).await;
    assert!(refused().await.contains("lacks the right to update app.users"));
    as_owner(&format!(
        "grant update (email) on app.users to {role}; alter table app.users enable row level security"
    ))
    .await;
    assert!(refused().await.contains("row-level security of app.users may hide rows from this role"));
    let hidden = rotation::retire(&connection, &new, key(K1)).await.unwrap_err();
    assert!(
        told(&hidden).contains("row-level security"),
        "what is not seen is not counted: {}",
        told(&hidden)
    );
    as_owner("alter table app.users disable row level security").await;
    assert_eq!(rotated(&connection, &new).await.counts.rewritten, 3);
    connection.batch_execute("reset role").await.unwrap();
    connection.batch_execute(&format!("drop owned by {role}; drop role {role}")).await.unwrap();
}

/// A role that has these rights and no others, and what it is told of each verb.
#[tokio::test]
async fn a_role_that_lacks_a_right_is_told_which_by_every_verb() {
    let database = database().await;
    let (old, new) = (vault(K1, &[], &[]).await, vault(K2, &[K1], &[]).await);
    let connection = users(&database, &old, 3).await;
    let role = format!("newcomer_of_{}", database.address().database());
    connection
        .batch_execute(&format!("alter table app.users add bidx bytea; create role {role}; set role {role}"))
        .await
        .unwrap();
    let (column, note) = (emails(), ident("note"));
    let index = rotation::SealedIndex::new(ident("bidx"), IndexSpec::from(&super::adoption::BIDX));
    let described = emails().index(index.clone());
    let indexes = index_vault(I1, &[]).await;
    let told_each = async || {
        let errors = [
            ("publish", rotation::publish(&connection, std::slice::from_ref(&described)).await.err()),
            ("withdraw", rotation::withdraw(&connection, &column).await.err()),
            ("published", rotation::published(&connection).await.err()),
            ("rotate", Rotation::new(&new, &column).run(&connection, |_| {}).await.err()),
            ("index", Rotation::of_index(&indexes, &described, &index).run(&connection, |_| {}).await.err()),
            ("adopt", Rotation::adopting(&new, &column, &note).run(&connection, |_| {}).await.err()),
            ("clear", Rotation::clearing(&new, &column, &note).run(&connection, |_| {}).await.err()),
            ("verify", rotation::verify(&connection, &new, &column, Depth::Full, None, |_| {}).await.err()),
            ("usage", rotation::usage(&connection, &column).await.err()),
            ("unindexed", rotation::unindexed(&connection, &column, &index).await.err()),
            ("adoption", rotation::adoption(&connection, &column, &note).await.err()),
            ("retire", rotation::retire(&connection, &new, key(K1)).await.err()),
            ("status", rotation::rotations(&connection).await.err()),
            ("failures", rotation::failures(&connection, 1, 1).await.err()),
            ("pause", rotation::pause(&connection, 1).await.err()),
        ];
        errors.map(|(verb, error)| (verb, error.map(|error| told(&error)).unwrap_or_default()))
    };
    let as_owner = async |sql: &str| {
        connection.batch_execute(&format!("reset role; {sql}; set role {role}")).await.unwrap();
    };
    let needs = |told: &str, right: &str| {
        told.contains("not allowed to this role, which needs") && told.contains(right)
    };
    let of_tables =
        ["publish", "rotate", "index", "adopt", "clear", "verify", "usage", "unindexed", "adoption"];
    for (verb, told) in told_each().await {
        let right = if of_tables.contains(&verb) {
            "`usage` on the schema of the table"
        } else {
            "`usage` on the schema pgkeel"
        };
        assert!(needs(&told, right) && told.contains("(42501)"), "{verb}: {told}");
    }
    as_owner(&format!("grant usage on schema app, pgkeel to {role}")).await;
    for (verb, told) in told_each().await {
        let is_told = if of_tables.contains(&verb) {
            told.contains("lacks the right to select app.users: `grant select on app.users to` it")
        } else {
            needs(&told, "on all tables in it") && told.contains("(42501)")
        };
        assert!(is_told, "{verb}: {told}");
    }
    as_owner(&format!(
        "grant select on app.users to {role}; grant select on all tables in schema pgkeel to {role}"
    ))
    .await;
    for (verb, told) in told_each().await {
        let is_told = match verb {
            "rotate" | "index" | "adopt" | "clear" => told.contains("lacks the right to update app.users"),
            "publish" | "withdraw" | "pause" => {
                needs(&told, "`select, insert, update, delete` on all tables in it")
            }
            // It only counts that the key is needed.
            "retire" => told.contains("key 11111111 is in use"),
            _ => told.is_empty(),
        };
        assert!(is_told, "{verb}: {told}");
    }
    // The triggers of a table are run with the rights of whoever writes to it.
    as_owner(&format!(
        "grant update on app.users to {role}; grant select, insert, update, delete on all tables in schema pgkeel to {role};
        create table app.log (id int8); create function app.note() returns trigger language plpgsql as
            'begin insert into app.log values (new.id); return new; end';
        create trigger note before update on app.users for each row execute function app.note()"
    ))
    .await;
    let refused = told(&Rotation::new(&new, &column).run(&connection, |_| {}).await.unwrap_err());
    assert!(needs(&refused, "what triggers of the table need"), "{refused}");
    assert!(refused.contains("permission denied for table log (42501)"), "{refused}");
    as_owner(&format!("grant insert on app.log to {role}")).await;
    assert_eq!(rotated(&connection, &new).await.counts.rewritten, 3);
    connection.batch_execute(&format!("reset role; drop owned by {role}; drop role {role}")).await.unwrap();
}
