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

#[derive(Debug, Clone, Entity)]
#[pgkeel(table = "shared", columns = s, tenant = "tenant")]
struct Shared {
    #[pgkeel(id)]
    id: i32,
    tenant: Option<String>,
    #[pgkeel(sealed(
        context = "shared.own",
        per_tenant,
        index(column = "own_bidx"),
        index(column = "own_lower", normalize = "lower")
    ))]
    own: Option<Sealed<String>>,
    #[pgkeel(sealed(context = "shared.also", per_tenant))]
    also: Option<Sealed<String>>,
    #[pgkeel(sealed(context = "shared.open", index(column = "open_bidx")))]
    open: Option<Sealed<String>>,
    visits: Option<i32>,
}

#[derive(NewRow)]
#[pgkeel(entity = Shared, columns = s)]
struct NewShared<'a> {
    id: i32,
    tenant: Option<&'a str>,
    own: Option<&'a str>,
    open: &'a str,
}

const SHARED: &str = "create table shared(id int4 primary key, tenant text, visits int4);";

#[tokio::test]
async fn a_row_of_no_tenant_has_values_of_none() {
    let (database, sealer) = (TestDatabase::empty().await, sealer().await);
    let db = &database.connection().await;
    db.batch_execute(&format!("{SHARED}{}", ddl::<Shared>())).await.unwrap();
    let rows = Shared::repo().sealed_by(&sealer);
    let nobodys = NewShared { id: 1, tenant: None, own: None, open: "open" };
    let row = rows.insert(db, &nobodys).await.unwrap();
    assert_eq!(sealer.open(&row, s::open).unwrap().unwrap().expose(), "open");
    assert!(sealer.open(&row, s::own).unwrap().is_none());
    assert!(sealer.matches(&row, s::open, "open").unwrap());
    assert!(!sealer.matches(&row, s::own, "own").unwrap());
    let row = row.change().sealed_by(&sealer).set(s::own, None::<&str>).set(s::open, "other");
    let row = row.save(db).await.unwrap();
    assert_eq!(sealer.open(&row, s::open).unwrap().unwrap().expose(), "other");

    let no_tenant = NewShared { own: Some("own"), id: 2, ..nobodys };
    assert!(matches!(problem(rows.insert(db, &no_tenant).await), SealedProblem::NoTenant { .. }));
    let ours = rows.insert(db, &NewShared { tenant: Some("we"), ..no_tenant }).await.unwrap();
    let left = ours
        .change()
        .sealed_by(&sealer)
        .set_null(s::tenant)
        .set(s::own, "own")
        .set_null(s::also)
        .save(db)
        .await;
    assert!(matches!(problem(left), SealedProblem::NoTenant { table: "shared" }));
    let kept = rows.get_or_err(db, 2).await.unwrap();
    assert_eq!(sealer.open(&kept, s::own).unwrap().unwrap().expose(), "own");
}

#[tokio::test]
async fn each_index_of_a_tenants_column_finds_its_rows() {
    let (database, sealer) = (TestDatabase::empty().await, sealer().await);
    let db = &database.connection().await;
    db.batch_execute(&format!("{SHARED}{}", ddl::<Shared>())).await.unwrap();
    let rows = Shared::repo().sealed_by(&sealer);
    for (id, tenant) in [(1, "we"), (2, "they")] {
        rows.insert(db, &NewShared { id, tenant: Some(tenant), own: Some("Own"), open: "" }).await.unwrap();
    }
    let by = |index, value| sealer.lookup_by_of(s::own, index, &"they", value).unwrap();
    for (filter, expected) in [
        (by("own_bidx", "Own"), Some(2)),
        (by("own_bidx", "own"), None),
        (by("own_lower", "oWN"), Some(2)),
        (sealer.lookup_of(s::own, &"we", "Own").unwrap(), Some(1)),
    ] {
        assert_eq!(rows.find_by(db, filter).await.unwrap().map(|row| row.id), expected);
    }
    let missing = sealer.lookup_by_of(s::own, "other", &"we", "Own");
    assert!(matches!(problem(missing), SealedProblem::NoIndex { .. }));
    let of_none = sealer.lookup_of(s::open, &"we", "");
    assert!(matches!(problem(of_none), SealedProblem::Lookup { .. }), "of a column of no tenant");
}

