//! What is done day by day: written as plaintext, read as envelopes, found by its index, opened where it is needed.

use pgkeel_query::relation::Alias;
use pgkeel_query::sealed::crypto::Place;
use pgkeel_query::sealed::{Sealed, SealedProblem, Secret, ddl};
use pgkeel_query::{Entity, Error, Executor as _, NewRow, PageRequest, sql};
use pgkeel_testkit::TestDatabase;

use super::{problem, sealer, vault};

#[derive(Debug, Clone, Entity)]
#[pgkeel(table = "app.users", columns = u)]
struct User {
    #[pgkeel(id, generated)]
    id: i64,
    #[pgkeel(sealed(
        context = "app.users.email",
        index(column = "email_bidx", normalize = "email", unique)
    ))]
    email: Sealed<String>,
    #[pgkeel(sealed(context = "app.users.note", pad = 32))]
    note: Option<Sealed<String>>,
    #[pgkeel(sealed(
        context = "app.users.phone",
        index(column = "phone_bidx", normalize = "digits"),
        index(column = "phone_group", normalize = "digits", bits = 1)
    ))]
    phone: Option<Sealed<String>>,
    #[pgkeel(sealed(context = "app.users.score", any_row, uncommitted))]
    score: Option<Sealed<i64>>,
    name: Option<String>,
}

#[derive(NewRow)]
#[pgkeel(entity = User, columns = u)]
struct NewUser<'a> {
    email: &'a str,
    note: Option<Secret<String>>,
    phone: Option<&'a str>,
    name: Option<&'a str>,
}

fn new(email: &str) -> NewUser<'_> {
    NewUser { email, note: None, phone: None, name: None }
}

async fn database() -> TestDatabase {
    let database = TestDatabase::empty().await;
    let db = database.connection().await;
    let table = "create schema app; create table app.users(id int8 generated always as identity primary key, name text);";
    db.batch_execute(&format!("{table}{}", ddl::<User>())).await.unwrap();
    database
}

#[tokio::test]
async fn a_row_is_written_as_plaintext_and_opened_where_it_is_needed() {
    let (database, sealer) = (database().await, sealer().await);
    let db = &database.connection().await;
    let users = User::repo().sealed_by(&sealer);
    let ann = NewUser {
        note: Some(Secret::new("likes tea".to_owned())),
        name: Some("Ann"),
        ..new("ann@example.org")
    };
    let ann = users.insert(db, &ann).await.unwrap();
    let bob = users.insert(db, &new("bob@example.org")).await.unwrap();
    assert_eq!(sealer.open(&ann, u::email).unwrap().expose(), "ann@example.org");
    assert_eq!(sealer.open(&ann, u::note).unwrap().unwrap().expose(), "likes tea");
    assert!(sealer.open(&bob, u::note).unwrap().is_none() && sealer.open(&bob, u::phone).unwrap().is_none());
    assert_eq!(ann.email.as_bytes().len(), 80 + "ann@example.org".len());
    assert_eq!(ann.note.as_ref().unwrap().as_bytes().len(), 80 + 32, "padded");

    let found =
        users.find_by(db, sealer.lookup(u::email, " ANN@Example.org").unwrap()).await.unwrap().unwrap();
    assert_eq!((found.id, found.email.as_bytes()), (ann.id, ann.email.as_bytes()));
    assert!(users.find_by(db, sealer.lookup(u::email, "eve@example.org").unwrap()).await.unwrap().is_none());
    assert!(
        !users
            .exists(db, u::note.is_null() & sealer.lookup(u::email, "ann@example.org").unwrap())
            .await
            .unwrap()
    );

    let eve =
        ann.change().sealed_by(&sealer).set(u::email, String::from("eve@example.org")).set(u::name, "Eve");
    let eve =
        eve.set_null(u::note).set_if_some(u::phone, Some("1-2")).set(u::score, 7_i64).save(db).await.unwrap();
    assert_eq!((eve.id, eve.name.as_deref()), (ann.id, Some("Eve")));
    assert_eq!(sealer.open(&eve, u::email).unwrap().expose(), "eve@example.org");
    assert_eq!(sealer.open(&eve, u::score).unwrap().map(|score| *score.expose()), Some(7));
    assert!(eve.note.is_none());
    assert!(users.find_by(db, sealer.lookup(u::email, "ann@example.org").unwrap()).await.unwrap().is_none());
    assert!(users.find_by(db, sealer.lookup(u::phone, "12").unwrap()).await.unwrap().is_some());
}

