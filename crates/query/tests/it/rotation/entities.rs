//! Columns that a derive describes: what entities have sealed is rotated without their types, and opens again with these.

use pgkeel_query::rotation::{self, Rotation, RotationState, SealedColumn};
use pgkeel_query::sealed::{Sealed, Sealer, ddl};
use pgkeel_query::{Entity, Executor as _};
use pgkeel_testkit::TestDatabase;

use crate::sealed::vault;

const OLD: &str = "3f9a1c22";
const NEW: &str = "0badcafe";
const INDEX: (&str, &str) = ("PGKEEL_INDEX_PRIMARY", "77e0b1aa");

#[derive(Debug, Clone, Entity)]
#[pgkeel(table = "app.members", columns = m, tenant = "org")]
struct Member {
    #[pgkeel(id)]
    org: i64,
    #[pgkeel(id)]
    number: i32,
    #[pgkeel(sealed(
        context = "app.members.email",
        per_tenant,
        pad = 32,
        index(column = "email_bidx", normalize = "email")
    ))]
    email: Sealed<String>,
    #[pgkeel(sealed(context = "app.members.score", deterministic))]
    score: Option<Sealed<i64>>,
}

fn columns() -> Vec<SealedColumn> {
    Member::SEALED.iter().map(|facts| SealedColumn::from(*facts)).collect()
}

#[tokio::test]
async fn what_an_entity_has_sealed_opens_after_its_key_was_rotated() {
    let database = TestDatabase::empty().await;
    let db = &database.connection().await;
    let table =
        "create schema app; create table app.members (org int8, number int4, primary key (org, number));";
    db.batch_execute(&format!("{table}{}", ddl::<Member>())).await.unwrap();
    db.batch_execute(rotation::MIGRATIONS[0].1).await.unwrap();
    let sealer = Sealer::new(vault(&[("PGKEEL_SEAL_PRIMARY", OLD), INDEX]).await);
    for number in 1..=200 {
        let address = format!("member-{number}@example.org");
        let new =
            Member::insert().sealed_by(&sealer).set(m::org, i64::from(number % 7)).set(m::number, number);
        new.set(m::email, address).set(m::score, Some(i64::from(number))).execute(db).await.unwrap();
    }
    let published = rotation::publish(db, &columns()).await.unwrap();
    assert_eq!(published.added, ["app.members.email", "app.members.score"]);

    let states = [("PGKEEL_SEAL_PRIMARY", NEW), ("PGKEEL_SEAL_DECRYPT", OLD), INDEX];
    let both = vault(&states).await;
    for column in rotation::published(db).await.unwrap() {
        let ended = Rotation::new(&both, &column).run(db, |_| {}).await.unwrap();
        assert_eq!(
            (ended.state, ended.counts.rewritten, ended.counts.failed),
            (RotationState::Finished, 200, 0)
        );
    }
    rotation::retire(db, &both, OLD.parse().unwrap()).await.unwrap();

    let states = [("PGKEEL_SEAL_PRIMARY", NEW), ("PGKEEL_SEAL_DISABLED", OLD), INDEX];
    let sealer = Sealer::new(vault(&states).await);
    let members = Member::repo().list(db, (), m::number.asc(), 1_000).await.unwrap();
    assert_eq!(members.len(), 200);
    for member in &members {
        let address = format!("member-{}@example.org", member.number);
        assert_eq!(*sealer.open(member, m::email).unwrap().expose(), address);
        assert_eq!(*sealer.open(member, m::score).unwrap().unwrap().expose(), i64::from(member.number));
    }
    let found = sealer.lookup_of(m::email, &2_i64, "MEMBER-9@example.org").unwrap();
    let found = Member::repo().find_by(db, found).await.unwrap();
    assert_eq!(found.map(|member| member.number), Some(9));
}
