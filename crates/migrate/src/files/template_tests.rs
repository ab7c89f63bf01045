use std::time::Duration;

use super::*;
use crate::Migrations;

/// 2026-11-22 01:17:43 UTC.
const NOW: Duration = Duration::from_secs(1_795_310_263);

fn create(directory: &Path, template: Template) -> Result<Vec<String>, Error> {
    let paths = template.create_at(directory, SystemTime::UNIX_EPOCH + NOW)?;
    Ok(paths.iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect())
}

#[test]
fn versions_are_stamps_that_go_up() {
    let directory = tempfile::tempdir().unwrap();
    let new = |name| create(directory.path(), Template::named(name)).unwrap();
    assert_eq!(new("orders"), ["V20261122011743__orders.sql"]);
    assert_eq!(new("orders"), ["V20261122011744__orders.sql"]);
    let Err(Error::Files { problems }) = Migrations::from_dir(directory.path()) else { panic!() };
    assert_eq!(problems[0].to_string(), "V20261122011743__orders.sql has no statement yet");
}

#[test]
fn where_files_are_counted_the_next_number_follows() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("V0099__a.sql"), "select 1").unwrap();
    std::fs::write(directory.path().join("V098__a.down.sql"), "select 1").unwrap();
    let new = |name| create(directory.path(), Template::named(name).with_down()).unwrap();
    assert_eq!(new("b"), ["V0100__b.sql", "V0100__b.down.sql"]);
    assert_eq!(new("c"), ["V0101__c.sql", "V0101__c.down.sql"]);
}

#[test]
fn a_repeatable_has_no_version_and_is_never_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let new = || create(directory.path(), Template::named("views").repeatable());
    assert_eq!(new().unwrap(), ["R__views.sql"]);
    assert!(matches!(new(), Err(Error::Directory { .. })));
    let Err(Error::Files { problems }) = Migrations::from_dir(directory.path()) else { panic!() };
    assert_eq!(problems[0].to_string(), "R__views.sql has no statement yet");
}

#[test]
fn other_names_are_refused_with_one_that_would_do() {
    let directory = tempfile::tempdir().unwrap();
    for (name, right) in [
        ("Add-User", Some("add_user")),
        ("2fa", Some("fa")),
        ("a__b", Some("a_b")),
        ("../../etc/x", Some("etc_x")),
        ("", None),
        ("日本", None),
    ] {
        let Err(Error::Name { suggestion, .. }) = create(directory.path(), Template::named(name)) else {
            panic!("{name}")
        };
        assert_eq!(suggestion.as_deref(), right, "{name}");
    }
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn a_directory_that_is_not_there_is_made_and_one_that_cannot_be_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("db/migrations");
    let files = create(&missing, Template::named("x")).unwrap();
    let file = missing.join(&files[0]);
    assert!(file.is_file());
    let behind_a_file = file.join("migrations");
    let refused = create(&behind_a_file, Template::named("x"));
    assert!(matches!(refused, Err(Error::Directory { path, .. }) if path == behind_a_file));
}

#[test]
fn templates_are_whole_migrations_with_their_way_back() {
    let directory = tempfile::tempdir().unwrap();
    for template in [
        Template::named("a").index("shop.orders(customer_id, \"At\")").unwrap(),
        Template::named("b").not_null("orders(note)").unwrap().with_down(),
        Template::named("c").foreign_key("orders (customer_id) references customers (id)").unwrap(),
    ] {
        assert_eq!(create(directory.path(), template).unwrap().len(), 2);
    }
    let migrations = Migrations::from_dir(directory.path()).unwrap();
    let first = migrations.iter().next().unwrap();
    assert!(first.directives().outside_transaction);
    assert!(first.sql().ends_with(
        "\ncreate index concurrently orders_customer_id_at_idx on shop.orders (customer_id, \"At\");\n"
    ));
    assert!(
        first
            .down_sql()
            .unwrap()
            .ends_with("\ndrop index concurrently if exists shop.orders_customer_id_at_idx;\n")
    );
    assert!(migrations.iter().all(|migration| crate::files::unfit::find(migration.up()).is_none()));
}

#[test]
fn one_without_a_way_back_asks_for_the_reason() {
    let directory = tempfile::tempdir().unwrap();
    let files = create(directory.path(), Template::named("a").irreversible()).unwrap();
    let text = std::fs::read_to_string(directory.path().join(&files[0])).unwrap();
    assert!(files.len() == 1 && text.contains("\n-- pgkeel: irreversible=\"say here why\"\n"), "{text}");
}

#[test]
fn what_is_not_a_table_with_columns_is_refused() {
    for of in ["orders", "orders()", "orders(a); drop table x", "orders(a b)", ""] {
        assert!(
            matches!(Template::named("a").index(of), Err(Error::Template { text }) if text == of),
            "{of}"
        );
    }
    assert!(Template::named("a").foreign_key("orders(a)").is_err());
    assert!(Template::named("a").not_null("orders(a, b)").is_err(), "a column is altered by itself");
}

#[test]
fn what_is_no_file_counts_for_the_next_version() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("V007__a.sql"), "select 1").unwrap();
    let new = |name| Template::named(name).above(41);
    assert_eq!(create(directory.path(), new("b")).unwrap(), ["V042__b.sql"]);
    assert_eq!(create(directory.path(), new("c")).unwrap(), ["V043__c.sql"]);
    let code = new("d").with_down().code_for(directory.path()).unwrap();
    assert!(
        code.contains("Code::new(44, \"d\", \"1\", |tx| {") && code.contains(".with_down(|tx| {"),
        "{code}"
    );
    let code = new("d").irreversible().code_for(directory.path()).unwrap();
    assert!(code.contains(".with_directives(r#\"irreversible=\"say here why\"\"#)\n}"), "{code}");
    assert!(!directory.path().join("V44__d.sql").exists());
    assert!(matches!(new("D").code_for(directory.path()), Err(Error::Name { .. })));
}