#[tokio::test]
async fn rows_are_read_in_every_way_and_one_broken_cell_takes_no_other_away() {
    let (database, sealer) = (database().await, sealer().await);
    let db = &database.connection().await;
    let users = User::repo().sealed_by(&sealer);
    for number in 1..=5 {
        users.insert(db, &new(&format!("{number}@example.org"))).await.unwrap();
    }
    db.batch_execute("alter table app.users drop constraint users_email_sealed; update app.users set email = 'ada' where id = 3")
        .await
        .unwrap();
    let opened = |rows: &[User]| -> Vec<Option<String>> {
        rows.iter().map(|row| sealer.open(row, u::email).ok().map(|email| email.expose().clone())).collect()
    };
    let expected: Vec<Option<String>> =
        (1..=5).map(|number| (number != 3).then(|| format!("{number}@example.org"))).collect();
    let ordered = || User::query().order_by(u::id.asc());
    assert_eq!(opened(&users.list(db, (), u::id.asc(), 10).await.unwrap()), expected);
    assert_eq!(opened(&ordered().fetch_all(db).await.unwrap()), expected);
    let page = ordered().page(PageRequest::offset(1, 10)).fetch(db).await.unwrap();
    assert_eq!(opened(&page.items), expected);
    let pairs = User::select((u::id, u::email, u::note)).order_by(u::id.asc()).fetch_all(db).await.unwrap();
    assert!(pairs[2].1.key().is_err() && pairs[1].1.key().is_ok());
    for (id, email, note) in &pairs {
        let opened =
            sealer.open_at(email, u::email, Place::row(*id)).ok().map(|email| email.expose().clone());
        assert_eq!(opened, expected[usize::try_from(*id - 1).unwrap()]);
        assert!(sealer.open_at(note, u::note, Place::row(*id)).unwrap().is_none());
    }
    for elsewhere in [Place::row(2), Place::any_row(), Place::row(1).tenant("we")] {
        assert!(matches!(
            problem(sealer.open_at(&pairs[0].1, u::email, elsewhere)),
            SealedProblem::Open { .. }
        ));
    }
    let one = users.get_or_err(db, 3).await.unwrap();
    let error = sealer.open(&one, u::email).unwrap_err();
    let Error::Sealed(SealedProblem::Open { column, source }) = &error else { panic!("{error:?}") };
    assert_eq!((column.as_str(), source.is_not_authentic()), ("app.users.email", true));
}

#[tokio::test]
async fn of_an_index_with_few_bits_the_rows_that_are_meant_are_told() {
    let (database, sealer) = (database().await, sealer().await);
    let db = &database.connection().await;
    let users = User::repo().sealed_by(&sealer);
    for number in 0..16 {
        let (email, phone) = (format!("{number}@example.org"), format!("030/{number}"));
        users.insert(db, &NewUser { phone: Some(&phone), ..new(&email) }).await.unwrap();
    }
    let group = sealer.lookup_by(u::phone, "phone_group", "0307").unwrap();
    let group = users.list(db, group, u::id.asc(), 100).await.unwrap();
    let meant: Vec<&User> =
        group.iter().filter(|row| sealer.matches(*row, u::phone, "(030) 7").unwrap()).collect();
    assert_eq!((meant.len(), group.len() > 1, group.len() < 16), (1, true, true), "{}", group.len());
    assert_eq!(sealer.open(meant[0], u::email).unwrap().expose(), "7@example.org");
    assert!(matches!(problem(sealer.lookup_by(u::phone, "phone", "1")), SealedProblem::NoIndex { .. }));
    assert!(matches!(problem(sealer.lookup(u::note, "1")), SealedProblem::NoIndex { .. }));
}

#[tokio::test]
async fn rows_of_an_alias_are_found_by_its_own_index() {
    type Other = Alias<User, 0>;
    let (database, sealer) = (database().await, sealer().await);
    let db = &database.connection().await;
    let users = User::repo().sealed_by(&sealer);
    for (email, phone) in [("ann@example.org", "1"), ("bob@example.org", "1"), ("eve@example.org", "2")] {
        users.insert(db, &NewUser { phone: Some(phone), ..new(email) }).await.unwrap();
    }
    let others = User::query().inner_join::<Other>(u::id.ne_expr(Other::of(u::id)));
    let others = others.filter(sealer.lookup(u::email, "ann@example.org").unwrap());
    let others = others.filter(sealer.lookup(Other::of(u::phone), "1").unwrap());
    let [(ann, bob)] = &others.fetch_all(db).await.unwrap()[..] else { panic!("not one pair") };
    assert_eq!(sealer.open(ann, u::email).unwrap().expose(), "ann@example.org");
    assert_eq!(sealer.open(bob, u::email).unwrap().expose(), "bob@example.org");
}

