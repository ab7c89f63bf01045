//! What the table itself refuses.

use pgkeel_query::sealed::{Sealed, ddl};
use pgkeel_query::{Entity, Executor as _};
use pgkeel_testkit::TestDatabase;

use super::sealer;

#[derive(Debug, Clone, Entity)]
#[pgkeel(table = "shop.customers", columns = c)]
struct Customer {
    #[pgkeel(id)]
    id: i64,
    #[pgkeel(sealed(
        context = "shop.customers.name",
        index(column = "name_bidx", unique),
        index(column = "name_group", bits = 12)
    ))]
    name: Option<Sealed<String>>,
    #[pgkeel(sealed(context = "shop.customers.born", uncommitted, pad = 20))]
    born: Option<Sealed<i64>>,
    #[pgkeel(sealed(context = "shop.customers.code", deterministic))]
    code: Option<Sealed<Vec<u8>>>,
}

#[tokio::test]
async fn what_is_no_envelope_is_refused_by_the_table_and_what_is_one_is_taken() {
    let (database, sealer) = (TestDatabase::empty().await, sealer().await);
    let db = &database.connection().await;
    let table = "create schema shop; create table shop.customers(id int8 primary key); insert into shop.customers values (0);";
    db.batch_execute(&format!("{table}{}", ddl::<Customer>())).await.unwrap();
    let insert =
        Customer::insert().set(c::id, 1).set(c::name, "").set(c::born, 7_i64).set(c::code, b"".as_slice());
    let customer = insert.sealed_by(&sealer).fetch_one(db).await.unwrap();
    let lengths = [
        ("name", customer.name.unwrap().as_bytes().len(), 80, "01"),
        ("born", customer.born.unwrap().as_bytes().len(), 48 + 20, "02"),
        ("code", customer.code.unwrap().as_bytes().len(), 24, "00"),
    ];
    for (column, length, least, kind) in lengths {
        assert_eq!(length, least, "the shortest {column} is taken");
        let wrong = [
            "'ada@example.org'".to_owned(),
            "''".to_owned(),
            "repeat('plaintext ', 20)::bytea".to_owned(),
            format!("substring({column} from 1 for {})", least - 1),
            format!("set_byte({column}, 0, 192)"),
            format!("set_byte({column}, 3, 9)"),
        ];
        for wrong in wrong {
            let text = format!("update shop.customers set {column} = {wrong} where id = 1");
            let refused = pgkeel_query::Error::from(db.batch_execute(&text).await.unwrap_err());
            assert!(refused.is_check_violation(), "{text}: {refused:?}");
            assert_eq!(refused.constraint(), Some(format!("customers_{column}_sealed").as_str()));
        }
        let header = format!(
            "select encode(substring({column} from 1 for 8), 'hex') from shop.customers where id = 1"
        );
        let header: String = db.query_scalar(&header, &[]).await.unwrap();
        assert!(header.starts_with("c1") && header[6..8] == *kind, "{header}");
    }
    for (column, length) in [("name_bidx", 16), ("name_group", 2)] {
        for wrong in [length - 1, length + 1] {
            let text = format!(
                "update shop.customers set {column} = decode(repeat('00', {wrong}), 'hex') where id = 1"
            );
            let refused = pgkeel_query::Error::from(db.batch_execute(&text).await.unwrap_err());
            assert!(refused.is_check_violation(), "{text}: {refused:?}");
        }
    }
    let external =
        "select count(*) from pg_attribute where attrelid = 'shop.customers'::regclass and attstorage = 'e'";
    assert_eq!(db.query_scalar::<i64>(external, &[]).await.unwrap(), 3);
    let unique =
        "select string_agg(indexrelid::regclass::text || ' ' || indisunique, ', ' order by indexrelid)
        from pg_index where indrelid = 'shop.customers'::regclass and not indisprimary";
    let unique: String = db.query_scalar(unique, &[]).await.unwrap();
    assert_eq!(unique, "shop.customers_name_bidx_key true, shop.customers_name_group_idx false");
}
