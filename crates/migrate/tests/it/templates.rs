//! New files, as they are written, on a real table.

use pgkeel_connect::Executor as _;
use pgkeel_migrate::{Back, Migrations, Migrator, Template};
use pgkeel_testkit::TestDatabase;

use crate::{count, has_table};

#[tokio::test]
async fn every_template_goes_up_and_down_and_up() {
    let (database, directory) = (TestDatabase::empty().await, tempfile::tempdir().unwrap());
    let tables = "create schema shop; create table shop.\"Orders\" (id int, customer int, note text);
                  create table customers (id int primary key); insert into shop.\"Orders\" values (1, null, 'x')";
    database.connection().await.batch_execute(tables).await.unwrap();
    for template in [
        Template::named("a").index("shop.\"Orders\"(customer, note)").unwrap(),
        Template::named("b").not_null("shop.\"Orders\"(note)").unwrap(),
        Template::named("c").foreign_key("shop.\"Orders\"(customer) references customers(id)").unwrap(),
    ] {
        template.create_in(directory.path()).unwrap();
    }
    let migrator = Migrator::new(database.config(), Migrations::from_dir(directory.path()).unwrap());
    for _ in 0..2 {
        assert_eq!(migrator.up().await.unwrap().done.len(), 3);
        assert!(has_table(&database, "shop.orders_customer_note_idx").await);
        let facts = "select count(*) from pg_attribute where attrelid = 'shop.\"Orders\"'::regclass and attname = 'note' and attnotnull";
        assert_eq!(count(&database, facts).await, 1);
        let keys = "select count(*) from pg_constraint where conrelid = 'shop.\"Orders\"'::regclass and contype in ('c', 'f') and convalidated";
        assert_eq!(count(&database, keys).await, 1);
        assert_eq!(migrator.down(Back::To(0)).await.unwrap().done.len(), 3);
        assert_eq!(count(&database, facts).await + count(&database, keys).await, 0);
    }
}
