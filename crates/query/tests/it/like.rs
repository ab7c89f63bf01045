//! Parts of texts are found as they are, whatever characters they have.

use pgkeel_query::{Entity, Executor as _, sql};
use pgkeel_testkit::{Random, TestDatabase, scaled};

const LETTERS: [&str; 12] = ["%", "_", "\\", "'", "a", "A", "ä", "ß", "\"", "$1", "\n", "🐘"];

#[derive(Entity)]
#[pgkeel(table = "texts", columns = t)]
#[expect(dead_code, reason = "only the columns matter")]
struct Text {
    id: i32,
    text: Option<String>,
}

fn text(random: &mut Random, most: u64) -> String {
    (0..random.below(most + 1)).map(|_| LETTERS[usize::try_from(random.below(12)).unwrap()]).collect()
}

#[tokio::test]
async fn a_part_is_found_where_the_server_finds_it_by_position() {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute("create table texts(id serial, text text)").await.unwrap();
    let mut random = Random::seeded();
    let texts: Vec<String> = (0..300).map(|_| text(&mut random, 6)).collect();
    sql!("insert into texts(text) select unnest({texts}::text[]) union all select null")
        .execute(&connection)
        .await
        .unwrap();
    for _ in 0..scaled(60, 10_000) {
        let part = text(&mut random, 3);
        let pairs = [
            (t::text.contains(&part), "strpos(text, $1) > 0"),
            (t::text.starts_with(&part), "left(text, length($1)) = $1"),
            (t::text.ends_with(&part), "right(text, length($1)) = $1 and length(text) >= length($1)"),
        ];
        for (filter, plain) in pairs {
            let found = Text::select((t::id,))
                .filter(filter)
                .order_by(t::id.asc())
                .fetch_all(&connection)
                .await
                .unwrap();
            let plain = format!("select id from texts where {plain} order by id");
            let oracle = pgkeel_query::AuditedSql::new("an oracle", &plain).bind(&part);
            assert_eq!(found, oracle.fetch_all::<(i32,)>(&connection).await.unwrap(), "{part:?}: {plain}");
        }
        let same = Text::query().filter(t::text.eq(&part)).count(&connection).await.unwrap();
        assert_eq!(
            same,
            sql!("select count(*) from texts where text = {part}").scalar::<i64>(&connection).await.unwrap()
        );
    }
}
