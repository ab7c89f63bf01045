//! Rows that belong to others, loaded for many at once; and loops that should have done so.

use pgkeel_query::relation::{exists, value};
use pgkeel_query::{Entity, Error, Executor, NPlusOne, load_by_key, load_many, load_one, sql};
use pgkeel_testkit::{Log, TestDatabase, in_full, scaled};

#[derive(Debug, PartialEq, Clone, Entity)]
#[pgkeel(table = "users", columns = u)]
struct User {
    #[pgkeel(id)]
    id: i64,
    name: String,
}

#[derive(Debug, PartialEq, Clone, Entity)]
#[pgkeel(table = "posts", columns = p, soft_delete = "deleted_at")]
struct Post {
    #[pgkeel(id)]
    id: i64,
    user_id: Option<i64>,
    deleted_at: Option<std::time::SystemTime>,
}

#[derive(Debug, PartialEq, Clone, Entity)]
#[pgkeel(table = "photos", columns = ph)]
struct Photo {
    #[pgkeel(id)]
    user_id: i64,
    name: String,
}

const TABLES: &str = "create table users(id int8 primary key, name text not null);
    create table posts(id int8 primary key, user_id int8 references users, deleted_at timestamptz);
    create table photos(user_id int8 primary key, name text not null)";

/// Of the user `n` there are `n % 4` posts; each tenth post is deleted, and some are nobody's.
async fn filled(users: i64) -> TestDatabase {
    let database = TestDatabase::empty().await;
    let connection = database.connection().await;
    connection.batch_execute(TABLES).await.unwrap();
    sql!("insert into users select n, 'user ' || n from generate_series(1, {users}::int8) as n")
        .execute(&connection)
        .await
        .unwrap();
    let posts = sql!(
        "insert into posts select 10 * n + k, n, case when k = 3 then now() end
            from generate_series(1, {users}::int8) as n, generate_series(1, n % 4) as k"
    );
    posts.execute(&connection).await.unwrap();
    let others = sql!("insert into posts values (1, null, null); insert into photos values (2, 'of 2')");
    connection.batch_execute(others.text()).await.unwrap();
    database
}

async fn users(on: &impl Executor) -> Vec<User> {
    User::query().order_by(u::id.desc()).fetch_all(on).await.unwrap()
}

#[tokio::test]
async fn rows_come_grouped_in_the_order_of_those_that_they_belong_to() {
    let database = filled(9).await;
    let pool = crate::pool_of(&database);
    let users = users(&pool).await;
    let posts = load_many(&users, Post::by(p::user_id).order_by(p::id.desc()), &pool).await.unwrap();
    assert_eq!(posts.len(), 9);
    for (user, posts) in users.iter().zip(&posts) {
        let ids: Vec<i64> = posts.iter().map(|post| post.id).collect();
        let expected: Vec<i64> = (1..=(user.id % 4).min(2)).rev().map(|k| 10 * user.id + k).collect();
        assert_eq!(ids, expected, "{user:?}");
    }
    let with_deleted = Post::repo().with_deleted().by(p::user_id).filter(p::id.gt(30));
    let all: Vec<usize> =
        load_many(&users, with_deleted, &pool).await.unwrap().iter().map(Vec::len).collect();
    assert_eq!(all, [1, 0, 3, 2, 1, 0, 3, 0, 0]);
    let twice = [users[2].clone(), users[8].clone(), users[2].clone()];
    let posts = load_many(&twice, Post::by(p::user_id).order_by(p::id.asc()), &pool).await.unwrap();
    assert_eq!((posts[0].len(), &posts[0]), (2, &posts[2]), "each that asks gets them");
    assert!(load_many(&[] as &[User], Post::by(p::user_id), &pool).await.unwrap().is_empty());
}

#[tokio::test]
async fn of_each_there_is_one_or_none_and_keys_find_what_they_refer_to() {
    let database = filled(4).await;
    let connection = database.connection().await;
    let users = users(&connection).await;
    let photos = load_one(&users, Photo::by(ph::user_id), &connection).await.unwrap();
    assert_eq!(photos[2], Some(Photo { user_id: 2, name: "of 2".to_owned() }));
    assert_eq!((photos.len(), photos.iter().flatten().count()), (4, 1));
    let several = load_one(&users, Post::by(p::user_id), &connection).await.unwrap_err();
    assert!(matches!(several, Error::RowCount { found: 2, .. }), "{several:?}");
    let posts = Post::query().order_by(p::id.asc()).fetch_all(&connection).await.unwrap();
    let refers_to = posts.iter().filter_map(|post| post.user_id);
    let authors = load_by_key(refers_to, User::by(u::id), &connection).await.unwrap();
    let names = posts.iter().map(|post| post.user_id.map(|id| authors[&id].name.as_str()));
    let expected = [
        None,
        Some("user 1"),
        Some("user 2"),
        Some("user 2"),
        Some("user 3"),
        Some("user 3"),
        Some("user 3"),
    ];
    assert_eq!(names.collect::<Vec<_>>(), expected);
    let several = load_by_key([2_i64], Post::by(p::user_id), &connection).await.unwrap_err();
    assert!(matches!(several, Error::RowCount { .. }), "{several:?}");
}

