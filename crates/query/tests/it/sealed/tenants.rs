//! Values that are bound to tenants.

use pgkeel_query::sealed::{Sealed, SealedProblem, ddl};
use pgkeel_query::{Entity, Executor as _, NewRow, sql};
use pgkeel_testkit::TestDatabase;
use uuid::Uuid;

use super::{problem, sealer};

macro_rules! entities {
    ($($name:ident $columns:ident $table:literal $tenant:ty, $context:literal;)+) => {$(
        #[derive(Debug, Clone, Entity)]
        #[pgkeel(table = $table, columns = $columns, tenant = "tenant")]
        struct $name {
            #[pgkeel(id, generated)]
            id: i64,
            tenant: $tenant,
            #[pgkeel(sealed(context = $context, per_tenant, index(column = "word_bidx", normalize = "lower", unique)))]
            word: Sealed<String>,
        }
    )+};
}

entities! {
    OfText of_text "of_text" String, "of_text.word";
    OfInt of_int "of_int" i16, "of_int.word";
    OfUuid of_uuid "of_uuid" Uuid, "of_uuid.word";
}

#[derive(NewRow)]
#[pgkeel(entity = OfText, columns = of_text)]
struct NewWord<'a> {
    tenant: &'a str,
    word: &'a str,
}

#[tokio::test]
async fn each_tenant_has_keys_of_its_own_called_as_the_server_writes_it() {
    let (database, sealer) = (TestDatabase::empty().await, sealer().await);
    let db = &database.connection().await;
    macro_rules! tables {
        ($($entity:ident $columns:ident $table:literal $kind:literal $tenant:expr;)+) => {$(
            let create = concat!("create table ", $table, "(id int8 generated always as identity primary key, tenant ", $kind, " not null);");
            db.batch_execute(&format!("{create}{}", ddl::<$entity>())).await.unwrap();
            let row = $entity::insert().set($columns::tenant, $tenant).set($columns::word, "Word").sealed_by(&sealer);
            let row = row.fetch_one(db).await.unwrap();
            assert_eq!(sealer.open(&row, $columns::word).unwrap().expose(), "Word");
            // As anybody would open it who knows no more than the row, as text.
            let tenant: String = db.query_scalar(concat!("select tenant::text from ", $table), &[]).await.unwrap();
            let sealing = pgkeel_query::sealed::registered().find(|facts| facts.entity().table() == $table).unwrap();
            let place = pgkeel_query::sealed::crypto::Place::row(row.id).tenant(&tenant);
            let opened = sealer.vault().open(sealing.sealing::<String>().unwrap(), &row.word, place);
            assert_eq!(opened.unwrap().expose(), "Word");
            let found = sealer.lookup_of($columns::word, &$tenant, "wORD").unwrap();
            assert!($entity::repo().exists(db, found).await.unwrap());
            assert!(matches!(problem(sealer.lookup($columns::word, "word")), SealedProblem::Lookup { .. }));
        )+};
    }
    tables! {
        OfText of_text "of_text" "text" "Acme ".to_owned();
        OfInt of_int "of_int" "int2" -7_i16;
        OfUuid of_uuid "of_uuid" "uuid" Uuid::from_u128(0x00AB_CDEF);
    }
}

#[tokio::test]
async fn equal_values_of_two_tenants_are_both_there_and_neither_is_found_for_the_other() {
    let (database, sealer) = (TestDatabase::empty().await, sealer().await);
    let db = &database.connection().await;
    let create =
        "create table of_text(id int8 generated always as identity primary key, tenant text not null);";
    db.batch_execute(&format!("{create}{}", ddl::<OfText>())).await.unwrap();
    let words = OfText::repo().sealed_by(&sealer);
    let ours = words.insert(db, &NewWord { tenant: "we", word: "same" }).await.unwrap();
    let theirs = words.insert(db, &NewWord { tenant: "they", word: "same" }).await.unwrap();
    let found = sealer.lookup_of(of_text::word, &"we", "same").unwrap();
    assert_eq!(words.find_by(db, found).await.unwrap().unwrap().id, ours.id);
    let twice = words.insert(db, &NewWord { tenant: "we", word: "SAME" }).await.unwrap_err();
    assert!(twice.is_unique_violation());

    let unsaid = OfText::insert().set(of_text::word, "word").sealed_by(&sealer).execute(db).await;
    assert!(matches!(problem(unsaid), SealedProblem::NoTenant { table: "of_text" }));
    let moved = theirs.change().set(of_text::tenant, "us").save(db).await;
    assert!(matches!(problem(moved), SealedProblem::Moved { moved: "of_text.tenant", .. }));
    let moved =
        OfText::update().set(of_text::tenant, "us").filter(of_text::id.eq(theirs.id)).execute(db).await;
    assert!(matches!(problem(moved), SealedProblem::Moved { .. }));
    let moved = theirs
        .change()
        .set(of_text::tenant, "us")
        .set(of_text::word, "same")
        .sealed_by(&sealer)
        .save(db)
        .await;
    assert_eq!(sealer.open(&moved.unwrap(), of_text::word).unwrap().expose(), "same");
    sql!("update of_text set tenant = 'we' where tenant = 'us'").execute(db).await.unwrap();
    let moved = words.get_or_err(db, theirs.id).await.unwrap();
    assert!(sealer.open(&moved, of_text::word).is_err());
}