#[tokio::test]
async fn rows_are_found_and_opened_under_every_key_that_is_not_disabled() {
    let database = database().await;
    let db = &database.connection().await;
    let sealer = super::sealer().await;
    let users = User::repo().sealed_by(&sealer);
    let old = users.insert(db, &new("old@example.org")).await.unwrap();
    let rotated = vault(&[
        ("PGKEEL_SEAL_PRIMARY", "0badcafe"),
        ("PGKEEL_SEAL_DECRYPT", "3f9a1c22"),
        ("PGKEEL_INDEX_PRIMARY", "00c0ffee"),
        ("PGKEEL_INDEX_LOOKUP", "77e0b1aa"),
    ]);
    let sealer = pgkeel_query::sealed::Sealer::new(rotated.await);
    let users = User::repo().sealed_by(&sealer);
    let new = users.insert(db, &new("new@example.org")).await.unwrap();
    assert_ne!(old.email.key(), new.email.key());
    for (email, row) in [("old@example.org", old), ("new@example.org", new)] {
        let found = users.find_by(db, sealer.lookup(u::email, email).unwrap()).await.unwrap().unwrap();
        assert_eq!((found.id, sealer.open(&found, u::email).unwrap().expose().as_str()), (row.id, email));
    }
}

#[tokio::test]
async fn nothing_is_sent_that_is_not_sealed_and_the_text_does_not_depend_on_that() {
    let (database, sealer) = (database().await, sealer().await);
    let db = &database.connection().await;
    let row = NewUser { phone: Some("1"), ..new("ann@example.org") };
    let insert = || User::insert().values(&row).set(u::score, None::<i64>);
    let text = insert().text().unwrap();
    assert!(
        text.starts_with(
            r#"insert into "app"."users" ("email", "email_bidx", "note", "phone", "phone_bidx", "phone_group", "name", "id", "score") overriding system value values ($1, $2, "#
        ),
        "{text}"
    );
    assert_eq!(insert().sealed_by(&sealer).text().unwrap(), text);
    assert!(
        matches!(problem(insert().execute(&super::super::watched::Nowhere).await), SealedProblem::NoSealer { column } if column == "app.users.email")
    );
    assert_eq!(insert().sealed_by(&sealer).execute(db).await.unwrap(), 1);
    let user = User::query().fetch_one(db).await.unwrap();
    let change = user.change().set(u::note, "tea").save(db).await;
    let told = pgkeel_testkit::in_full(&change.unwrap_err());
    assert!(told.contains("app.users.note") && told.contains("sealed_by(&sealer)"), "{told}");
    // What has no sealed value needs no sealer.
    let user = user.change().set(u::name, "Ann").save(db).await.unwrap();
    assert_eq!(sealer.open(&user, u::email).unwrap().expose(), "ann@example.org");
    User::update().set_null(u::phone).filter(u::id.eq(user.id)).execute(db).await.unwrap();
    let emptied = sql!("select phone is null and phone_bidx is null and phone_group is null from app.users");
    assert!(emptied.scalar::<bool>(db).await.unwrap());
}

#[test]
fn all_sealed_columns_of_the_program_are_known() {
    use pgkeel_query::sealed::{crypto::Kind, registered};
    let of_users = || registered().filter(|facts| facts.context().starts_with("app.users."));
    let mut columns: Vec<&str> = of_users().map(|facts| facts.column().name()).collect();
    columns.sort_unstable();
    assert_eq!(columns, ["email", "note", "phone", "score"]);
    let phone = of_users().find(|facts| facts.column().name() == "phone").unwrap();
    assert_eq!(
        (phone.entity().table(), phone.ids()[0].name(), phone.tenant().is_none()),
        ("app.users", "id", true)
    );
    assert_eq!(
        (phone.kind(), phone.is_row_bound(), phone.is_nullable(), phone.least_len()),
        (Kind::Text, true, true, 80)
    );
    let indexes: Vec<_> = phone
        .indexes()
        .iter()
        .map(|index| (index.column().name(), index.is_unique(), index.bits()))
        .collect();
    assert_eq!(indexes, [("phone_bidx", false, None), ("phone_group", false, Some(1))]);
    assert!(phone.sealing::<String>().is_some() && phone.sealing::<i64>().is_none());
    assert!(registered().any(|facts| facts.entity().table() == "cells"), "of other modules too");
}