#[tokio::test]
async fn rows_are_chosen_and_ordered_by_what_is_computed() {
    let database = filled(9).await;
    let connection = database.connection().await;
    let parents = users(&connection).await;
    let has_photo = exists(Photo::query().filter(ph::user_id.eq_expr(p::user_id)));
    let by = Post::by(p::user_id).filter(has_photo).order_by(value(0_i64).minus(p::id).asc());
    let posts = load_many(&parents, by, &connection).await.unwrap();
    let ids: Vec<_> = posts.into_iter().flatten().map(|post| post.id).collect();
    assert_eq!(ids, [22, 21], "of the one who has a photo");
}

/// As the server counts them.
async fn statements(on: &impl Executor) -> i64 {
    let calls = "select coalesce(sum(calls), 0)::int8 from pg_stat_statements
        where dbid = (select oid from pg_database where datname = current_database()) and query like '%\"posts\"%'";
    on.query_scalar(calls, &[]).await.map_err(Error::from).unwrap()
}

#[tokio::test]
async fn a_thousand_take_two_statements_and_a_loop_is_detected() {
    let many = scaled(1_000, 9_000);
    let database = filled(many).await;
    let pool = crate::pool_of(&database);
    pool.batch_execute("create extension pg_stat_statements").await.unwrap();
    let watched = NPlusOne::above(2).refuse(async {
        let users = users(&pool).await;
        load_many(&users, Post::by(p::user_id), &pool).await
    });
    let posts = watched.await.unwrap();
    let expected: i64 = (1..=many).map(|n| (n % 4).min(2)).sum();
    assert_eq!(i64::try_from(posts.iter().map(Vec::len).sum::<usize>()).unwrap(), expected);
    assert_eq!(statements(&pool).await, 1);

    let in_parts = NPlusOne::above(1).refuse(load_by_key(0..25_000, Post::by(p::id), &pool)).await.unwrap();
    assert_eq!(in_parts.len(), 1 + posts.iter().flatten().filter(|post| post.id < 25_000).count());
    assert_eq!(statements(&pool).await, 4, "three parts, which are one call");

    let refused = NPlusOne::above(5).refuse(async {
        let mut posts = Vec::new();
        for user in users(&pool).await {
            posts.push(Post::repo().list(&pool, p::user_id.eq(user.id), p::id.asc(), 9).await?);
        }
        Ok::<_, Error>(posts)
    });
    let line = line!() - 4;
    let error = refused.await.unwrap_err();
    let Error::Repeated(repeated) = &error else { panic!("{error:?}") };
    assert_eq!((repeated.count(), repeated.at().line()), (6, line));
    assert!(repeated.at().file().ends_with("children.rs"), "{repeated:?}");
    assert!(repeated.text().contains(r#"from "posts" where"#), "{repeated}");
    assert_eq!(statements(&pool).await, 9, "the one that is refused is not run");
}

#[tokio::test]
async fn loops_are_told_at_the_end_without_values() {
    let log = Log::of_this_process();
    let database = filled(20).await;
    let pool = crate::pool_of(&database);
    let name = "Zanzibar";
    let counted = NPlusOne::default().warn(async {
        let mut found = 0;
        for _ in 0..12 {
            let same = sql!("select count(*) from users where name = {name} and id > 4711");
            found += same.scalar::<i64>(&pool).await.unwrap();
            tokio::task::yield_now().await;
        }
        for id in 0..10 {
            User::query().filter(u::id.eq(id)).fetch_opt(&pool).await.unwrap();
        }
        found
    });
    assert_eq!(counted.await, 0);
    let text = log.text();
    let told: Vec<&str> =
        text.lines().filter(|line| line.contains("pgkeel_query::repeats") && line.contains("4711")).collect();
    let [line] = told[..] else { panic!("{told:?}") };
    assert!(
        line.contains("count=12") && line.contains("children.rs:") && line.contains("name = $1"),
        "{line}"
    );
    assert!(!line.contains("Zanzibar"), "{line}");
    let ten = |line: &&str| line.contains("pgkeel_query::repeats") && line.contains("count=10 ");
    assert_eq!(text.lines().filter(ten).count(), 0, "ten are none too many");
}

#[tokio::test]
async fn what_others_run_meanwhile_is_not_counted_and_nothing_is_left_behind() {
    let database = filled(3).await;
    let connection = database.connection().await;
    let find = async |id| User::repo().get(&connection, id).await;
    let watched = NPlusOne::above(2).refuse(async {
        find(1).await?;
        tokio::task::yield_now().await;
        find(2).await?;
        tokio::task::yield_now().await;
        find(3).await
    });
    let beside = async {
        for id in 0..9 {
            find(id).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    let (refused, ()) = tokio::join!(watched, beside);
    let error = refused.unwrap_err();
    assert!(in_full(&error).contains("run 3 times at "), "{error:?}");
    let inner = NPlusOne::above(1).refuse(async {
        find(1).await?;
        NPlusOne::above(9)
            .refuse(async {
                find(1).await?;
                find(1).await
            })
            .await
    });
    inner.await.unwrap();
    for id in 0..9 {
        find(id).await.unwrap();
    }
}