#[tokio::test]
async fn on_a_conflict_no_row_goes_to_a_tenant_without_its_values() {
    let (database, sealer) = (TestDatabase::empty().await, sealer().await);
    let db = &database.connection().await;
    db.batch_execute(&format!("{SHARED}{}", ddl::<Shared>())).await.unwrap();
    let row = || Shared::insert().set(s::id, 1).sealed_by(&sealer);
    let both = |tenant| row().set(s::tenant, Some(tenant)).set(s::own, "own").set(s::also, "also");
    both("we").execute(db).await.unwrap();
    let moved = |done| match problem(done) {
        SealedProblem::Moved { column, moved: "shared.tenant" } => column,
        other => panic!("{other:?}"),
    };
    let one = || row().set(s::tenant, Some("they")).set(s::own, "other");
    assert_eq!(moved(one().on_conflict((s::id,)).update().execute(db).await), "shared.also");
    let none = || row().set(s::tenant, Some("they")).set(s::visits, 7).on_conflict((s::id,));
    assert_eq!(moved(none().update().execute(db).await), "shared.own");
    assert_eq!(moved(none().update_only((s::tenant,)).execute(db).await), "shared.own");
    assert_eq!(moved(none().update_only_changed((s::tenant,)).execute(db).await), "shared.own");
    let stays = none().update_only((s::visits,)).fetch_one(db).await.unwrap();
    assert_eq!(
        (stays.visits, sealer.open(&stays, s::own).unwrap().unwrap().expose().as_str()),
        (Some(7), "own")
    );
    let both = both("they").on_conflict((s::id,)).update().fetch_one(db).await.unwrap();
    for column in [s::own, s::also] {
        assert!(sealer.open(&both, column).unwrap().is_some());
    }
    assert_eq!(both.tenant.as_deref(), Some("they"));
}

#[tokio::test]
async fn a_row_that_comes_back_with_another_id_or_tenant_is_told_of() {
    let (database, sealer) = (TestDatabase::empty().await, sealer().await);
    let db = &database.connection().await;
    let words = OfText::repo().sealed_by(&sealer);
    let word = NewWord { tenant: "acme", word: "word" };
    let trigger = |sets: &str| {
        format!(
            "create function changes() returns trigger language plpgsql as 'begin {sets}; return new; end';
            create trigger changes before insert on of_text for each row execute function changes();"
        )
    };
    for (tenant, trigger) in [
        ("text", trigger("new.id = new.id + 1")),
        ("text", trigger("new.tenant = upper(new.tenant)")),
        ("char(8)", String::new()),
    ] {
        let table = format!(
            "drop table if exists of_text; drop function if exists changes;
            create table of_text(id int8 generated by default as identity primary key, tenant {tenant} not null);"
        );
        db.batch_execute(&format!("{table}{}; {trigger}", ddl::<OfText>())).await.unwrap();
        let elsewhere = problem(words.insert(db, &word).await);
        assert!(matches!(elsewhere, SealedProblem::Elsewhere { table: "of_text" }), "{tenant} {trigger}");
        assert!(elsewhere.to_string().contains("roll back or delete it"), "{elsewhere}");
        let left = OfText::query().fetch_all(db).await.unwrap();
        assert_eq!(left.len(), 1, "outside of a transaction the row is there");
        assert!(sealer.open(&left[0], of_text::word).is_err(), "it does not open");
        db.batch_execute("delete from of_text").await.unwrap();
        db.batch_execute("begin").await.unwrap();
        problem(words.insert(db, &word).await);
        db.batch_execute("rollback").await.unwrap();
        assert!(OfText::query().fetch_all(db).await.unwrap().is_empty());
    }
    // A type that keeps what is sent, and a trigger that changes something else.
    let table = "drop table of_text; create table of_text(id int8 generated by default as identity primary key, tenant varchar(8) not null);";
    db.batch_execute(&format!("{table}{}", ddl::<OfText>())).await.unwrap();
    let row = words.insert(db, &word).await.unwrap();
    assert_eq!(sealer.open(&row, of_text::word).unwrap().expose(), "word");
}
